"""What the schema cannot say of content variants: where they are read, and what their kill rule needs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from exporter.promql import format_duration
from exporter.spec.engagement_models import Engagement, OwnTables
from exporter.spec.references import check_source
from exporter.spec.semantics_apply import check_variant_apply
from exporter.spec.tree import Parts, Problem

_LONGEST_WINDOW = 90 * 86400
_LONGEST_LAG = 86400


def check_engagement(engagement: Engagement, sources: Mapping[str, str | None]) -> Iterator[Problem]:
    """The mistakes of ``engagement``; ``sources`` gives the type of each source, None if broken."""
    parts: Parts = ("engagement",)
    yield from check_source(engagement.source, (*parts, "source"), sources, "sql", "engagement needs")
    if engagement.apply:
        yield from check_variant_apply(engagement.apply, (*parts, "apply"), sources)
    kill, tables = engagement.early_kill, engagement.tables
    if kill is not None and kill.rule == "threshold" and isinstance(tables, OwnTables) and tables.sessions is None:
        message = (
            "rule threshold judges monitoring sessions, and the tables have no query for them; give "
            "tables.sessions, or write rule: evidence"
        )
        yield Problem((*parts, "early_kill", "rule"), message)
    if kill is not None and kill.lag > _LONGEST_LAG:
        message = f"{format_duration(kill.lag)} is longer than 1d; interactions that come so late cannot kill early"
        yield Problem((*parts, "early_kill", "lag"), message)
    if engagement.fatigue.window > _LONGEST_WINDOW:
        message = (
            f"{format_duration(engagement.fatigue.window)} is longer than 90d, for which uses are read; shorten it"
        )
        yield Problem((*parts, "fatigue", "window"), message)
