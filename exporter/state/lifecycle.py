"""What commands changed of experiments: status and planned traffic that hold instead of the spec's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from exporter.state.audit import Audit, AuditEntry
from exporter.state.engine import dump
from exporter.state.seal import DamagedError, unsealed
from exporter.state.tables import AUDIT, LIFECYCLE

MOVES = ("start", "pause", "stop", "split")
"""Actions of entries whose facts give ``status`` or ``variants`` as [before, after]."""

_ROUNDING = 1e-6


@dataclass(frozen=True, slots=True)
class Override:
    """What holds instead of the spec's status and planned traffic, None where the spec's does.

    ``spec_status`` and ``spec_variants`` are what the spec said when each was overridden: it holds until the spec says
    something else. ``at``, ``who`` and ``why`` are those of the last change.
    """

    status: str | None
    variants: Mapping[str, float] | None
    spec_status: str
    spec_variants: Mapping[str, float]
    at: float
    who: str
    why: str


Change = Callable[[Override | None], tuple[Override | None, AuditEntry | None]]
"""What is stored, or None -> what is to be stored, or None, and the entry that says so, unless nothing changes."""


class Lifecycle(Audit):
    """Overrides by name of the experiment."""

    def lifecycle(self) -> dict[str, Override]:
        """Every override, whether it still holds or not: that depends on the spec."""
        with self._reading() as connection:
            return {row.name: self._override(row) for row in connection.execute(sa.select(LIFECYCLE))}

    def moves(self, since_id: int) -> list[AuditEntry]:
        """The entries above this id in which a command changed the status or the planned traffic, in order."""
        mine = (AUDIT.c.id > since_id, AUDIT.c.kind == "experiment", AUDIT.c.action.in_(MOVES))
        return self._entries(sa.select(AUDIT).where(*mine).order_by(AUDIT.c.id))

    def set_lifecycle(self, name: str, override: Override | None, audit: AuditEntry) -> None:
        """Store an override (None: the spec holds again) and its audit entry in one transaction."""
        self.change_lifecycle(name, lambda _: (override, audit))

    def change_lifecycle(self, name: str, change: Change) -> Override | None:
        """Replace an override by what ``change`` makes of it, and return that; what it raises leaves all as it was.

        Nobody else changes a life cycle meanwhile, so that of two commands at once none undoes the other.
        """
        with self._writing(durable=True) as connection:
            self._take_turn(connection)
            row = connection.execute(sa.select(LIFECYCLE).where(LIFECYCLE.c.name == name)).first()
            override, audit = change(self._override(row) if row else None)
            if override is None:
                connection.execute(LIFECYCLE.delete().where(LIFECYCLE.c.name == name))
            else:
                self._upsert(connection, LIFECYCLE, [_row(name, override)])
            self._add_audit(connection, [audit] if audit else [])
            return override

    def _override(self, row: Any) -> Override:
        """Without its planned traffic where that cannot be read: the spec's holds then, and the status stays."""
        variants, spec_variants = None, dict[str, float]()
        try:
            spec_variants = _traffic(row.spec_variants)
            variants = None if row.variants is None else _traffic(row.variants, spec_variants)
        except DamagedError as error:
            self._tell(f"the planned traffic of {row.name} is damaged in the state store ({error}): the spec's holds")
        return Override(row.status, variants, row.spec_status, spec_variants, row.at, row.who, row.why)


def _traffic(text: str, like: Mapping[str, float] | None = None) -> dict[str, float]:
    """Shares of variants, of the same as in ``like``. They have no checksum, as versions of before compare them with
    the spec's; but they must make 1, which those of a turned digit do not."""
    found = unsealed(text)
    if not isinstance(found, dict) or not all(isinstance(share, float | int) for share in found.values()):
        raise DamagedError("it is no planned traffic")
    if abs(sum(found.values()) - 1) > _ROUNDING or (like is not None and found.keys() != like.keys()):
        raise DamagedError("it is that of no experiment")
    return found


def _row(name: str, override: Override) -> dict[str, Any]:
    return {
        "name": name,
        "status": override.status,
        "variants": None if override.variants is None else dump(dict(override.variants)),
        "spec_status": override.spec_status,
        "spec_variants": dump(dict(override.spec_variants)),
        "at": override.at,
        "who": override.who,
        "why": override.why,
    }
