"""The experiment collector over a scripted source, real files and real SQLite state."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from exporter.collectors.experiment import ExperimentCollector
from exporter.contract import E_VALUE_CAP, Report
from exporter.contract.experiment import EXPERIMENT_FAMILIES
from exporter.sources.base import Amount, Count, Definition, SourceError
from exporter.sources.file import FileSource
from exporter.spec import Experiment, Metric
from exporter.state import State
from exporter.stats import sequential
from tests.exporter.collectors.lab import Clustered, metric
from tests.exporter.collectors.lab import Shop as Written
from tests.exporter.collectors.lab import experiment as everything

ELSEWHERE = {"experiment_applied_total", "experiment_variant_slo_burn_rate", "experiment_variant_slo_breach"}
"""Of whoever does things to the outside, and of the guardrail SLOs' own collector."""

Arms = Mapping[str, tuple[float, float]]
Values = dict[tuple[str, ...], float]


@dataclass
class Shop:
    """A CountSource whose counts are written down by query."""

    now: dict[str, Arms] = field(default_factory=dict)
    name: str = "shop"
    up: bool | None = None

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


def test_the_p_value_never_grows_and_outlives_a_restart(tmp_path: Path) -> None:
    url, shop, looks = f"sqlite:///{tmp_path}/state.db", Shop(), []
    for i, b in enumerate((100, 260, 250, 255, 300)):
        state = State(url)
        reports = look(
            shop, collector(shop, state=state), 15.0 * i, a=(1000 + 500 * i, 100 + 50 * i), b=(1000 + 500 * i, b)
        )
        (p,), (e,) = (series(reports, f"experiment_variant_{name}").values() for name in ("p_value", "e_value"))
        looks.append((p, e))
        state.close()
    ps, es = zip(*looks, strict=True)
    assert list(ps) == pytest.approx(1 / np.maximum.accumulate(np.maximum(es, 1)))
    assert max(es) > es[-1]


def test_a_broken_variant_is_killed_once_and_for_all(tmp_path: Path) -> None:
    url, shop = f"sqlite:///{tmp_path}/state.db", Shop()
    state = State(url)
    first = collector(shop, state=state)
    assert series(look(shop, first, 0.0, a=(50, 5), b=(50, 0)), "experiment_variant_early_kill") == {("b",): 0}
    assert series(look(shop, first, 15.0, a=(500, 50), b=(500, 0)), "experiment_variant_early_kill") == {("b",): 1}
    (latch,) = state.latches("kill")
    assert (latch.entity, latch.member, latch.at) == ("x", "b", 15.0)
    assert "m: b is worse than a, e-value" in latch.reason
    assert latch.facts["control"] == {"variant": "a", "n": 500, "successes": 50}
    assert latch.facts["killed"] == {"variant": "b", "n": 500, "successes": 0}
    state.close()
    again = State(url)
    recovered = look(shop, collector(shop, state=again), 30.0, a=(5000, 500), b=(5000, 900))
    assert series(recovered, "experiment_variant_early_kill") == {("b",): 1}
    assert series(recovered, "experiment_variant_kill_e_value")[("b",)] < 1
    assert again.latches("kill") == [latch]


def test_it_says_since_when_a_variant_is_killed_after_a_restart_too(tmp_path: Path) -> None:
    url, shop = f"sqlite:///{tmp_path}/state.db", Shop()
    first = collector(shop, state=State(url))
    look(shop, first, 0.0, a=(50, 5), b=(50, 0))
    assert first.killed_at("x", "b") is None
    look(shop, first, 15.0, a=(500, 50), b=(500, 0))
    again = collector(shop, state=State(url))
    assert (first.killed_at("x", "b"), again.killed_at("x", "b")) == (15.0, 15.0)
    assert (again.killed_at("x", "a"), again.killed_at("y", "b")) == (None, None)


@pytest.mark.parametrize("status", ["paused", "completed", "failed"])
def test_only_running_experiments_kill(status: str) -> None:
    shop = Shop()
    reports = look(shop, collector(shop, experiment(status=status)), 0.0, a=(500, 50), b=(500, 0))
    assert series(reports, "experiment_variant_early_kill") == {("b",): 0}
    assert series(reports, "experiment_variant_kill_e_value")[("b",)] > 100
    assert series(reports, "experiment_variant_verdict") == {("b", "m"): -1}


