"""Documents of collectors, and latches: what happened once and stays until somebody lifts it."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, replace
from typing import Any

import sqlalchemy as sa

from exporter.state.audit import Audit, AuditEntry
from exporter.state.engine import in_parts
from exporter.state.seal import DamagedError, sealed, unsealed
from exporter.state.tables import AUDIT, DOCUMENTS, LATCHES, LIFTED
from exporter.state.values import Latch, Lifted

_LOG = logging.getLogger("winburn")

PROGRAM = "winburn"
"""``who`` of what no person did."""


class Latches(Audit):
    """Documents, latches, and the marks of those that were lifted."""

    def documents(self, kind: str, names: Collection[str] | None = None) -> dict[str, Any]:
        """Name -> document of the documents of a kind, of these names or of all. One that is damaged is left out,
        and an error logged."""
        query = sa.select(DOCUMENTS).where(DOCUMENTS.c.kind == kind)
        some = [query] if names is None else [query.where(DOCUMENTS.c.name.in_(part)) for part in in_parts(names)]
        with self._reading() as connection:
            rows = [row for each in some for row in connection.execute(each)]
        found = {}
        for row in rows:
            try:
                found[row.name] = unsealed(row.body)
            except DamagedError as error:
                _LOG.error(
                    "what is stored of %s %s is damaged (%s) and not used: it begins anew", kind, row.name, error
                )
        return found

    def save_documents(
        self,
        kind: str,
        documents: Mapping[str, Any],
        latches: Iterable[Latch] = (),
        audit: Iterable[AuditEntry] = (),
        *,
        audit_kind: str | None = None,
    ) -> None:
        """Write documents (JSON values), new latches and their audit entries in one transaction.

        A latch that is there stays as it was; one of before its lifting is old evidence, and is not taken. Each that
        is taken adds an entry of ``audit_kind`` (None: this ``kind``) whose action is the latch's kind; ``audit`` are
        further entries.
        """
        rows = [{"kind": kind, "name": name, "body": sealed(body)} for name, body in sorted(documents.items())]
        latches = list(latches)
        with self._writing(durable=bool(latches)) as connection:
            if latches:
                self._take_turn(connection)
            self._upsert(connection, DOCUMENTS, rows)
            taken = [latch for latch in latches if _take(connection, latch)]
            self._add_audit(connection, [*(entry(audit_kind or kind, latch) for latch in taken), *audit])

    def latches(self, kind: str) -> list[Latch]:
        """Every latch of a kind, in order of time."""
        with self._reading() as connection:
            rows = connection.execute(sa.select(LATCHES).where(LATCHES.c.kind == kind).order_by(LATCHES.c.at))
            return [self._latch(row) for row in rows]

    def lift_latch(
        self, kind: str, entity: str, member: str, at: float, who: str, why: str, action: str = "unkill"
    ) -> Latch | None:
        """Take a latch away, and return it; None where there is none, and nothing is changed then.

        An audit entry keeps its facts, and a :class:`Lifted` stays so that the same evidence does not latch again.
        """
        with self._writing(durable=True) as connection:
            self._take_turn(connection)
            row = connection.execute(sa.select(LATCHES).where(*_is(LATCHES, kind, entity, member))).first()
            if row is None:
                return None
            latch = self._latch(row)
            facts = {"at": latch.at, "reason": latch.reason, **latch.facts}
            connection.execute(LATCHES.delete().where(*_is(LATCHES, kind, entity, member)))
            lifted = Lifted(kind, entity, member, at, who, why, facts)
            self._upsert(connection, LIFTED, [{**asdict(lifted), "facts": _sealed_lifting(lifted)}])
            whose = _kind_of_entry(connection, latch)
            self._add_audit(connection, [AuditEntry(at, whose, entity, member, action, who, why, facts)])
            return latch

    def lifted(self, kind: str) -> list[Lifted]:
        """The last lifting of every latch of a kind that was lifted, in order of time; it may have latched again."""
        with self._reading() as connection:
            rows = connection.execute(sa.select(LIFTED).where(LIFTED.c.kind == kind).order_by(LIFTED.c.at))
            return [self._lifted(row) for row in rows]

    def note_floor(self, lifted: Lifted, floor: float, facts: Mapping[str, Any] | None = None) -> Lifted:
        """Keep the log e-value at the first look after this lifting, and further facts of that look; the lifting as it
        stands then, with the floor of whoever looked first."""
        noted = replace(lifted, floor=floor, facts={**lifted.facts, **(facts or {})})
        mine = (*_is(LIFTED, lifted.kind, lifted.entity, lifted.member), LIFTED.c.at == lifted.at)
        with self._writing() as connection:
            new = LIFTED.update().where(*mine, LIFTED.c.floor.is_(None))
            connection.execute(new.values(floor=floor, facts=_sealed_lifting(noted)))
            row = connection.execute(sa.select(LIFTED).where(*mine)).first()
            return noted if row is None else self._lifted(row)

    def _latch(self, row: Any) -> Latch:
        found = Latch(row.kind, row.entity, row.member, row.at, row.reason, {})
        of = f"the {row.kind} of {row.member} in {row.entity}"
        return replace(found, facts=self._facts(row.facts, of, *_beside(found)))

    def _lifted(self, row: Any) -> Lifted:
        found = Lifted(row.kind, row.entity, row.member, row.at, row.who, row.why, {}, row.floor)
        of = f"the lifting of the {row.kind} of {row.member} in {row.entity}"
        return replace(found, facts=self._facts(row.facts, of, *_beside_lifting(found)))


def entry(kind: str, latch: Latch) -> AuditEntry:
    """What the trail says of a new latch."""
    return AuditEntry(latch.at, kind, latch.entity, latch.member, latch.kind, PROGRAM, latch.reason, latch.facts)


def _take(connection: sa.Connection, latch: Latch) -> bool:
    """Store a latch, unless it is there already or was lifted since."""
    key = (latch.kind, latch.entity, latch.member)
    there = connection.execute(sa.select(LATCHES.c.at).where(*_is(LATCHES, *key))).first()
    lifted = connection.execute(sa.select(LIFTED.c.at).where(*_is(LIFTED, *key), LIFTED.c.at >= latch.at)).first()
    if there is not None or lifted is not None:
        return False
    row = dict(zip(("kind", "entity", "member"), key, strict=True))
    facts = sealed(latch.facts, *_beside(latch))
    connection.execute(LATCHES.insert().values(**row, at=latch.at, reason=latch.reason, facts=facts))
    return True


def _kind_of_entry(connection: sa.Connection, latch: Latch) -> str:
    """The kind of the entry that the latch made."""
    query = sa.select(AUDIT.c.kind).where(
        AUDIT.c.entity == latch.entity, AUDIT.c.member == latch.member, AUDIT.c.action == latch.kind
    )
    return connection.execute(query.order_by(AUDIT.c.id.desc()).limit(1)).scalar() or latch.kind


def _is(table: sa.Table, kind: str, entity: str, member: str) -> tuple[sa.ColumnElement[bool], ...]:
    return table.c.kind == kind, table.c.entity == entity, table.c.member == member


def _beside(latch: Latch) -> tuple[str | float, ...]:
    return latch.kind, latch.entity, latch.member, float(latch.at), latch.reason


def _beside_lifting(lifted: Lifted) -> tuple[str | float | None, ...]:
    floor = None if lifted.floor is None else float(lifted.floor)
    return lifted.kind, lifted.entity, lifted.member, float(lifted.at), lifted.who, lifted.why, floor


def _sealed_lifting(lifted: Lifted) -> str:
    return sealed(lifted.facts, *_beside_lifting(lifted))
