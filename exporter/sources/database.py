"""Read-only questions to a database, each of which ends in time."""

from __future__ import annotations

import contextlib
import re
import sqlite3
import threading
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import (
    URL,
    Connection,
    Engine,
    Executable,
    NullPool,
    QueuePool,
    TextClause,
    create_engine,
    inspect,
    make_url,
)
from sqlalchemy.exc import (
    ArgumentError,
    DBAPIError,
    InterfaceError,
    NoSuchModuleError,
    OperationalError,
    SQLAlchemyError,
)

from exporter.sources.base import SourceError, TooLong, Unreachable

_STEPS = 10_000  # of SQLite's machine between two looks at the clock: well below a millisecond
_GRACE = 1.0  # for a server or driver to end a question by itself, before we interrupt it
_INTERRUPTED, _AGAIN = 1.0, 0.05  # for the interrupted question to end, and until it is interrupted again
_VALUE_BYTES = 16 * 2**20
"""Of one value or row of SQLite, whose functions would make a gigabyte of nothing."""

Answer = TypeVar("Answer")


class GivenUp(Unreachable, TooLong):
    """The database itself, or its driver, ended a question in time: it is there."""


@dataclass(frozen=True, slots=True)
class Table:
    """What a query gives."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]


class Database:
    """A database at an SQLAlchemy address, read and never written.

    SQLite and DuckDB are opened read-only (SQLite makes no other file either), PostgreSQL and ClickHouse are told to
    refuse writes, PostgreSQL by psycopg takes one statement at a time; other databases are as safe as their user's
    rights. The server itself ends a question in time on PostgreSQL and ClickHouse, the driver on SQLite and DuckDB.
    Connecting waits for the first question, so that a database that is missing now may come later. No message holds
    the address's password.
    """

    def __init__(self, name: str, url: str, timeout: float) -> None:
        self._name = name
        self._url = url
        self._timeout = timeout
        self._password: str | None = None
        self._engine: Engine | None = None
        self._worker: threading.Thread | None = None
        self._turn = threading.Lock()
        self._interrupt: Callable[[], object] = _nothing
        self._given_up = threading.Event()

    def rows(self, statement: Executable, values: Mapping[str, Any], limit: int) -> Table:
        """The rows of a SELECT. Unreachable where no answer comes in time, SourceError where the query is refused."""
        with self._turn:
            return self._in_time(lambda: self._rows(statement, values, limit))

    def columns(self, tables: Collection[str]) -> dict[str, dict[str, Any]]:
        """Table or view -> column -> its SQLAlchemy type, of those that are there. Errors as in :meth:`rows`."""
        with self._turn:
            return self._in_time(lambda: self._columns(tables))

    def close(self) -> None:
        """Close the connections that are kept; a later question opens one again."""
        if self._engine is not None:
            self._engine.dispose()
            self._engine = None

    def _rows(self, statement: Executable, values: Mapping[str, Any], limit: int) -> Table:
        try:
            with self._connected().connect() as connection:
                self._interrupt = _ending(connection)
                if self._given_up.is_set():  # while the connection was made: nobody would end what began now
                    raise Unreachable(f"source {self._name} was connected too late")
                if isinstance(statement, TextClause):
                    # The engine would keep hundreds of compiled queries of specs of before.
                    connection.execution_options(compiled_cache=None)
                result = connection.execute(statement, dict(values))
                if not result.returns_rows:
                    raise SourceError(f"source {self._name}: the statement gives no rows; a SELECT is needed")
                rows = result.fetchmany(limit + 1)
                if len(rows) > limit:
                    raise SourceError(
                        f"source {self._name}: the query gives more than {limit} rows; aggregate there (GROUP BY)"
                    )
                return Table(tuple(result.keys()), tuple(tuple(row) for row in rows))
        except SQLAlchemyError as error:
            raise self._failure(error) from None
        except sqlite3.Error as error:  # raised by our own opening, or while rows are fetched
            raise Unreachable(f"source {self._name}: {self._clean(error)}") from None

    def _columns(self, tables: Collection[str]) -> dict[str, dict[str, Any]]:
        try:
            with self._connected().connect() as connection:
                found = inspect(connection)
                there = sorted({*found.get_table_names(), *found.get_view_names()} & set(tables))
                return {name: {c["name"]: c["type"] for c in found.get_columns(name)} for name in there}
        except SQLAlchemyError as error:
            raise self._failure(error) from None
        except sqlite3.Error as error:  # as above
            raise Unreachable(f"source {self._name}: {self._clean(error)}") from None

    def _in_time(self, work: Callable[[], Answer]) -> Answer:
        """The work's answer, waited for in a thread: few drivers can end a question to a server that has gone silent.

        While such a thread hangs, further questions fail at once instead of piling up.
        """
        if self._worker is not None and self._worker.is_alive():
            raise Unreachable(f"source {self._name} still owes the answer to an earlier question")
        outcome: list[Answer | BaseException] = []
        self._given_up = threading.Event()

        def run() -> None:
            try:
                outcome.append(work())
            except BaseException as error:  # noqa: BLE001 - raised again below, in the thread that asked
                outcome.append(error)

        self._worker = threading.Thread(target=run, name=f"source-{self._name}", daemon=True)
        self._worker.start()
        self._worker.join(self._timeout + _GRACE)
        if not outcome:
            self._given_up.set()
            self._end(self._worker)
            kind = Unreachable if self._worker.is_alive() else GivenUp
            raise kind(f"source {self._name} gave no answer within {self._timeout:g} s")
        answer = outcome.pop()
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def _end(self, worker: threading.Thread) -> None:
        """Interrupt again and again, because a question may be between its connection and its beginning."""
        end = time.monotonic() + _INTERRUPTED
        while worker.is_alive() and time.monotonic() < end:
            with contextlib.suppress(Exception):  # DuckDB's, where the connection is closed already
                self._interrupt()
            worker.join(_AGAIN)

    def _connected(self) -> Engine:
        if self._engine is None:
            try:
                url = make_url(self._url)
                self._password = url.password
                self._engine = self._open(url)
            except (ArgumentError, NoSuchModuleError, ValueError):
                raise Unreachable(
                    f"source {self._name}: the url is not one that SQLAlchemy knows; "
                    "write it like sqlite:///shop.db or postgresql+psycopg://user@host/database"
                ) from None
            except ImportError as error:
                raise Unreachable(f"source {self._name}: {_install(url, error)}") from None
        return self._engine

    def _open(self, url: URL) -> Engine:
        if url.get_backend_name() == "sqlite":
            # A connection each time: cheap, and a file that was replaced is seen.
            return create_engine("sqlite://", creator=lambda: self._sqlite(url), poolclass=NullPool)
        if url.get_backend_name() == "duckdb" and url.database not in (None, "", ":memory:"):
            # A connection each time: one that is kept would keep the file's writer away.
            return create_engine(url, poolclass=NullPool, hide_parameters=True, connect_args={"read_only": True})
        options: dict[str, Any] = {}
        if url.drivername == "postgresql":
            url = url.set(drivername="postgresql+psycopg")
        if url.drivername in ("postgresql+psycopg", "postgresql+psycopg2"):
            options["connect_args"] = self._postgresql(url)
        if url.get_backend_name() == "clickhousedb":
            options["connect_args"] = self._clickhouse(url)
        return create_engine(
            url, poolclass=QueuePool, pool_size=1, max_overflow=1, pool_pre_ping=True, hide_parameters=True, **options
        )

    def _sqlite(self, url: URL) -> sqlite3.Connection:
        path = Path(url.database or "")
        if not path.is_file():
            raise Unreachable(f"source {self._name}: there is no SQLite file {path.absolute()}")
        end = time.monotonic() + self._timeout
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=self._timeout, check_same_thread=False
        )
        connection.set_progress_handler(lambda: time.monotonic() > end, _STEPS)
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _VALUE_BYTES)
        # mode=ro protects this file alone: VACUUM INTO and ATTACH would still make others.
        connection.set_authorizer(_reading)
        return connection

    def _postgresql(self, url: URL) -> dict[str, Any]:
        milliseconds = round(self._timeout * 1000)
        own = url.query.get("options", "")
        options = f"{own if isinstance(own, str) else ' '.join(own)} -c default_transaction_read_only=on"
        one = {"cursor_factory": _one_statement()} if url.drivername == "postgresql+psycopg" else {}
        return {
            "options": f"{options} -c statement_timeout={milliseconds}".strip(),
            "connect_timeout": max(round(self._timeout), 2),  # libpq takes less than 2 for 2
            "tcp_user_timeout": milliseconds,
            **one,
        }

    def _clickhouse(self, url: URL) -> dict[str, Any]:
        """What clickhouse-connect sends with each question; https://clickhouse.com/docs/operations/settings/settings"""
        if "readonly" in url.query:
            return {}  # the user knows; under readonly=1 no setting can be given beside it
        seconds = max(round(self._timeout), 1)
        # 2: nothing is written, and settings may be given; 1 would refuse those that the driver itself needs.
        return {"readonly": "2", "max_execution_time": str(seconds), "connect_timeout": seconds}

    def _failure(self, error: SQLAlchemyError) -> SourceError:
        cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
        if getattr(cause, "sqlite_errorcode", None) == sqlite3.SQLITE_INTERRUPT:
            return GivenUp(f"source {self._name} gave no answer within {self._timeout:g} s")
        text = f"source {self._name}: {self._clean(cause)}"
        if _is_given_up(cause):
            return GivenUp(text)
        return SourceError(text) if _is_of_the_query(error, cause) else Unreachable(text)

    def _clean(self, error: BaseException) -> str:
        line = " ".join(str(error).split()) or type(error).__name__
        if self._password:
            line = line.replace(self._password, "***")
        return line if len(line) <= 300 else line[:297] + "..."


