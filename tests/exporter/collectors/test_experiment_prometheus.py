"""Whole experiments from counters: clusters, ramps that nobody announced, costs, restarts at any moment."""

from __future__ import annotations

from typing import Any

import pytest

from exporter.collectors.experiment import ExperimentCollector
from exporter.contract import Report
from exporter.spec import Experiment
from exporter.state import State
from tests.exporter.collectors.lab import Clustered, experiment, metric

HALF_HOUR = 1800.0
COUNTERS = {"exposures": "e", "events": "s"}


def counted(*, once: bool = False, **changes: Any) -> Experiment:
    primary = {"prometheus": {**COUNTERS, "once": once}, "source": "prod", "query": None}
    return experiment(primary=primary, **changes)


def values(reports: list[Report], family: str) -> dict[tuple[str, ...], float]:
    return {
        tuple(value for label, value in sample.labels if label != "experiment"): sample.value
        for report in reports
        for sample in (*report.samples, *report.lasting)
        if sample.name == family
    }


class Watch:
    """A collector over counters that is looked at every half hour, and perhaps started again in between."""

    def __init__(self, source: Clustered, one: Experiment) -> None:
        self.source, self.one, self.state = source, one, State("sqlite://")
        self.begin()

    def begin(self) -> None:
        self.collector = ExperimentCollector({"prod": self.source}, [self.one], self.state, refresh=HALF_HOUR)

    def look(self, first: int, last: int, *, restarted: bool = False) -> list[Report]:
        reports: list[Report] = []
        for i in range(first, last):
            if restarted:
                self.begin()
            reports = self.collector.collect(HALF_HOUR * i)
        return reports

    @property
    def document(self) -> Any:
        return self.collector._tracks[0].document()


def test_no_verdict_before_thirty_windows_and_then_one_without_the_clusters() -> None:
    watch = Watch(Clustered((0.1, 0.3)), counted())
    early = watch.look(0, 30)
    assert values(early, "experiment_variant_verdict") == values(early, "experiment_design_effect") == {}
    assert values(early, "experiment_variant_lift_ratio")["b", "m"] == pytest.approx(2, abs=0.5)
    assert values(early, "experiment_variant_early_kill") == {("b",): 0}
    assert values(early, "experiment_recommendation_info") == {("b", "continue", "design_effect_unknown"): 1}
    late = watch.look(30, 40)
    assert values(late, "experiment_variant_verdict") == {("b", "m"): 1}
    assert 2 < values(late, "experiment_design_effect")["m",] < 5


def test_units_counted_once_need_not_wait() -> None:
    reports = Watch(Clustered((0.1, 0.3), size=1), counted(once=True)).look(0, 4)
    assert values(reports, "experiment_variant_verdict") == {("b", "m"): 1}
    assert values(reports, "experiment_design_effect") == {}


def test_a_ramp_that_only_the_data_know_opens_an_epoch() -> None:
    source = Clustered(size=1, units=3000, windows=60, shares=(0.9, 0.5))
    one = counted(once=True, variants={"a": 0.9, "b": 0.1})
    watch = Watch(source, one)
    assert values(watch.look(0, 30), "experiment_epochs") == {(): 1}
    reports = watch.look(30, 60)
    assert values(reports, "experiment_epochs") == {(): 2}
    first, second = watch.collector._tracks[0].primary.epochs()
    for epoch, share in ((first, 0.9), (second, 0.5)):
        assert epoch["a"][0] / (epoch["a"][0] + epoch["b"][0]) == pytest.approx(share, abs=0.02)


@pytest.mark.parametrize("once", [True, False])
def test_a_restart_at_any_moment_changes_nothing(*, once: bool) -> None:
    cost = {"source": "prod", "prometheus": {"spent": "c"}, "currency": "EUR"}
    one = counted(once=once, cost=cost, variants={"a": 0.9, "b": 0.1})
    plain, restarted = (Watch(Clustered(size=1, windows=60, units=3000, shares=(0.9, 0.5)), one) for _ in range(2))
    for first in range(0, 60, 20):
        said = plain.look(first, first + 20), restarted.look(first, first + 20, restarted=True)
        assert [r.samples for r in said[0]] == [r.samples for r in said[1]]
    assert restarted.document == plain.document
    assert values(said[0], "experiment_variant_cost")["a", "storage", "EUR"] == 59


def test_a_source_that_fails_for_a_while_loses_nothing() -> None:
    plain, failing = (Watch(Clustered((0.1, 0.2)), counted()) for _ in range(2))
    plain.look(0, 40)
    failing.look(0, 20)
    failing.source.broken = True
    assert failing.look(20, 22)[0].error == "source prod: does not answer"
    failing.source.broken = False
    failing.look(22, 40)
    counts = [watch.collector._tracks[0].primary.present() for watch in (plain, failing)]
    assert counts[0] == counts[1]


def test_other_dimensions_do_not_count_anything_twice() -> None:
    watch = Watch(Clustered(), counted())
    watch.look(0, 10)
    for dimensions in (["category"], ["category", "job"], []):
        watch.one = counted(dimensions=dimensions)
        watch.begin()
        watch.look(10, 12)
    plain = Watch(Clustered(), counted())
    plain.look(0, 12)
    counts = [each.collector._tracks[0].primary.present() for each in (plain, watch)]
    assert counts[0] == counts[1]


def test_a_label_with_our_separator_stops_nothing() -> None:
    class Odd(Clustered):
        def _values(self, selector: str, times: Any) -> dict[str, Any]:
            return {k.replace("storage", "st\\u001fo"): v for k, v in super()._values(selector, times).items()}

    reports = Watch(Odd(), counted(dimensions=["category"])).look(0, 3)
    assert reports[0].error is None
    assert len(values(reports, "experiment_variant_participants")) == 2


def test_each_metric_waits_for_its_own_windows() -> None:
    one = experiment(
        metric("m2", role="secondary", kind="rate", prometheus=COUNTERS, source="prod", query=None),
        primary={"prometheus": {**COUNTERS, "once": True}, "source": "prod", "query": None},
    )
    reports = Watch(Clustered(), one).look(0, 5)
    assert ("b", "m2") not in values(reports, "experiment_variant_verdict")
    assert ("b", "m") in values(reports, "experiment_variant_verdict")
