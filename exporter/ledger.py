"""Good and bad events per time slot; the sum over any window that ends now in O(1), from prefix sums.

Three rings of slots: fine ones (one refresh wide) for windows to 6 h, 5 m slots for windows to 3 d, wider ones (1 h, or
what the owner asks for) for the rest. A window's start is moved back to the edge of a slot of its ring: not at all up
to 6 h, by less than 5 m of 1 d and 3 d (0.35 %), by less than 1 h of longer ones (0.14 % of 30 d).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from exporter.ring_sums import RingSums

FINE_SPAN, MIDDLE_SPAN = 6 * 3600.0, 3 * 86400.0
MIDDLE_WIDTH, COARSE_WIDTH = 300.0, 3600.0
_YOUNG = 32
"""Slots that a ring begins with: a full one is large, which only those that have a past shall cost."""
_EDGE = 1e-6  # of a slot: float noise of times is below it, and no time lies so near an edge by intention

Floats = NDArray[np.float64]


class Window(NamedTuple):  # a refresh of 1,000 SLOs makes 10,000: half the cost of a frozen dataclass
    """Events and bad events inside a window of ``seconds`` (its start moved back to a slot's edge), of which
    ``measured`` seconds were measured."""

    total: float
    bad: float
    measured: float
    seconds: float


class Slot(NamedTuple):  # as often
    """``width`` seconds that end at ``ends_at``; the newest slot of a ring may be partial."""

    width: float
    ends_at: float
    total: float
    bad: float
    measured: float


class Ledger:
    """The slots of one SLO.

    ``fine`` is the width of the finest slots (seconds, a divisor of 300), ``horizon`` the longest window that will be
    asked for, ``origin`` the phase of the fine grid: increments are added at times ``origin + k x fine``. Wider slots
    end at ``wide_origin + k x width``; the widest are ``coarse`` seconds wide, a multiple of 300.
    """

    def __init__(
        self,
        fine: float,
        horizon: float,
        origin: float = 0.0,
        *,
        wide_origin: float | None = None,
        coarse: float = COARSE_WIDTH,
    ) -> None:
        wide = origin if wide_origin is None else wide_origin
        span = max(horizon, MIDDLE_SPAN)
        self._rings = [
            _Ring(fine, FINE_SPAN, origin, fine),
            _Ring(MIDDLE_WIDTH, MIDDLE_SPAN if coarse > MIDDLE_WIDTH else span, wide, fine),
        ]
        if coarse > MIDDLE_WIDTH:
            self._rings.append(_Ring(coarse, span, wide, fine))
        self.end: float | None = None

    @property
    def spans(self) -> dict[float, float]:
        """Slot width -> seconds that its ring covers."""
        return {ring.width: ring.span for ring in self._rings}

    def add(self, times: Floats, total: Floats, bad: Floats, measured: Floats) -> None:
        """Add increments: those of entry j happened in (times[j-1], times[j]], of which measured[j] seconds were
        measured. Times ascend and lie after :attr:`end`."""
        if not len(times):
            return
        if self.end is not None and times[0] <= self.end:
            raise ValueError(f"increments at {times[0]} lie before the ledger's end {self.end}")
        if len(times) == 1:  # each refresh: arrays of one number cost ten times the arithmetic
            increment = (float(total[0]), float(bad[0]), float(measured[0]))
            for ring in self._rings:
                ring.step(float(times[0]), increment)
        else:
            sums = np.cumsum(np.vstack((total, bad, measured)), axis=1)
            for ring in self._rings:
                ring.extend(times, sums)
        self.end = float(times[-1])

    def window(self, seconds: float) -> Window:
        """The window of ``seconds`` that ends at :attr:`end`; zeros before anything was added."""
        if self.end is None:
            return Window(0.0, 0.0, 0.0, seconds)
        for ring in self._rings:
            if seconds <= ring.reach:
                break
        return ring.window(self.end, seconds)

    def between(self, start: float, end: float) -> Window:
        """The events in (start, end], each moved back to an edge of the finest slots that still know of ``start``."""
        if self.end is None or start >= min(end, self.end):
            return Window(0.0, 0.0, 0.0, 0.0)
        age = self.end - start
        ring = next((r for r in self._rings if age <= r.reach), self._rings[-1])
        whole, rest = ring.window(self.end, age), ring.window(self.end, max(self.end - end, 0.0))
        bad, total = max(whole.bad - rest.bad, 0.0), max(whole.total - rest.total, 0.0)
        return Window(total, min(bad, total), max(whole.measured - rest.measured, 0.0), whole.seconds - rest.seconds)

    def counted(self, edges: Floats) -> Floats:
        """What happened between ascending times, each moved back to an edge of the finest slots that know of the first:
        shape (3, len(edges) - 1), the rows total, bad and measured seconds."""
        if self.end is None:
            return np.zeros((3, max(len(edges) - 1, 0)))
        age = self.end - float(edges[0])
        ring = next((r for r in self._rings if age <= r.reach), self._rings[-1])
        return np.maximum(np.diff(ring.prefix(edges, self.end), axis=1), 0.0)

    def slots_since(self, time: float | None) -> list[Slot]:
        """The slots that changed since the ledger ended at ``time``; all of them for None."""
        return [slot for ring in self._rings for slot in ring.slots_since(time)]

    def load(self, slots: Iterable[Slot], end: float) -> None:
        """Fill an empty ledger with slots from :meth:`slots_since`, ending at ``end``.

        The widths may have been others (another refresh, corrections since): each ring takes the slots nearest to its
        own width, and goes further back with wider ones.
        """
        by_width: dict[float, list[Slot]] = {}
        for slot in sorted(slots, key=lambda slot: slot.ends_at):
            by_width.setdefault(slot.width, []).append(slot)
        for ring in self._rings:
            ring.load(_for_width(by_width, ring.width), end)
        self.end = end


def _for_width(by_width: Mapping[float, list[Slot]], width: float) -> list[Slot]:
    """Slots of the largest width that is not above ``width`` (else the smallest), and wider ones before them."""
    order = sorted(by_width)
    first = max((w for w in order if w <= width * (1 + _EDGE)), default=order[0] if order else width)
    chosen: list[Slot] = []
    for each in [w for w in order if w >= first]:
        limit = chosen[0].ends_at - chosen[0].width if chosen else math.inf
        chosen = [slot for slot in by_width[each] if slot.ends_at <= limit + _EDGE] + chosen
    return chosen


class _Ring:
    """Prefix sums of (total, bad, measured) at the slot edges of the last ``span`` seconds; edges count from origin.

    Events are whole numbers and measured seconds multiples of ``fine``, unless a source says otherwise.
    """

    def __init__(self, width: float, span: float, origin: float, fine: float) -> None:
        self.width, self.span, self._origin = width, span, origin
        self.reach = span * (1 + _EDGE)
        self._size = math.ceil(span / width) + 2
        self._room = min(_YOUNG, self._size)
        self._sums = tuple(RingSums(self._room, unit) for unit in (1.0, 1.0, fine))
        self._first: int | None = None
        self._last = 0

    def extend(self, times: Floats, sums: Floats) -> None:
        """Add increments whose running sums over ``times`` are ``sums`` (3, len(times))."""
        end = self._edge_at_or_before(float(times[-1]))
        if self._first is None:
            # One edge early, because times[0] may lie on an edge and its increments are before it.
            self._first = self._last = self._edge_at_or_before(float(times[0])) - 1
        start = max(self._last + 1, end - self._size + 1)
        first = max(self._first, end - self._size + 1)
        self._make_room(start, end)
        edges = np.arange(start, end + 1)
        index = np.searchsorted(times, self._origin + edges * self.width + _EDGE * self.width, side="right")
        before = np.where(index > 0, sums[:, index - 1], 0.0)
        for each, parts, amount in zip(self._sums, before, sums[:, -1].tolist(), strict=True):
            kept = amount + each.since(first % self._room) if first < start else amount - float(parts[first - start])
            each.add_all(parts, amount, kept, edges % self._room)
        self._last = max(self._last, end)
        self._first = first

    def step(self, time: float, increment: tuple[float, float, float]) -> None:
        """:meth:`extend` for one time."""
        end = self._edge_at_or_before(time)
        if self._first is None:
            self._first = self._last = end - 1
        start = max(self._last + 1, end - self._size + 1)
        first = max(self._first, end - self._size + 1)
        self._make_room(start, end)
        edges = range(start, end + 1)
        later = [edge % self._room for edge in edges if time <= self._time(edge) + _EDGE * self.width]
        earlier = [edge % self._room for edge in edges[: len(edges) - len(later)]]
        for each, amount in zip(self._sums, increment, strict=True):
            kept = amount + each.since(first % self._room) if first < start else amount
            each.add(amount, kept, earlier, later)
        self._last = max(self._last, end)
        self._first = first

    def window(self, end: float, seconds: float) -> Window:
        edge = math.floor((end - seconds - self._origin) / self.width + _EDGE)
        start = self._origin + edge * self.width
        if self._first is None:
            return Window(0.0, 0.0, 0.0, end - start)
        place = max(edge, self._first) % self._room
        totals, bads, lengths = self._sums  # a generator over them would cost as much as one of them
        total, bad, measured = totals.since(place), bads.since(place), lengths.since(place)
        # Prefix sums of fractional counts are rounded each on their own: all bad must not read as more than all.
        return Window(total, min(bad, total), measured, end - start)

    def prefix(self, times: Floats, end: float) -> Floats:
        """The running sums at times, each moved back to an edge, less what they are now; those at ``end`` are all."""
        if self._first is None:
            return np.zeros((3, len(times)))
        edges = np.clip(np.floor((times - self._origin) / self.width + _EDGE).astype(int), self._first, self._last)
        since = np.stack([each.since_each(edges % self._room) for each in self._sums])
        return np.where(times >= end - _EDGE * self.width, 0.0, -since)

    def slots_since(self, time: float | None) -> list[Slot]:
        if self._first is None:
            return []
        first = self._first if time is None else max(self._first, self._edge_at_or_before(time))
        # At each refresh one edge or two: arrays of all of them would cost more than they save.
        points: list[int | None] = [edge % self._room for edge in range(first, self._last + 1)]
        points.append(None)
        found = []
        for edge, (place, later) in enumerate(pairwise(points), first + 1):
            assert place is not None  # noqa: S101 - only the last of them is
            total, bad, measured = (
                each.since(place) if later is None else each.between(place, later) for each in self._sums
            )
            if total or bad or measured:
                found.append(Slot(self.width, self._time(edge), total, bad, measured))
        return found

    def load(self, slots: Sequence[Slot], end: float) -> None:
        if not slots:
            return
        _, ends_at, *counts = np.fromiter(chain.from_iterable(slots), float).reshape(len(slots), -1).T
        ends = self._origin + np.ceil((ends_at - self._origin) / self.width - _EDGE) * self.width
        sums = np.cumsum(counts, axis=1)
        times = np.append(np.minimum(ends, end), end)
        self.extend(times, np.hstack((sums, sums[:, -1:])))

    def _make_room(self, start: int, end: int) -> None:
        """Have the sums at the edges ``start`` to ``end`` fit in beside those before that are still asked for."""
        first = start if self._first is None else min(self._first, start)
        wanted = min(end - first + 1, self._size)
        if wanted <= self._room:
            return
        before, self._room = self._room, min(max(wanted, 2 * self._room), self._size)
        kept = np.arange(max(first, end - self._size + 1), start)
        for each in self._sums:
            each.move(self._room, kept % before, kept % self._room)

    def _time(self, edge: int) -> float:
        return self._origin + edge * self.width

    def _edge_at_or_before(self, time: float) -> int:
        return math.floor((time - self._origin) / self.width + _EDGE)
