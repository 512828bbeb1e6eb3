"""A damaged SQLite state store is set aside, and what can still be read of it goes into a new one.

Ledgers are not taken over: one with a hole would count too little for weeks, and sources hold their past. What people
and latches said stands nowhere else.
"""

from __future__ import annotations

import contextlib
import logging
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from exporter.state.engine import sqlite_file
from exporter.state.store import State
from exporter.state.tables import LEDGERS, META, SLOTS, VERSION
from exporter.state.values import StateError

_LOG = logging.getLogger("winburn")
_MARK = ".damaged-"
_MAGIC = b"SQLite format 3\0"
_NAMES = (".db", ".sqlite", ".sqlite3")


def opened_or_rebuilt(url: str, at: float) -> State:
    """The store at a URL. A damaged SQLite file is first renamed to ``….damaged-SECONDS``, with its journal, and an
    error is logged that says what was taken over. ``at``: Unix seconds. StateError as of :class:`State`."""
    file = _file(url)
    fault = damage(file) if file is not None else None
    if file is None or fault is None:
        return State(url)
    aside = file.with_name(f"{file.name}{_MARK}{at:.0f}")
    try:
        _rename(file, aside)
    except OSError as error:
        why = f"is damaged ({fault}), and cannot be set aside: {error.strerror}"
        raise StateError(f"the state store {file} {why}") from None
    state = State(url)
    kept, lost = _take_over(aside, state)
    told = ", ".join(f"{number} of {name}" for name, number in kept.items() if number) or "nothing"
    _LOG.error(
        "the state store was damaged (%s) and is set aside as %s; a new one begins. Taken over: %s. %sLedgers are read "
        "from the sources again; what lies before their retention is lost",
        fault,
        aside,
        told,
        f"Not readable to the end: {', '.join(lost)}. " if lost else "",
    )
    return state


def set_aside(url: str) -> int | None:
    """How many damaged stores lie beside the store at this URL; None where its folder cannot be read."""
    file = _file(url)
    if file is None:
        return 0
    try:
        names = [path.name for path in file.parent.iterdir()]
    except OSError:
        return None
    return sum(name.startswith(f"{file.name}{_MARK}") and name[-1].isdigit() for name in names)


def damage(file: Path) -> str | None:
    """What is wrong with an SQLite file, in SQLite's words; None where nothing is, or it is missing, busy or denied.

    None too where it looks as if it had never been a database: an address that was mistyped must rename nobody's file.
    """
    try:
        if not file.is_file() or not file.stat().st_size:
            return None
        # Only to read: SQLite would empty the journal of what it cannot make sense of.
        with closing(_to_read(file)) as connection:
            found = str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
    except OSError:
        return None
    except UnicodeDecodeError:  # SQLite's own sentence quotes what is damaged
        return "malformed, and so is what SQLite says of it" if _was_a_database(file) else None
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        ours = code == sqlite3.SQLITE_CORRUPT or (code == sqlite3.SQLITE_NOTADB and _was_a_database(file))
        return str(error) if ours else None
    return None if found == "ok" else found.replace("\n", " ")


def _to_read(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True, timeout=10)


def _was_a_database(file: Path) -> bool:
    with file.open("rb") as opened:
        head = opened.read(len(_MAGIC))
    return head == _MAGIC or not any(head) or file.suffix in _NAMES


def _file(url: str) -> Path | None:
    try:
        return sqlite_file(sa.make_url(url))
    except sa.exc.ArgumentError:  # State says what is wrong with it
        return None


def _rename(file: Path, aside: Path) -> None:
    # The journal first: a new store must never find that of the old one.
    for end in ("-wal", "-shm", ""):
        with contextlib.suppress(FileNotFoundError):
            file.with_name(file.name + end).rename(aside.with_name(aside.name + end))


def _take_over(aside: Path, state: State) -> tuple[dict[str, int], list[str]]:
    """Rows that were taken over by table, and the tables that could not be read to their end."""
    kept: dict[str, int] = {}
    lost = []
    for table in META.sorted_tables:
        if table in (LEDGERS, SLOTS, VERSION):
            continue
        rows, whole = _readable(aside, table)
        with state._writing() as connection:
            if rows:
                connection.execute(insert(table).on_conflict_do_nothing(), rows)
        name = table.name.removeprefix("winburn_")
        kept[name] = len(rows)
        if not whole:
            lost.append(name)
    return kept, lost


def _readable(aside: Path, table: sa.Table) -> tuple[list[dict[str, Any]], bool]:
    rows: list[dict[str, Any]] = []
    try:
        with closing(_to_read(aside)) as connection:
            for row in _rows(connection, table):
                if not _sound(table, row):
                    return rows, False
                rows.append(row)
    except (sqlite3.Error, ValueError, UnicodeError):
        return rows, False
    return rows, True


def _rows(connection: sqlite3.Connection, table: sa.Table) -> Iterator[dict[str, Any]]:
    names = [column.name for column in table.columns]
    for row in connection.execute(f"SELECT {', '.join(names)} FROM {table.name}"):  # noqa: S608 - names of our own
        yield dict(zip(names, row, strict=True))


def _sound(table: sa.Table, row: dict[str, Any]) -> bool:
    """Whether every value is of the kind that we write there. What its text says is for whoever reads it: a kill whose
    facts are damaged is a kill, and those behind it are sound."""
    for column in table.columns:
        value, kind = row[column.name], column.type.python_type
        if value is None:
            if not column.nullable:
                return False
        elif not isinstance(value, (int, float) if kind is float else kind):
            return False
    return True
