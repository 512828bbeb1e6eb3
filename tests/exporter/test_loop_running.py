"""The loop as it runs: its instants, steps of the clock, changes that are told of. Fake clocks, real threads."""

import threading
import time
from collections.abc import Callable, Iterable

import pytest

from exporter.contract import Report, sample
from exporter.loop import Loop
from exporter.nudges import Nudges
from exporter.snapshot import Snapshot
from tests.exporter.loop_parts import LAG, REFRESH, Clock, Scripted, good, loop_of, values


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
    """Runs a loop; ``then`` is done in its own thread, at the end of each refresh."""
    clock = Clock()
    drive = Drive(clock, waits, steps)

    def publish(snapshot: Snapshot) -> None:
        if snapshot.ready:
            then(clock)

    one = Scripted("one", good("a"))
    loop_of(one, clock=clock, wait=drive.wait, publish=publish).run(threading.Event())
    return [at + LAG - 1_000_000_000 for at in one.asked], drive


def test_it_refreshes_at_once_and_then_at_every_multiple_of_the_interval() -> None:
    asked, _ = driven(lambda _: None, 4, {})
    assert asked == [5.0, 20.0, 35.0, 50.0]


def test_what_began_with_a_snapshot_of_its_own_does_not_show_it_twice() -> None:
    shown: list[Snapshot] = []
    for begun in (True, False):
        clock = Clock()
        drive = Drive(clock, 1, {})
        loop = loop_of(Scripted("one", good("a")), clock=clock, wait=drive.wait, publish=shown.append)
        if begun:
            loop.begin()
        loop.run(threading.Event())
    assert [snapshot.waiting for snapshot in shown] == [("one",), (), ("one",), ()]


def test_what_is_stopped_meanwhile_publishes_nothing_more() -> None:
    clock, stop, shown = Clock(), threading.Event(), []

    def collect(at: float) -> list[Report]:
        if len(one.asked) == 2:
            stop.set()
        return good("a")(at)

    one = Scripted("one", collect)
    drive = Drive(clock, 5, {})
    loop_of(one, clock=clock, wait=drive.wait, publish=shown.append).run(stop)
    assert (len(one.asked), len(shown)) == (2, 2)  # the first of the two was before anything was asked


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
        reader.join(60)
    assert torn == []


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
    assert seen.wait(60)
    stop.set()
    thread.join(60)
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
        [prompt],
        refresh=REFRESH,
        lag=LAG,
        keep_seconds=60.0,
        clock=lambda: clock.wall,
        monotonic=lambda: clock.mono,
        nudges=nudges,
        wait=wait,
    )
    loop._wait_for_news = wait  # type: ignore[method-assign]  # the moment between waking up and looking
    loop.run(stop)
    assert instants == [prompt.asked[0] + REFRESH]


def test_a_source_that_hangs_does_not_hold_up_what_another_tells() -> None:
    nudges, hang, seen = Nudges(), threading.Event(), threading.Event()
    prompt = Prompt("prompt", good("a"))

    def hanging(_at: float) -> Iterable[Report]:
        hang.wait(180)
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
    assert seen.wait(60)
    assert not hang.is_set()
    hang.set()
    refresh.join(60)
    assert not refresh.is_alive()
