"""Running sums at the places of a ring, in as few bytes as hold what happened within it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_FORMS: tuple[tuple[int, type[np.unsignedinteger[Any]]], ...] = ((0xFFFF, np.uint16), (0xFFFFFFFF, np.uint32))
"""The largest sum over a whole ring that fits, and what it fits into."""


class RingSums:
    """One quantity. Whole numbers of ``unit`` are kept modulo 2^16, or 2^32 where more than that happens within the
    ring: the difference of two sums is exact however large they grow. Others, and what falls, are kept as float64.

    A place that was not written yet holds the sum 0. Which places still mean something is the ring's business: ``kept``
    is the sum from the oldest of them to now, with what is being added.
    """

    __slots__ = ("_at", "_count", "_mask", "_now", "_unit")

    def __init__(self, room: int, unit: float) -> None:
        self._mask, form = _FORMS[0]
        self._at: NDArray[Any] = np.zeros(room, dtype=form)
        self._unit, self._count, self._now = unit, 0, 0.0

    @property
    def bytes_each(self) -> int:
        """What a place takes."""
        return int(self._at.itemsize)

    def since(self, place: int) -> float:
        """What was added since the sum at a place."""
        at = self._at.item(place)
        return float(((self._count - at) & self._mask) * self._unit if self._mask else self._now - at)

    def since_each(self, places: NDArray[np.int_]) -> Floats:
        """:meth:`since` of many."""
        at = self._at[places]
        if not self._mask:
            return np.asarray(self._now - at, dtype=np.float64)
        return np.asarray(((self._count - at.astype(np.int64)) & self._mask) * self._unit, dtype=np.float64)

    def between(self, place: int, later: int) -> float:
        """What was added between the sums at two places."""
        before, after = self._at.item(place), self._at.item(later)
        return float(((after - before) & self._mask) * self._unit if self._mask else after - before)

    def add(self, amount: float, kept: float, before: Iterable[int], after: Iterable[int]) -> None:
        """Add an amount; the sum without it stands at the places ``before``, with it at those ``after``."""
        if self._mask and not ((units := amount / self._unit) >= 0 and units.is_integer() and self._holds(kept)):
            self._widen(kept, whole=units >= 0 and units.is_integer())
        for place in before:
            self._at[place] = self._count & self._mask if self._mask else self._now
        if self._mask:
            self._count += int(amount / self._unit)
        else:
            self._now += amount
        for place in after:
            self._at[place] = self._count & self._mask if self._mask else self._now

    def add_all(self, sums: Floats, amount: float, kept: float, places: NDArray[np.int_]) -> None:
        """Add an amount in steps: at each place stands the sum with the part of it that ``sums`` says."""
        if self._mask:
            units = np.append(sums, amount) / self._unit
            whole = bool((units == np.floor(units)).all() and (np.diff(units, prepend=0.0) >= 0).all())
            if not (whole and self._holds(kept)):
                self._widen(kept, whole=whole)
        if self._mask:
            counts = self._count + np.floor(sums / self._unit).astype(np.int64)
            self._at[places] = counts & self._mask
            self._count += int(amount / self._unit)
        else:
            self._at[places] = self._now + sums
            self._now += amount

    def move(self, room: int, places: NDArray[np.int_], to: NDArray[np.int_]) -> None:
        """Have room for more; what stood at some places stands at others then."""
        before, self._at = self._at, np.zeros(room, dtype=self._at.dtype)
        self._at[to] = before[places]

    def _holds(self, kept: float) -> bool:
        return kept / self._unit <= self._mask

    def _widen(self, kept: float, *, whole: bool) -> None:
        passed = (self._count - self._at.astype(np.int64)) & self._mask
        form = next((form for form in _FORMS if whole and kept / self._unit <= form[0]), None)
        if form is None:
            self._now = self._count * self._unit
            self._at, self._mask = self._now - passed * self._unit, 0
        else:
            self._mask = form[0]
            self._at = ((self._count - passed) & self._mask).astype(form[1])
