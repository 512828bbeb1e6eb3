"""Content variants from queries of the spec's own."""

from __future__ import annotations

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from exporter.sources import cells
from exporter.sources.base import SourceError
from exporter.sources.engagement_rows import Engagement, Kill, Period, Session, Uses, VariantRow
from exporter.sources.moments import unix
from exporter.sources.rows import Row, number, require_columns
from exporter.sources.sql import SqlSource
from exporter.sources.threads import HISTORY, one_of_each
from exporter.sources.threads_queries import DAY, ROWS
from exporter.spec.engagement_models import OwnTables


class OwnTablesSource:
    """An EngagementSource whose every row is checked: what cannot be used is an error that names the row.

    Queries may name :at, and :since, the time from which rows matter (90 days before for uses, 1 day for sessions, the
    last kill that is known for kills). At most 10,000 rows each.
    """

    def __init__(self, source: SqlSource, tables: OwnTables) -> None:
        self.name = source.name
        self._source, self._tables = source, tables
        self._zone = ZoneInfo(source.timezone)

    def engagement(self, at: float, *, window: float, kills_after: float | None) -> Engagement:
        """See EngagementSource."""
        tables = self._tables
        used = [self._used(*row) for row in self._rows(tables.uses, ("pattern", "used_at"), at, at - HISTORY)]
        sessions = self._rows(tables.sessions, ("variant", "started_at", "expected"), at, at - DAY)
        killed = self._rows(tables.kills, ("variant", "killed_at"), at, kills_after or 0.0)
        kills = one_of_each([self._kill(*row) for row in killed])
        variants = self._rows(tables.variants, ("variant", "impressions", "interactions"), at, 0.0)
        return Engagement(
            variants=self._variants(variants),
            sessions=None if tables.sessions is None else tuple(self._session(*row) for row in sessions),
            kills=tuple(kill for kill in kills if kills_after is None or kill.at > kills_after),
            uses=None if tables.uses is None else _in_window(used, at - window),
            periods=_by_day([each for each in used if each.start > at - HISTORY]),
            missing=tuple(
                f"tables.{name} is not given: not shown are {cost}"
                for name, cost in _COSTS.items()
                if getattr(tables, name) is None
            ),
        )

    def _rows(self, query: str | None, needed: tuple[str, ...], at: float, since: float) -> Iterator[tuple[str, Row]]:
        if query is None:
            return
        table = self._source.query(query, {"at": at, "since": since}, ROWS)
        require_columns(self.name, needed, table.columns)
        for index, row in enumerate(table.rows, start=1):
            yield f"row {index}", dict(zip(table.columns, row, strict=True))

    def _variants(self, rows: Iterator[tuple[str, Row]]) -> tuple[VariantRow, ...]:
        found: dict[str, VariantRow] = {}
        for place, row in rows:
            variant = self._variant(place, row)
            if variant.variant in found:
                raise SourceError(f"source {self.name}, {place}: variant {variant.variant!r} a second time")
            found[variant.variant] = variant
        return tuple(sorted(found.values(), key=lambda each: -(each.posted_at or 0.0)))

    def _variant(self, place: str, row: Row) -> VariantRow:
        return VariantRow(
            variant=self._name(place, row, "variant"),
            persona=cells.label(row.get("persona")),
            pattern=cells.label(row.get("pattern")),
            predicted=cells.rate(row.get("predicted")),
            impressions=number(self.name, place, "impressions", row["impressions"]),
            interactions=number(self.name, place, "interactions", row["interactions"]),
            posted_at=unix(row.get("posted_at"), self._zone),
            status=None if row.get("status") is None else str(row["status"]),
        )

    def _session(self, place: str, row: Row) -> Session:
        def given(column: str, otherwise: float) -> float:
            value = row.get(column)
            return otherwise if value is None else number(self.name, place, column, value)

        return Session(
            variant=self._name(place, row, "variant"),
            persona=cells.label(row.get("persona")),
            started_at=self._time(place, row, "started_at"),
            expected=cells.rate(row["expected"]),
            kill_threshold=given("kill_threshold", 0.5),
            min_interactions=given("min_interactions", 10),
            timeout=60 * given("timeout_minutes", 10),
            active=bool(row.get("active", True)),
            killed=bool(row.get("killed", False)),
            ended_at=unix(row.get("ended_at"), self._zone),
        )

    def _kill(self, place: str, row: Row) -> Kill:
        at, posted = self._time(place, row, "killed_at"), unix(row.get("posted_at"), self._zone)
        seconds = at - posted if posted is not None and at >= posted else None
        variant, persona = self._name(place, row, "variant"), cells.label(row.get("persona"))
        return Kill(variant, persona, at, cells.reason(row.get("reason")), seconds)

    def _used(self, place: str, row: Row) -> Period:
        def given(column: str, otherwise: float) -> float:
            value = row.get(column)
            return otherwise if value is None else number(self.name, place, column, value)

        exposures = given("exposures", 0.0)
        events = min(given("events", 0.0), exposures)
        start = self._time(place, row, "used_at")
        pattern, persona = self._name(place, row, "pattern"), cells.label(row.get("persona"))
        return Period(pattern, persona, start, given("uses", 1.0), exposures, events)

    def _name(self, place: str, row: Row, column: str) -> str:
        if row[column] in (None, ""):
            raise SourceError(f"source {self.name}, {place}: {column} is empty; leave such rows out (WHERE)")
        return cells.label(row[column])

    def _time(self, place: str, row: Row, column: str) -> float:
        found = unix(row[column], self._zone)
        if found is None:
            raise SourceError(f"source {self.name}, {place}: {column} is no time; give Unix seconds or a date and time")
        return found


_COSTS = {
    "sessions": "monitoring sessions, stale sessions and kill ratios",
    "kills": "kills that others made, and the time to them",
    "uses": "recorded uses of patterns (uses are counted from the variants)",
}


def _in_window(used: list[Period], after: float) -> tuple[Uses, ...]:
    counts: dict[tuple[str, str], float] = {}
    for each in used:
        if each.start > after:
            key = (each.pattern, each.persona)
            counts[key] = counts.get(key, 0.0) + each.uses
    return tuple(Uses(*key, counts[key]) for key in sorted(counts))


def _by_day(used: list[Period]) -> tuple[Period, ...]:
    days: dict[tuple[str, str, float], Period] = {}
    for each in used:
        key = (each.pattern, each.persona, each.start // DAY * DAY)
        so_far = days.get(key, Period(*key, 0.0))
        sums = (so_far.uses + each.uses, so_far.exposures + each.exposures, so_far.events + each.events)
        days[key] = Period(*key, *sums)
    return tuple(days[key] for key in sorted(days))
