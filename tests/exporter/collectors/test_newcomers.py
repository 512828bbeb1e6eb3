"""Who waits for its past, who is ready, and who is not waited for any more."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Sequence

from exporter.collectors.newcomers import Newcomers
from tests.waiting import until


@contextlib.contextmanager
def aside() -> Iterator[str]:
    yield "source"


def grown(newcomers: Newcomers[str], at: float = 2.0) -> dict[str, str]:
    found: dict[str, str] = {}
    until(lambda: bool(found.update(newcomers.grown(at)) or found))
    return found


def test_they_are_ready_once_their_past_was_read_and_are_told_once() -> None:
    read: list[tuple[str, list[str], float]] = []

    def bring(source: str, items: Sequence[str], at: float) -> dict[str, str]:
        read.append((source, list(items), at))
        return {}

    newcomers = Newcomers("test", aside, bring)
    assert newcomers.grown(1.0) == {}
    newcomers.add({"a": "A", "b": "B"})
    assert grown(newcomers) == {"a": "A", "b": "B"}
    assert (newcomers.grown(3.0), newcomers.waiting) == ({}, {})
    assert read == [("source", ["A", "B"], 2.0)]


def test_what_fails_says_so_and_is_tried_again() -> None:
    answers = iter([{"a": "refused"}, {}])
    newcomers: Newcomers[str] = Newcomers("test", aside, lambda *_: next(answers))
    newcomers.add({"a": "A", "b": "B"})
    assert grown(newcomers) == {"b": "B"}
    assert newcomers.errors == {"a": "refused"}
    assert grown(newcomers) == {"a": "A"}
    assert newcomers.errors == {}


def test_a_mistake_of_ours_is_a_failure_too() -> None:
    def bring(*_: object) -> dict[str, str]:
        raise KeyError("oops")

    newcomers: Newcomers[str] = Newcomers("test", aside, bring)
    newcomers.add({"a": "A"})
    newcomers.grown(1.0)
    until(lambda: bool(newcomers.errors))
    assert newcomers.errors == {"a": "its past could not be read: KeyError"}


def test_who_has_left_or_is_another_by_now_does_not_come_back() -> None:
    reading, release = threading.Event(), threading.Event()

    def bring(_source: str, _items: Sequence[str], _at: float) -> dict[str, str]:
        reading.set()
        release.wait(60)
        return {}

    newcomers = Newcomers("test", aside, bring)
    newcomers.add({"a": "A", "b": "B", "c": "C"})
    newcomers.grown(1.0)
    assert reading.wait(60)
    newcomers.keep({"b", "c"})
    newcomers.add({"b": "another B"})
    release.set()
    assert grown(newcomers) == {"c": "C"}
    assert newcomers.waiting == {"b": "another B"}
