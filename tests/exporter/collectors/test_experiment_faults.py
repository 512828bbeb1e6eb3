"""Sources that fail, a store that cannot be written, restarts: what that costs an experiment, and what not."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import numpy as np
import pytest

from exporter.state import State
from tests.exporter.collectors.counted import SECOND, Shop, collector, errors, experiment, look, series


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


def test_a_mismatch_is_remembered(tmp_path: Path) -> None:
    url, shop = f"sqlite:///{tmp_path}/state.db", Shop()
    skewed = look(shop, collector(shop, state=State(url)), 0.0, a=(5000, 500), b=(4000, 400))
    assert series(skewed, "experiment_srm_p_value")[()] < 1e-9
    again = look(shop, collector(shop, state=State(url)), 15.0, a=(50_000, 500), b=(50_000, 400))
    assert series(again, "experiment_srm_p_value") == series(skewed, "experiment_srm_p_value")
    assert series(again, "experiment_srm_deviation_ratio") == {(): 0}


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
