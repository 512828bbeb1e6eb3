"""The loop: isolation, ageing, hung collectors, clock steps, health, logging. Fake clocks, real threads."""

import logging
import threading
import time
from collections.abc import Callable, Iterable

import pytest

from exporter.contract import FAMILIES, Report, Sample, sample
from exporter.loop import Loop
from exporter.nudges import Nudges
from exporter.roster import Part, Plan
from exporter.snapshot import Snapshot

REFRESH, LAG, KEEP = 15.0, 20.0, 60.0


class Clock:
    """Wall and monotonic time that move when told to."""

    def __init__(self, now: float = 1_000_000_007.0) -> None:
        self.wall, self.mono = now, 500.0

    def advance(self, seconds: float) -> None:
        self.wall += seconds
        self.mono += seconds


class Scripted:
    """A collector that does what its ``then`` says at each run."""

    def __init__(self, name: str, then: Callable[[float], Iterable[Report]]) -> None:
        self.name, self.then = name, then
        self.asked: list[float] = []

    def collect(self, at: float) -> Iterable[Report]:
        self.asked.append(at)
        return self.then(at)


def good(slo: str) -> Callable[[float], list[Report]]:
    info = sample("slo_objective_ratio", 0.99, slo=slo)
    return lambda _: [Report(slo, (sample("slo_trend", 1, slo=slo),), (info,))]


def failing(_: float) -> list[Report]:
    raise ConnectionError("refused")


def loop_of(*collectors: Scripted, clock: Clock | None = None, **more: object) -> Loop:
    clock = clock or Clock()
    options = {"refresh": REFRESH, "lag": LAG, "keep_seconds": KEEP} | more
    return Loop(collectors, clock=lambda: clock.wall, monotonic=lambda: clock.mono, **options)  # type: ignore[arg-type]


def values(snapshot: Snapshot) -> dict[str, float]:
    """``family{label values}`` to value."""
    return {f"{s.name}{{{','.join(value for _, value in s.labels)}}}": s.value for s in snapshot.samples}


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


class Hanging:
    """A collector that hangs until released; then it is good."""

    def __init__(self, name: str = "slow") -> None:
        self.name, self.release, self.asked = name, threading.Event(), 0

    def collect(self, at: float) -> list[Report]:
        self.asked += 1
        self.release.wait(30)
        return good("late")(at)


def test_a_hung_collector_holds_up_nobody_is_not_asked_again_and_is_taken_back(
    caplog: pytest.LogCaptureFixture,
) -> None:
    slow = Hanging()
    # Real monotonic time: the deadline is 0.8 of this refresh.
    loop = Loop([slow, Scripted("good", good("a"))], refresh=0.2, lag=0.0, keep_seconds=KEEP)
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

    collector = Scripted("prod", good("late"))
    # Real monotonic time: the deadline is 0.8 of this refresh.
    loop = Loop([collector], refresh=0.2, lag=0.0, keep_seconds=KEEP)
    loop.refresh_once(885.0)
    collector.then = late
    for instant in (900.0, 930.0):
        loop.refresh_once(instant)
        turns[-1].release.set()
        loop.refresh_once(instant + 15.0)
    collector.then = good("late")
    loop.refresh_once(960.0)
    texts = [record.message for record in caplog.records]
    assert [text.split(" since ")[0] for text in texts] == [
        "prod: each run takes longer than a refresh",
        "prod: recovered",
    ]


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
    assert seen.wait(10)
    assert values(published[0]) == {"winburn_build_info{1,3}": 1.0, "winburn_collector_series{slow}": 0.0}
    assert published[0].waiting == ("slow",)
    stop.set()
    thread.join(10)
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


class Drive:
    """Runs a loop on a clock that the waits move, for a number of waits; each may add a step of the wall clock."""

    def __init__(self, clock: Clock, waits: int, steps: dict[int, float]) -> None:
        self.clock, self.left, self.steps, self.count, self.longest = clock, waits, steps, 0, 0.0

    def wait(self, stop: threading.Event, seconds: float) -> bool:
        self.longest = max(self.longest, seconds)
        self.clock.advance(seconds)
        self.clock.wall += self.steps.get(self.count, 0.0)
        self.count += 1
        if self.count >= self.left:
            stop.set()
        return stop.is_set()


def driven(then: Callable[[Clock], None], waits: int, steps: dict[int, float]) -> tuple[list[float], Drive]:
    clock = Clock()
    drive = Drive(clock, waits, steps)

    def collect(at: float) -> list[Report]:
        then(clock)
        return good("a")(at)

    one = Scripted("one", collect)
    loop_of(one, clock=clock, wait=drive.wait).run(threading.Event())
    return [at + LAG - 1_000_000_000 for at in one.asked], drive


def test_it_refreshes_at_once_and_then_at_every_multiple_of_the_interval() -> None:
    asked, _ = driven(lambda _: None, 4, {})
    assert asked == [5.0, 20.0, 35.0, 50.0]


def test_a_slow_refresh_skips_the_instants_it_missed_and_says_so_once(caplog: pytest.LogCaptureFixture) -> None:
    asked, _ = driven(lambda clock: clock.advance(40.0), 4, {})
    assert asked == [5.0, 50.0, 95.0, 140.0]
    assert [r.message for r in caplog.records if "longer" in r.message] == [
        "refresh: takes longer than its interval; instants are skipped"
    ]


def test_a_clock_set_back_or_forward_neither_stops_the_loop_nor_repeats_work() -> None:
    asked, drive = driven(lambda _: None, 5, {1: -3600.0, 3: 86_400.0})
    assert asked[:2] == [5.0, 20.0]
    assert asked[2] == pytest.approx(35.0 - 3600.0, abs=REFRESH)
    assert asked[4] == pytest.approx(asked[3] + 86_400.0, abs=REFRESH)
    assert drive.longest <= 2 * REFRESH


