"""The content variants of a page."""

from __future__ import annotations

from collections.abc import Iterator

from winburn.report import words
from winburn.report.blocks import Block, Bullets, Section, Table, Text
from winburn.report.content_review import Content
from winburn.report.values import Period


def content_section(content: Content, period: Period) -> Section:
    """What is to be done, who was killed, what is worn out, and who leads."""
    blocks: list[Block] = [Text("What to do next:"), Bullets(content.suggestions)] if content.suggestions else []
    blocks += [*_kills(content, period), *_patterns(content), *_leaders(content), *_personas(content)]
    return Section("Content variants", "content", 2, tuple(blocks))


def _kills(content: Content, period: Period) -> Iterator[Block]:
    if not content.kills:
        yield Text("No variant was killed in the period.")
        return
    heads = ("when", "variant", "persona", "engagement", "predicted", "why")
    rows = tuple(
        (
            words.moment(k.at, period.timezone),
            k.variant,
            k.persona,
            words.share(k.rate),
            words.share(k.expected),
            k.reason,
        )
        for k in content.kills
    )
    yield Table("Kills", heads, rows, frozenset({3, 4}))


def _patterns(content: Content) -> Iterator[Block]:
    if not content.patterns:
        return
    heads = ("pattern", "persona", "state", "uses of late", "freshness", "engagement", "evidence of fatigue")
    rows = tuple(
        (
            p.pattern,
            p.persona,
            p.state,
            words.count(p.uses),
            words.share(p.freshness),
            words.share(p.engagement),
            words.evidence(p.e_value),
        )
        for p in content.patterns
    )
    yield Table("Patterns, the most worn first", heads, tuple(map(words.once, rows)), frozenset({3, 4, 5, 6}))


def _leaders(content: Content) -> Iterator[Block]:
    if not content.leaders:
        return
    heads = ("variant", "persona", "pattern", "impressions", "engagement", "predicted", "against it")
    rows = tuple(
        (
            one.variant,
            one.persona,
            one.pattern,
            words.count(one.impressions),
            words.share(one.engagement),
            words.share(one.predicted),
            words.change(one.against_prediction),
        )
        for one in content.leaders
    )
    yield Table("Leaders, by engagement", heads, rows, frozenset({3, 4, 5, 6}))


def _personas(content: Content) -> Iterator[Block]:
    if not content.personas:
        return
    heads = ("persona", "kills ever", "killed of a day's sessions", "time to kill", "actual against predicted")
    rows = tuple(
        (
            one.persona or "all content",
            words.number(one.kills),
            words.share(one.kill_ratio),
            words.span(one.time_to_kill),
            words.change(one.calibration_error),
        )
        for one in content.personas
    )
    yield Table("Personas", heads, rows, frozenset({1, 2, 3, 4}))
