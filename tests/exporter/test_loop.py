"""The loop: isolation, ageing, hung collectors, health, logging. Fake clocks, real threads."""

import logging
import threading
from collections.abc import Callable, Iterable

import pytest

from exporter.contract import FAMILIES, Report, Sample, sample
from exporter.loop import Loop
from exporter.roster import Part, Plan
from exporter.snapshot import Snapshot
from tests.exporter.loop_parts import (
    KEEP,
    LAG,
    REFRESH,
    Clock,
    Hanging,
    Patience,
    Scripted,
    failing,
    good,
    loop_of,
    values,
)
from tests.waiting import until


def test_a_refresh_evaluates_the_instant_minus_the_lag_and_publishes() -> None:
    published: list[Snapshot] = []
    one = Scripted("one", good("a"))
    loop = loop_of(one, publish=published.append)
    snapshot = loop.refresh_once(900.0)
    assert one.asked == [880.0]
    assert published == [snapshot]
    assert loop.current is snapshot
    assert (snapshot.at, snapshot.ready) == (880.0, True)
    assert values(snapshot)["slo_trend{a}"] == 1.0


@pytest.mark.parametrize("kind", [RuntimeError, MemoryError, SystemExit])
def test_a_collector_that_raises_leaves_the_others_alone(kind: type[BaseException]) -> None:
    def broken(_: float) -> list[Report]:
        raise kind("broken")

    shown = values(loop_of(Scripted("bad", broken), Scripted("good", good("a"))).refresh_once(900.0))
    assert shown["slo_trend{a}"] == 1.0
    assert (shown["winburn_collector_success{good}"], shown["winburn_collector_success{bad}"]) == (1.0, 0.0)


def test_health_of_a_collector_over_success_failure_and_recovery() -> None:
    clock, one = Clock(), Scripted("one", failing)
    loop = loop_of(one, clock=clock)
    first = values(loop.refresh_once(clock.wall))
    assert "winburn_collector_last_success_timestamp_seconds{one}" not in first
    assert (first["winburn_collector_success{one}"], first["winburn_collector_series{one}"]) == (0.0, 0.0)
    one.then, succeeded = good("a"), clock.wall
    assert values(loop.refresh_once(clock.wall))["winburn_collector_series{one}"] == 2.0
    one.then = failing
    clock.advance(REFRESH)
    third = values(loop.refresh_once(clock.wall))
    assert third["winburn_collector_last_success_timestamp_seconds{one}"] == succeeded
    assert third["winburn_collector_success{one}"] == 0.0
    assert third["winburn_collector_series{one}"] == 2.0


def test_success_is_zero_while_any_entity_has_an_error_even_beside_samples() -> None:
    one = Scripted("one", lambda _: [Report("a", (sample("slo_trend", 1, slo="a"),), error="could not be saved")])
    shown = values(loop_of(one).refresh_once(900.0))
    assert (shown["slo_trend{a}"], shown["winburn_collector_success{one}"]) == (1.0, 0.0)
    assert "winburn_collector_last_success_timestamp_seconds{one}" not in shown


def test_the_series_of_a_failing_collector_age_out_and_what_lasts_stays() -> None:
    clock, one = Clock(), Scripted("one", good("a"))
    loop = loop_of(one, clock=clock)
    loop.refresh_once(clock.wall)
    one.then = failing
    seen = []
    for _ in range(5):
        clock.advance(REFRESH)
        shown = values(loop.refresh_once(clock.wall))
        seen.append(("slo_trend{a}" in shown, "slo_objective_ratio{a}" in shown))
    assert seen == [(True, True)] * 3 + [(False, True)] * 2


def test_ageing_does_not_follow_a_wall_clock_that_is_stepped() -> None:
    clock, one = Clock(), Scripted("one", good("a"))
    loop = loop_of(one, clock=clock)
    loop.refresh_once(clock.wall)
    one.then = failing
    for step in (86_400.0, -172_800.0):
        clock.wall += step
        clock.mono += 15.0
        snapshot = loop.refresh_once(clock.wall)
        assert "slo_trend{a}" in values(snapshot)
        assert not snapshot.expired(clock.mono)


