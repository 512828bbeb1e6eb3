"""Targets of the state store: a file with damage, and documents of another hand."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable
from contextlib import closing
from functools import cache

from exporter.spec import Spec
from exporter.state import Latch, State, StateError, StoredLedger, StoredSlot, opened_or_rebuilt
from fuzz.readers import folder
from winburn.assemble import assemble

_AT = 1_760_000_000.0
_PATCH = 6
_KINDS = ("experiment", "guardrail", "engagement")


def store(data: bytes) -> object:
    """The file with some bytes changed, cut where the first says so: what can be read, or StateError."""
    where = folder() / "state"
    where.mkdir(exist_ok=True)
    for old in where.iterdir():
        old.unlink()
    (where / "state.db").write_bytes(_spoilt(data))
    logging.disable(logging.CRITICAL)
    try:
        state = opened_or_rebuilt(f"sqlite:///{where}/state.db", _AT)
    except StateError as error:
        return str(error)
    finally:
        logging.disable(logging.NOTSET)
    try:
        return [_read(lambda ask=ask: ask(state)) for ask in _QUESTIONS]  # type: ignore[misc]
    finally:
        state.close()


_QUESTIONS: tuple[Callable[[State], object], ...] = (
    State.ledgers,
    State.audit,
    *(lambda state, kind=kind: state.documents(kind) for kind in _KINDS),  # type: ignore[misc]
    lambda state: (state.latches("kill"), state.lifted("kill")),
    lambda state: state.applications("experiment"),
    lambda state: state.save_documents("experiment", {"a": 1}),
)


def _read(of: Callable[[], object]) -> object:
    try:
        return of()
    except StateError as error:
        return str(error)


def _spoilt(data: bytes) -> bytes:
    """Each six bytes: where (four, from the file's end on in circles), with what, and over how many of them."""
    whole = bytearray(_whole())
    for at in range(1, len(data) - _PATCH + 1, _PATCH):
        begin = int.from_bytes(data[at : at + 4], "big") % len(whole)
        whole[begin : begin + 1 + data[at + 5]] = bytes([data[at + 4]]) * len(whole[begin : begin + 1 + data[at + 5]])
    cut = data[0] if data else 0
    return bytes(whole[: len(whole) * cut // 255] if cut else whole)


@cache
def _whole() -> bytes:
    path = folder() / "whole.db"
    state = State(f"sqlite:///{path}")
    kill = Latch("kill", "button", "b", 1.0, "worse", {"n": 3})
    state.save_documents("experiment", {"button": {"n": 7}}, [kill, Latch("kill", "button", "c", 2.0, "é", {})])
    state.lift_latch("kill", "button", "c", 3.0, "ann", "why")
    slots = tuple(StoredSlot(15.0, 15.0 * i, 1.0, 0.0, 15.0) for i in range(60))
    state.save_ledgers([StoredLedger("web", "", "definition", {"end": 30.0}, slots)], {})
    state.close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.execute("PRAGMA journal_mode=DELETE")
    return path.read_bytes()


def documents(data: bytes) -> object:
    """Characters of what is stored turned into others: winburn starts, and evaluates everything once."""
    from tests.winburn.report.shop import AT  # noqa: PLC0415 - only here

    spec, file = _shop()
    where = folder() / "turned.db"
    where.write_bytes(file)
    with closing(sqlite3.connect(where)) as connection, connection:
        turns = {data[i]: data[i + 1 : i + 4] for i in range(0, len(data) - 3, 4)}
        for which, turn in turns.items():
            _turn(connection, which, turn[:2], turn[2])
    logging.disable(logging.CRITICAL)
    state = State(f"sqlite:///{where}")
    try:
        return [
            (each.name, sorted({report.error or "" for report in each.collect(AT + 15)}))
            for each in assemble(spec, state).collectors
        ]
    finally:
        logging.disable(logging.NOTSET)
        state.close()


def _turn(connection: sqlite3.Connection, which: int, where: bytes, code: int) -> None:
    """Put a character into one of the texts, unless that has one already: a seal is for the turn of one."""
    rows = [
        (*row, "winburn_documents", "body") for row in connection.execute("SELECT rowid, body FROM winburn_documents")
    ]
    rows += [(*row, "winburn_ledgers", "head") for row in connection.execute("SELECT rowid, head FROM winburn_ledgers")]
    if which >= len(rows):
        return
    number, text, table, column = rows[which]
    at = int.from_bytes(where, "big") % len(text)
    changed = text[:at] + chr(32 + code % 95) + text[at + 1 :]
    connection.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", (changed, number))


@cache
def _shop() -> tuple[Spec, bytes]:
    from tests.winburn.report.shop import watched  # noqa: PLC0415 - only here

    where = folder() / "documents"
    where.mkdir()
    shop = watched(where)
    with closing(sqlite3.connect(where / "state.db")) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
    return shop.spec, (where / "state.db").read_bytes()
