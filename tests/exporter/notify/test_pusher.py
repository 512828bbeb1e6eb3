from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from exporter.contract import sample
from exporter.notify.pusher import Counts, Pushed, Pusher, PushError
from exporter.snapshot import Snapshot
from tests.exporter.notify.snapshots import snapshot
from tests.waiting import until


class Target:
    """Notes what it is told; ``answer`` says how it ends, and ``gate`` holds a push up."""

    name = "test/target"

    def __init__(self, answer: Callable[[int], Pushed] = lambda _: Pushed(sent=True)) -> None:
        self.told: list[float] = []
        self.times: list[float] = []
        self.gate, self.entered = threading.Event(), threading.Event()
        self.gate.set()
        self._answer = answer

    def push(self, snapshot: Snapshot) -> Pushed:
        self.entered.set()
        assert self.gate.wait(300)
        self.told.append(snapshot.at)
        self.times.append(time.monotonic())
        return self._answer(len(self.told))


@pytest.fixture
def started() -> Iterator[Callable[..., tuple[Pusher, Counts]]]:
    running = []

    def start(target: Target, **how: Any) -> tuple[Pusher, Counts]:
        counts = Counts()
        running.append(Pusher(target, counts, **how))
        return running[-1], counts

    yield start
    for pusher in running:
        pusher.close(60)


def at(number: float) -> Snapshot:
    return snapshot([sample("winburn_source_up", 1, source="s")], at=number)


def results(counts: Counts) -> dict[str, float]:
    return {dict(one.labels)["result"]: one.value for one in counts.samples()}


def test_a_target_that_hangs_holds_up_nobody_and_is_told_the_latest(
    started: Callable[..., tuple[Pusher, Counts]],
) -> None:
    target = Target()
    target.gate.clear()
    pusher, counts = started(target)
    pusher.publish(at(1))
    until(target.entered.is_set)
    for number in range(2, 1000):
        pusher.publish(at(number))
    target.gate.set()
    until(lambda: len(target.told) == 2)
    assert target.told == [1, 999]
    until(lambda: results(counts)["ok"] == 2)
    assert results(counts) == {"ok": 2, "failed": 0, "replaced": 997}


def test_what_fails_is_tried_again_without_news_and_later_each_time(
    started: Callable[..., tuple[Pusher, Counts]], caplog: pytest.LogCaptureFixture
) -> None:
    def answer(number: int) -> Pushed:
        if number <= 3:
            raise PushError("is out for lunch")
        return Pushed(sent=True)

    target = Target(answer)
    with caplog.at_level(logging.INFO, "winburn.push"):
        pusher, counts = started(target)
        pusher.publish(at(1))
        until(lambda: "answers again" in caplog.text)  # which is said after it was counted
    assert target.told == [1, 1, 1, 1]
    gaps = [b - a for a, b in zip(target.times, target.times[1:], strict=False)]
    assert gaps[0] >= 0.25
    assert gaps[2] >= 1
    assert results(counts) == {"ok": 1, "failed": 3, "replaced": 0}
    assert [record.getMessage() for record in caplog.records] == [
        "test/target: is out for lunch",
        "test/target: answers again",
    ]


def test_a_mistake_of_the_target_ends_nothing_and_tells_no_secret(
    started: Callable[..., tuple[Pusher, Counts]], caplog: pytest.LogCaptureFixture
) -> None:
    def answer(number: int) -> Pushed:
        if number == 1:
            raise KeyError("hunter2")
        return Pushed(sent=True)

    pusher, counts = started(Target(answer))
    pusher.publish(at(1))
    until(lambda: results(counts)["ok"])
    assert "KeyError" in caplog.text
    assert "hunter2" not in caplog.text


def test_a_target_may_ask_to_be_called_again(started: Callable[..., tuple[Pusher, Counts]]) -> None:
    target = Target(lambda number: Pushed(sent=False, again=0.01 if number < 3 else None))
    pusher, counts = started(target)
    pusher.publish(at(1))
    until(lambda: len(target.told) == 3)
    time.sleep(0.05)
    assert target.told == [1, 1, 1]
    assert results(counts) == {"ok": 0, "failed": 0, "replaced": 0}  # nothing was sent


def test_pushes_keep_their_distance(started: Callable[..., tuple[Pusher, Counts]]) -> None:
    target, now = Target(), [0.0]
    pusher, _ = started(target, least=0.0625, monotonic=lambda: now[0])
    pusher.publish(at(0))
    until(lambda: target.told == [0])
    for number in (1, 2):
        pusher.publish(at(number))
        time.sleep(0.1)
        assert target.told == [*range(number)]
        now[0] += 0.0625
        until(lambda: target.told == [*range(number + 1)])  # noqa: B023 - used within the turn


def test_a_closed_pusher_pushes_no_more(started: Callable[..., tuple[Pusher, Counts]]) -> None:
    target = Target()
    pusher, _ = started(target)
    pusher.close(5)
    pusher.publish(at(1))
    time.sleep(0.05)
    assert target.told == []
