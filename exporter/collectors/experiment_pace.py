"""How fast units come, and whether their split has changed: the present epoch in blocks of units.

Blocks double in size as the epoch grows, so that any epoch is a few dozen blocks, which is enough to see a change of
the split made elsewhere (a flag system's ramp), and the trend.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import Any

from exporter.collectors.experiment_counts import Counts, as_json, from_json

DAY = 86400.0
MOST_BLOCKS = 48
_FIRST_BLOCK = 100.0
_KEPT = 26 * 3600.0
_APART = 1800.0


@dataclass(frozen=True, slots=True)
class Mark:
    """The counts of every metric at one instant, and the units of each variant that the blocks are cut by."""

    at: float
    units: Mapping[str, float]
    counts: Mapping[str, Counts]


_Names = tuple[tuple[str, ...], tuple[tuple[str, tuple[tuple[str, int], ...]], ...]]
"""The variants of a mark's units; its metrics, and of each the keys of its counts with how many sums they have."""


@dataclass(frozen=True, slots=True)
class _Packed:
    """A mark as the bytes of its numbers: 180 bytes where dictionaries take more than 800; an experiment has dozens.
    The names are mostly those of the mark before, and the same object."""

    names: _Names
    numbers: bytes
    total: float

    @property
    def units(self) -> dict[str, float]:
        arms = self.names[0]
        return dict(zip(arms, struct.unpack_from(f"={len(arms)}d", self.numbers, 8), strict=True))

    def mark(self) -> Mark:
        """As it was packed."""
        numbers = struct.unpack(f"={len(self.numbers) // 8}d", self.numbers)
        arms, metrics = self.names
        end = 1 + len(arms)
        counts: dict[str, Counts] = {metric: {} for metric, _ in metrics}
        for metric, keys in metrics:
            for of, size in keys:
                counts[metric][of] = numbers[end : end + size]
                end += size
        return Mark(numbers[0], dict(zip(arms, numbers[1:], strict=False)), counts)


def _packed(mark: Mark, names: _Names | None) -> _Packed:
    """A mark; with these ``names``, where they are its own."""
    keys = tuple((name, tuple((of, len(sums)) for of, sums in of_.items())) for name, of_ in mark.counts.items())
    own = (tuple(mark.units), keys)
    sums = chain.from_iterable(chain.from_iterable(counts.values()) for counts in mark.counts.values())
    numbers = (mark.at, *mark.units.values(), *sums)
    return _Packed(own if names != own else names, struct.pack(f"={len(numbers)}d", *numbers), sum(mark.units.values()))


class Blocks:
    """The present epoch's marks, oldest first: its opening, then the ends of its blocks."""

    def __init__(self, document: Mapping[str, Any] | None = None) -> None:
        self._marks: list[_Packed] = []
        for at, units, counts in document["marks"] if document else ():
            self._append(Mark(at, units, {metric: from_json(of) for metric, of in counts.items()}))
        self._size: float = document["size"] if document else _FIRST_BLOCK

    @property
    def marks(self) -> list[Mark]:
        """All of them."""
        return [packed.mark() for packed in self._marks]

    def __len__(self) -> int:
        return len(self._marks)

    def document(self) -> dict[str, Any]:
        """As a JSON value, for the next process."""
        marks = [[m.at, m.units, {name: as_json(counts) for name, counts in m.counts.items()}] for m in self.marks]
        return {"size": self._size, "marks": marks}

    def restart(self, mark: Mark | None = None, rest: Sequence[Mark] = ()) -> None:
        """A new epoch, which opened at ``mark`` and perhaps has blocks already."""
        self._marks = []
        for one in (*([mark] if mark else []), *rest):
            self._append(one)
        self._size = _FIRST_BLOCK if not rest else self._size

    def take(self, mark: Mark) -> bool:
        """The latest instant; whether a block has begun with it. Marks that counts have fallen behind are forgotten."""
        while self._marks and any(mark.units.get(arm, 0.0) < n for arm, n in self._marks[-1].units.items()):
            del self._marks[-1]
        if not self._marks:
            self._append(mark)
            return True
        if sum(mark.units.values()) - self._marks[-1].total < self._size:
            return False
        self._append(mark)
        if len(self._marks) > MOST_BLOCKS:
            del self._marks[1:-1:2]
            self._size *= 2
        return True

    def units(self, arms: Sequence[str]) -> list[list[float]]:
        """Units of each arm in each block."""
        return [
            [max(0.0, after.get(arm, 0.0) - before.get(arm, 0.0)) for arm in arms]
            for before, after in pairwise(packed.units for packed in self._marks)
        ]

    def at_share(self, share: float) -> Mark | None:
        """The mark nearest to this share of the epoch's units that is inside of it; None where there is none."""
        if len(self._marks) < 3:
            return None
        totals = [packed.total for packed in self._marks]
        wanted = totals[0] + share * (totals[-1] - totals[0])
        return self._marks[min(range(1, len(totals) - 1), key=lambda i: abs(totals[i] - wanted))].mark()

    def _append(self, mark: Mark) -> None:
        self._marks.append(_packed(mark, self._marks[-1].names if self._marks else None))


class Pace:
    """Total units over the last day, and when they last grew."""

    def __init__(self, document: Mapping[str, Any] | None = None) -> None:
        self._past: list[tuple[float, float]] = [(t, n) for t, n in document["past"]] if document else []
        self.last_grown: float | None = document["last_grown"] if document else None

    def take(self, at: float, units: float) -> None:
        """The total at an instant; one that has fallen (another definition) begins anew."""
        if self._past and (units < self._past[-1][1] or at < self._past[-1][0]):
            self._past = []
        if not self._past or units > self._past[-1][1]:
            self.last_grown = at
        if len(self._past) > 1 and self._past[-1][0] - self._past[-2][0] < _APART:
            self._past[-1] = (at, units)  # the newest stays exact; those behind it are half an hour apart
        else:
            self._past.append((at, units))
        while len(self._past) > 2 and self._past[1][0] <= at - _KEPT:
            del self._past[0]

    def per_day(self) -> float | None:
        """Units per day over the last day, or as much of it as is known; None below half an hour."""
        if len(self._past) < 2:
            return None
        at, units = self._past[-1]
        begin, before = next((entry for entry in reversed(self._past) if entry[0] <= at - DAY), self._past[0])
        return (units - before) / (at - begin) * DAY if at - begin >= _APART else None

    def document(self) -> dict[str, Any]:
        """As a JSON value, for the next process."""
        return {"past": self._past, "last_grown": self.last_grown}