def test_an_entity_that_is_no_longer_reported_disappears_at_once() -> None:
    one = Scripted("one", lambda at: [*good("a")(at), *good("b")(at)])
    loop = loop_of(one)
    assert "slo_trend{b}" in values(loop.refresh_once(900.0))
    one.then = good("a")
    assert "slo_trend{b}" not in values(loop.refresh_once(915.0))


def test_a_snapshot_expires_by_the_monotonic_clock_after_its_age_and_one_refresh() -> None:
    clock = Clock()
    snapshot = loop_of(clock=clock).refresh_once(clock.wall)
    assert not snapshot.expired(clock.mono + KEEP + REFRESH - 1)
    assert snapshot.expired(clock.mono + KEEP + REFRESH)


def test_a_hung_collector_holds_up_nobody_is_not_asked_again_and_is_taken_back(
    caplog: pytest.LogCaptureFixture,
) -> None:
    slow, patience = Hanging(), Patience()
    loop = loop_of(slow, Scripted("good", good("a")), monotonic=patience, keep_seconds=3600.0)
    others = loop._roster.tracks["good"].worker
    patience.hung = lambda: slow.hangs and others.running_since is None
    for instant in (900.0, 915.0):
        snapshot = loop.refresh_once(instant)
        shown = values(snapshot)
        assert shown["slo_trend{a}"] == 1.0
        assert (shown["winburn_collector_success{slow}"], shown["winburn_collector_success{good}"]) == (0.0, 1.0)
        assert snapshot.waiting == ("slow",)
    assert slow.asked == 1
    (line,) = [r.message for r in caplog.records]
    assert line.startswith("slow: the first run, which reads the past, takes longer than a refresh since ")
    slow.release.set()
    shown = values(loop.refresh_once(930.0))
    assert (shown["slo_trend{late}"], shown["winburn_collector_success{slow}"]) == (1.0, 1.0)
    assert loop.current is not None
    assert loop.current.ready


def test_a_collector_that_is_late_each_time_is_logged_once_and_once_when_it_is_in_time_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    turns: list[Hanging] = []

    def late(at: float) -> Iterable[Report]:
        turns.append(Hanging())
        return turns[-1].collect(at)

    collector, patience = Scripted("prod", good("late")), Patience()
    patience.hung = lambda: bool(turns) and turns[-1].hangs
    clock = Clock()
    loop = loop_of(collector, clock=clock, monotonic=patience)
    loop.refresh_once(885.0)
    collector.then = late
    for instant in (900.0, 915.0):
        clock.advance(REFRESH)
        loop.refresh_once(instant)
        turns[-1].release.set()
        until(lambda: not loop._roster.done.empty())
    collector.then = good("late")
    loop.refresh_once(930.0)
    assert len(turns) == 2
    texts = [record.message for record in caplog.records]
    assert [text.split(" since ")[0] for text in texts] == [
        "prod: each run takes longer than a refresh",
        "prod: recovered",
    ]


