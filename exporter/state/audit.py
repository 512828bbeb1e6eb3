"""The audit trail: who changed what, when and why. Entries are added in the transaction of the change itself."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from exporter.state.engine import Database
from exporter.state.seal import DamagedError, sealed, unsealed
from exporter.state.tables import AUDIT

_LOG = logging.getLogger("winburn")


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
            return [self._entry(row) for row in connection.execute(query)]

    def _entry(self, row: Any) -> AuditEntry:
        said = (row.kind, row.entity, row.member, row.action, row.who, row.why)
        facts = self._facts(row.facts, f"entry {row.id} of the audit trail", row.at, *said)
        return AuditEntry(row.at, *said, facts, row.id)

    def _facts(self, text: str, of: str, *beside: str | float | None) -> Mapping[str, Any]:
        """Facts that were sealed with what stands beside them. None, and an error logged once, where either is damaged:
        what happened must not be forgotten for them, nor winburn be kept from starting."""
        try:
            found = unsealed(text, *beside)
            if isinstance(found, Mapping):
                return found
            why = "it is no object"
        except DamagedError as error:
            why = str(error)
        self._tell(f"{of} is damaged in the state store ({why}): it stands as it reads now, without its facts")
        return {}

    def _tell(self, error: str) -> None:
        """Log an error, once: what is damaged is read again and again."""
        if error not in self._told:
            self._told.add(error)
            _LOG.error("%s", error)

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
                "facts": sealed(x.facts, float(x.at), x.kind, x.entity, x.member, x.action, x.who, x.why),
            }
            for x in entries
        ]
        if rows:
            self._take_turn(connection)
            connection.execute(AUDIT.insert(), rows)
