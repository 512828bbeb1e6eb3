"""Content variants: kills of the period once each, the most worn pattern first, leaders without the killed."""

from __future__ import annotations

from exporter.contract import Sample, sample
from exporter.state import AuditEntry
from winburn.report.content import MOST, content_review
from winburn.report.values import Missing, Period

PERIOD = Period(1000.0, 5000.0, "")


def variant(name: str, rate: float, killed_at: float | None = None, pattern: str = "list") -> list[Sample]:
    of = {"variant": name, "persona": "ann", "pattern": pattern}
    found = [
        sample("variant_impressions", 200, **of),
        sample("variant_engagement_ratio", rate, **of),
        sample("variant_predicted_engagement_ratio", 0.05, **of),
    ]
    if killed_at is not None:
        found.append(sample("variant_early_kill", 1, variant=name, persona="ann"))
        found.append(sample("variant_killed_timestamp_seconds", killed_at, variant=name, persona="ann"))
    return found


def test_kills_are_told_once_whoever_did_them() -> None:
    facts = {"views": 200, "interactions": 2, "predicted": 0.05}
    trail = [
        AuditEntry(2000.0, "variant", "ann", "ours", "variant_kill", "winburn", "below", facts),
        AuditEntry(9000.0, "variant", "ann", "late", "variant_kill", "winburn", "below", facts),
    ]
    samples = [*variant("ours", 0.01, 2000.0), *variant("theirs", 0.02, 1500.0), *variant("before", 0.02, 500.0)]
    found = content_review(samples, [], trail, PERIOD)
    assert [(k.variant, k.reason, k.rate, k.expected) for k in found.kills] == [
        ("theirs", "by others", 0.02, 0.05),
        ("ours", "below", 0.01, 0.05),
    ]


def test_leaders_are_alive_and_in_order() -> None:
    samples = [s for i in range(15) for s in variant(f"v{i:02}", 0.01 * (i + 1))] + variant("dead", 0.9, 2000.0)
    found = content_review(samples, [], [], PERIOD)
    assert len(found.leaders) == MOST
    assert found.leaders[0].variant == "v14"
    assert found.leaders[0].against_prediction == 0.15 / 0.05 - 1


def test_the_most_worn_pattern_is_first() -> None:
    def pattern(name: str, uses: float, fatigued: float) -> list[Sample]:
        of = {"pattern": name, "persona": "ann"}
        return [sample("pattern_uses", uses, **of), sample("pattern_fatigued", fatigued, **of)]

    found = content_review([*pattern("fine", 1, 0), *pattern("tired", 9, 1)], [], [], PERIOD)
    assert [(p.pattern, p.state) for p in found.patterns] == [("tired", "fatigued"), ("fine", "fresh")]
    assert isinstance(found.patterns[0].e_value, Missing)


def test_suggestions_are_sentences_with_words_or_without() -> None:
    labels = {"subject": "list", "kind": "pattern", "action": "rest", "reason": "uses"}
    samples = [sample("suggestion_info", 1, **labels)]
    assert content_review(samples, [], [], PERIOD).suggestions == ("Rest pattern list: uses.",)
    words = [{**labels, "text": "Rest the pattern list.", "numbers": {}}]
    assert content_review(samples, words, [], PERIOD).suggestions == ("Rest the pattern list.",)