def test_no_kill_without_the_rule_and_never_by_a_secondary_metric() -> None:
    shop = Shop({"second": {"a": (500, 50), "b": (500, 0)}})
    off = look(shop, collector(shop, experiment(early_kill=None)), 0.0, a=(500, 50), b=(500, 0))
    assert series(off, "experiment_variant_early_kill") == series(off, "experiment_variant_kill_e_value") == {}
    secondary = look(shop, collector(shop, experiment(more=[SECOND])), 0.0, a=(500, 50), b=(500, 50))
    assert series(secondary, "experiment_variant_early_kill") == {("b",): 0}
    assert len(series(secondary, "experiment_variant_kill_e_value")) == 1
    assert series(secondary, "experiment_variant_verdict")[("b", "m2")] == -1


def test_a_metric_that_should_fall_kills_what_raises_it() -> None:
    shop, down = Shop(), experiment(metric={"direction": "decrease"})
    reports = look(shop, collector(shop, down), 0.0, a=(500, 0), b=(500, 50))
    assert series(reports, "experiment_variant_early_kill") == {("b",): 1}
    assert series(reports, "experiment_variant_verdict") == {("b", "m"): -1}
    assert series(reports, "experiment_variant_win_ratio")[("b", "m")] < 0.01
    reports = look(shop, collector(shop, down), 0.0, a=(500, 50), b=(500, 0))
    assert series(reports, "experiment_variant_early_kill") == {("b",): 0}
    assert series(reports, "experiment_variant_verdict") == {("b", "m"): 1}


def test_equal_variants_watched_live_are_not_killed() -> None:
    rng, shop, kills, called = np.random.default_rng(7), Shop(), 0, 0
    experiments = [experiment(f"x{i}") for i in range(60)]
    watch = collector(shop, *experiments)
    n, s = np.zeros((60, 2)), np.zeros((60, 2))
    for step in range(60):
        n += 100
        s += rng.binomial(100, 0.1, (60, 2))
        shop.now = {f"q-x{i}": {v: (n[i, j], s[i, j]) for j, v in enumerate("ab")} for i in range(60)}
        reports = watch.collect(15.0 * step)
    for i in range(60):
        kills += int(series(reports, "experiment_variant_early_kill", f"x{i}")[("b",)])
        called += series(reports, "experiment_variant_p_value", f"x{i}")[("b", "m")] <= 0.05
    assert kills <= 2  # 1 % each, watched throughout
    assert called <= 6  # 5 % each


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


def test_counts_below_the_epochs_opening_are_an_error_of_their_experiment() -> None:
    shop, state = Shop({"q-y": {"a": (10, 1), "b": (10, 1)}}), State("sqlite://")
    look(shop, collector(shop, state=state), 0.0, a=(900, 90), b=(900, 90))
    later = collector(shop, experiment(variants={"a": 0.9, "b": 0.1}), experiment("y"), state=state)
    look(shop, later, 15.0, a=(1000, 100), b=(1000, 100))
    reports = look(shop, later, 30.0, a=(10, 1), b=(1000, 100))
    assert "n of variant a is 10, less than the 1000 when its traffic" in errors(reports)["x"]
    assert list(errors(reports)) == ["x"]
    assert series(reports, "experiment_epochs") == {}
    assert len(series(reports, "experiment_variant_e_value", "y")) == 1


def test_a_failing_source_costs_its_own_experiments() -> None:
    shop = Shop({"q-x": {"a": (100, 10), "b": (100, 10)}})
    reports = collector(shop, experiment(), experiment("y")).collect(0.0)
    assert errors(reports) == {"y": "source shop: q-y fails"}
    by_name = {report.entity: report for report in reports}
    assert by_name["x"].samples
    assert not by_name["y"].samples
    assert by_name["y"].lasting


def test_a_failing_secondary_metric_costs_itself_and_a_failing_primary_everything() -> None:
    shop = Shop({"q-x": {"a": (100, 10), "b": (100, 10)}})
    reports = collector(shop, experiment(more=[SECOND])).collect(0.0)
    assert errors(reports) == {"x": "source shop: second fails"}
    assert set(series(reports, "experiment_variant_events")) == {("a", "m"), ("b", "m")}
    reports = collector(Shop({"second": {"a": (9, 1), "b": (9, 1)}}), experiment(more=[SECOND])).collect(0.0)
    assert reports[0].samples == ()


