"""The samples of one experiment together, and the totals over all."""

from __future__ import annotations

import pytest

from exporter.collectors.experiment import ExperimentCollector
from exporter.contract.experiment import EXPERIMENT_FAMILIES
from exporter.state import State
from tests.exporter.collectors.lab import Lab, Shop, experiment, metric

COUNTS = {"a": (1000, 100), "b": (1000, 130)}


def test_every_series_once_with_the_labels_of_its_family() -> None:
    one = experiment(metric("m2", role="secondary"), dimensions=["country"], kind="bandit")
    rows = {**COUNTS, ("a", "country=de"): (500, 50), ("b", "country=de"): (500, 60)}
    lab = Lab(one).look(0.0, m=rows, m2=COUNTS)
    samples = [sample for report in lab.reports for sample in (*report.samples, *report.lasting)]
    assert len({(sample.name, sample.labels) for sample in samples}) == len(samples)
    labels = {family.name: set(family.labels) for family in EXPERIMENT_FAMILIES if not family.open}
    for sample in samples:
        if sample.name in labels:
            assert {label for label, _ in sample.labels} == labels[sample.name]


def test_totals_weigh_the_best_variants_of_what_runs_by_participants() -> None:
    shop = Shop({"m": COUNTS, "other": {"a": (3000, 300), "b": (3000, 290)}})
    several = [
        experiment(name="x"),
        experiment(name="y", primary={"query": "other"}),
        experiment(name="z", status="completed"),
        experiment(name="d", status="draft"),
    ]
    collector = ExperimentCollector({"shop": shop}, several, State("sqlite://"), refresh=15.0)
    reports = {report.entity: report for report in collector.collect(0.0)}
    totals = {
        (s.name, *dict(s.labels).values()): s.value
        for r in [reports["experiments by status"]]
        for s in (*r.samples, *r.lasting)
    }
    assert [totals["experiments", s] for s in ("draft", "running", "paused", "completed", "failed")] == [1, 2, 0, 1, 0]
    win = {
        name: next(
            s.value
            for s in reports[name].samples
            if s.name == "experiment_variant_win_ratio" and dict(s.labels)["variant"] == "b"
        )
        for name in "xy"
    }
    assert totals["experiments_win_ratio_mean",] == pytest.approx((win["x"] * 2000 + win["y"] * 6000) / 8000)


def test_the_trend_compares_the_last_third() -> None:
    lab, b = Lab(), 0.0
    for i in range(1, 31):
        b += 150 if i > 20 else 100
        lab.look(15.0 * i, m={"a": (1000 * i, 100 * i), "b": (1000 * i, b)})
    assert lab.values("experiment_variant_trend") == {("b", "m"): 1}
    (steady,) = Lab().look(0.0, m=COUNTS).look(15.0, m={"a": (5000, 500), "b": (5000, 510)}).values(
        "experiment_variant_trend"
    ) or [None]
    assert steady is None
