"""Content variants from a database of the shape ``threads``, whatever part of it is there.

Engagement rates come from counts only: of the posts themselves (threads_posts), else of variant_performance, else of
columns of the variant or its monitoring session; rates that are stored are never believed. Of tables that are missing
a sentence says what is not shown for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from exporter.sources import cells
from exporter.sources import threads_queries as queries
from exporter.sources.base import SourceError
from exporter.sources.engagement_rows import Engagement, Kill, Period, Session, Uses, VariantRow
from exporter.sources.moments import unix
from exporter.sources.sql import SqlSource
from exporter.sources.threads_layout import TABLES, Layout
from exporter.sources.threads_queries import DAY, ROWS

LOOK_AGAIN = 300.0
"""Seconds after which tables are looked for again: a migration must not need a restart."""
HISTORY = 90 * DAY
"""How far back uses are read for their trend."""
SAME_KILL = 120.0
"""Two tables tell of one kill where variant and time agree, the time to within so many seconds."""

Row = Mapping[str, Any]

_COSTS: tuple[tuple[tuple[str, ...], str], ...] = (
    (("variants", "hook_variants", "variant_performance"), "engagement, predictions and early kills of variants"),
    (("variant_monitoring",), "monitoring sessions, stale sessions, kill ratios and the threshold rule"),
    (("variant_kills", "variant_monitoring"), "kills that others made, and the time to them"),
    (("pattern_usage",), "recorded uses of patterns (uses are counted from the variants)"),
    (("threads_posts", "variant_performance"), "counts of engagement, unless the variants carry them"),
)


class ThreadsSource:
    """An EngagementSource over an SqlSource; safe to ask from one thread at a time."""

    def __init__(self, source: SqlSource) -> None:
        self.name = source.name
        self._source = source
        self._zone = ZoneInfo(source.timezone)
        self._layout: Layout | None = None
        self._looked = 0.0

    def engagement(self, at: float, *, window: float, kills_after: float | None) -> Engagement:
        """See EngagementSource."""
        layout = self._look(at)
        if not layout.tables:
            raise SourceError(f"source {self.name}: none of the tables {', '.join(TABLES)} is there (or may be read)")
        try:
            return self._read(layout, at, window, kills_after)
        except SourceError:
            self._layout = None  # perhaps a migration has just changed the tables
            raise

    def _look(self, at: float) -> Layout:
        if self._layout is None or not 0 <= at - self._looked < LOOK_AGAIN:
            self._layout = Layout(self._source.columns(TABLES), self._zone)
            self._looked = at
        return self._layout

    def _read(self, layout: Layout, at: float, window: float, kills_after: float | None) -> Engagement:
        found = list(self._rows(queries.variants(layout)))
        alone = list(self._rows(queries.performance_alone(layout)))
        posts = {str(row["id"]): row for row in self._rows(queries.posts(layout))}
        watched = list(self._rows(queries.sessions(layout, at)))
        monitored = _monitored(watched)
        variants = _distinct(_variant(row, posts, monitored, self._zone) for row in [*found, *alone])
        if not found and not alone:
            variants = _distinct(_watched(row, posts, self._zone) for row in watched)
        kills, until = self._kills(layout, kills_after)
        uses = queries.uses(layout, at - window)
        periods, clipped = self._periods(layout, at)
        return Engagement(
            variants=tuple(variants),
            sessions=self._sessions(watched) if "variant_monitoring" in layout.tables else None,
            stale={cells.label(row["persona"]): int(row["n"]) for row in self._rows(queries.stale(layout, at))},
            kills=kills,
            kills_until=until,
            uses=None if uses is None else tuple(_uses(row) for row in self._rows(uses) if row["pattern"]),
            periods=periods,
            missing=missing(layout),
            left_out=self._left_out(layout, {"variants": len(found), "variant_performance": len(alone)}),
            clipped=clipped,
        )

    def _rows(self, query: sa.Select[Any] | None) -> Iterator[Row]:
        if query is None:
            return
        table = self._source.ask(query, {}, ROWS)
        for row in table.rows:
            yield dict(zip(table.columns, row, strict=True))

    def _sessions(self, rows: Sequence[Row]) -> tuple[Session, ...]:
        return tuple(s for row in rows if (s := _session(row, self._zone)) is not None)

    def _kills(self, layout: Layout, after: float | None) -> tuple[tuple[Kill, ...], float | None]:
        found: list[Kill] = []
        until: float | None = None
        for query in (queries.kills(layout, after), queries.session_kills(layout, after)):
            some = [kill for row in self._rows(query) if (kill := _kill(row, self._zone)) is not None]
            if len(some) >= ROWS:
                until = min(some[-1].at, until if until is not None else some[-1].at)
            found += some
        return tuple(one_of_each(found)), until

    def _periods(self, layout: Layout, at: float) -> tuple[tuple[Period, ...], int]:
        rows = [row for row in self._rows(queries.periods(layout, at - HISTORY)) if row["pattern"]]
        periods = tuple(p for row in rows if (p := _period(row)) is not None)
        return periods, int(sum(cells.count(row["clipped"]) or 0 for row in rows))

    def _left_out(self, layout: Layout, read: Mapping[str, int]) -> dict[str, int]:
        """Rows beyond the cap; a table is counted only where the cap was reached, because to count is slow."""
        full = [name for name, n in read.items() if n >= ROWS and name in layout.tables]
        return {name: int(next(self._rows(queries.rows_of(layout, name)))["n"]) - ROWS for name in full}


def missing(layout: Layout) -> tuple[str, ...]:
    """A sentence for each thing that is not shown because none of its tables is there."""
    return tuple(
        f"there is no table {' and no table '.join(group)}: not shown are {cost}"
        for group, cost in _COSTS
        if not set(group) & set(layout.tables)
    )


def one_of_each(kills: Sequence[Kill]) -> list[Kill]:
    """Kills in order of time, each once: the first that is given of those of one variant at (nearly) one time stays,
    with the time to it where the others know it."""
    kept: dict[str, list[Kill]] = {}
    for kill in kills:
        same = next((k for k in kept.setdefault(kill.variant, []) if abs(k.at - kill.at) <= SAME_KILL), None)
        if same is None:
            kept[kill.variant].append(kill)
        elif same.seconds is None and kill.seconds is not None:
            kept[kill.variant][kept[kill.variant].index(same)] = replace(same, seconds=kill.seconds)
    return sorted((kill for each in kept.values() for kill in each), key=lambda kill: (kill.at, kill.variant))


def _distinct(rows: Iterator[VariantRow] | Any) -> list[VariantRow]:
    """The first of each variant: a table without a key may name it twice."""
    found: dict[str, VariantRow] = {}
    for row in rows:
        found.setdefault(row.variant, row)
    return list(found.values())


def _variant(row: Row, posts: Mapping[str, Row], monitored: Mapping[str, Row], zone: ZoneInfo) -> VariantRow:
    name = str(row["id"])
    dimensions = cells.mapping(row.get("dimensions"))
    session = monitored.get(name, {})
    post = posts.get(name, {})
    pairs = (
        (post.get("views"), post.get("acts")),
        (row.get("impressions"), row.get("successes")),
        (row.get("views"), row.get("acts")),
        (session.get("views"), session.get("acts")),
    )
    impressions, interactions, place = _counts(pairs)
    return VariantRow(
        variant=cells.label(name),
        persona=cells.label(row.get("persona") or session.get("persona") or dimensions.get("persona_id")),
        pattern=cells.label(row.get("pattern") or dimensions.get("pattern") or dimensions.get("hook_style")),
        predicted=cells.rate(row.get("predicted")) or cells.rate(session.get("expected")),
        impressions=impressions,
        interactions=interactions,
        posted_at=unix(row.get("posted_at"), zone),
        status=None if row.get("status") is None else str(row["status"]),
        counted_at=unix(post.get("counted_at"), zone) if place == 0 else None,
    )


def _watched(row: Row, posts: Mapping[str, Row], zone: ZoneInfo) -> VariantRow:
    """A variant of which only a monitoring session tells."""
    as_variant = {"id": row["id"], "persona": row["persona"], "posted_at": row["started_at"]}
    return _variant(as_variant, posts, {str(row["id"]): row}, zone)


def _counts(pairs: Sequence[tuple[object, object]]) -> tuple[float | None, float | None, int]:
    """The first pair with views, else the first that is there at all, and its place."""
    known = [(cells.count(views), cells.count(acts), place) for place, (views, acts) in enumerate(pairs)]
    known = [each for each in known if each[0] is not None and each[1] is not None]
    return next((each for each in known if each[0]), known[0] if known else (None, None, -1))


def _monitored(rows: Sequence[Row]) -> dict[str, Row]:
    """The newest session of each variant; rows come newest first."""
    found: dict[str, Row] = {}
    for row in rows:
        found.setdefault(str(row["id"]), row)
    return found


def _session(row: Row, zone: ZoneInfo) -> Session | None:
    started = unix(row["started_at"], zone)
    if started is None:
        return None
    threshold, least = cells.count(row["kill_threshold"]), cells.count(row["min_interactions"])
    minutes = cells.count(row["timeout_minutes"])
    return Session(
        variant=cells.label(row["id"]),
        persona=cells.label(row["persona"]),
        started_at=started,
        expected=cells.rate(row["expected"]),
        kill_threshold=0.5 if threshold is None else threshold,
        min_interactions=10 if least is None else least,
        timeout=60 * (10 if minutes is None else minutes),
        active=bool(row["active"]),
        killed=bool(row["killed"]),
        ended_at=unix(row["ended_at"], zone),
    )


def _kill(row: Row, zone: ZoneInfo) -> Kill | None:
    at, posted = unix(row["killed_at"], zone), unix(row["posted_at"], zone)
    if at is None:
        return None
    seconds = at - posted if posted is not None and at >= posted else None
    return Kill(cells.label(row["id"]), cells.label(row["persona"]), at, cells.reason(row["reason"]), seconds)


def _uses(row: Row) -> Uses:
    return Uses(cells.label(row["pattern"]), cells.label(row["persona"]), cells.count(row["n"]) or 0.0)


def _period(row: Row) -> Period | None:
    start = unix(str(row["day"]), ZoneInfo("UTC"))
    if start is None:
        return None
    views, acts = cells.count(row["views"]) or 0.0, cells.count(row["acts"]) or 0.0
    persona = cells.label(row["persona"])
    uses, rate = cells.count(row["n"]) or 0.0, cells.rate(row["rate"])
    return Period(cells.label(row["pattern"]), persona, start, uses, views, min(acts, views), rate)
