"""An experiment with a guardrail SLO over scripted counters, and another process on its store."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from exporter.collectors.guardrail import GuardrailCollector
from exporter.contract import Report
from exporter.sources.base import series_key
from exporter.spec import Experiment, Metric, Slo
from exporter.state import AuditEntry, Latch, Override, State
from tests.exporter.collectors.scripted import BAD, START, TOTAL, Scripted, Series

EVEN = {"blue": 0.5, "green": 0.5}
Steps = list[tuple[float, float]]
Errors = Mapping[str, Callable[[int], bool]]
"""Variant -> whether the requests between a refresh and the next fail."""


def slo(**more: object) -> Slo:
    sli = {"source": "prod", "total": TOTAL, "bad": BAD}
    return Slo.model_validate(
        {"name": "shop", "service": "shop", "objective": 99.9, "period": "30d", "sli": sli, **more}
    )


def experiment(**more: object) -> Experiment:
    metric = Metric(name="m", kind="proportion", source="shop", query="q")
    fields = {"name": "x", "control": "blue", "variants": EVEN, "metrics": (metric,), "guardrails": ({"slo": "shop"},)}
    return Experiment.model_validate({**fields, **more})


def key(variant: str, code: str, label: str = "variant") -> str:
    return series_key({"__name__": "r", "job": "web", "instance": "a", label: variant, "code": code})


def counters(errors: Errors, *, each: float = 10, polls: int = 400, label: str = "variant") -> Scripted:
    """Each variant has ``each`` requests between two refreshes, all of which fail where it says so."""
    total: Series = {}
    bad: Series = {}
    for variant, fails in errors.items():
        sums, good, failed = (0.0, 0.0), [(START, 0.0)], [(START, 0.0)]
        for i in range(1, polls):
            sums = (sums[0], sums[1] + each) if fails(i) else (sums[0] + each, sums[1])
            good.append((START + i * 15.0, sums[0]))
            failed.append((START + i * 15.0, sums[1]))
        total[key(variant, "200", label)] = good
        total[key(variant, "500", label)] = bad[key(variant, "500", label)] = failed
    return Scripted({TOTAL: total, BAD: bad})


def never(_i: int) -> bool:
    return False


def between(first: int, last: int = 10_000) -> Callable[[int], bool]:
    return lambda i: first <= i < last


class World:
    """A collector and another process on the same store; the experiment has been a draft until now, so that there is no
    past to read, unless it is ``old``."""

    def __init__(
        self, source: Scripted, url: str = "sqlite://", *, old: bool = False, page: tuple[str, ...] = (), **more: object
    ) -> None:
        self.source, self.of = source, experiment(**more)
        alerting = {"alerting": {"page": page, "ticket": ["slow"]}} if page else {}
        self.slo = slo(**alerting)
        self.state = State(url)
        if not old:
            self.state.save_documents("guardrail", {"x:shop": {"running": False, "episodes": {}}})
        self.told: list[Latch] = []
        self.restart()

    def restart(self) -> None:
        self.collector = GuardrailCollector(
            self.source,
            {"shop": self.slo},
            [self.of],
            self.state,
            refresh=15.0,
            origin=0.0,
            keep_seconds=60.0,
            on_kill=self.told.append,
        )

    def at(self, i: int) -> list[Report]:
        return self.collector.collect(START + i * 15.0)

    def run(self, first: int, last: int) -> list[Report]:
        for i in range(first, last):
            reports = self.at(i)
        return reports

    def breaches(self, first: int, last: int) -> list[int]:
        """The refreshes at which green is in breach."""
        return [i for i in range(first, last) if by_variant(self.at(i), "experiment_variant_slo_breach")["green"]]

    def kills(self) -> list[Latch]:
        return self.state.latches("kill")

    def spare(self, i: int) -> None:
        assert self.state.lift_latch("kill", "x", "green", START + i * 15.0, "ann", "why")

    def override(self, status: str) -> None:
        override = Override(status, None, "running", EVEN, 1.0, "ann", "why")
        self.state.set_lifecycle("x", override, AuditEntry(1.0, "experiment", "x", "", "status", "ann", "why"))


def by_variant(reports: list[Report], family: str, window: str = "") -> dict[str, float]:
    return {
        labels["variant"]: sample.value
        for report in reports
        for sample in report.samples
        if sample.name == family and (labels := dict(sample.labels)).get("window", "") == window
    }
