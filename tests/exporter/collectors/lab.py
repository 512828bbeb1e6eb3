"""A shop whose counts, segments, costs and definitions are written down, and collectors over it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from exporter.collectors.experiment import ExperimentCollector
from exporter.collectors.experiment_reading import Reading
from exporter.collectors.experiment_track import ExperimentTrack
from exporter.contract import Report
from exporter.sources.base import Amount, Count, Definition, SourceError
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
