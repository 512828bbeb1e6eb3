"""The experiment collector over a scripted source and real files: what it says of counts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from exporter.collectors.experiment import ExperimentCollector
from exporter.contract import E_VALUE_CAP
from exporter.contract.experiment import EXPERIMENT_FAMILIES
from exporter.sources.base import Amount, Definition
from exporter.sources.file import FileSource
from exporter.state import State
from exporter.stats import sequential
from tests.exporter.collectors.counted import Shop, collector, errors, experiment, look, series
from tests.exporter.collectors.lab import Clustered, metric
from tests.exporter.collectors.lab import Shop as Written
from tests.exporter.collectors.lab import experiment as everything

ELSEWHERE = {"experiment_applied_total", "experiment_variant_slo_burn_rate", "experiment_variant_slo_breach"}
"""Of whoever does things to the outside, and of the guardrail SLOs' own collector."""


def test_every_family_is_served() -> None:
    rows = {"a": (1000, 100), "b": (1000, 130), ("a", "country=de"): (500, 50), ("b", "country=de"): (500, 90)}
    spent = [Amount("a", "storage", 10), Amount("b", "storage", 20)]
    guard = metric("g", role="guardrail", prometheus={"exposures": "e", "events": "s"}, source="prod", query=None)
    one = everything(
        guard,
        kind="bandit",
        primary={"minimum_lift": 0.01},
        dimensions=["country"],
        value={"metric": "m", "per_event": 2, "currency": "EUR"},
        cost={"source": "shop", "query": "c", "limit": 100},
        definition={"source": "shop"},
    )
    shop = Written({"m": rows}, spent=spent, says=Definition("running", {"a": 0.5, "b": 0.5}))
    watch = ExperimentCollector({"shop": shop, "prod": Clustered()}, [one], State("sqlite://"), refresh=1800.0)
    found: set[str] = set()
    staying: set[str] = set()
    for i in range(34):
        shop.now = {"m": {of: (n * (1 + i), s * (1 + i)) for of, (n, s) in rows.items()}}
        reports = watch.collect(1800.0 * i)
        found |= {sample.name for report in reports for sample in (*report.samples, *report.lasting)}
        staying |= {sample.name for report in reports for sample in report.lasting}
    assert found == {family.name for family in EXPERIMENT_FAMILIES} - ELSEWHERE
    assert staying == {family.name for family in EXPERIMENT_FAMILIES if family.stays} - ELSEWHERE


def test_what_the_families_mean() -> None:
    shop = Shop({"q-x": {"a": (1000, 100), "b": (1000, 130)}})
    reports = collector(shop).collect(0.0)
    assert series(reports, "experiment_info") == {("ab_test", "a", "m", "web"): 1}
    assert series(reports, "experiment_status")[("running",)] == 1
    assert sum(series(reports, "experiment_status").values()) == 1
    assert series(reports, "experiment_variant_participants") == {("a",): 1000, ("b",): 1000}
    assert series(reports, "experiment_variant_traffic_ratio") == {("a",): 0.5, ("b",): 0.5}
    assert series(reports, "experiment_variant_events") == {("a", "m"): 100, ("b", "m"): 130}
    assert series(reports, "experiment_variant_metric_value") == {("a", "m"): 0.1, ("b", "m"): 0.13}
    assert series(reports, "experiment_variant_lift_ratio") == {("b", "m"): pytest.approx(0.3)}
    log_e = float(sequential.headline_log_e(100, 1000, 130, 1000, 0.5))
    assert series(reports, "experiment_variant_e_value") == {("b", "m"): pytest.approx(np.exp(log_e))}
    assert series(reports, "experiment_variant_early_kill") == {("b",): 0}
    assert series(reports, "experiment_epochs") == {(): 1}
    assert series(reports, "experiments", "experiments by status")[("running",)] == 1
    assert series(reports, "experiments", "experiments by status")[("failed",)] == 0


def test_a_draft_says_what_it_is_and_no_more() -> None:
    reports = collector(Shop(), experiment(status="draft")).collect(0.0)
    assert errors(reports) == {}
    assert reports[0].samples == ()
    assert {sample.name for sample in reports[0].lasting} == {
        "experiment_info",
        "experiment_stalled_after_seconds",
        "experiment_status",
        "experiment_variant_traffic_planned_ratio",
    }


def test_undefined_is_absent() -> None:
    reports = collector(Shop({"q-x": {}})).collect(0.0)
    assert series(reports, "experiment_variant_participants") == {("a",): 0, ("b",): 0}
    assert {sample.name for sample in reports[0].samples} == {
        "experiment_epochs",
        "experiment_last_participant_timestamp_seconds",
        "experiment_recommendation_info",
        "experiment_variant_participants",
        "experiment_variant_events",
    }
    few = collector(Shop({"q-x": {"a": (10, 0), "b": (10, 1)}})).collect(0.0)
    assert series(few, "experiment_variant_lift_ratio") == {}
    assert series(few, "experiment_variant_lift_upper_ratio") == {}
    nothing = collector(Shop({"q-x": {"a": (10, 1), "b": (10, 0)}})).collect(0.0)
    assert series(nothing, "experiment_variant_lift_lower_ratio") == {}
    assert len(series(nothing, "experiment_variant_lift_upper_ratio")) == 1


