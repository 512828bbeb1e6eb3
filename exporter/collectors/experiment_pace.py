"""How fast units come, and whether their split has changed: the present epoch in blocks of units.

Blocks double in size as the epoch grows, so that any epoch is a few dozen blocks, which is enough to see a change of
the split made elsewhere (a flag system's ramp), and the trend.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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


class Blocks:
    """The present epoch's marks, oldest first: its opening, then the ends of its blocks."""

    def __init__(self, document: Mapping[str, Any] | None = None) -> None:
        stored = document["marks"] if document else ()
        self.marks = [Mark(at, units, {m: from_json(c) for m, c in counts.items()}) for at, units, counts in stored]
        self._size: float = document["size"] if document else _FIRST_BLOCK

    def document(self) -> dict[str, Any]:
        """As a JSON value, for the next process."""
        marks = [[m.at, m.units, {name: as_json(counts) for name, counts in m.counts.items()}] for m in self.marks]
        return {"size": self._size, "marks": marks}

    def restart(self, mark: Mark | None = None, rest: Sequence[Mark] = ()) -> None:
        """A new epoch, which opened at ``mark`` and perhaps has blocks already."""
        self.marks = [*([mark] if mark else []), *rest]
        self._size = _FIRST_BLOCK if not rest else self._size

    def take(self, mark: Mark) -> bool:
        """The latest instant; whether a block has begun with it. Marks that counts have fallen behind are forgotten."""
        while self.marks and any(mark.units.get(arm, 0.0) < n for arm, n in self.marks[-1].units.items()):
            del self.marks[-1]
        if not self.marks:
            self.marks.append(mark)
            return True
        if sum(mark.units.values()) - sum(self.marks[-1].units.values()) < self._size:
            return False
        self.marks.append(mark)
        if len(self.marks) > MOST_BLOCKS:
            del self.marks[1:-1:2]
            self._size *= 2
        return True

    def units(self, arms: Sequence[str]) -> list[list[float]]:
        """Units of each arm in each block."""
        return [
            [max(0.0, after.units.get(arm, 0.0) - before.units.get(arm, 0.0)) for arm in arms]
            for before, after in zip(self.marks, self.marks[1:], strict=False)
        ]

    def at_share(self, share: float) -> Mark | None:
        """The mark nearest to this share of the epoch's units that is inside of it; None where there is none."""
        if len(self.marks) < 3:
            return None
        totals = [sum(mark.units.values()) for mark in self.marks]
        wanted = totals[0] + share * (totals[-1] - totals[0])
        return min(self.marks[1:-1], key=lambda mark: abs(sum(mark.units.values()) - wanted))


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
