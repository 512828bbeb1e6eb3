"""What is there of a database of the shape ``threads``: tables, columns, and how they hold times."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from exporter.sources.moments import stored

TABLES = (
    "variants",
    "hook_variants",
    "variant_performance",
    "variant_monitoring",
    "variant_kills",
    "threads_posts",
    "pattern_usage",
)


@dataclass(frozen=True, slots=True)
class Layout:
    """Table -> column -> type, of what is there, and the zone of times without one."""

    tables: Mapping[str, Mapping[str, Any]]
    zone: ZoneInfo

    def has(self, table: str, *columns: str) -> bool:
        """Whether the table is there with all of these columns."""
        return table in self.tables and set(columns) <= set(self.tables[table])

    def table(self, name: str) -> Table:
        """The table, which must be there."""
        return Table(name, self.tables[name], self.zone)


class Table:
    """A table whose columns may be missing: a missing one is NULL."""

    def __init__(self, name: str, columns: Mapping[str, Any], zone: ZoneInfo) -> None:
        self.columns, self._zone = columns, zone
        self.clause = sa.table(name, *(sa.column(column) for column in columns))

    def __call__(self, *names: str) -> sa.ColumnElement[Any]:
        """The first of these columns that is there, else NULL."""
        name = self.first(*names)
        return self.clause.c[name] if name else sa.null()

    def first(self, *names: str) -> str | None:
        """The name of the first of these columns that is there."""
        return next((name for name in names if name in self.columns), None)

    def moment(self, at: float, *names: str) -> float | datetime:
        """The time as the first of these columns holds it."""
        name = self.first(*names)
        return stored(at, self.columns[name] if name else None, self._zone)

    def day(self, name: str) -> sa.ColumnElement[Any]:
        """The day of a column of times, as text or date."""
        numeric = isinstance(self.columns[name], sa.Numeric | sa.Float | sa.Integer)
        return sa.func.date(self.clause.c[name], "unixepoch") if numeric else sa.func.date(self.clause.c[name])