def _ending(connection: Connection) -> Callable[[], object]:
    """What ends the question that runs on a connection, from another thread; nothing where the driver cannot."""
    # SQLite ends by itself, see above, and its method may not be called from another thread.
    if connection.dialect.name != "duckdb":
        return _nothing
    interrupt: Callable[[], object] = getattr(connection.connection.dbapi_connection, "interrupt", _nothing)
    return interrupt


def bounded(url: str, query: str, limit: int) -> str:
    """The query with an end to its rows, where the driver would fetch all of them before we could count: PostgreSQL's.

    As it is where it is no plain SELECT, or holds a semicolon, which may be in a text.
    """
    query = query.strip().removesuffix(";")
    if not url.startswith("postgresql") or ";" in query or not _SELECT.match(query):
        return query
    return f"SELECT * FROM (\n{query}\n) AS winburn_rows LIMIT {limit + 1}"  # noqa: S608 - the spec's own query


_SELECT = re.compile(r"\s*select\b", re.IGNORECASE)


def _one_statement() -> type[Any]:
    """A cursor that sends one statement at a time, as PostgreSQL's extended protocol has it.

    A query without values would go by the simple protocol, where "SELECT 1; COMMIT; DELETE …" leaves the read-only
    transaction.
    """
    import psycopg  # noqa: PLC0415 - an optional driver

    class OneStatement(psycopg.Cursor[Any]):
        def _execute_send(self, query: Any, **how: Any) -> None:
            super()._execute_send(query, **{**how, "force_extended": True})

    return OneStatement


