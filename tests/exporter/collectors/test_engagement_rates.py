from __future__ import annotations

import pytest

from exporter.collectors.engagement_kills import DAY, Killed
from exporter.collectors.engagement_rates import calibration, clipped, ratio, sessions, time_to_kill
from exporter.sources.engagement_rows import Engagement, Session, VariantRow

NOW = 100 * DAY


def test_rates_are_of_counts_and_at_most_one() -> None:
    assert ratio(VariantRow("v", impressions=200, interactions=9)) == 0.045
    assert ratio(VariantRow("v", impressions=10, interactions=12)) == 1.0
    assert ratio(VariantRow("v", impressions=0, interactions=0)) is None
    assert clipped(VariantRow("v", impressions=10)) is None


def test_calibration_is_the_mean_of_actual_over_predicted() -> None:
    rows = [
        VariantRow("a", "ann", predicted=0.05, impressions=1000, interactions=60),
        VariantRow("b", "ann", predicted=0.05, impressions=100, interactions=5),
        VariantRow("c", "ann", predicted=0.05, impressions=99, interactions=0),
        VariantRow("d", "ann", impressions=1000, interactions=0),
        VariantRow("e", "bob", predicted=0.1, impressions=1000, interactions=50),
    ]
    assert calibration(rows) == pytest.approx({"ann": 0.1, "bob": -0.5})


def test_sessions_that_run_seem_to_run_and_ended_in_a_kill() -> None:
    rows = (
        Session("runs", "ann", NOW - 60),
        Session("seems", "ann", NOW - 600),
        Session("over", "ann", NOW - 60, active=False),
        Session("killed", "ann", NOW - 3600, active=False, killed=True),
        Session("by-us", "ann", NOW - 3600, active=False),
        Session("before", "ann", NOW - 3600, active=False),
        Session("long", "ann", NOW - 2 * DAY, timeout=3 * DAY),
    )
    kills = [Killed("by-us", "ann", NOW - 3000, None, ours=True), Killed("before", "ann", NOW - 4000, None, ours=False)]
    found = sessions(Engagement(sessions=rows, stale={"ann": 4, "bob": 1}), kills, NOW)
    ann = found["ann"]
    assert (ann.active, ann.stale, ann.started, ann.killed) == (2, 5, 6, 2)
    assert ann.kill_ratio == pytest.approx(1 / 3)
    assert (found["bob"].stale, found["bob"].kill_ratio) == (1, None)
    assert sessions(Engagement(), [], NOW) == {}


def test_the_time_to_a_kill_is_of_those_that_know_it() -> None:
    kills = [Killed(name, "ann", NOW, seconds, ours=True) for name, seconds in (("a", 60.0), ("b", 120.0), ("c", None))]
    assert time_to_kill(kills) == {"ann": 90.0}
