"""A shop whose counts, segments, costs and definitions are written down, and collectors over it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from exporter.collectors.experiment import ExperimentCollector
from exporter.collectors.experiment_reading import Reading
from exporter.collectors.experiment_track import ExperimentTrack
from exporter.contract import Report
from exporter.sources.base import Amount, Count, Definition, Matrix, SourceError, series_key
from exporter.sources.turns import Turns
from exporter.spec import KINDS, Experiment, JsonDefinition, Metric
from exporter.state import State

Values = dict[tuple[str, ...], float]


@dataclass
class Shop:
    """Query -> variant (or variant and segment) -> sums; what is not written down fails."""

    now: dict[str, Mapping[Any, Sequence[float]]] = field(default_factory=dict)
    spent: list[Amount] | None = None
    says: Definition | None = None
    name: str = "shop"
    up: bool | None = True
    turns: Turns = field(default_factory=Turns)

    def counts(self, metric: Metric, _at: float) -> list[Count]:
        if metric.query not in self.now:
            raise SourceError(f"source shop: {metric.query} fails")
        width = len(KINDS[metric.kind].every)
        found = []
        for of, sums in self.now[metric.query].items():
            variant, segment = of if isinstance(of, tuple) else (of, "")
            found.append(Count(variant, (*sums, *[math.nan] * (width - len(sums))), segment))
        return found

    def amounts(self, _query: str, _at: float) -> list[Amount]:
        if self.spent is None:
            raise SourceError("source shop: no costs")
        return self.spent

    def definition(self, _where: JsonDefinition, _at: float) -> Definition:
        if self.says is None:
            raise SourceError("source shop: no definition")
        return self.says


class Clustered:
    """Counters ``e`` and ``s`` of units and successes, and ``c`` of money, that grow by one window every half hour.

    Successes come in clusters of ``size``; of the money 1 is spent a window on each variant. The first variant gets
    ``shares`` of the units, which change in the middle.
    """

    name, up = "prod", True

    def __init__(
        self,
        rates: tuple[float, float] = (0.1, 0.1),
        *,
        size: int = 3,
        windows: int = 200,
        units: int = 600,
        shares: tuple[float, float] = (0.5, 0.5),
    ) -> None:
        rng = np.random.default_rng(3)
        first = np.array([shares[i >= windows // 2] for i in range(windows)])
        n = rng.binomial(units // size, first) * size
        arms = np.stack([n, units - n], axis=1)
        events = rng.binomial(arms // size, rates) * size
        zero = np.zeros((1, 2))
        grown = {"e": arms, "s": events, "c": np.ones_like(arms)}
        self._totals = {name: np.vstack([zero, each.cumsum(axis=0)]) for name, each in grown.items()}
        self.broken = False

    def counters(self, selectors: Sequence[str], at: float) -> list[Any]:
        if self.broken:
            raise SourceError("source prod: does not answer")
        return [{k: v[0] for k, v in self._values(selector, np.array([at])).items()} for selector in selectors]

    def history(self, selectors: Sequence[str], start: float, end: float, step: float) -> list[Any]:
        if self.broken:
            raise SourceError("source prod: does not answer")
        times = start + np.arange(round((end - start) / step) + 1) * step
        found = [self._values(selector, times) for selector in selectors]
        return [Matrix(times, tuple(each), np.array([*each.values()])) for each in found]

    def retention_start(self, _at: float) -> float | None:
        return None

    def _values(self, selector: str, times: Any) -> dict[str, Any]:
        """Series -> values; nan before time 0."""
        rows = np.where((times >= 0)[:, None], self._totals[selector][np.maximum(times // 1800, 0).astype(int)], np.nan)
        labels = {"__name__": selector, "category": "storage", "job": "j", "instance": "i"}
        return {series_key({**labels, "variant": v}): rows[:, i] for i, v in enumerate("ab")}


def metric(name: str = "m", **changes: Any) -> dict[str, Any]:
    return {"name": name, "kind": "proportion", "source": "shop", "query": name, **changes}


def experiment(*more: dict[str, Any], primary: Mapping[str, Any] | None = None, **changes: Any) -> Experiment:
    model = {"name": "x", "control": "a", "variants": {"a": 0.5, "b": 0.5}}
    return Experiment.model_validate({**model, "metrics": [metric(**(primary or {})), *more], **changes})


class Lab:
    """One experiment, its shop, its store and its collector."""

    def __init__(self, one: Experiment | None = None, shop: Any = None, state: State | None = None) -> None:
        self.one, self.shop, self.state = one or experiment(), shop or Shop(), state or State("sqlite://")
        self.reports: list[Report] = []
        self.begin(self.one)

    def begin(self, one: Experiment | None = None) -> None:
        """The process starts again, perhaps with another spec."""
        self.one = one or self.one
        self.collector = ExperimentCollector({"shop": self.shop}, [self.one], self.state, refresh=15.0)

    def look(self, at: float, **counts: Mapping[Any, Sequence[float]]) -> Lab:
        self.shop.now |= counts
        self.reports = self.collector.collect(at)
        return self

    def values(self, family: str, entity: str = "x") -> Values:
        return {
            tuple(value for label, value in sample.labels if label != "experiment"): sample.value
            for report in self.reports
            for sample in (*report.samples, *report.lasting)
            if report.entity == entity and sample.name == family
        }

    @property
    def advice(self) -> dict[str, tuple[str, str]]:
        return {of[0]: (of[1], of[2]) for of in self.values("experiment_recommendation_info")}

    @property
    def errors(self) -> dict[str, str]:
        return {report.entity: report.error for report in self.reports if report.error}


def reading(one: Experiment, at: float = 0.0, **counts: Mapping[str, Sequence[float]]) -> Reading:
    """A reading that took these counts; not analysed."""
    shop, found = Shop(dict(counts)), Reading(ExperimentTrack(one, None, ()))
    answers: dict[tuple[str, str], Any] = {}
    for each in one.metrics:
        rows = shop.counts(each, at)
        answers[one.name, each.name] = {
            row.variant if not row.segment else f"{row.variant}\x1f{row.segment}": row.sums for row in rows
        }
    found.take(answers, at)
    return found
