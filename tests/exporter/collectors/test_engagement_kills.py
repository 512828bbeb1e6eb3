from __future__ import annotations

import json

from exporter.collectors.engagement_kills import DAY, LATCH, OURS, Kills
from exporter.sources.engagement_rows import Kill
from exporter.state import Latch

NOW = 10 * DAY


def latch(variant: str, at: float) -> Latch:
    return Latch(LATCH, "ann", variant, at, "because", {"seconds": 60.0})


def again(kills: Kills, latches: list[Latch]) -> Kills:
    return Kills(json.loads(json.dumps(kills.document())), latches)


def test_each_kill_of_others_counts_once_though_it_is_read_often() -> None:
    kills = Kills(None, [])
    assert kills.after is None
    rows = [Kill("a", "ann", NOW - 50, "manual"), Kill("b", "ann", NOW - 40, "manual"), Kill("a", "ann", NOW, "manual")]
    for _ in range(3):
        kills.take(rows, None, NOW)
        kills = again(kills, [])
    assert kills.totals() == {("ann", "manual"): 2.0}  # 50 s later is the same kill
    kills.take([Kill("a", "ann", NOW + 600, "manual")], None, NOW + 600)
    assert kills.totals() == {("ann", "manual"): 3.0}
    assert kills.after == NOW + 600 - 3600


def test_what_we_did_and_others_wrote_down_is_one_kill() -> None:
    kills = Kills(None, [])
    kills.latch(latch("a", NOW))
    kills.take([Kill("a", "ann", NOW + 500, "below_expectation", 99.0)], None, NOW + 600)
    assert kills.totals() == {("ann", OURS): 1.0}
    (shown,) = kills.of_last_day(NOW + 600)
    assert (shown.at, shown.seconds, shown.ours) == (NOW, 60.0, True)


def test_nobody_dies_twice_and_restarts_remember() -> None:
    kills = Kills(None, [])
    kills.latch(latch("a", NOW))
    kills.take([Kill("b", "ann", NOW, "manual")], None, NOW)
    kills = again(kills, [latch("a", NOW)])
    assert kills.has("a")
    assert kills.has("b")
    assert not kills.has("c")
    assert kills.totals() == {("ann", OURS): 1.0, ("ann", "manual"): 1.0}


def test_kills_are_shown_for_a_day_and_those_of_gone_variants_forgotten() -> None:
    kills = Kills(None, [latch("a", NOW)])
    kills.take([Kill("b", "ann", NOW - 1, "manual"), Kill("c", "ann", NOW - 1, "manual")], None, NOW)
    assert [kill.variant for kill in kills.of_last_day(NOW)] == ["a", "b", "c"]
    assert kills.of_last_day(NOW + DAY) == []
    kills.keep({"c"}, NOW + 2 * DAY)
    assert (kills.has("a"), kills.has("b"), kills.has("c")) == (True, False, True)


def test_an_answer_that_is_cut_short_goes_on_where_it_ended() -> None:
    kills = Kills(None, [])
    kills.take([Kill("a", "ann", 100.0, "manual"), Kill("b", "ann", 200.0, "manual")], 100.0, NOW)
    assert kills.totals() == {("ann", "manual"): 1.0}
    assert kills.after == 100.0 - 3600
    kills.take([Kill("b", "ann", 200.0, "manual")], None, NOW)
    assert kills.totals() == {("ann", "manual"): 2.0}


def test_a_clock_ahead_of_ours_hides_nothing() -> None:
    kills = Kills(None, [])
    kills.take([Kill("a", "ann", NOW + 9 * DAY, "manual")], None, NOW)
    assert kills.after == NOW - 3600


def test_reasons_have_a_cap() -> None:
    kills = Kills(None, [])
    kills.take([Kill(f"v{i}", "ann", NOW, f"reason_{i}") for i in range(50)], None, NOW)
    assert len(kills.totals()) == 21
    assert kills.totals()["ann", "other"] == 30.0
