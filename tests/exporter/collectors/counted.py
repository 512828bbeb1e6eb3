"""Experiments over a source whose counts are written down by query, and what was said of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from exporter.collectors.experiment import ExperimentCollector
from exporter.contract import Report
from exporter.sources.base import Count, SourceError
from exporter.sources.turns import Turns
from exporter.spec import Experiment, Metric
from exporter.state import State

Arms = Mapping[str, tuple[float, float]]
Values = dict[tuple[str, ...], float]


@dataclass
class Shop:
    """A CountSource whose counts are written down by query."""

    now: dict[str, Arms] = field(default_factory=dict)
    name: str = "shop"
    up: bool | None = None
    turns: Turns = field(default_factory=Turns)

    def counts(self, metric: Metric, at: float) -> list[Count]:  # noqa: ARG002 - the protocol's
        arms = self.now.get(metric.query or "")
        self.up = True
        if arms is None:
            raise SourceError(f"source shop: {metric.query} fails")
        return [Count(variant, (n, s)) for variant, (n, s) in arms.items()]


def experiment(name: str = "x", **changes: Any) -> Experiment:
    metric = {"name": "m", "kind": "proportion", "source": "shop", "query": f"q-{name}", **changes.pop("metric", {})}
    model = {
        "name": name,
        "control": "a",
        "variants": {"a": 0.5, "b": 0.5},
        "labels": {"team": "web"},
        "metrics": [metric, *changes.pop("more", [])],
    }
    return Experiment.model_validate({**model, **changes})


SECOND = {"name": "m2", "kind": "proportion", "role": "secondary", "source": "shop", "query": "second"}


def collector(shop: Any, *experiments: Experiment, state: State | None = None) -> ExperimentCollector:
    return ExperimentCollector({"shop": shop}, experiments or [experiment()], state or State("sqlite://"), refresh=15.0)


def series(reports: Sequence[Report], family: str, entity: str = "x") -> Values:
    """Label values without the experiment -> value, of one family and experiment."""
    return {
        tuple(value for label, value in sample.labels if label != "experiment"): sample.value
        for report in reports
        for sample in (*report.samples, *report.lasting)
        if report.entity == entity and sample.name == family
    }


def look(shop: Shop, collector: ExperimentCollector, at: float, **arms: tuple[float, float]) -> list[Report]:
    shop.now["q-x"] = arms
    return collector.collect(at)


def errors(reports: Sequence[Report]) -> dict[str, str]:
    return {report.entity: report.error for report in reports if report.error}
