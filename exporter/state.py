"""What must survive a restart, in SQL: ledger slots and last raw values, documents of experiments, latches.

SQLite (a file, or ``sqlite://`` in memory) or PostgreSQL through SQLAlchemy. One writer at a time; every save is one
transaction, so that a kill at any moment leaves the store as it was after some save.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import StaticPool

SCHEMA = 1
_NAMES_AT_ONCE = 500  # databases limit the parameters of one statement

_meta = sa.MetaData()
_SCHEMA = sa.Table("winburn_schema", _meta, sa.Column("version", sa.Integer, primary_key=True))
_LEDGERS = sa.Table(
    "winburn_ledgers",
    _meta,
    sa.Column("slo", sa.String(200), primary_key=True),
    sa.Column("slo_group", sa.String(200), primary_key=True),
    sa.Column("definition", sa.String(64), nullable=False),
    sa.Column("head", sa.Text, nullable=False),
)
_SLOTS = sa.Table(
    "winburn_ledger_slots",
    _meta,
    sa.Column("slo", sa.String(200), primary_key=True),
    sa.Column("slo_group", sa.String(200), primary_key=True),
    sa.Column("width", sa.Float, primary_key=True),
    sa.Column("ends_at", sa.Float, primary_key=True),
    sa.Column("total", sa.Float, nullable=False),
    sa.Column("bad", sa.Float, nullable=False),
    sa.Column("measured", sa.Float, nullable=False),
)
_DOCUMENTS = sa.Table(
    "winburn_documents",
    _meta,
    sa.Column("kind", sa.String(50), primary_key=True),
    sa.Column("name", sa.String(200), primary_key=True),
    sa.Column("body", sa.Text, nullable=False),
)
_LATCHES = sa.Table(
    "winburn_latches",
    _meta,
    sa.Column("kind", sa.String(50), primary_key=True),
    sa.Column("entity", sa.String(200), primary_key=True),
    sa.Column("member", sa.String(200), primary_key=True),
    sa.Column("at", sa.Float, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("facts", sa.Text, nullable=False),
)


class StateError(Exception):
    """The state store cannot be read or written; the message is one sentence without secrets."""


@dataclass(frozen=True, slots=True)
class StoredSlot:
    """A ledger slot: ``width`` seconds that end at ``ends_at``, of which ``measured`` were measured."""

    width: float
    ends_at: float
    total: float
    bad: float
    measured: float


@dataclass(frozen=True, slots=True)
class StoredLedger:
    """An SLO's ledger: ``head`` is a JSON document (last raw values, first_measured, counters), ``definition`` a hash
    of what was measured: slots of another definition are counts of something else."""

    slo: str
    slo_group: str
    definition: str
    head: Mapping[str, Any]
    slots: Sequence[StoredSlot]


@dataclass(frozen=True, slots=True)
class Latch:
    """Something that happened once and stays: a killed variant with when, why, and the numbers at that moment."""

    kind: str
    entity: str
    member: str
    at: float
    reason: str
    facts: Mapping[str, Any]


class State:
    """The store at a SQLAlchemy URL; created where it does not exist."""

    def __init__(self, url: str) -> None:
        self._file: Path | None = None
        try:
            self._engine = _engine(url)
            self._file = _sqlite_file(self._engine.url)
            _meta.create_all(self._engine)
            self._check_schema()
        except (SQLAlchemyError, OSError, ImportError) as error:
            where = f" {self._file}" if self._file else ""
            raise StateError(f"the state store{where} cannot be opened: {_reason(error)}") from None
        self._opened = _identity(self._file)

    def ledgers(self) -> list[StoredLedger]:
        """Every stored ledger with its slots in order of time."""
        with _guard("read"), self._engine.connect() as connection:
            slots: dict[tuple[str, str], list[StoredSlot]] = {}
            for row in connection.execute(sa.select(_SLOTS).order_by(_SLOTS.c.ends_at)):
                key = (row.slo, row.slo_group)
                slots.setdefault(key, []).append(StoredSlot(row.width, row.ends_at, row.total, row.bad, row.measured))
            return [
                StoredLedger(
                    row.slo,
                    row.slo_group,
                    row.definition,
                    json.loads(row.head),
                    slots.get((row.slo, row.slo_group), ()),
                )
                for row in connection.execute(sa.select(_LEDGERS))
            ]

    def save_ledgers(self, ledgers: Iterable[StoredLedger], keep: Mapping[float, float]) -> None:
        """Write heads and the given slots (replacing those of the same width and end) in one transaction.

        ``keep`` gives for each width the end of the oldest slot to keep; older ones of these SLOs are deleted.
        """
        ledgers = list(ledgers)
        heads = [
            {"slo": x.slo, "slo_group": x.slo_group, "definition": x.definition, "head": _dump(x.head)} for x in ledgers
        ]
        slots = [
            {
                "slo": x.slo,
                "slo_group": x.slo_group,
                "width": s.width,
                "ends_at": s.ends_at,
                "total": s.total,
                "bad": s.bad,
                "measured": s.measured,
            }
            for x in ledgers
            for s in x.slots
        ]
        with self._writing() as connection:
            self._upsert(connection, _LEDGERS, heads)
            self._upsert(connection, _SLOTS, slots)
            for width, oldest in keep.items():
                names = sorted({ledger.slo for ledger in ledgers})
                old = sa.and_(_SLOTS.c.width == width, _SLOTS.c.ends_at < oldest)
                for i in range(0, len(names), _NAMES_AT_ONCE):
                    some = _SLOTS.c.slo.in_(names[i : i + _NAMES_AT_ONCE])
                    connection.execute(_SLOTS.delete().where(old, some))

    def drop_ledger(self, slo: str, slo_group: str) -> None:
        """Forget a ledger: what it measured has another definition now."""
        with self._writing() as connection:
            for table in (_LEDGERS, _SLOTS):
                connection.execute(table.delete().where(table.c.slo == slo, table.c.slo_group == slo_group))

    def documents(self, kind: str) -> dict[str, Any]:
        """Name -> document of every document of a kind."""
        with _guard("read"), self._engine.connect() as connection:
            rows = connection.execute(sa.select(_DOCUMENTS).where(_DOCUMENTS.c.kind == kind))
            return {row.name: json.loads(row.body) for row in rows}

    def save_documents(self, kind: str, documents: Mapping[str, Any], latches: Iterable[Latch] = ()) -> None:
        """Write documents (JSON values) and new latches in one transaction; a latch that is there stays as it was."""
        rows = [{"kind": kind, "name": name, "body": _dump(body)} for name, body in documents.items()]
        latched = [
            {
                "kind": x.kind,
                "entity": x.entity,
                "member": x.member,
                "at": x.at,
                "reason": x.reason,
                "facts": _dump(x.facts),
            }
            for x in latches
        ]
        with self._writing() as connection:
            self._upsert(connection, _DOCUMENTS, rows)
            self._upsert(connection, _LATCHES, latched, replace=False)

    def latches(self, kind: str) -> list[Latch]:
        """Every latch of a kind, in order of time."""
        with _guard("read"), self._engine.connect() as connection:
            rows = connection.execute(sa.select(_LATCHES).where(_LATCHES.c.kind == kind).order_by(_LATCHES.c.at))
            return [Latch(r.kind, r.entity, r.member, r.at, r.reason, json.loads(r.facts)) for r in rows]

    def close(self) -> None:
        """Give the connections back."""
        self._engine.dispose()

    @contextmanager
    def _writing(self) -> Iterator[sa.Connection]:
        """A transaction; StateError where it fails, or where an open file would take it that nobody will find again."""
        if self._opened is not None and _identity(self._file) != self._opened:
            raise StateError(
                f"the state store cannot be written: {self._file} was removed or replaced while in use; "
                "put it back, or restart winburn to begin a new one"
            )
        with _guard("written"), self._engine.begin() as connection:
            yield connection

    def _upsert(
        self, connection: sa.Connection, table: sa.Table, rows: Sequence[Mapping[str, Any]], *, replace: bool = True
    ) -> None:
        if not rows:
            return
        insert = (postgresql if self._engine.dialect.name == "postgresql" else sqlite).insert(table)
        keys = [column.name for column in table.primary_key]
        others = {c.name: insert.excluded[c.name] for c in table.columns if c.name not in keys}
        connection.execute(
            insert.on_conflict_do_update(index_elements=keys, set_=others)
            if replace
            else insert.on_conflict_do_nothing(index_elements=keys),
            list(rows),
        )

    def _check_schema(self) -> None:
        with self._engine.begin() as connection:
            found = connection.execute(sa.select(_SCHEMA.c.version)).scalar()
            if found is None:
                connection.execute(_SCHEMA.insert().values(version=SCHEMA))
            elif found > SCHEMA:
                raise StateError(
                    f"the state store has schema {found}, this winburn knows {SCHEMA}: run the newer winburn, or give "
                    "it another state url"
                )


class _guard:  # noqa: N801 - reads as a statement: with _guard("read")
    """Turns database errors into StateError."""

    def __init__(self, verb: str) -> None:
        self._verb = verb

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, SQLAlchemyError | ValueError):
            raise StateError(f"the state store cannot be {self._verb}: {_reason(error)}") from None


def _engine(url: str) -> sa.Engine:
    parsed = sa.make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return sa.create_engine(parsed, pool_pre_ping=True, pool_size=2)
    if parsed.database in (None, "", ":memory:"):
        return sa.create_engine(parsed, poolclass=StaticPool, connect_args={"check_same_thread": False})
    engine = sa.create_engine(parsed, connect_args={"timeout": 10, "check_same_thread": False})

    @sa.event.listens_for(engine, "connect")
    def _pragmas(connection: Any, _record: object) -> None:
        # WAL: a reader (winburn report, a curious operator) never blocks the refresh, and a kill loses nothing.
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")

    return engine


def _sqlite_file(url: sa.URL) -> Path | None:
    named = url.get_backend_name() == "sqlite" and url.database not in (None, "", ":memory:")
    return Path(url.database or "").absolute() if named else None


def _identity(file: Path | None) -> tuple[int, int] | None:
    """Device and inode; None where there is no such file."""
    try:
        found = file.stat() if file else None
    except OSError:
        return None
    return (found.st_dev, found.st_ino) if found else None


def _dump(body: Any) -> str:
    return json.dumps(body, sort_keys=True, separators=(",", ":"), allow_nan=False)


def _reason(error: BaseException) -> str:
    """The driver's own sentence; SQLAlchemy's adds the statement and its parameters, which do not belong in a log."""
    return str(getattr(error, "orig", None) or error).splitlines()[0]
