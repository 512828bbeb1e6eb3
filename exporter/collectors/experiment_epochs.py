"""One metric over allocation epochs: what was counted in each, and the largest evidence so far.

Counts are cumulative; an epoch's are those less what they were at its opening. Between the close of an epoch and the
first reading of the next what is counted belongs to neither.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from exporter.collectors.experiment_counters import of_metric
from exporter.collectors.experiment_counts import (
    Counts,
    Sums,
    as_json,
    definition,
    from_json,
    minus,
    parts,
    plus,
    zero,
)
from exporter.contract import E_VALUE_CAP
from exporter.spec import KINDS, Metric

MOST_EPOCHS = 300
"""Beyond it the two neighbours whose shares differ least become one: a bandit may open an epoch every hour."""

MOST_SEGMENTS = 200
"""Segments of one metric that are kept; of the others only the totals are known."""

_LOG_CAP = math.log(E_VALUE_CAP)


class RestatedError(Exception):
    """Counts lie below those at the opening of the epoch; the message is one sentence."""


class MetricEpochs:
    """One metric's past. ``last`` are the latest counts, None before the first.

    Without a ``document`` nothing is known: ``from_start`` says whether all counts then belong to the first epoch, or
    only those after the first reading.
    """

    def __init__(
        self,
        metric: Metric,
        dimensions: Sequence[str] = (),
        *,
        from_start: bool,
        document: Mapping[str, Any] | None = None,
    ) -> None:
        self.metric = metric
        self._signed = tuple(name in KINDS[metric.kind].signed for name in KINDS[metric.kind].every)
        self._dimensions = tuple(f"{name}=" for name in dimensions)
        self._definition = definition(metric)
        if document is not None and document["definition"] != self._definition:
            document = None
        self.is_new = document is None
        self.counters = None
        if metric.prometheus:
            self.counters = of_metric(metric, dimensions, document["counters"] if document else None)
        self.closed: list[Counts] = [from_json(epoch) for epoch in document["closed"]] if document else []
        self.last: Counts | None = _read(document["last"]) if document else None
        self._opening: Counts | None = {} if from_start else None
        if document:
            self._opening = _read(document["opening"])
        self._max_log_e: dict[str, float] = dict(document["max_log_e"]) if document else {}
        self._segments: set[str] = set(document.get("segments", ())) if document else set()
        self.admitted = False

    @property
    def opened(self) -> bool:
        """Whether the present epoch has been read once."""
        return self._opening is not None

    def take(self, counts: Counts) -> bool:
        """The latest reading; whether it opens an epoch. RestatedError where a count is below what it was then.

        Of segments those of the dimensions are kept, at most MOST_SEGMENTS: once in, for good, the largest first;
        ``admitted`` then says whether there were new ones.
        """
        opens = self._opening is None
        if self._opening is not None:
            self._check(counts)
        new = self._admit(counts)
        self.admitted = bool(new)
        counts = {of: sums for of, sums in counts.items() if not (segment := parts(of)[1]) or segment in self._segments}
        if self._opening is None:
            self._opening = counts
        elif self.closed:
            # Of a segment first seen in a later epoch nobody knows what came before: it counts from here.
            self._opening |= {of: sums for of, sums in counts.items() if parts(of)[1] in new}
        self.last = counts
        return opens

    def _admit(self, counts: Counts) -> set[str]:
        """Segments of this reading that are kept from now on."""
        units: dict[str, float] = {}
        for of, sums in counts.items():
            segment = parts(of)[1]
            if segment and segment not in self._segments and segment.startswith(self._dimensions):
                units[segment] = units.get(segment, 0.0) + sums[0]
        room = max(0, MOST_SEGMENTS - len(self._segments))
        new = set(sorted(units, key=lambda segment: (-units[segment], segment))[:room]) if units else set()
        self._segments |= new
        return new

    def present(self) -> Counts:
        """What was counted in the present epoch; empty before its first reading."""
        if self.last is None or self._opening is None:
            return {}
        return self.since_opening(self.last)

    def since_opening(self, counts: Counts) -> Counts:
        """Of counts of the present epoch: what had come since its opening."""
        return {of: self._since(of, sums) for of, sums in counts.items()}

    def after(self, counts: Counts) -> Counts:
        """What came since these counts of the present epoch; a source may correct a count downwards a little."""
        empty = zero(self.metric)
        return {of: self._clipped(minus(sums, counts.get(of, empty))) for of, sums in (self.last or {}).items()}

    def epochs(self) -> list[Counts]:
        """What was counted in each epoch, the present one last where it was read."""
        return [*self.closed, *([self.present()] if self.last is not None and self.opened else [])]

    def close(self, at: Counts | None = None) -> None:
        """End the epoch with the last reading, or ``at`` counts of before, from which the next one then goes on."""
        last = self.last
        if at is not None:
            self.last = at
        ended = self.present()
        if any(sums[0] > 0 for sums in ended.values()):
            self.closed.append(ended)
        self.last, self._opening = last, at
        if len(self.closed) > MOST_EPOCHS:
            _merge_most_alike(self.closed)

    def forget_evidence(self) -> None:
        """Evidence from now on is about something else."""
        self._max_log_e = {}

    def largest_log_e(self, of: str, log_e: float) -> tuple[float, bool]:
        """The largest log e-value so far with this one, at least 0, and whether this one raised it."""
        before = self._max_log_e.get(of, 0.0)
        if not log_e > before or before >= _LOG_CAP:
            return before, False
        self._max_log_e[of] = min(log_e, _LOG_CAP)
        return self._max_log_e[of], True

    def document(self) -> dict[str, Any]:
        """As a JSON value, for the next process."""
        return {
            "definition": self._definition,
            "closed": [as_json(epoch) for epoch in self.closed],
            "last": None if self.last is None else as_json(self.last),
            "opening": None if self._opening is None else as_json(self._opening),
            "max_log_e": self._max_log_e,
            "segments": sorted(self._segments),
            "counters": self.counters.document() if self.counters else None,
        }

    def _since(self, of: str, sums: Sums) -> Sums:
        opening = (self._opening or {}).get(of)
        return self._clipped(minus(sums, opening) if opening else sums)

    def _clipped(self, since: Sums) -> Sums:
        """What can be counted: a source may correct a count downwards a little, and of counters and of units that
        succeed late there may be more successes than units. The statistics refuse both, for all experiments at once."""
        if self.metric.kind == "proportion":
            n = max(0.0, since[0])
            return n, min(max(0.0, since[1]), n)
        return tuple(x if free or x != x else max(0.0, x) for x, free in zip(since, self._signed, strict=True))  # noqa: PLR0124 - nan is not itself

    def _check(self, counts: Counts) -> None:
        kind = KINDS[self.metric.kind]
        for of, opening in (self._opening or {}).items():
            if parts(of)[1]:
                continue  # segments may be left out by a cap or a query, which is no restatement
            now = counts.get(of, zero(self.metric))
            for name, value, before in zip(kind.columns, now, opening, strict=False):
                if name not in kind.signed and value < before * (1 - 1e-12):
                    raise RestatedError(
                        f"metric {self.metric.name}: {name} of variant {of} is {value:g}, less than the {before:g} "
                        "when its traffic was last changed; counts must be cumulative"
                    )


def _read(document: Mapping[str, Sequence[float | None]] | None) -> Counts | None:
    return None if document is None else from_json(document)


def _merge_most_alike(epochs: list[Counts]) -> None:
    """Make one of the two neighbours whose shares differ least."""
    shares = [_shares(epoch) for epoch in epochs]
    gaps = [_largest_gap(one, other) for one, other in pairwise(shares)]
    i = gaps.index(min(gaps))
    one, other = epochs[i : i + 2]
    both = {of: plus(one[of], other[of]) for of in one if of in other}
    epochs[i : i + 2] = [{**one, **other, **both}]


def _shares(epoch: Counts) -> dict[str, float]:
    units = {of: sums[0] for of, sums in epoch.items() if not parts(of)[1]}
    total = sum(units.values()) or 1.0
    return {of: n / total for of, n in units.items()}


def _largest_gap(one: Mapping[str, float], other: Mapping[str, float]) -> float:
    return max((abs(one.get(of, 0.0) - other.get(of, 0.0)) for of in {**one, **other}), default=0.0)
