"""The state store: its rooms under one roof, and the upgrade of a store of before."""

from __future__ import annotations

import sqlalchemy as sa

from exporter.state.applications import Applications
from exporter.state.latches import Latches, entry
from exporter.state.ledgers import Ledgers
from exporter.state.lifecycle import Lifecycle
from exporter.state.names import Names
from exporter.state.tables import LATCHES, SCHEMA, VERSION
from exporter.state.values import StateError


class State(Ledgers, Latches, Lifecycle, Applications, Names):
    """The store at a SQLAlchemy URL; created where it does not exist, upgraded where it is of an older winburn."""

    def _prepare(self, connection: sa.Connection) -> None:
        super()._prepare(connection)
        found = connection.execute(sa.select(VERSION.c.version)).scalar()
        if found is None:
            connection.execute(VERSION.insert().values(version=SCHEMA))
        elif found > SCHEMA:
            raise StateError(
                f"the state store has schema {found}, this winburn knows {SCHEMA}: run the newer winburn, or give "
                "it another state url"
            )
        elif found < SCHEMA:
            if found < 2:
                self._from_1(connection)
            connection.execute(VERSION.update().values(version=SCHEMA))

    def _from_1(self, connection: sa.Connection) -> None:
        """The tables are there by now; the trail begins with the kills so far, which were all of experiments."""
        rows = connection.execute(sa.select(LATCHES).order_by(LATCHES.c.at)).all()
        self._add_audit(connection, [entry("experiment", self._latch(row)) for row in rows])