def test_a_store_that_cannot_be_written_costs_no_number_and_no_kill(tmp_path: Path) -> None:
    path, shop = tmp_path / "state.db", Shop()
    state = State(f"sqlite:///{path}")
    watch = collector(shop, state=state)
    look(shop, watch, 0.0, a=(50, 5), b=(50, 5))
    blocker = sqlite3.connect(path)
    blocker.executescript(
        "CREATE TRIGGER no BEFORE INSERT ON winburn_latches BEGIN SELECT RAISE(ABORT, 'read only'); END;"
    )
    blocker.close()
    for at in (15.0, 30.0):
        reports = look(shop, watch, at, a=(1000, 100), b=(1000, 0))
        assert errors(reports) == {"state store": "the state store cannot be written: read only"}
        assert series(reports, "experiment_variant_early_kill") == {("b",): 1}
    assert state.latches("kill") == []
    healer = sqlite3.connect(path)
    healer.executescript("DROP TRIGGER no;")
    healer.close()
    assert errors(look(shop, watch, 45.0, a=(1000, 100), b=(1000, 100))) == {}
    assert [latch.at for latch in state.latches("kill")] == [15.0]


def test_what_did_not_change_is_not_written_again(tmp_path: Path) -> None:
    path, shop = tmp_path / "state.db", Shop()
    watch = collector(shop, state=State(f"sqlite:///{path}"))
    look(shop, watch, 0.0, a=(1000, 100), b=(1000, 0))
    seal = sqlite3.connect(path)
    for table in ("winburn_latches", "winburn_documents"):
        seal.executescript(f"CREATE TRIGGER no_{table} BEFORE INSERT ON {table} BEGIN SELECT RAISE(ABORT, 'no'); END;")
    seal.close()
    assert errors(look(shop, watch, 15.0, a=(1000, 100), b=(1000, 0))) == {}
    assert list(errors(look(shop, watch, 30.0, a=(2000, 200), b=(2000, 0)))) == ["state store"]


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


def test_a_mismatch_is_remembered(tmp_path: Path) -> None:
    url, shop = f"sqlite:///{tmp_path}/state.db", Shop()
    skewed = look(shop, collector(shop, state=State(url)), 0.0, a=(5000, 500), b=(4000, 400))
    assert series(skewed, "experiment_srm_p_value")[()] < 1e-9
    again = look(shop, collector(shop, state=State(url)), 15.0, a=(50_000, 500), b=(50_000, 400))
    assert series(again, "experiment_srm_p_value") == series(skewed, "experiment_srm_p_value")
    assert series(again, "experiment_srm_deviation_ratio") == {(): 0}


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


def test_a_restart_at_any_moment_changes_nothing(tmp_path: Path) -> None:
    shop, straight = Shop(), collector(Shop(), experiment(more=[SECOND]))
    rng = np.random.default_rng(3)
    n, s = np.zeros(2), np.zeros(2)
    for i in range(12):
        n, s = n + 100, s + rng.binomial(100, [0.1, 0.05])
        arms = {v: (n[j], s[j]) for j, v in enumerate("ab")}
        shop.now = {"q-x": arms, "second": arms}
        reborn = collector(shop, experiment(more=[SECOND]), state=State(f"sqlite:///{tmp_path}/state.db"))
        straight_shop = straight._feed._sources["shop"]
        assert isinstance(straight_shop, Shop)
        straight_shop.now = shop.now
        assert reborn.collect(15.0 * i) == straight.collect(15.0 * i)


def test_a_csv_file_is_read_as_it_grows(tmp_path: Path) -> None:
    path = tmp_path / "counts.csv"
    path.write_text("time,variant,n,successes\n0,a,100,10\n0,b,100,12\n15,a,200,20\n15,b,210,30\n")
    by_file = experiment(metric={"query": None, "csv": {"time": "time"}})
    watch = collector(FileSource("shop", str(path)), by_file)
    for at, participants in ((0.0, 100), (15.0, 210)):
        assert series(watch.collect(at), "experiment_variant_participants")[("b",)] == participants
    path.unlink()
    assert "cannot be read" in errors(watch.collect(30.0))["x"]
