from __future__ import annotations

import importlib
import importlib.util
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError

from exporter.sources.base import SourceError, TooLong, Unreachable
from exporter.sources.database import Database, GivenUp, Table, bounded

ENDLESS = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT COUNT(*) FROM n"


def fill(path: Path, *values: int) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE t (x INTEGER)")
        connection.executemany("INSERT INTO t VALUES (?)", [(value,) for value in values])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    fill(tmp_path / "t.db", 1, 2)
    return tmp_path / "t.db"


def ask(database: Database, query: str = 'SELECT x AS "X" FROM t ORDER BY x', **values: object) -> Table:
    return database.rows(text(query), values, 100)


def test_rows_with_their_columns_and_bound_values(path: Path) -> None:
    database = Database("d", f"sqlite:///{path}", 60)
    assert ask(database) == Table(("X",), ((1,), (2,)))
    assert ask(database, "SELECT :x AS x", x="'; DROP TABLE t; --") == Table(("x",), (("'; DROP TABLE t; --",),))


def test_a_missing_file_is_not_made_and_is_found_when_it_comes(tmp_path: Path) -> None:
    database = Database("d", f"sqlite:///{tmp_path}/t.db", 60)
    with pytest.raises(Unreachable, match="there is no SQLite file"):
        ask(database)
    assert not list(tmp_path.iterdir())
    fill(tmp_path / "t.db", 3)
    assert ask(database).rows == ((3,),)


def test_a_replaced_file_is_read(path: Path, tmp_path: Path) -> None:
    database = Database("d", f"sqlite:///{path}", 60)
    ask(database)
    fill(tmp_path / "new.db", 7)
    (tmp_path / "new.db").rename(path)
    assert ask(database).rows == ((7,),)


def test_a_database_in_use_with_a_write_ahead_log_is_read(path: Path) -> None:
    with closing(sqlite3.connect(path)) as writer:
        writer.execute("PRAGMA journal_mode = WAL")
        writer.execute("INSERT INTO t VALUES (3)")
        writer.commit()
        writer.execute("INSERT INTO t VALUES (4)")
        assert ask(Database("d", f"sqlite:///{path}", 60)).rows == ((1,), (2,), (3,))
        writer.rollback()


