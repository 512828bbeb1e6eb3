"""The SLOs' ledgers in the state store."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from exporter.state.engine import Database, in_parts
from exporter.state.seal import DamagedError, sealed, unsealed
from exporter.state.tables import LEDGERS, SLOTS
from exporter.state.values import StoredLedger, StoredSlot

_LOG = logging.getLogger("winburn")
_SLOT = (SLOTS.c.slo, SLOTS.c.slo_group, *(SLOTS.c[name] for name in StoredSlot._fields))


class Ledgers(Database):
    """Heads and slots."""

    def ledgers(self, slos: Collection[str] | None = None) -> list[StoredLedger]:
        """The stored ledgers of these SLOs, or of all, with their slots in order of time. The head of one that is
        damaged is empty, and its definition that of nothing; an error is logged."""
        with self._reading() as connection:
            if slos is None:
                return _ledgers(connection, sa.true(), sa.true())
            found = [_ledgers(connection, LEDGERS.c.slo.in_(some), SLOTS.c.slo.in_(some)) for some in in_parts(slos)]
            return [ledger for part in found for ledger in part]

    def save_ledgers(self, ledgers: Iterable[StoredLedger], keep: Mapping[float, float]) -> None:
        """Write heads and the given slots (replacing those of the same width and end) in one transaction.

        ``keep`` gives for each width the end of the oldest slot to keep; older ones of these SLOs are deleted.
        """
        ledgers = list(ledgers)
        heads = [
            {"slo": x.slo, "slo_group": x.slo_group, "definition": x.definition, "head": sealed(x.head)}
            for x in ledgers
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
            self._upsert(connection, LEDGERS, heads)
            self._upsert(connection, SLOTS, slots)
            for width, oldest in keep.items():
                old = sa.and_(SLOTS.c.width == width, SLOTS.c.ends_at < oldest)
                for some in in_parts({ledger.slo for ledger in ledgers}):
                    connection.execute(SLOTS.delete().where(old, SLOTS.c.slo.in_(some)))

    def drop_ledger(self, slo: str, slo_group: str) -> None:
        """Forget a ledger: what it measured has another definition now."""
        with self._writing() as connection:
            for table in (LEDGERS, SLOTS):
                connection.execute(table.delete().where(table.c.slo == slo, table.c.slo_group == slo_group))


def _ledgers(
    connection: sa.Connection, heads: sa.ColumnElement[bool], of_slots: sa.ColumnElement[bool]
) -> list[StoredLedger]:
    slots: defaultdict[tuple[str, str], list[StoredSlot]] = defaultdict(list)
    # Thousands of each SLO: row by row they would take twice as long.
    for slo, slo_group, *slot in connection.execute(sa.select(*_SLOT).where(of_slots).order_by(SLOTS.c.ends_at)).all():
        slots[slo, slo_group].append(StoredSlot._make(slot))
    rows = connection.execute(sa.select(LEDGERS).where(heads))
    return [_ledger(row, slots.get((row.slo, row.slo_group), ())) for row in rows]


def _ledger(row: Any, slots: Sequence[StoredSlot]) -> StoredLedger:
    try:
        return StoredLedger(row.slo, row.slo_group, row.definition, unsealed(row.head), slots)
    except DamagedError as error:
        _LOG.error("the ledger of SLO %s is damaged in the state store (%s): it begins anew", row.slo, error)
        return StoredLedger(row.slo, row.slo_group, "", {}, ())
