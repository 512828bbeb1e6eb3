from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from exporter.sources.base import Count, SourceError, Unreachable
from exporter.sources.database import GivenUp, Table
from exporter.sources.sql import SqlSource
from exporter.sources.turns import Turns
from exporter.spec.experiment_models import Metric

COUNTS = "SELECT variant, COUNT(*) AS n, SUM(converted) AS successes FROM visits GROUP BY variant ORDER BY variant"
SLOTS = """
SELECT time / :step * :step AS slot, COUNT(*) AS total, SUM(converted) AS Good
FROM visits WHERE time >= :start AND time < :end GROUP BY 1
"""
VISITS = [("blue", 0, 301), ("blue", 1, 899), ("green", 1, 600), ("green", 1, 5)]


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    path = tmp_path / "my shop?#%.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE visits (variant TEXT, converted INTEGER, time INTEGER)")
        connection.executemany("INSERT INTO visits VALUES (?, ?, ?)", VISITS)
    return path


@pytest.fixture
def source(shop: Path) -> Iterator[SqlSource]:
    # The address of SQLAlchemy escapes "?" itself.
    return SqlSource("shop", f"sqlite:///{shop}".replace("?", "%3F"), timeout=60)


def metric(query: str) -> Metric:
    return Metric(name="conversion", kind="proportion", source="shop", query=query)


def test_counts_of_a_group_by(source: SqlSource) -> None:
    assert source.counts(metric(COUNTS), 0.0) == [Count("blue", (2, 1)), Count("green", (2, 2))]


def test_at_is_bound_where_the_query_names_it(source: SqlSource) -> None:
    past = COUNTS.replace("GROUP", "WHERE time <= :at GROUP")
    assert source.counts(metric(past), 600.0) == [Count("blue", (1, 0)), Count("green", (2, 2))]
    assert source.counts(metric(past), 4.5) == []


def test_slots_are_bound_as_integers_and_good_is_turned_into_bad(source: SqlSource) -> None:
    answer = source.slots(SLOTS, 300.0, 900.0, 300.0)
    assert (answer.starts.tolist(), answer.total.tolist(), answer.bad.tolist()) == ([300, 600], [1, 2], [1, 0])


def test_slots_may_be_as_many_as_the_times_asked_for(source: SqlSource) -> None:
    numbers = "WITH RECURSIVE n (x) AS (SELECT :start UNION ALL SELECT x + :step FROM n WHERE x + :step < :end)"
    answer = source.slots(f"{numbers} SELECT x AS slot, 1 AS total, 0 AS bad FROM n", 0.0, 43_200 * 60.0, 60.0)
    assert len(answer.starts) == 43_200


def test_a_fractional_bound_is_kept(source: SqlSource) -> None:
    answer = source.slots("SELECT :start AS slot, 1 AS total, 0 AS bad WHERE :step > 0.1", 0.5, 1.0, 0.25)
    assert answer.starts.tolist() == [0.5]


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("SELECT variant, 1 AS shown, 0 AS successes FROM visits", "there are variant, shown, successes"),
        ("SELECT 'a' AS variant, 1 AS n, 1 AS successes, 2 AS N", "there are variant, n, successes, n"),
        ("SELECT variant, 0 AS n, SUM(converted) AS successes FROM visits WHERE 0", "row 1: variant is NULL"),
        ("SELECT 'a' AS variant, 0 AS n, SUM(converted) AS successes FROM visits WHERE 0", "COALESCE(successes, 0)"),
        ("SELECT 'a' AS variant, -1 AS n, 0 AS successes", "row 1: n is -1"),
        ("SELECT 'a' AS variant, 1 AS n, 2 AS successes", "2 successes of 1 units"),
        ("SELECT variant, 1 AS n, 0 AS successes FROM visits", "row 2: variant 'blue' a second time"),
        ("SELECT missing FROM visits", "no such column: missing"),
        ("SELEC", "syntax error"),
        ("SELECT variant, n FROM visits WHERE time < :now", "names :now, and only :at can be given"),
        ("DELETE FROM visits", "readonly database"),
        ("DROP TABLE visits", "readonly database"),
        ("SELECT 1; DROP TABLE visits", "one statement at a time"),
    ],
)
def test_a_wrong_query_is_an_answer_that_says_what_would_be_right(source: SqlSource, query: str, sentence: str) -> None:
    with pytest.raises(SourceError) as caught:
        source.counts(metric(query), 0.0)
    assert str(caught.value).startswith("source shop")
    assert sentence in str(caught.value)


