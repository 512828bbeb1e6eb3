"""A copy of the state store in memory, to evaluate with what it knows and change nothing in it."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import sqlalchemy as sa

from exporter.state.store import State
from exporter.state.tables import LEDGERS, META, SLOTS, VERSION

_ROWS = 10_000


def copied(url: str, slos: Collection[str]) -> State:
    """A store in memory with what the store at ``url`` holds, of ledgers those of ``slos``; an empty one where the URL
    names an SQLite file that does not exist. StateError where the store cannot be read."""
    copy = State("sqlite://")
    if is_missing(url):
        return copy
    store = State(url)
    try:
        for table in META.sorted_tables:
            if table is not VERSION:
                _copy(store, copy, table, slos)
    finally:
        store.close()
    return copy


def is_missing(url: str) -> bool:
    """Whether the URL names an SQLite file that does not exist, so that opening it would make one."""
    try:
        parsed = sa.make_url(url)
    except sa.exc.ArgumentError:
        return False  # State says what is wrong with it
    return parsed.get_backend_name() == "sqlite" and bool(parsed.database) and not _exists(parsed.database or "")


def _exists(database: str) -> bool:
    return database == ":memory:" or database.startswith("file:") or Path(database).exists()


def _copy(store: State, copy: State, table: sa.Table, slos: Collection[str]) -> None:
    query = sa.select(table)
    if table in (LEDGERS, SLOTS):
        query = query.where(table.c.slo.in_(sorted(slos)))
    with store._reading() as source, copy._writing() as target:
        rows = source.execute(query).mappings()
        while some := rows.fetchmany(_ROWS):
            target.execute(table.insert(), [dict(row) for row in some])
