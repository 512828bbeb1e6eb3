"""What was done to the outside: recorded before it is begun, so that nothing is done twice."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from exporter.state.audit import Audit, AuditEntry
from exporter.state.latches import PROGRAM
from exporter.state.tables import APPLICATIONS
from exporter.state.values import Application, Applied, Result

KIND = "apply"
"""Kind of the audit entries."""


class Applications(Audit):
    """The record of applications, shared by all processes on the store."""

    def applications(self, kind: str = "experiment") -> list[Applied]:
        """Every application of a kind, in order of time."""
        table = APPLICATIONS
        with self._reading() as connection:
            rows = connection.execute(sa.select(table).where(table.c.kind == kind).order_by(table.c.at))
            return [_applied(row) for row in rows]

    def applied(self, kind: str = "experiment") -> dict[tuple[str, str], int]:
        """(entity, action) -> how many were done."""
        table = APPLICATIONS
        query = sa.select(table.c.entity, table.c.action, sa.func.count()).group_by(table.c.entity, table.c.action)
        with self._reading() as connection:
            rows = connection.execute(query.where(table.c.kind == kind, table.c.result == "done"))
            return {(entity, action): number for entity, action, number in rows}

    def begin_application(self, application: Application, at: float, owner: str, *, attempts: int) -> Applied | None:
        """Record that ``owner`` is about to act, and return None; or what is known already, and he must not.

        One that was refused fewer than ``attempts`` times may be begun again.
        """
        table = APPLICATIONS
        with self._writing(durable=True) as connection:
            self._take_turn(connection)
            row = connection.execute(sa.select(table).where(*_is(application.key))).first()
            if row is None:
                connection.execute(
                    table.insert().values(
                        **_names(application.key), at=at, result="intended", detail="", attempts=1, owner=owner
                    )
                )
                return None
            if row.result != "refused" or row.attempts >= attempts:
                return _applied(row)
            again = {"at": at, "result": "intended", "detail": "", "attempts": row.attempts + 1, "owner": owner}
            connection.execute(table.update().where(*_is(application.key)).values(**again))
            return None

    def end_application(self, application: Application, at: float, owner: str, result: Result, detail: str) -> None:
        """Record what became of an application that ``owner`` began, with its audit entry."""
        table = APPLICATIONS
        with self._writing(durable=True) as connection:
            self._take_turn(connection)
            mine = (*_is(application.key), table.c.owner == owner, table.c.result.in_(("intended", "unknown")))
            changed = connection.execute(table.update().where(*mine).values(at=at, result=result, detail=detail))
            if changed.rowcount:
                facts = {**application.facts, "result": result, "occasion": application.occasion}
                self._add_audit(connection, [_entry(application.key, at, detail, facts)])

    def give_up_applications(self, before: float, at: float, detail: str) -> list[Applied]:
        """Make ``unknown`` whatever was intended at ``before`` or earlier and has no end: its process died over it, or
        could not record what came of it."""
        table = APPLICATIONS
        lost = (table.c.result == "intended", table.c.at <= before)
        with self._reading() as connection:  # nearly always nothing: do not take the writer's turn for it
            if connection.execute(sa.select(table.c.at).where(*lost).limit(1)).first() is None:
                return []
        with self._writing(durable=True) as connection:
            self._take_turn(connection)
            found = [_applied(row) for row in connection.execute(sa.select(table).where(*lost)).all()]
            connection.execute(table.update().where(*lost).values(result="unknown", detail=detail))
            facts = {"result": "unknown"}
            self._add_audit(connection, [_entry(x.key, at, detail, {**facts, "occasion": x.occasion}) for x in found])
            return found


def _entry(key: tuple[str, str, str, str, str], at: float, why: str, facts: dict[str, Any]) -> AuditEntry:
    _, entity, member, action, _ = key
    return AuditEntry(at, KIND, entity, member, action, PROGRAM, why, facts)


def _names(key: tuple[str, str, str, str, str]) -> dict[str, str]:
    return dict(zip(("kind", "entity", "member", "action", "occasion"), key, strict=True))


def _is(key: tuple[str, str, str, str, str]) -> tuple[sa.ColumnElement[bool], ...]:
    return tuple(APPLICATIONS.c[name] == value for name, value in _names(key).items())


def _applied(row: Any) -> Applied:
    return Applied(
        row.kind, row.entity, row.member, row.action, row.occasion, row.at, row.result, row.detail, row.attempts
    )
