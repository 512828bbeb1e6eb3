"""One collector's thread: what it reports, and what of it is told when it raises."""

import threading
from collections.abc import Callable, Iterable, Iterator
from queue import SimpleQueue

import pytest

from exporter.contract import Report
from exporter.worker import Outcome, Worker, sentence


class Collecting:
    """A collector made of a function."""

    name = "slo:prod"

    def __init__(self, collect: Callable[[float], Iterable[Report]]) -> None:
        self.collect = collect


def run(collect: Callable[[float], Iterable[Report]]) -> Outcome:
    done: SimpleQueue[Outcome] = SimpleQueue()
    monotonic = iter([10.0, 12.5])
    worker = Worker("slo:prod", Collecting(collect), done, lambda: 1000.0, lambda: next(monotonic))
    worker.start(900.0)
    outcome = done.get(timeout=60)
    worker.close()
    return outcome


def test_an_outcome_has_the_reports_and_when_and_how_long() -> None:
    asked: list[float] = []

    def collect(at: float) -> list[Report]:
        asked.append(at)
        return [Report("a"), Report("b", error="no answer")]

    outcome = run(collect)
    assert outcome == Outcome("slo:prod", (Report("a"), Report("b", error="no answer")), None, 10.0, 2.5, 2.5, 1000.0)
    assert (asked, outcome.failures) == ([900.0], {"b": "no answer"})


def test_reports_that_came_before_an_exception_are_kept() -> None:
    def collect(_: float) -> Iterator[Report]:
        yield Report("a")
        raise RuntimeError("half way")

    outcome = run(collect)
    assert outcome.reports == (Report("a"),)
    assert outcome.failures[""].startswith("RuntimeError: half way (test_worker.py:")


@pytest.mark.parametrize("kind", [KeyError, SystemExit, KeyboardInterrupt, RecursionError])
def test_any_exception_at_all_becomes_an_outcome(kind: type[BaseException]) -> None:
    def collect(_: float) -> list[Report]:
        raise kind("boom")

    assert run(collect).failures[""].startswith(kind.__name__)


def test_a_run_that_is_not_over_is_not_started_again() -> None:
    done: SimpleQueue[Outcome] = SimpleQueue()
    release, runs = threading.Event(), []

    def collect(at: float) -> list[Report]:
        runs.append(at)
        release.wait(60)
        return []

    worker = Worker("slo:prod", Collecting(collect), done, lambda: 1000.0, lambda: 0.0)
    for at in (1.0, 2.0, 3.0):
        worker.start(at)
    assert worker.running_since == 1000.0
    release.set()
    worker.taken(done.get(timeout=60))
    worker.start(4.0)
    done.get(timeout=60)
    assert runs == [1.0, 4.0]


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ("cannot reach postgresql://bob:s3cret@db:5432/shop", "cannot reach postgresql://db:5432/shop"),
        ("https://bob:p@ss@host/ refused", "https://host/ refused"),
        ("two\n  lines", "two lines"),
    ],
)
def test_a_sentence_is_one_line_without_the_password_of_a_url(message: str, told: str) -> None:
    assert sentence(ValueError(message)) == f"ValueError: {told}"


def test_another_collector_is_made_after_the_run_of_the_one_before_and_on_its_thread() -> None:
    done: SimpleQueue[Outcome] = SimpleQueue()
    release, seen = threading.Event(), list[tuple[str, int]]()

    def old(_: float) -> list[Report]:
        release.wait(60)
        seen.append(("old", threading.get_ident()))
        return []

    def new(_: float) -> list[Report]:
        seen.append(("new", threading.get_ident()))
        return [Report("a")]

    def make() -> Collecting:
        seen.append(("made", threading.get_ident()))
        return Collecting(new)

    worker = Worker("slo:prod", Collecting(old), done, lambda: 1000.0, lambda: 0.0)
    worker.start(1.0)
    worker.replace(make)
    assert (worker.start(2.0), worker.is_changing) == (False, True)
    release.set()
    worker.taken(done.get(timeout=60))
    assert worker.is_changing
    worker.start(3.0)
    outcome = done.get(timeout=60)
    worker.taken(outcome)
    assert ([what for what, _ in seen], len({ident for _, ident in seen})) == (["old", "made", "new"], 1)
    assert (outcome.made, worker.is_changing, outcome.reports) == (make, False, (Report("a"),))
    worker.close()


def test_what_cannot_be_made_fails_the_run_and_is_tried_again() -> None:
    done: SimpleQueue[Outcome] = SimpleQueue()
    tries = iter([OSError("locked"), None])

    def make() -> Collecting:
        if (error := next(tries)) is not None:
            raise error
        return Collecting(lambda _: [Report("new")])

    worker = Worker("slo:prod", Collecting(lambda _: [Report("old")]), done, lambda: 1000.0, lambda: 0.0)
    worker.replace(make)
    outcomes = []
    for at in (1.0, 2.0, 3.0):
        worker.start(at)
        outcomes.append(done.get(timeout=60))
        worker.taken(outcomes[-1])
    worker.close()
    assert [outcome.reports for outcome in outcomes] == [(), (Report("new"),), (Report("new"),)]
    assert (outcomes[0].error or "").startswith("OSError: locked")