def test_reading_while_it_refreshes_always_gives_a_whole_snapshot() -> None:
    """A reader sees one refresh's numbers, never a mixture."""
    number = [0.0]

    def collect(_: float) -> list[Report]:
        number[0] += 1
        return [Report(f"s{i}", (sample("slo_trend", number[0], slo=f"s{i}"),)) for i in range(50)]

    loop, over, torn = loop_of(Scripted("one", collect)), threading.Event(), []

    def read() -> None:
        while not over.is_set():
            if loop.current is not None:
                seen = {s.value for s in loop.current.samples if s.name == "slo_trend"}
                torn.extend([seen] if len(seen) != 1 else [])
            time.sleep(0.0005)

    loop.refresh_once(900.0)
    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for instant in range(60):
        loop.refresh_once(900.0 + instant)
    over.set()
    for reader in readers:
        reader.join(10)
    assert torn == []


def test_the_loop_names_only_series_of_the_catalogue() -> None:
    assert {s.name for s in loop_of(Scripted("one", good("a"))).refresh_once(900.0).samples} <= FAMILIES.keys()


class Prompt(Scripted):
    """A collector that also evaluates changes of the source ``shop``; it has two entities, of which ``a`` reads it."""

    sources = frozenset({"shop"})

    def __init__(self, name: str, then: Callable[[float], Iterable[Report]]) -> None:
        super().__init__(name, then)
        self.changed: list[tuple[float, frozenset[str]]] = []

    def collect_changed(self, at: float, sources: frozenset[str]) -> Iterable[Report]:
        self.changed.append((at, sources))
        return [Report("a", (sample("slo_trend", -1, slo="a"),))]


def test_a_change_is_evaluated_at_once_by_whom_it_concerns_and_the_rest_stays() -> None:
    clock, nudges = Clock(), Nudges()
    prompt = Prompt("prompt", lambda at: [*good("a")(at), *good("b")(at)])
    slow = Scripted("slow", good("c"))
    loop = loop_of(prompt, slow, clock=clock, nudges=nudges)
    loop.refresh_once(900.0)
    assert loop.refresh_changed() is None
    nudges.tell("flags", 1.0)
    assert loop.refresh_changed() is None
    nudges.tell("shop", clock.wall - 0.3)
    snapshot = loop.refresh_changed()
    assert snapshot is not None
    assert (prompt.changed, len(prompt.asked), len(slow.asked)) == ([(clock.wall - LAG, {"shop"})], 1, 1)
    shown = values(snapshot)
    assert (shown["slo_trend{a}"], shown["slo_trend{b}"], shown["slo_trend{c}"]) == (-1.0, 1.0, 1.0)
    assert b'winburn_event_latency_seconds_bucket{le="0.25"} 0.0' in loop.current.health.text  # type: ignore[union-attr]  # there is one
    loop.refresh_once(915.0)
    assert b'winburn_event_latency_seconds_bucket{le="0.5"} 1.0' in loop.current.health.text  # type: ignore[union-attr]  # as above


def test_a_running_loop_wakes_up_for_a_change_and_stops_when_told() -> None:
    nudges, stop = Nudges(), threading.Event()
    prompt = Prompt("prompt", good("a"))
    seen = threading.Event()

    def publish(snapshot: Snapshot) -> None:
        if values(snapshot).get("slo_trend{a}") == -1.0:
            seen.set()

    loop = Loop([prompt], refresh=3600.0, lag=0.0, keep_seconds=60.0, publish=publish, nudges=nudges)
    thread = threading.Thread(target=loop.run, args=(stop,))
    thread.start()
    nudges.tell("shop", time.time())
    assert seen.wait(10)
    stop.set()
    thread.join(10)
    assert not thread.is_alive()


def test_a_change_is_never_evaluated_later_than_the_next_refresh() -> None:
    clock, nudges = Clock(), Nudges()
    prompt = Prompt("prompt", good("a"))
    stop = threading.Event()
    instants: list[float] = []

    def wait(_stop: threading.Event, _seconds: float) -> bool:
        clock.wall += REFRESH + 0.5  # the wait is left a little late, and with it a change is told
        nudges.tell("shop", None)
        loop.refresh_changed()
        instants.extend(at for at, _ in prompt.changed)
        stop.set()
        return True

    loop = Loop(
        [prompt], refresh=REFRESH, lag=LAG, keep_seconds=60.0, clock=lambda: clock.wall, nudges=nudges, wait=wait
    )
    loop._wait_for_news = wait  # type: ignore[method-assign]  # the moment between waking up and looking
    loop.run(stop)
    assert instants == [prompt.asked[0] + REFRESH]


def test_a_source_that_hangs_does_not_hold_up_what_another_tells() -> None:
    nudges, hang, seen = Nudges(), threading.Event(), threading.Event()
    prompt = Prompt("prompt", good("a"))

    def hanging(_at: float) -> Iterable[Report]:
        hang.wait(20)
        return ()

    def publish(snapshot: Snapshot) -> None:
        if values(snapshot).get("slo_trend{a}") == -1.0:
            seen.set()

    loop = Loop(
        [prompt, Scripted("slow", hanging)],
        refresh=3600.0,
        lag=0.0,
        keep_seconds=60.0,
        publish=publish,
        nudges=nudges,
    )
    refresh = threading.Thread(target=loop.refresh_once, args=(time.time(),))
    refresh.start()
    nudges.tell("shop", time.time())
    assert seen.wait(10)
    assert not hang.is_set()
    hang.set()
    refresh.join(10)
    assert not refresh.is_alive()


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