def _reading(action: int, name: str | None, value: str | None, *_: str | None) -> int:
    """SQLite's authorizer (https://www.sqlite.org/c3ref/set_authorizer.html): what mode=ro lets through is refused."""
    # Asked about a table, a pragma answers; most others with a value change something.
    changes = action == sqlite3.SQLITE_PRAGMA and value is not None and not (name or "").lower().endswith(_ABOUT_TABLES)
    return sqlite3.SQLITE_DENY if changes or action in _OTHER_FILES else sqlite3.SQLITE_OK


_ABOUT_TABLES = ("_info", "_xinfo", "_list")
_OTHER_FILES = frozenset({sqlite3.SQLITE_ATTACH, sqlite3.SQLITE_DETACH})


def _nothing() -> None:
    """For drivers that cannot be interrupted."""


_SQLITE_ILL = frozenset(
    {
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_NOTADB,
    }
)


def _is_of_the_query(error: SQLAlchemyError, cause: BaseException) -> bool:
    """Whether the database is well and refuses the query."""
    if isinstance(cause, sqlite3.Error):  # its classes mix both; an error without a code is of the driver's own checks
        return getattr(cause, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF not in _SQLITE_ILL
    if isinstance(error, DBAPIError):
        return not (error.connection_invalidated or isinstance(error, OperationalError | InterfaceError))
    return False


def _is_given_up(cause: BaseException) -> bool:
    """Whether the server ended a question whose time was over: PostgreSQL's query_canceled (57014), which both of its
    drivers tell, and ClickHouse's TIMEOUT_EXCEEDED."""
    code = getattr(cause, "sqlstate", None) or getattr(cause, "pgcode", None)
    return code == "57014" or "TIMEOUT_EXCEEDED" in str(cause)


def _install(url: URL, error: ImportError) -> str:
    if url.get_backend_name() == "postgresql":
        return "PostgreSQL needs the package psycopg: pip install 'winburn[postgres]'"
    return f"the database's driver is not installed ({error.name or 'unknown module'})"