def test_too_many_rows_are_refused(source: SqlSource) -> None:
    joined = ", ".join(f"visits AS v{number}" for number in range(7))
    with pytest.raises(SourceError, match=r"more than 10000 rows; aggregate there \(GROUP BY\)"):
        source.counts(metric(f"SELECT 1 FROM {joined}"), 0.0)


def test_a_refused_query_is_an_answer(source: SqlSource) -> None:
    with pytest.raises(SourceError):
        source.counts(metric("SELECT missing FROM visits"), 0.0)
    assert source.up is True


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("SELECT 300 AS slot, 1 AS total", "needed are the columns slot, total, bad (or good)"),
        ("SELECT 300 AS slot, 1 AS total, 0 AS bad, 1 AS good", "give one of them"),
        ("SELECT 300 AS slot, 1 AS total, NULL AS bad", "row 1: bad is NULL"),
        ("SELECT 0 AS slot, 1 AS total, 1 AS bad", "slot 0 is outside"),
    ],
)
def test_wrong_slots_say_what_would_be_right(source: SqlSource, query: str, sentence: str) -> None:
    with pytest.raises(SourceError) as caught:
        source.slots(query, 300.0, 900.0, 300.0)
    assert sentence in str(caught.value)


def test_a_metric_without_a_query_is_refused(source: SqlSource) -> None:
    with pytest.raises(SourceError, match="metric conversion has no query"):
        source.counts(Metric(name="conversion", kind="proportion", source="shop"), 0.0)


class Door:
    """A lock that tells when somebody stands before it."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.waiting = threading.Semaphore(0)

    def __enter__(self) -> None:
        self.waiting.release()
        self.lock.acquire()

    def __exit__(self, *_: object) -> None:
        self.lock.release()


@pytest.mark.parametrize(("error", "asked"), [(Unreachable, 1), (GivenUp, 2)])
def test_who_waits_for_a_question_that_nobody_answers_is_not_asked(
    source: SqlSource, error: type[Unreachable], asked: int
) -> None:
    door, over, calls, failures = Door(), threading.Event(), list[int](), list[str]()
    source._turn = door  # type: ignore[assignment]  # so that we know when it waits

    def rows(*_: object) -> Table:
        calls.append(1)
        if len(calls) == 1:
            over.wait(30)
            raise error("source shop gave no answer within 5 s")
        return Table((), ())

    def ask() -> None:
        try:
            source.query("SELECT 1", {}, 1)
        except SourceError as raised:
            failures.append(str(raised))

    source._database.rows = rows  # type: ignore[method-assign]  # of a server that hangs
    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
        assert door.waiting.acquire(timeout=30)
    over.set()
    for thread in threads:
        thread.join(30)
    assert len(calls) == asked
    assert failures == ["source shop gave no answer within 5 s"] * (3 - asked)
    assert source.query("SELECT 1", {}, 1) == Table((), ()), "it is over for who comes later"


def test_what_a_question_waits_for_is_not_its_own_time(source: SqlSource) -> None:
    now = [0.0]
    source.turns = Turns(5.0, lambda: now[0])

    class Busy(Door):
        def __enter__(self) -> None:
            now[0] += 4.0
            super().__enter__()

    source._turn = Busy()  # type: ignore[assignment]  # others are asked first
    source.query("SELECT 1", {}, 1)
    assert source.turns.took == 0.0
