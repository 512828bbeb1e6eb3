"""Units and successes of a metric per variant, from raw counters.

Counters of an experiment are taken to be its own: they began at 0, so at first sight each series counts from 0, with as
much of its past as the server still has. From then on the rules of :mod:`exporter.counters` hold: a target that comes
back after more than an hour only gives a baseline, because counting it again would double the evidence. So do the first
seconds of a target that is new then.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exporter.collectors.slo_absorb import target_of
from exporter.counters import Increments, Memory, replay, step
from exporter.sources.base import Matrix, Reading, label_of
from exporter.spec import Metric, PrometheusCounts

Floats = NDArray[np.float64]
Counts = dict[str, tuple[float, float]]
"""Variant -> (units, successes), cumulative."""

_UNITS, _SUCCESSES = "n:", "s:"
_JUST_BEFORE = 1e-3


def definition(metric: Metric) -> str:
    """A hash of what is counted; evidence of another definition is evidence of something else."""
    parts = [None if part is None else part.model_dump() for part in (metric.prometheus, metric.csv)]
    return hashlib.sha256(json.dumps([metric.source, metric.query, *parts]).encode()).hexdigest()


class CounterTotals:
    """The counts of one metric so far. ``polled`` is the instant that they are true for."""

    def __init__(self, counters: PrometheusCounts, document: Mapping[str, Any] | None = None) -> None:
        self._by = counters.by
        self.selectors = (counters.exposures, counters.events or "")
        self.memory = Memory.from_document(document["memory"]) if document else Memory()
        self._totals: dict[str, list[float]] = {v: list(c) for v, c in document["totals"].items()} if document else {}
        # Not the memory's keys: it forgets targets that have been away, and they must not count from 0 again.
        self._counted: set[str] | None = None if self._totals else set()

    @property
    def polled(self) -> float | None:
        """The last instant that was read."""
        return self.memory.polled

    @property
    def counts(self) -> Counts:
        """Units and successes of every variant that was ever seen."""
        return {variant: (n, s) for variant, (n, s) in self._totals.items()}

    def document(self) -> dict[str, Any]:
        """As a JSON value, for the next process."""
        return {"memory": self.memory.document(), "totals": self._totals}

    def poll(self, at: float, exposures: Reading, events: Reading) -> None:
        """The next instant, after :attr:`polled`."""
        if self._counted is None:
            self._add(step(self.memory, at, self._roles(dict(exposures), dict(events)), target_of))
        else:
            times = np.array([at])
            self.replay(*(_column(times, reading) for reading in (exposures, events)))
            self.caught_up()

    def replay(self, exposures: Matrix, events: Matrix) -> None:
        """The next instants, all after :attr:`polled`."""
        times = exposures.times
        rows = self._roles(*(dict(zip(m.keys, m.values, strict=True)) for m in (exposures, events)))
        matrices = {
            role: (tuple(found), np.array([*found.values()], dtype=np.float64).reshape(len(found), len(times)))
            for role, found in rows.items()
        }
        if self._counted is not None:
            times = np.concatenate(([times[0] - _JUST_BEFORE], times))
            matrices = {role: (keys, self._from_zero(keys, values)) for role, (keys, values) in matrices.items()}
        self._add(replay(self.memory, times, matrices, target_of))

    def caught_up(self) -> None:
        """All of the past has been read: series that are new from now on are judged by their target."""
        if self._totals:
            self._counted = None

    def move_clock(self, at: float) -> None:
        """The last reading was stamped by a wrong clock; its values hold."""
        was, self.memory.polled = self.memory.polled, at
        self.memory.seen = {target: at if when == was else min(when, at) for target, when in self.memory.seen.items()}

    def _roles(self, exposures: Mapping[str, Any], events: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
        """Role -> series key -> value: one role for the units and one for the successes of each variant."""
        roles: dict[str, dict[str, Any]] = defaultdict(dict, {role: {} for role in self.memory.values})
        for kind, found in ((_UNITS, exposures), (_SUCCESSES, events)):
            roles.setdefault(kind, {})
            for key, value in found.items():
                roles[kind + label_of(key, self._by)][key] = value
        return dict(roles)

    def _from_zero(self, keys: tuple[str, ...], values: Floats) -> Floats:
        """The values with an instant in front, and a 0 before the first value of each series not counted before."""
        extended = np.hstack((np.full((len(keys), 1), np.nan), values))
        there = ~np.isnan(extended)
        for i, key in enumerate(keys):
            if self._counted is not None and key not in self._counted and there[i].any():
                extended[i, int(there[i].argmax()) - 1] = 0.0
                self._counted.add(key)
        return extended

    def _add(self, increments: Increments) -> None:
        for role, increment in increments.by_role.items():
            variant = role[len(_UNITS) :]
            if self.memory.values.get(role) or increment.any():
                total = self._totals.setdefault(variant, [0.0, 0.0])
                total[0 if role.startswith(_UNITS) else 1] += float(increment.sum())


def _column(times: Floats, reading: Reading) -> Matrix:
    return Matrix(times, tuple(reading), np.array([*reading.values()], dtype=np.float64).reshape(len(reading), 1))
