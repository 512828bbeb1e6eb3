"""Whom the collector kills, and whom never; the facts of a kill are in test_experiment_kill.py."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from exporter.state import State
from tests.exporter.collectors.counted import SECOND, Shop, collector, experiment, look, series


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
