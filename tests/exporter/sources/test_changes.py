"""SQLite here; PostgreSQL, which needs a server, in tests/e2e/test_changes_postgres.py."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from exporter.sources.changes import Changes
from exporter.sources.sql import SqlSource


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "shop.db"


@pytest.fixture
def changes(path: Path) -> Iterator[Changes]:
    changes = Changes(SqlSource("shop", f"sqlite:///{path}"))
    yield changes
    changes.close()


def run(path: Path, script: str) -> None:
    with sqlite3.connect(path) as database:
        database.executescript(script)
    database.close()


@pytest.mark.parametrize("journal", ["wal", "delete"])
def test_each_commit_of_others_is_told_once(path: Path, changes: Changes, journal: str) -> None:
    run(path, f"PRAGMA journal_mode = {journal}; CREATE TABLE t (x)")
    assert not changes.wait(0)  # what was before is no change
    for _ in range(3):
        run(path, "INSERT INTO t VALUES (1)")
        assert changes.wait(5)
        assert not changes.wait(0)
        assert changes.changed_at is not None
        assert abs(changes.changed_at - time.time()) < 60


def test_reading_is_no_change(path: Path, changes: Changes) -> None:
    run(path, "CREATE TABLE t (x)")
    assert not changes.wait(0)
    run(path, "SELECT * FROM t")
    assert not changes.wait(0.1)


def test_a_change_ends_a_wait(path: Path, changes: Changes) -> None:
    run(path, "PRAGMA journal_mode = wal; CREATE TABLE t (x)")
    assert not changes.wait(0)
    told = threading.Event()
    thread = threading.Thread(target=lambda: told.set() if changes.wait(30) else None)
    thread.start()
    run(path, "INSERT INTO t VALUES (1)")
    thread.join(30)
    assert told.is_set()


def test_a_file_that_comes_later_or_is_replaced(path: Path, changes: Changes) -> None:
    assert not changes.wait(0.1)
    run(path, "CREATE TABLE t (x)")
    assert not changes.wait(0)  # the first look
    run(path.with_name("new.db"), "CREATE TABLE t (x)")
    path.with_name("new.db").replace(path)
    assert changes.wait(5)
    run(path, "INSERT INTO t VALUES (1)")
    assert changes.wait(5)


def test_close_ends_a_wait(path: Path, changes: Changes) -> None:
    run(path, "CREATE TABLE t (x)")
    thread = threading.Thread(target=lambda: changes.wait(600))
    thread.start()
    changes.close()
    thread.join(30)
    assert not thread.is_alive()


@pytest.mark.parametrize("url", ["mysql://host/db", "sqlite://", "no url"])
def test_what_cannot_tell_only_waits(url: str) -> None:
    changes = Changes(SqlSource("shop", url))
    assert not changes.supported
    assert not changes.wait(0.01)
    changes.close()


def test_the_waiting_costs_no_lock(path: Path, changes: Changes) -> None:
    """A writer is never kept out: its own timeout is nought."""
    run(path, "PRAGMA journal_mode = delete; CREATE TABLE t (x)")
    assert not changes.wait(0)
    writer = sqlite3.connect(path, timeout=0)
    for _ in range(20):
        changes.wait(0)
        with writer:
            writer.execute("INSERT INTO t VALUES (1)")
    writer.close()
    assert changes.wait(5)
