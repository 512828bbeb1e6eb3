"""Statements on a real SQLite file: done in one transaction, or certainly not."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from exporter.apply_outcome import Outcome, PointOfNoReturn, in_time
from exporter.apply_sql import execute
from exporter.spec import SqlSource
from exporter.state import Application

KILL = Application("button", "new'; DROP TABLE v; --", "kill", "1", {"reason": "worse", "at": 5.0})
UPDATE = "UPDATE v SET s = :action, why = :reason, at = :at WHERE e = :experiment AND name = :variant"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "shop.db"
    with closing(sqlite3.connect(file)) as shop, shop:
        shop.execute("CREATE TABLE v (e, name, s, why, at, w REAL CHECK (w <= 1))")
        shop.executemany("INSERT INTO v (e, name) VALUES ('button', ?)", [(KILL.member,), ("other",)])
    return file


def source(file: Path, timeout: float = 10.0) -> SqlSource:
    return SqlSource(type="sql", url=f"sqlite:///{file}").model_copy(update={"timeout": timeout})


def done(file: Path, statement: str, application: Application = KILL, timeout: float = 10.0) -> Outcome:
    return in_time(replace(execute(source(file, timeout), statement), seconds=120), application, 7.0)


def rows(file: Path) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(file)) as shop:
        return shop.execute("SELECT s, why, at, w FROM v ORDER BY rowid").fetchall()


def test_a_statement_gets_its_values_bound(file: Path) -> None:
    assert done(file, UPDATE) == Outcome("done", "1 row")
    assert rows(file) == [("kill", "worse", 5.0, None), (None, None, None, None)]


def test_a_weight_and_the_time_of_the_attempt(file: Path) -> None:
    weights = Application("button", "other", "weights", "1", {"weight": 0.25})
    assert done(file, "UPDATE v SET w = :weight, at = :at WHERE name = :variant", weights) == Outcome("done", "1 row")
    assert rows(file)[1] == (None, None, 7.0, 0.25)


def test_that_it_met_no_row_is_said(file: Path) -> None:
    assert done(file, "UPDATE v SET s = 1 WHERE name = 'nobody'") == Outcome("done", "0 rows")


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        ("UPDATE v SET gone = 1", "no such column: gone"),
        ("UPDATE v SET w = 2", "CHECK constraint failed: w <= 1"),
        ("UPDATE v SET w = 1; UPDATE v SET w = 1", "You can only execute one statement at a time."),
    ],
)
def test_what_the_database_refuses_did_not_happen(file: Path, statement: str, sentence: str) -> None:
    assert done(file, statement) == Outcome("refused", sentence)
    assert rows(file)[0] == (None, None, None, None)


def test_a_database_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    assert done(tmp_path / "none.db", UPDATE) == Outcome("refused", "unable to open database file")
    assert not (tmp_path / "none.db").exists()


def test_a_database_that_another_one_writes_to_is_waited_for_in_time_only(file: Path) -> None:
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert done(file, UPDATE, timeout=0.1) == Outcome("refused", "database is locked")
    assert rows(file)[0] == (None, None, None, None)


def test_a_reader_that_keeps_it_from_being_committed_is_a_refusal(file: Path) -> None:
    with closing(sqlite3.connect(file, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM v").fetchall()
        assert done(file, UPDATE, timeout=0.1) == Outcome("refused", "database is locked")
    assert rows(file)[0] == (None, None, None, None)


def test_whoever_was_given_up_does_not_commit(file: Path) -> None:
    point = PointOfNoReturn()
    assert point.forbid()
    assert execute(source(file), UPDATE).run(KILL, 7.0, point).result == "refused"
    assert rows(file)[0] == (None, None, None, None)


def test_an_address_that_is_none_is_a_refusal_without_its_password() -> None:
    broken = SqlSource(type="sql", url="nosql://ann:hunter2@host/x")
    outcome = in_time(execute(broken, UPDATE), KILL, 7.0)
    assert outcome == Outcome("refused", "the source's url is not one that SQLAlchemy knows")
