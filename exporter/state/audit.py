"""The audit trail: who changed what, when and why. Entries are added in the transaction of the change itself."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from exporter.state.engine import Database, dump
from exporter.state.tables import AUDIT


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One change. ``kind`` is whose change it is (experiment, variant, pattern, apply, ack), ``member`` a part of the
    entity or empty, ``who`` a person's login, or ``winburn``. ``id`` is 0 until the entry is stored."""

    at: float
    kind: str
    entity: str
    member: str
    action: str
    who: str
    why: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    id: int = 0


class Audit(Database):
    """Reading and adding entries."""

    def audit(
        self, since_id: int = 0, limit: int = 100, kind: str | None = None, *, newest: bool = False
    ) -> list[AuditEntry]:
        """At most ``limit`` entries with an id above ``since_id``, of one kind or of all: the oldest of them in order,
        or the ``newest`` with the newest first. Whoever goes on from the last id read misses none."""
        query = sa.select(AUDIT).where(AUDIT.c.id > since_id).limit(limit)
        if kind is not None:
            query = query.where(AUDIT.c.kind == kind)
        return self._entries(query.order_by(AUDIT.c.id.desc() if newest else AUDIT.c.id))

    def last_change(self) -> int:
        """The highest id of the trail, 0 where it is empty: as long as it stays, no process has changed a life cycle,
        a latch or an application. Cheap enough for every refresh."""
        with self._reading() as connection:
            return connection.execute(sa.select(sa.func.max(AUDIT.c.id))).scalar() or 0

    def record(self, entries: Iterable[AuditEntry]) -> None:
        """Add entries of changes that live elsewhere, such as an alert acknowledged in Alertmanager."""
        with self._writing(durable=True) as connection:
            self._add_audit(connection, entries)

    def _entries(self, query: sa.Select[Any]) -> list[AuditEntry]:
        with self._reading() as connection:
            return [
                AuditEntry(r.at, r.kind, r.entity, r.member, r.action, r.who, r.why, json.loads(r.facts), r.id)
                for r in connection.execute(query)
            ]

    def _add_audit(self, connection: sa.Connection, entries: Iterable[AuditEntry]) -> None:
        rows = [
            {
                "at": x.at,
                "kind": x.kind,
                "entity": x.entity,
                "member": x.member,
                "action": x.action,
                "who": x.who,
                "why": x.why,
                "facts": dump(x.facts),
            }
            for x in entries
        ]
        if rows:
            self._take_turn(connection)
            connection.execute(AUDIT.insert(), rows)
