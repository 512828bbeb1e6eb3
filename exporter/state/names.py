"""Names that are in use, and what becomes of what is stored under those that are not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import sqlalchemy as sa

from exporter.state.engine import Database
from exporter.state.tables import DOCUMENTS, LEDGERS, NAMES, SLOTS
from exporter.state.values import Kind, Use

_DOCUMENTS: tuple[Kind, ...] = ("experiment", "guardrail")
KINDS: tuple[Kind, ...] = (*_DOCUMENTS, "slo")
"""What goes: ledgers (``slo``) and these kinds of documents. Nothing else that is stored is ever pruned."""


class Names(Database):
    """Who uses a name says so again and again; one that nobody has spoken of for long enough may be forgotten.

    So an exporter need not know who else is on the store, nor what their specs are: shards, replicas and tenants each
    speak for their own. Times are Unix seconds.
    """

    def use(self, uses: Iterable[Use], at: float) -> None:
        """Note that these names are in a spec now."""
        rows = [{"kind": x.kind, "name": x.name, "used_at": at, "keep": x.keep} for x in uses]
        if rows:
            with self._writing() as connection:
                self._upsert(connection, NAMES, rows)

    def adopt(self, at: float, keep: float) -> None:
        """Treat what is stored under names of which nobody ever spoke as used now, and kept for so many seconds."""
        with self._reading() as connection:
            found = [(kind, name) for kind in KINDS for name in connection.execute(_unspoken(kind)).scalars()]
        if found:
            with self._writing() as connection:
                rows = [{"kind": kind, "name": name, "used_at": at, "keep": keep} for kind, name in found]
                self._upsert(connection, NAMES, rows, replace=False)

    def unused(self, at: float) -> list[tuple[Kind, str]]:
        """The names that nobody has used for as long as they are to be kept, in order."""
        query = sa.select(NAMES.c.kind, NAMES.c.name).where(NAMES.c.kind.in_(KINDS), _is_over(at))
        with self._reading() as connection:
            return [(row.kind, row.name) for row in connection.execute(query.order_by(NAMES.c.kind, NAMES.c.name))]

    def forget(self, kind: Kind, name: str, at: float) -> bool:
        """Delete what is stored under a name, and say so; nothing, where it is in use again or somebody was quicker.

        One name a transaction: a long one would keep everybody else from saving.
        """
        with self._writing() as connection:
            mine = NAMES.delete().where(NAMES.c.kind == kind, NAMES.c.name == name, _is_over(at))
            if not connection.execute(mine).rowcount:
                return False
            for table, where in _stored(kind, name).items():
                connection.execute(table.delete().where(*where))
            return True


def _is_over(at: float) -> sa.ColumnElement[bool]:
    return NAMES.c.used_at + NAMES.c.keep < at


def _stored(kind: Kind, name: str) -> Mapping[sa.Table, Sequence[sa.ColumnElement[bool]]]:
    if kind == "slo":
        return {SLOTS: (SLOTS.c.slo == name,), LEDGERS: (LEDGERS.c.slo == name,)}
    return {DOCUMENTS: (DOCUMENTS.c.kind == kind, DOCUMENTS.c.name == name)}


def _unspoken(kind: Kind) -> sa.Select[tuple[str]]:
    """Names under which something is stored, and which are not among those that anybody uses."""
    known = sa.select(NAMES.c.name).where(NAMES.c.kind == kind)
    if kind == "slo":
        return sa.select(LEDGERS.c.slo).distinct().where(LEDGERS.c.slo.not_in(known))
    return sa.select(DOCUMENTS.c.name).where(DOCUMENTS.c.kind == kind, DOCUMENTS.c.name.not_in(known))