def test_evidence_is_capped() -> None:
    reports = collector(Shop({"q-x": {"a": (1e6, 1e5), "b": (1e6, 3e5)}})).collect(0.0)
    assert series(reports, "experiment_variant_e_value") == {("b", "m"): E_VALUE_CAP}
    assert series(reports, "experiment_variant_p_value") == {("b", "m"): pytest.approx(1 / E_VALUE_CAP)}


def test_a_ramp_under_the_null_gives_no_phantom_lift() -> None:
    shop, state = Shop(), State("sqlite://")
    ten = experiment(variants={"a": 0.9, "b": 0.1})
    # Before: 8 % convert; at the ramp the base rate rises to 12 %. Pooled, b looks 20 % better, z = 9.
    look(shop, collector(shop, ten, state=state), 0.0, a=(90_000, 7200), b=(10_000, 800))
    ramped = collector(shop, experiment(), state=state)
    opened = look(shop, ramped, 15.0, a=(90_000, 7200), b=(10_000, 800))
    assert series(opened, "experiment_epochs") == {(): 2}
    before = series(opened, "experiment_variant_e_value")
    reports = look(shop, ramped, 30.0, a=(140_000, 13_200), b=(60_000, 6800))
    assert 6800 / 60_000 / (13_200 / 140_000) > 1.2
    assert series(reports, "experiment_variant_lift_ratio") == {("b", "m"): pytest.approx(0, abs=1e-12)}
    assert max(before[("b", "m")], series(reports, "experiment_variant_e_value")[("b", "m")]) < 1
    assert series(reports, "experiment_variant_verdict") == {("b", "m"): 0}
    assert series(reports, "experiment_variant_participants") == {("a",): 140_000, ("b",): 60_000}
    assert series(reports, "experiment_variant_traffic_ratio") == {("a",): 0.5, ("b",): 0.5}
    assert series(reports, "experiment_srm_p_value") == {(): 1}


def test_units_under_an_unknown_label_are_a_leak_of_their_size() -> None:
    shop = Shop()
    reports = look(shop, collector(shop), 0.0, a=(500, 50), b=(490, 50), green=(10, 1))
    assert errors(reports) == {}
    assert series(reports, "experiment_srm_p_value") == {(): 0}
    assert series(reports, "experiment_srm_deviation_ratio") == {(): pytest.approx(0.01)}
    assert series(reports, "experiment_variant_traffic_ratio") == {("a",): 0.5, ("b",): 0.49}
    assert set(series(reports, "experiment_variant_participants")) == {("a",), ("b",)}
    clean = look(shop, collector(shop), 0.0, a=(500, 50), b=(490, 50), green=(0, 0))
    assert series(clean, "experiment_srm_p_value")[()] > 0.1


def test_a_killed_variants_traffic_may_stop() -> None:
    shop = Shop()
    watch = collector(shop, experiment(variants={"a": 0.5, "b": 0.25, "c": 0.25}))
    look(shop, watch, 0.0, a=(1000, 100), b=(500, 0), c=(500, 50))
    reports = look(shop, watch, 15.0, a=(9000, 900), b=(500, 0), c=(4500, 450))
    assert series(reports, "experiment_srm_p_value")[()] > 0.5
    assert series(reports, "experiment_srm_deviation_ratio")[()] == pytest.approx(0, abs=1e-12)


def test_false_discoveries_over_all_experiments() -> None:
    strong = {"a": (4000.0, 400.0), "b": (4000.0, 510.0)}
    shop = Shop({f"q-x{i}": {"a": (1000, 100), "b": (1000, 100)} for i in range(10)} | {"q-x": strong})
    for scope, verdict in (("experiment", 1), ("all", 0)):
        nulls = [experiment(f"x{i}", false_discovery=scope) for i in range(10)]
        reports = collector(shop, experiment(false_discovery=scope), *nulls).collect(0.0)
        assert series(reports, "experiment_variant_verdict") == {("b", "m"): verdict}


def test_a_csv_file_is_read_as_it_grows(tmp_path: Path) -> None:
    path = tmp_path / "counts.csv"
    path.write_text("time,variant,n,successes\n0,a,100,10\n0,b,100,12\n15,a,200,20\n15,b,210,30\n")
    by_file = experiment(metric={"query": None, "csv": {"time": "time"}})
    watch = collector(FileSource("shop", str(path)), by_file)
    for at, participants in ((0.0, 100), (15.0, 210)):
        assert series(watch.collect(at), "experiment_variant_participants")[("b",)] == participants
    path.unlink()
    assert "cannot be read" in errors(watch.collect(30.0))["x"]
