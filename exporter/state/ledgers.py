"""The SLOs' ledgers in the state store."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from exporter.state.engine import Database
from exporter.state.seal import DamagedError, sealed, unsealed
from exporter.state.tables import LEDGERS, SLOTS
from exporter.state.values import StoredLedger, StoredSlot

_LOG = logging.getLogger("winburn")
_NAMES_AT_ONCE = 500  # databases limit the parameters of one statement


class Ledgers(Database):
    """Heads and slots."""

    def ledgers(self) -> list[StoredLedger]:
        """Every stored ledger with its slots in order of time. The head of one that is damaged is empty, and its
        definition that of nothing; an error is logged."""
        with self._reading() as connection:
            slots: dict[tuple[str, str], list[StoredSlot]] = {}
            for row in connection.execute(sa.select(SLOTS).order_by(SLOTS.c.ends_at)):
                key = (row.slo, row.slo_group)
                slots.setdefault(key, []).append(StoredSlot(row.width, row.ends_at, row.total, row.bad, row.measured))
            return [
                _ledger(row, slots.get((row.slo, row.slo_group), ())) for row in connection.execute(sa.select(LEDGERS))
            ]

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
                names = sorted({ledger.slo for ledger in ledgers})
                old = sa.and_(SLOTS.c.width == width, SLOTS.c.ends_at < oldest)
                for i in range(0, len(names), _NAMES_AT_ONCE):
                    some = SLOTS.c.slo.in_(names[i : i + _NAMES_AT_ONCE])
                    connection.execute(SLOTS.delete().where(old, some))

    def drop_ledger(self, slo: str, slo_group: str) -> None:
        """Forget a ledger: what it measured has another definition now."""
        with self._writing() as connection:
            for table in (LEDGERS, SLOTS):
                connection.execute(table.delete().where(table.c.slo == slo, table.c.slo_group == slo_group))


def _ledger(row: Any, slots: Sequence[StoredSlot]) -> StoredLedger:
    try:
        return StoredLedger(row.slo, row.slo_group, row.definition, unsealed(row.head), slots)
    except DamagedError as error:
        _LOG.error("the ledger of SLO %s is damaged in the state store (%s): it begins anew", row.slo, error)
        return StoredLedger(row.slo, row.slo_group, "", {}, ())