def test_what_is_done_by_the_time_the_loop_gets_its_turn_is_shown_though_the_deadline_is_over(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock = Clock()
    loop = loop_of(Scripted("one", good("a")), Scripted("two", good("b")), clock=clock)
    gather = loop._gather

    def late(deadline: float, *more: object) -> None:
        until(lambda: loop._roster.done.qsize() == 2)
        clock.advance(REFRESH)
        gather(deadline, *more)  # type: ignore[arg-type]  # passed through

    loop._gather = late  # type: ignore[method-assign]  # the moment between asking and waiting
    shown = values(loop.refresh_once(900.0))
    assert (shown["slo_trend{a}"], shown["slo_trend{b}"]) == (1.0, 1.0)
    assert not caplog.records


def test_before_the_first_runs_are_over_there_is_a_snapshot_with_health_that_is_not_ready() -> None:
    slow, seen, stop = Hanging(), threading.Event(), threading.Event()
    published: list[Snapshot] = []

    def publish(snapshot: Snapshot) -> None:
        published.append(snapshot)
        seen.set()

    build_info = sample("winburn_build_info", 1, version="1", python_version="3")
    loop = Loop([slow], refresh=REFRESH, lag=LAG, keep_seconds=KEEP, publish=publish, health=lambda: [build_info])
    thread = threading.Thread(target=loop.run, args=(stop,))
    thread.start()
    assert seen.wait(60)
    assert values(published[0]) == {"winburn_build_info{1,3}": 1.0, "winburn_collector_series{slow}": 0.0}
    assert published[0].waiting == ("slow",)
    stop.set()
    thread.join(60)
    assert not thread.is_alive()
    slow.release.set()


def test_a_failure_is_logged_when_it_begins_or_changes_and_recovery_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    one = Scripted("one", good("a"))
    loop = loop_of(one)

    def error(text: str) -> Callable[[float], list[Report]]:
        return lambda _: [Report("a", error=text)]

    for then in (good("a"), error("down"), error("down"), error("refused"), good("a"), good("a")):
        one.then = then
        loop.refresh_once(900.0)
    assert [r.message for r in caplog.records] == ["one (a): down", "one (a): refused", "one (a): recovered"]


def test_the_cap_keeps_the_first_series_counts_the_rest_and_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    one = Scripted("one", lambda at: [report for i in range(5) for report in good(f"s{i}")(at)])
    dropped_by_source = sample("winburn_series_dropped_total", 10, family="slo_trend")
    loop = loop_of(one, family_cap=3, health=lambda: [dropped_by_source])
    for refreshes in (1, 2):
        shown = values(loop.refresh_once(900.0))
        assert [name for name in shown if name.startswith("slo_trend")] == [
            "slo_trend{s0}",
            "slo_trend{s1}",
            "slo_trend{s2}",
        ]
        assert shown["winburn_series_dropped_total{slo_trend}"] == 10 + 2 * refreshes
        assert shown["winburn_series_dropped_total{slo_objective_ratio}"] == 2 * refreshes
    assert len(caplog.records) == 1


def test_two_collectors_that_claim_one_series_are_logged_once_and_the_first_is_kept(
    caplog: pytest.LogCaptureFixture,
) -> None:
    other = Scripted("two", lambda _: [Report("a", (sample("slo_trend", -1, slo="a"),))])
    loop = loop_of(Scripted("one", good("a")), other)
    for _ in range(2):
        assert values(loop.refresh_once(900.0))["slo_trend{a}"] == 1.0
    assert [r.message for r in caplog.records] == [
        "duplicate series (slo_trend): two entities claim the same series; the first is kept"
    ]


def test_a_subscriber_or_a_health_source_that_raises_costs_only_itself(caplog: pytest.LogCaptureFixture) -> None:
    def broken(*_: object) -> list[Sample]:
        raise OSError("no space")

    loop = loop_of(Scripted("one", good("a")), publish=broken, health=broken)
    for _ in range(2):
        assert values(loop.refresh_once(900.0))["slo_trend{a}"] == 1.0
    assert sorted(r.message.split(":")[0] for r in caplog.records) == ["health", "publish"]


def test_collectors_need_names_of_their_own() -> None:
    with pytest.raises(ValueError, match=r"names of their own.*same"):
        loop_of(Scripted("same", good("a")), Scripted("same", good("b")))


def test_the_loop_names_only_series_of_the_catalogue() -> None:
    assert {s.name for s in loop_of(Scripted("one", good("a"))).refresh_once(900.0).samples} <= FAMILIES.keys()


def test_a_tenant_is_on_every_series_of_ours_and_may_change() -> None:
    loop = loop_of(Scripted("one", good("a")), tenant="acme")

    def served() -> dict[str, set[str]]:
        lines = loop.refresh_once(900.0).full.text.decode().splitlines()
        series = [line for line in lines if not line.startswith("#")]
        of = {name: {line.partition("{")[0].partition(" ")[0] for line in series if (name in line)} for name in names}
        return {**of, "": {line.partition("{")[0].partition(" ")[0] for line in series}}

    names = ('tenant="acme"', 'tenant="beta"')
    first = served()
    others = {name for name in first[""] if name.startswith(("process_", "python_"))}
    assert others
    assert first[names[0]] == first[""] - others
    assert "winburn_event_latency_seconds_bucket" in first[names[0]]
    loop.change(Plan((Part("one", None),), REFRESH, LAG, KEEP, "beta"))
    second = served()
    assert (second[names[0]], second[names[1]]) == (set(), first[names[0]])
