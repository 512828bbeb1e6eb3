"""Content variants in review: kills of the period, worn-out patterns, leaders, personas, and what to do next."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from exporter.collectors.engagement_kills import LATCH
from exporter.contract import Sample
from exporter.live.content import patterns, personas, suggestions, variants
from exporter.live.gather import Families, Row
from exporter.state import AuditEntry
from winburn.report.content_review import Content, Kill, Leader, Pattern, Persona
from winburn.report.values import Period, known

MOST = 10
"""Leaders that are shown."""

_STATES = ("fatigued", "used up", "fresh")


def content_review(
    samples: Sequence[Sample], words: Iterable[Mapping[str, Any]], trail: Iterable[AuditEntry], period: Period
) -> Content:
    """The content variants as they stand, and who was killed in the period."""
    families = Families(samples)
    rows = variants(families)
    return Content(
        kills=tuple(_kills(rows.values(), trail, period)),
        patterns=tuple(sorted(map(_pattern, patterns(families).values()), key=_most_worn)),
        leaders=tuple(_leaders(rows.values())),
        personas=tuple(_persona(row) for row in personas(families).values()),
        suggestions=tuple(row["text"] or _sentence(row) for row in suggestions(families, words).values()),
    )


def _kills(rows: Iterable[Row], trail: Iterable[AuditEntry], period: Period) -> list[Kill]:
    """Ours from the audit trail, others' from what is shown of them for a day."""
    found = [
        Kill(
            entry.at,
            entry.member,
            entry.entity,
            entry.why,
            known(_rate(entry.facts), "not recorded"),
            known(entry.facts.get("predicted"), "not recorded"),
        )
        for entry in trail
        if entry.action == LATCH and period.start < entry.at <= period.end
    ]
    told = {kill.variant for kill in found}
    for row in rows:
        at = row["killed_at"]
        if row["killed"] and row["variant"] not in told and at is not None and period.start < at <= period.end:
            rate, expected = known(row["engagement"], "no impressions"), known(row["predicted"], "nothing predicted")
            found.append(Kill(at, row["variant"], row["persona"], "by others", rate, expected))
            told.add(row["variant"])
    return sorted(found, key=lambda kill: (kill.at, kill.variant))


def _rate(facts: Mapping[str, Any]) -> float | None:
    views, acts = facts.get("views"), facts.get("interactions")
    return acts / views if views and acts is not None else None


def _pattern(row: Row) -> Pattern:
    gone = "not known"
    return Pattern(
        row["pattern"],
        row["persona"],
        known(row["uses"], gone),
        known(row["freshness"], gone),
        known(row["engagement"], "no impressions"),
        known(row["e_value"], "less than 14 days of uses, or 30 interactions"),
        row["state"] or "not known",
    )


def _most_worn(pattern: Pattern) -> tuple[int, float, str, str]:
    order = _STATES.index(pattern.state) if pattern.state in _STATES else len(_STATES)
    evidence = pattern.e_value if isinstance(pattern.e_value, float) else 0.0
    return order, -evidence, pattern.persona, pattern.pattern


def _leaders(rows: Iterable[Row]) -> Iterator[Leader]:
    alive = [row for row in rows if row["engagement"] is not None and not row["killed"]]
    for row in sorted(alive, key=lambda row: (-row["engagement"], row["variant"]))[:MOST]:
        yield Leader(
            row["variant"],
            row["persona"],
            row["pattern"],
            known(row["impressions"], "not counted"),
            known(row["engagement"], "no impressions"),
            known(row["predicted"], "nothing was predicted"),
            known(row["against_prediction"], "nothing was predicted"),
        )


def _persona(row: Row) -> Persona:
    none = "no sessions in the last 24 h"
    return Persona(
        row["persona"],
        sum(row["kills"].values()),
        known(row["kill_ratio"], none),
        known(row["time_to_kill_seconds"], "no kills in the last 24 h"),
        known(row["calibration_error"], "no variant with 100 impressions"),
    )


def _sentence(row: Row) -> str:
    return f"{row['action'].capitalize()} {row['kind']} {row['subject']}: {row['reason'].replace('_', ' ')}."
