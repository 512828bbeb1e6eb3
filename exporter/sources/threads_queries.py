"""The questions put to a database of the shape ``threads``, from the tables and columns that it has.

Each gives few columns, at most ``ROWS`` rows, the newest first, and never the content itself. Columns carry no type
here: drivers, SQLite above all, give what is stored, and :mod:`exporter.sources.moments` reads times in any form.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from exporter.sources.threads_layout import Layout, Table

ROWS = 10_000
DAY = 86_400.0


def variants(layout: Layout) -> sa.Select[Any] | None:
    """id, persona, pattern, predicted, status, posted_at, views, acts (counts in the row itself), and of
    variant_performance, where it is there, impressions, successes, dimensions."""
    name = next((n for n in ("variants", "hook_variants") if n in layout.tables), None)
    if name is None:
        return None
    t = layout.table(name)
    key = t("id", "variant_id")
    columns = [
        key.label("id"),
        t("persona_id").label("persona"),
        t("pattern_used", "pattern_id").label("pattern"),
        t("predicted_er", "expected_engagement_rate").label("predicted"),
        t("status").label("status"),
        t("posted_at", "created_at").label("posted_at"),
        t("view_count", "impressions").label("views"),
        t("interaction_count", "engagements").label("acts"),
    ]
    source: sa.FromClause = t.clause
    if _performance(layout):
        p = layout.table("variant_performance")
        columns += [p("impressions").label("impressions"), p("successes").label("successes")]
        columns += [p("dimensions").label("dimensions")]
        source = t.clause.outerjoin(p.clause, p("variant_id") == key)
    newest = t("posted_at", "created_at", "id", "variant_id").desc()
    return sa.select(*columns).select_from(source).order_by(newest, key).limit(ROWS)


def performance_alone(layout: Layout) -> sa.Select[Any] | None:
    """The rows of variant_performance that ``variants`` does not have: id, impressions, successes, dimensions,
    posted_at (the time of the row)."""
    if not _performance(layout):
        return None
    p = layout.table("variant_performance")
    found = sa.select(
        p("variant_id").label("id"),
        p("impressions").label("impressions"),
        p("successes").label("successes"),
        p("dimensions").label("dimensions"),
        p("created_at").label("posted_at"),
    )
    if "variants" in layout.tables:
        v = layout.table("variants")
        found = found.where(~sa.exists().where(v("id", "variant_id") == p("variant_id")))
    return found.order_by(p("last_used", "created_at", "variant_id").desc(), p("variant_id")).limit(ROWS)


def rows_of(layout: Layout, name: str) -> sa.Select[Any]:
    """How many rows a table has."""
    return sa.select(sa.func.count().label("n")).select_from(layout.table(name).clause)


def posts(layout: Layout) -> sa.Select[Any] | None:
    """Live counts of the newest variants from their posts, each post once: id, views, acts, counted_at."""
    if not (_counted_posts(layout) and layout.has("variant_monitoring", "post_id")):
        return None
    m, p = layout.table("variant_monitoring"), layout.table("threads_posts")
    latest = sa.func.max(m("started_at", "created_at"))
    pairs = (
        sa.select(m("variant_id").label("id"), m("post_id").label("post"), latest.label("latest"))
        .where(m("post_id").is_not(None))
        .group_by(m("variant_id"), m("post_id"))
        .order_by(latest.desc())
        .limit(ROWS)
        .subquery()
    )
    return (
        sa.select(
            pairs.c.id.label("id"),
            sa.func.sum(p("impressions_count")).label("views"),
            sa.func.sum(_acts(p)).label("acts"),
            sa.func.max(p("updated_at")).label("counted_at"),
        )
        .select_from(pairs.join(p.clause, p("thread_id") == pairs.c.post))
        .group_by(pairs.c.id)
    )


def sessions(layout: Layout, at: float) -> sa.Select[Any] | None:
    """The sessions of the last 24 h, and longer ones that may still run."""
    if "variant_monitoring" not in layout.tables:
        return None
    m = layout.table("variant_monitoring")
    found = sa.select(
        m("variant_id").label("id"),
        m("persona_id").label("persona"),
        m("started_at", "created_at").label("started_at"),
        m("expected_engagement_rate").label("expected"),
        m("kill_threshold").label("kill_threshold"),
        m("min_interactions").label("min_interactions"),
        m("timeout_minutes").label("timeout_minutes"),
        _active(m).label("active"),
        m("was_killed").label("killed"),
        m("ended_at").label("ended_at"),
        m("view_count", "final_view_count").label("views"),
        m("interaction_count", "final_interaction_count").label("acts"),
    )
    recent = ~_old(m, at)
    return found.where(recent).order_by(m("started_at", "created_at").desc()).limit(ROWS)


def stale(layout: Layout, at: float) -> sa.Select[Any] | None:
    """persona, n: sessions that began more than 24 h ago, ought to be over, and are called active."""
    if "variant_monitoring" not in layout.tables:
        return None
    m = layout.table("variant_monitoring")
    return (
        sa.select(m("persona_id").label("persona"), sa.func.count().label("n"))
        .where(_old(m, at), _active(m))
        .group_by(m("persona_id"))
        .order_by(sa.func.count().desc())
        .limit(ROWS)
    )


def kills(layout: Layout, after: float | None) -> sa.Select[Any] | None:
    """Rows of variant_kills: id, persona, reason, killed_at, posted_at, the oldest first."""
    if not layout.has("variant_kills", "variant_id", "killed_at"):
        return None
    k = layout.table("variant_kills")
    found = sa.select(
        k("variant_id").label("id"),
        k("persona_id").label("persona"),
        k("reason").label("reason"),
        k("killed_at").label("killed_at"),
        k("posted_at").label("posted_at"),
    )
    if after is not None:
        found = found.where(k("killed_at") > k.moment(after, "killed_at"))
    return found.order_by(k("killed_at")).limit(ROWS)


def session_kills(layout: Layout, after: float | None) -> sa.Select[Any] | None:
    """The same of killed sessions; posted_at is their start."""
    if not layout.has("variant_monitoring", "variant_id", "was_killed", "ended_at"):
        return None
    m = layout.table("variant_monitoring")
    found = sa.select(
        m("variant_id").label("id"),
        m("persona_id").label("persona"),
        m("kill_reason").label("reason"),
        m("ended_at").label("killed_at"),
        m("started_at").label("posted_at"),
    ).where(m("was_killed"), m("ended_at").is_not(None))
    if after is not None:
        found = found.where(m("ended_at") > m.moment(after, "ended_at"))
    return found.order_by(m("ended_at")).limit(ROWS)


def uses(layout: Layout, after: float) -> sa.Select[Any] | None:
    """pattern, persona, n: uses later than ``after``; of an aggregated table its own count where the last is later."""
    if "pattern_usage" not in layout.tables:
        return None
    u = layout.table("pattern_usage")
    n = sa.func.sum(u("usage_count")) if u.first("usage_count") else sa.func.count()
    when = ("used_at", "last_used", "last_used_at")
    return (
        sa.select(u("pattern_id", "pattern").label("pattern"), u("persona_id").label("persona"), n.label("n"))
        .where(u(*when) > u.moment(after, *when))
        .group_by(u("pattern_id", "pattern"), u("persona_id"))
        .order_by(n.desc())
        .limit(ROWS)
    )


def periods(layout: Layout, after: float) -> sa.Select[Any] | None:
    """pattern, persona, day, uses, views, acts, clipped, rate: uses by day with the counts of their posts."""
    if not layout.has("pattern_usage", "used_at"):
        return None
    u = layout.table("pattern_usage")
    source: sa.FromClause = u.clause
    views: sa.ColumnElement[Any] = sa.literal(0)
    acts: sa.ColumnElement[Any] = sa.literal(0)
    if _counted_posts(layout) and u.first("post_id"):
        p = layout.table("threads_posts")
        source = u.clause.outerjoin(p.clause, p("thread_id") == u("post_id"))
        views, acts = p("impressions_count"), _acts(p)
    day = u.day("used_at")
    return (
        sa.select(
            u("pattern_id", "pattern").label("pattern"),
            u("persona_id").label("persona"),
            day.label("day"),
            sa.func.count().label("n"),
            sa.func.sum(views).label("views"),
            sa.func.sum(sa.case((acts > views, views), else_=acts)).label("acts"),
            sa.func.sum(sa.case((acts > views, 1), else_=0)).label("clipped"),
            sa.func.avg(sa.cast(u("engagement_rate"), sa.Float)).label("rate"),
        )
        .select_from(source)
        .where(u("used_at") > u.moment(after, "used_at"))
        .group_by(u("pattern_id", "pattern"), u("persona_id"), day)
        .order_by(day.desc())
        .limit(ROWS)
    )


def _performance(layout: Layout) -> bool:
    return layout.has("variant_performance", "variant_id", "impressions", "successes")


def _counted_posts(layout: Layout) -> bool:
    return layout.has("threads_posts", "thread_id", "impressions_count")


def _acts(posts: Table) -> sa.ColumnElement[Any]:
    parts = [sa.func.coalesce(posts(name), 0) for name in ("likes_count", "comments_count", "shares_count")]
    return parts[0] + parts[1] + parts[2]


def _active(m: Table) -> sa.ColumnElement[Any]:
    return m("is_active") if m.first("is_active") else m("status") == "active"


def _old(m: Table, at: float) -> sa.ColumnElement[bool]:
    """Began more than a day ago and cannot run any more: no arithmetic on times, which every dialect writes its own
    way; a session that may run for longer than a day is never old while it is called active."""
    began = m("started_at", "created_at") <= m.moment(at - DAY, "started_at", "created_at")
    if not m.first("timeout_minutes"):
        return began
    long = sa.and_(m("timeout_minutes") > DAY / 60, _active(m))
    return sa.and_(began, ~sa.func.coalesce(long, sa.false()))
