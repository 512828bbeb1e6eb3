"""The sums of a metric per variant, from raw counters.

Counters of an experiment are taken to be its own: they began at 0, so at first sight each series counts from 0, with as
much of its past as the server still has. From then on the rules of :mod:`exporter.counters` hold: a target that comes
back after more than an hour only gives a baseline, because counting it again would double the evidence. So do the first
seconds of a target that is new then.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exporter.collectors.experiment_counts import Counts, Sums, clean, key, plus, zero
from exporter.collectors.slo_absorb import target_of
from exporter.counters import Increments, Memory, replay, step
from exporter.sources.base import Matrix, Reading, label_of
from exporter.spec import KINDS, Metric

Floats = NDArray[np.float64]

_BETWEEN = "\x1f"
_JUST_BEFORE = 1e-3


class CounterTotals:
    """The sums of one metric so far. ``polled`` is the instant that they are true for.

    There is one column for each of the ``selectors``. ``labels`` are that of the variant and those by whose values the
    sums are also given apart; ``empty`` are the sums of no units, which may have more columns than are counted.
    """

    def __init__(
        self,
        selectors: Sequence[str],
        labels: Sequence[str],
        empty: Sums,
        document: Mapping[str, Any] | None = None,
    ) -> None:
        self.selectors = tuple(selectors)
        self._labels, self._empty = tuple(labels), empty
        self.memory = Memory.from_document(document["memory"]) if document else Memory()
        # By the values of all labels together: what of one dimension is asked for is a sum of these.
        self._totals: dict[str, list[float]] = {c: list(v) for c, v in document["totals"].items()} if document else {}
        if document and (before := tuple(document.get("labels", self._labels))) != self._labels:
            self._relabel(before)
        # Not the memory's keys: it forgets targets that have been away, and they must not count from 0 again.
        self._counted: set[str] | None = None if self._totals else set()

    @property
    def polled(self) -> float | None:
        """The last instant that was read."""
        return self.memory.polled

    @property
    def counts(self) -> Counts:
        """The sums of every variant, and of every variant and segment, that was ever seen."""
        found: Counts = {}
        for cell, sums in self._totals.items():
            variant, *values = cell.split(_BETWEEN)
            segments = [f"{name}={value}" for name, value in zip(self._labels[1:], values, strict=True) if value]
            whole = (*sums, *self._empty[len(sums) :])
            for of in (variant, *(key(variant, segment) for segment in segments)):
                found[of] = plus(found[of], whole) if of in found else whole
        return found

    def document(self) -> dict[str, Any]:
        """As a JSON value, for the next process."""
        return {"memory": self.memory.document(), "totals": self._totals, "labels": self._labels}

    def poll(self, at: float, readings: Sequence[Reading]) -> None:
        """The next instant, after :attr:`polled`: one reading for each of the selectors."""
        if self._counted is None:
            self._add(step(self.memory, at, self._roles([dict(reading) for reading in readings]), target_of))
        else:
            times = np.array([at])
            self.replay([_column(times, reading) for reading in readings])
            self.caught_up()

    def replay(self, history: Sequence[Matrix]) -> None:
        """The next instants, all after :attr:`polled`: one matrix for each of the selectors, over the same times."""
        times = history[0].times
        rows = self._roles([dict(zip(m.keys, m.values, strict=True)) for m in history])
        matrices = {
            role: (tuple(found), np.array([*found.values()], dtype=np.float64).reshape(len(found), len(times)))
            for role, found in rows.items()
        }
        if self._counted is not None:
            times = np.concatenate(([times[0] - _JUST_BEFORE], times))
            matrices = {role: (keys, self._from_zero(role, keys, values)) for role, (keys, values) in matrices.items()}
        self._add(replay(self.memory, times, matrices, target_of))

    def caught_up(self) -> None:
        """All of the past has been read: series that are new from now on are judged by their target."""
        if self._totals:
            self._counted = None

    def move_clock(self, at: float) -> None:
        """The last reading was stamped by a wrong clock; its values hold."""
        was, self.memory.polled = self.memory.polled, at
        self.memory.seen = {target: at if when == was else min(when, at) for target, when in self.memory.seen.items()}

    def _relabel(self, before: Sequence[str]) -> None:
        """Other dimensions than before: what was counted stays, in a dimension that is new without a value."""
        totals, self._totals = self._totals, {}
        for cell, sums in totals.items():
            values = dict(zip(before, cell.split(_BETWEEN), strict=True))
            of = _BETWEEN.join(values.get(name, "") for name in self._labels)
            self._totals[of] = [*plus(self._totals.get(of, [0.0] * len(sums)), sums)]
        memory, self.memory.values = self.memory.values, defaultdict(dict)
        for role, known in memory.items():
            for series, value in known.items():
                self.memory.values[f"{role.partition(':')[0]}:{self._cell(series)}"][series] = value
        self.memory.values = {role: dict(known) for role, known in self.memory.values.items()}

    def _roles(self, columns: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
        """Role -> series key -> value: one role for each column of each cell, ``1:green``."""
        roles: dict[str, dict[str, Any]] = defaultdict(dict, {role: {} for role in self.memory.values})
        for index, found in enumerate(columns):
            roles.setdefault(f"{index}:", {})
            for series, value in found.items():
                roles[f"{index}:{self._cell(series)}"][series] = value
        return dict(roles)

    def _cell(self, series: str) -> str:
        return _BETWEEN.join(clean(label_of(series, name)) for name in self._labels)

    def _from_zero(self, role: str, keys: tuple[str, ...], values: Floats) -> Floats:
        """The values with an instant in front, and a 0 before the first value of each series not counted before."""
        extended = np.hstack((np.full((len(keys), 1), np.nan), values))
        there = ~np.isnan(extended)
        column = role.partition(":")[0]
        for i, series in enumerate(keys):
            # A series may be counted in two columns: by itself in each.
            counted = f"{column}:{series}"
            if self._counted is not None and counted not in self._counted and there[i].any():
                extended[i, int(there[i].argmax()) - 1] = 0.0
                self._counted.add(counted)
        return extended

    def _add(self, increments: Increments) -> None:
        for role, increment in increments.by_role.items():
            if self.memory.values.get(role) or increment.any():
                index, _, cell = role.partition(":")
                total = self._totals.setdefault(cell, [0.0] * len(self.selectors))
                total[int(index)] += float(increment.sum())


def of_metric(
    metric: Metric, dimensions: Sequence[str] = (), document: Mapping[str, Any] | None = None
) -> CounterTotals:
    """The totals of a metric with ``prometheus``, apart by these dimensions too."""
    if metric.prometheus is None:
        raise ValueError(f"metric {metric.name} has no counters")
    selectors = metric.prometheus.selectors(metric.kind)
    columns = [selectors[column] or "" for column in KINDS[metric.kind].columns]
    return CounterTotals(columns, (metric.prometheus.by, *dimensions), zero(metric), document)


def _column(times: Floats, reading: Reading) -> Matrix:
    return Matrix(times, tuple(reading), np.array([*reading.values()], dtype=np.float64).reshape(len(reading), 1))
