"""The database under the state store: connections, transactions, and errors in one sentence."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import StaticPool

from exporter.state.tables import META
from exporter.state.values import StateError

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql

_WAIT = 30.0
"""Seconds that a writer waits for another one: far more than the longest transaction, which saves every ledger."""
_WRITE = "winburn_write"
_NAMES_AT_ONCE = 500
_TURN = 0x77696E62  # of the advisory lock; any number, but always the same


class Database:
    """Transactions on the store at an SQLAlchemy URL; created where it does not exist. ``wait`` is in seconds."""

    def __init__(self, url: str, *, wait: float = _WAIT) -> None:
        self._file: Path | None = None
        self._told: set[str] = set()
        # All threads share the one connection of a store in memory, so that they must take turns.
        self._turn: AbstractContextManager[object] = contextlib.nullcontext()
        try:
            self._engine = _engine(url, wait)
            self._file = sqlite_file(self._engine.url)
            if isinstance(self._engine.pool, StaticPool):
                self._turn = threading.RLock()
            with self._transaction() as connection:
                self._take_turn(connection)
                self._prepare(connection)
        except (SQLAlchemyError, sqlite3.Error, OSError, ImportError, ValueError) as error:
            where = f" {self._file}" if self._file else ""
            raise StateError(f"the state store{where} cannot be opened: {reason(error)}") from None
        self._opened = _identity(self._file)

    def close(self) -> None:
        """Give the connections back."""
        self._engine.dispose()

    def _prepare(self, connection: sa.Connection) -> None:
        META.create_all(connection)

    @contextmanager
    def _reading(self) -> Iterator[sa.Connection]:
        """A consistent view; StateError where it fails, or where opening the file again would make an empty one."""
        self._refuse_another_file("read")
        with _guard("read"), self._turn, self._engine.connect() as connection:
            yield connection

    @contextmanager
    def _writing(self, *, durable: bool = False) -> Iterator[sa.Connection]:
        """A transaction; StateError where it fails, or where an open file would take it that nobody will find again.

        A ``durable`` one outlives the loss of power too, which costs SQLite a wait for the disk.
        """
        self._refuse_another_file("written")
        with _guard("written"):
            try:
                with self._transaction(durable=durable) as connection:
                    yield connection
            except SQLAlchemyError as error:
                if _read_only(error):
                    # A connection that was opened so would stay so when the disk, or the server, may be written again.
                    self._engine.dispose()
                raise

    @contextmanager
    def _transaction(self, *, durable: bool = True) -> Iterator[sa.Connection]:
        with self._turn, self._engine.connect() as raw:
            connection = raw.execution_options(**{_WRITE: "FULL" if durable else "NORMAL"})
            with connection.begin():
                yield connection

    def _refuse_another_file(self, verb: str) -> None:
        if self._opened is not None and _identity(self._file) != self._opened:
            raise StateError(
                f"the state store cannot be {verb}: {self._file} was removed or replaced while in use; "
                "put it back, or restart winburn to begin a new one"
            )

    def _take_turn(self, connection: sa.Connection) -> None:
        """Let nobody else change what people ask about until the transaction ends.

        SQLite has one writer anyway. PostgreSQL would give ids of the audit trail to two transactions at once, and
        whoever has read the higher one would never see the lower one that commits later.
        """
        if self._engine.dialect.name == "postgresql":
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_TURN)))

    def _upsert(
        self, connection: sa.Connection, table: sa.Table, rows: Sequence[Mapping[str, Any]], *, replace: bool = True
    ) -> None:
        if not rows:
            return
        insert = _inserting(self._engine.dialect.name, table)
        keys = [column.name for column in table.primary_key]
        others = {c.name: insert.excluded[c.name] for c in table.columns if c.name not in keys}
        statement = (
            insert.on_conflict_do_update(index_elements=keys, set_=others)
            if replace
            else insert.on_conflict_do_nothing(index_elements=keys)
        )
        # Compiled here and handed to the driver: what SQLAlchemy does to each row costs more than SQLite's own work,
        # and our columns, numbers and texts, need nothing of it.
        compiled = statement.compile(dialect=self._engine.dialect, column_keys=list(rows[0]))
        order = compiled.positiontup
        given = [*map(itemgetter(*order), rows)] if order else [dict(row) for row in rows]
        connection.exec_driver_sql(str(compiled), given)


class _guard:  # noqa: N801 - reads as a statement: with _guard("read")
    """Turns database errors into StateError."""

    def __init__(self, verb: str) -> None:
        self._verb = verb

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, SQLAlchemyError | sqlite3.Error | ValueError):
            raise StateError(f"the state store cannot be {self._verb}: {reason(error)}") from None


_JSON = json.JSONEncoder(sort_keys=True, separators=(",", ":"), allow_nan=False)


def in_parts(names: Iterable[str]) -> Iterator[list[str]]:
    """The names in order, as many at once as one statement takes: databases limit its parameters."""
    ordered = sorted(names)
    for begin in range(0, len(ordered), _NAMES_AT_ONCE):
        yield ordered[begin : begin + _NAMES_AT_ONCE]


def dump(body: Any) -> str:
    """JSON as the store keeps it; ValueError for NaN and infinities."""
    return _JSON.encode(body)


def reason(error: BaseException) -> str:
    """The driver's own sentence; SQLAlchemy's adds the statement and its parameters, which do not belong in a log."""
    return (str(getattr(error, "orig", None) or error) or type(error).__name__).splitlines()[0]


def _read_only(error: SQLAlchemyError) -> bool:
    """Whether a write was refused because the file, or the PostgreSQL server (25006), may only be read."""
    cause = getattr(error, "orig", None)
    return (
        getattr(cause, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_READONLY
        or getattr(cause, "sqlstate", None) == "25006"
    )


def _engine(url: str, wait: float) -> sa.Engine:
    parsed = sa.make_url(url)
    if parsed.drivername == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.get_backend_name() == "postgresql":
        return sa.create_engine(parsed, pool_pre_ping=True, pool_size=2, connect_args=_postgresql(parsed, wait))
    if parsed.get_backend_name() != "sqlite":
        return sa.create_engine(parsed, pool_pre_ping=True, pool_size=2)
    in_memory = parsed.database in (None, "", ":memory:")
    engine = (
        sa.create_engine(parsed, poolclass=StaticPool, connect_args={"check_same_thread": False})
        if in_memory
        else sa.create_engine(parsed, connect_args={"timeout": wait, "check_same_thread": False})
    )

    @sa.event.listens_for(engine, "connect")
    def _connected(connection: sqlite3.Connection, _record: object) -> None:
        # The driver would begin a transaction at the first change only, and none for a change of tables.
        connection.isolation_level = None
        if not in_memory:
            _into_wal(connection, wait)

    @sa.event.listens_for(engine, "begin")
    def _begun(connection: sa.Connection) -> None:
        synchronous = connection.get_execution_options().get(_WRITE)
        if synchronous is None:
            connection.exec_driver_sql("BEGIN")
            return
        # Waiting at the beginning: a reader that becomes a writer while another one wrote is refused at once.
        connection.exec_driver_sql(f"PRAGMA synchronous={synchronous}")
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def _inserting(dialect: str, table: sa.Table) -> postgresql.Insert | sqlite.Insert:
    if dialect == "postgresql":
        from sqlalchemy.dialects import postgresql  # here: 2 MB that a store in a file need not pay  # noqa: PLC0415

        return postgresql.insert(table)
    return sqlite.insert(table)


def _postgresql(url: sa.URL, wait: float) -> dict[str, Any]:
    """What ends a connection to a server that has gone silent, and a statement that waits; the URL's own words win.

    https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS
    """
    milliseconds = round(wait * 1000)
    own = url.query.get("options", "")
    ended = f"-c statement_timeout={milliseconds} -c idle_in_transaction_session_timeout={milliseconds}"
    ours = {
        "connect_timeout": max(round(wait / 3), 2),  # libpq takes less than 2 for 2
        "keepalives": 1,
        "keepalives_idle": 15,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        # Keepalives are not sent while data of ours wait to be acknowledged.
        "tcp_user_timeout": milliseconds,
        # The lock too: a replica that hangs in the middle of a transaction must not stop the others for ever.
        "options": f"{ended} {own if isinstance(own, str) else ' '.join(own)}".strip(),
    }
    return {name: value for name, value in ours.items() if name == "options" or name not in url.query}


def _into_wal(connection: sqlite3.Connection, wait: float) -> None:
    """WAL: a reader (winburn report, a curious operator) never blocks the refresh, and a kill loses nothing."""
    end = time.monotonic() + wait
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:  # here SQLite does not wait for others by itself
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > end:
                raise
            time.sleep(0.05)
        else:
            return


def sqlite_file(url: sa.URL) -> Path | None:
    """The file that an SQLAlchemy URL names; None where it is another database, or one in memory."""
    named = url.get_backend_name() == "sqlite" and url.database not in (None, "", ":memory:")
    return Path(url.database or "").absolute() if named else None


def _identity(file: Path | None) -> tuple[int, int] | None:
    """Device and inode; None where there is no such file."""
    try:
        found = file.stat() if file else None
    except OSError:
        return None
    return (found.st_dev, found.st_ino) if found else None
