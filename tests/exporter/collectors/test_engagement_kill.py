from __future__ import annotations

import math
from itertools import product

import pytest

from exporter.collectors.engagement_kill import by_evidence, by_threshold, is_below_threshold, log_evidence
from exporter.sources.engagement_rows import Session, VariantRow
from exporter.spec import VariantKill
from exporter.stats.kill import expectation_count_log_e, expectation_log_e


def variant(name: str = "v", views: float = 1000, acts: float = 10, predicted: float = 0.06) -> VariantRow:
    return VariantRow(name, "ann", predicted=predicted, impressions=views, interactions=acts)


def test_the_evidence_of_the_reference() -> None:
    # reference values of "Completions" 11, at an acceptable rate of 0.03
    counts = [(0, 100), (0, 200), (5, 500), (10, 1000), (30, 1000)]
    log_e = log_evidence([x for x, _ in counts], [m for _, m in counts], [0.03] * 5)
    expected = [1.652214352888, 4.226176747363, 2.841644252024, 6.992838108848, -0.705802041028]
    assert log_e.tolist() == pytest.approx(expected, abs=1e-9)


def test_more_interactions_than_views_are_events() -> None:
    both = log_evidence([5, 50, 0], [10, 10, 0], [0.03, 0.03, 0.03])
    assert both[0] == expectation_log_e(5, 10, 0.03)
    assert both[1] == expectation_count_log_e(50, 10, 0.03)
    assert both[2] == 0.0
    assert log_evidence([], [], []).tolist() == []


@pytest.mark.parametrize(("views", "killed"), [(213, False), (214, True)])
def test_a_variant_without_any_interaction_dies_at_214_views(views: float, killed: bool) -> None:  # noqa: FBT001
    row = variant(views=views, acts=0)
    rule = VariantKill()
    assert bool(by_evidence([row], [views], log_evidence([0], [views], [0.03]), rule)) is killed


def test_the_floor_of_views_is_kept_and_the_facts_are_those_that_decided() -> None:
    row = variant(views=500, acts=0)
    log_e = log_evidence([0], [300], [0.03])
    assert by_evidence([row], [300], log_e, VariantKill(min_views=301)) == []
    (verdict,) = by_evidence([row], [300], log_e, VariantKill(min_views=300))
    assert verdict.facts["views"] == 300
    assert verdict.facts["impressions"] == 500
    assert math.isclose(float(verdict.facts["e_value"]), math.exp(log_e[0]))
    assert "below 0.5 of the predicted rate 0.06" in verdict.reason
    assert ">= 100" in verdict.reason


def superseded(interactions: int, views: int, expected: float, minutes: float) -> bool:
    """The rule as the superseded system computed it, in its own order: ten interactions, rate, half, ten minutes."""
    if minutes >= 10:
        return False
    if interactions < 10:
        return False
    engagement_rate = interactions / views
    return engagement_rate < expected * 0.5


def test_the_threshold_rule_is_the_superseded_one_bit_for_bit() -> None:
    grid = product((0, 9, 10, 11, 30), (1, 200, 333, 334, 1000), (0.06, 0.1, 0.3, 0.0600000000000001), (0, 9.999, 10))
    seen = set()
    for interactions, views, expected, minutes in grid:
        session = Session("v", "ann", started_at=0.0, expected=expected)
        ours = is_below_threshold(session, interactions, views, minutes * 60)
        assert ours == superseded(interactions, views, expected, minutes), (interactions, views, expected, minutes)
        seen.add(ours)
    assert seen == {True, False}
    # exactly at half: strictly below kills, equal does not
    assert not is_below_threshold(Session("v", "", 0.0, expected=0.06), 30, 1000, 1)
    assert is_below_threshold(Session("v", "", 0.0, expected=0.06), 10, 334, 1)
    assert not is_below_threshold(Session("v", "", 0.0, expected=0.06), 10, 333, 1)


@pytest.mark.parametrize(
    ("session", "killed"),
    [
        (Session("v", "", 0.0, expected=0.06), True),
        (Session("v", "", 0.0, expected=0.06, kill_threshold=0.1), False),
        (Session("v", "", 0.0, expected=0.06, min_interactions=12), False),
        (Session("v", "", 0.0, expected=0.06, timeout=60.0), False),
        (Session("v", "", 0.0, expected=0.06, active=False), False),
        (Session("v", "", 0.0, expected=None), False),
        (Session("v", "", 1000.0, expected=0.06), False),
    ],
)
def test_each_session_has_its_own_thresholds(session: Session, killed: bool) -> None:  # noqa: FBT001
    assert is_below_threshold(session, 11, 1000, at=120.0) is killed


def test_without_views_nobody_is_killed() -> None:
    assert not is_below_threshold(Session("v", "", 0.0, expected=0.06), 11, 0, 1)


def test_one_session_is_enough_and_kills_once() -> None:
    sessions = [Session("v", "", 0.0, expected=0.06), Session("v", "", 0.0, expected=0.5), Session("w", "", 0.0)]
    (verdict,) = by_threshold([variant()], sessions, 1.0)
    assert verdict.variant.variant == "v"
    assert verdict.facts["rule"] == "threshold"
    assert "below 0.5 of the expected rate 0.06" in verdict.reason