def test_an_endless_query_ends(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("exporter.sources.database._GRACE", 60.0)  # of a busy machine, for the thread that asks
    database = Database("d", f"sqlite:///{path}", 0.2)
    with pytest.raises(GivenUp, match=r"no answer within 0\.2 s"):
        ask(database, ENDLESS)
    assert not [thread for thread in threading.enumerate() if thread.name == "source-d"]
    assert len(ask(database).rows) == 2


def test_a_question_that_was_given_up_before_it_was_connected_does_not_begin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DuckDB ends no question by itself, so that this one would go on for ever."""
    pytest.importorskip("duckdb_engine", reason="duckdb-engine is not installed")
    importlib.import_module("duckdb").connect(str(tmp_path / "t.duckdb")).close()
    database, ready, connected = Database("d", f"duckdb:///{tmp_path}/t.duckdb", 0.1), threading.Event(), []

    def late(self: Database) -> Engine:
        connected.append(None)
        assert ready.wait(60)
        return _connected(self)

    _connected = Database._connected
    monkeypatch.setattr(Database, "_connected", late)
    with pytest.raises(Unreachable, match=r"no answer within 0\.1 s"):
        ask(database, "SELECT COUNT(*) FROM range(1000000000000) AS n WHERE n.range % 7 = 3")
    assert connected
    ready.set()
    assert database._worker is not None
    database._worker.join(60)
    assert not database._worker.is_alive()


def test_a_locked_database_is_waited_for_and_then_left(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("exporter.sources.database._GRACE", 60.0)  # as above
    database = Database("d", f"sqlite:///{path}", 0.2)
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.execute("BEGIN EXCLUSIVE")
        with pytest.raises(Unreachable, match="database is locked") as caught:
            ask(database)
        assert not isinstance(caught.value, TooLong), "no other question would be answered"
        writer.execute("ROLLBACK")
    assert len(ask(database).rows) == 2


def test_a_file_that_is_no_database_is_unreachable(tmp_path: Path) -> None:
    (tmp_path / "t.db").write_bytes(b"no database " * 1000)
    with pytest.raises(Unreachable, match="file is not a database"):
        ask(Database("d", f"sqlite:///{tmp_path}/t.db", 60))


def test_a_refused_query_is_not_unreachable(path: Path) -> None:
    with pytest.raises(SourceError) as caught:
        ask(Database("d", f"sqlite:///{path}", 60), "SELECT y FROM t")
    assert type(caught.value) is SourceError


@pytest.mark.parametrize("query", ["INSERT INTO t VALUES (9)", "CREATE TABLE u (x)", "VACUUM"])
def test_nothing_is_written(path: Path, query: str) -> None:
    before = path.read_bytes()
    with pytest.raises(SourceError):
        ask(Database("d", f"sqlite:///{path}", 60), query)
    assert path.read_bytes() == before


@pytest.mark.parametrize("url", ["shop.db", "", "nosql://hunter2@host/x", "postgresql://x:hunter2@host:port/d"])
def test_an_address_that_is_none_says_so_without_showing_it(url: str) -> None:
    with pytest.raises(Unreachable, match="the url is not one that SQLAlchemy knows") as caught:
        ask(Database("d", url, 5))
    assert "hunter2" not in str(caught.value)


@pytest.mark.skipif(importlib.util.find_spec("psycopg") is not None, reason="psycopg is installed here")
@pytest.mark.parametrize("scheme", ["postgresql", "postgresql+psycopg"])
def test_a_missing_psycopg_is_said_with_the_remedy(scheme: str) -> None:
    with pytest.raises(Unreachable, match=r"pip install 'winburn\[postgres\]'"):
        ask(Database("d", f"{scheme}://ann:hunter2@127.0.0.1/d", 60))


def test_another_missing_driver_is_named() -> None:
    if importlib.util.find_spec("MySQLdb") is not None:
        pytest.skip("MySQLdb is installed here")
    with pytest.raises(Unreachable, match=r"driver is not installed \(MySQLdb\)"):
        ask(Database("d", "mysql://ann:hunter2@127.0.0.1/d", 60))


def test_questions_of_several_threads_wait_for_each_other(path: Path) -> None:
    database = Database("d", f"sqlite:///{path}", 60)
    found: list[int] = []
    threads = [threading.Thread(target=lambda: found.append(len(ask(database).rows))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [2] * 8


def test_a_driver_that_hangs_is_left_and_not_asked_again_until_it_is_back(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("exporter.sources.database._GRACE", 0.1)
    database = Database("d", f"sqlite:///{path}", 0.1)
    over = threading.Event()
    with pytest.raises(Unreachable, match=r"no answer within 0\.1 s") as caught:
        database._in_time(over.wait)
    assert not isinstance(caught.value, TooLong)
    with pytest.raises(Unreachable, match="still owes the answer"):
        ask(database)
    over.set()
    assert database._worker is not None
    database._worker.join(30)
    database._timeout = 60
    assert len(ask(database).rows) == 2


def test_a_driver_that_can_be_interrupted_has_given_the_question_up(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("exporter.sources.database._GRACE", 0.1)
    database = Database("d", f"sqlite:///{path}", 0.1)
    over = threading.Event()

    def interrupt() -> None:
        over.set()
        assert database._worker is not None
        database._worker.join(60)  # it comes back when the machine lets it

    database._interrupt = interrupt
    with pytest.raises(GivenUp, match=r"no answer within 0\.1 s"):
        database._in_time(over.wait)


class CancelError(Exception):
    """As psycopg has it."""

    sqlstate = "57014"


class Cancel2Error(Exception):
    """As psycopg2 has it."""

    sqlstate, pgcode = None, "57014"


class GoneError(Exception):
    """The server shuts down."""

    sqlstate = "57P01"


@pytest.mark.parametrize(
    ("cause", "given_up"),
    [
        (CancelError("canceling statement due to statement timeout"), True),
        (Cancel2Error("canceling statement due to statement timeout"), True),
        (RuntimeError("Code: 159. DB::Exception: Timeout exceeded: elapsed 1.0 s (TIMEOUT_EXCEEDED)"), True),
        (GoneError("terminating connection"), False),
        (RuntimeError("connection timeout expired"), False),
    ],
)
def test_a_server_that_ends_a_question_is_there(cause: Exception, *, given_up: bool) -> None:
    error = Database("d", "sqlite:///x.db", 1)._failure(OperationalError("SELECT 1", {}, cause))
    assert isinstance(error, Unreachable)
    assert isinstance(error, TooLong) == given_up


@pytest.mark.parametrize(
    "statement",
    [
        "VACUUM INTO '{folder}/stolen.db'",
        "ATTACH '{folder}/stolen.db' AS stolen",
        "ATTACH 'file:{folder}/stolen.db?mode=rwc' AS stolen",
        "PRAGMA temp_store_directory = '{folder}'",
        "PRAGMA query_only = 0",
        "PRAGMA writable_schema = 1",
        "SELECT load_extension('{folder}/x')",
        "DELETE FROM t RETURNING a",
        "SELECT zeroblob(1000000000)",
        "SELECT hex(zeroblob(100000000))",
    ],
)
def test_sqlite_makes_no_other_file_and_no_gigabyte(path: Path, statement: str) -> None:
    before = {each.name: each.read_bytes() for each in path.parent.iterdir()}
    with pytest.raises(SourceError):
        ask(Database("d", f"sqlite:///{path}", 60), statement.format(folder=path.parent))
    assert {each.name: each.read_bytes() for each in path.parent.iterdir()} == before


def test_sqlite_still_answers_about_its_tables_and_reads_json(path: Path) -> None:
    database = Database("d", f"sqlite:///{path}", 60)
    assert ask(database, "SELECT name FROM pragma_table_info('t')").rows
    assert ask(database, "SELECT value FROM json_each('[1, 2]')").rows == ((1,), (2,))


def test_nothing_is_kept_of_queries_that_were_asked_once(path: Path) -> None:
    database = Database("d", f"sqlite:///{path}", 60)
    for number in range(10):
        assert ask(database, f"SELECT {number} AS x").rows == ((number,),)
    assert database._engine is not None
    assert len(database._engine._compiled_cache or ()) == 0


@pytest.mark.parametrize("query", ["SELECT 1; DELETE FROM t", "SHOW x", "VALUES (1)", "WITH x AS (SELECT 1) SELECT 1"])
def test_what_is_no_plain_select_is_left_as_it_is(query: str) -> None:
    assert bounded("postgresql://h/d", query, 5) == query


def test_rows_are_bounded_where_the_driver_would_fetch_all_of_them() -> None:
    assert bounded("postgresql://h/d", "\nselect 1 -- one\n;", 5) == (
        "SELECT * FROM (\nselect 1 -- one\n\n) AS winburn_rows LIMIT 6"
    )
    assert bounded("sqlite:///d", "SELECT 1", 5) == "SELECT 1"
