"""The trail says of a tired pattern when it began and when it was over, once each."""

from __future__ import annotations

from exporter.collectors.engagement_fatigue import Wear
from exporter.collectors.engagement_tired import SETTLED, Tired

NOW = 1_800_000_000.0


def wear(reason: str | None, pattern: str = "question") -> Wear:
    return Wear(pattern, "ann", 3.0, 0.125, 0.06, 40.0, -0.02, 31.0, reason)


def told(tired: Tired) -> list[tuple[float, str, str, str, str]]:
    return [(e.at, e.kind, e.entity, e.member, e.action) for e in tired.unsaved]


def test_a_beginning_and_an_end_are_told_once_each_with_words() -> None:
    tired = Tired(None)
    for step in range(3):
        tired.take([wear("trend"), wear(None, "story")], NOW + step)
    assert told(tired) == [(NOW, "pattern", "ann", "question", "fatigued")]
    assert tired.unsaved[0].why == "Its engagement falls with its uses (e-value 40, half of it after 31 uses)."
    tired.unsaved = []
    tired.take([wear(None)], NOW + 2 + SETTLED)
    tired.take([wear(None)], NOW + 3 + SETTLED)
    assert told(tired) == [(NOW + 2 + SETTLED, "pattern", "ann", "question", "recovered")]


def test_evidence_that_moves_about_its_threshold_is_no_news() -> None:
    tired = Tired(None)
    for step in range(20):
        tired.take([wear("uses" if step % 2 else None)], NOW + 600 * step)
    assert told(tired) == [(NOW + 600, "pattern", "ann", "question", "fatigued")]


def test_the_next_process_knows_who_was_tired_and_sees_who_is_gone() -> None:
    first = Tired(None)
    first.take([wear("uses")], NOW)
    second = Tired(first.document())
    second.take([wear("uses")], NOW + 60)
    assert not second.unsaved
    second.take([], NOW + 60 + SETTLED)
    assert [entry.action for entry in second.unsaved] == ["recovered"]
    assert second.document() == {"tired": []}
