"""The shop's numbers give what the demo's timeline promises."""

from __future__ import annotations

import numpy as np
import pytest

from exporter.windows import DAY, HOUR, TIERS, WINDOWS, factor
from winburn.demo import traffic
from winburn.demo.timeline import seconds_to_page
from winburn.demo.traffic import BUTTON, CHECKOUT, EXPERIMENTS, INVOICES, NEW_CHECKOUT, ROUTES, SEARCH, Story

ORIGIN = 1_800_000_000
STORY = Story(22, ORIGIN, ORIGIN)
BUDGET = 0.001


def failed_and_all(start: int, end: int, story: Story = STORY) -> tuple[float, float]:
    """Expected failed checkouts and all of them, between seconds after the opening."""
    middle = ORIGIN + np.arange(start, end) + 0.5
    rate = traffic.request_rate(CHECKOUT, middle, story)
    return float((rate * traffic.failure_share(CHECKOUT, middle, story)).sum()), float(rate.sum())


def burns(tier: int, at: int) -> bool:
    """Whether a tier's two windows are above its factor, ``at`` seconds after the opening."""
    limit = float(factor(TIERS[tier], 30 * DAY)) * BUDGET
    windows = [failed_and_all(at - WINDOWS[name], at) for name in (TIERS[tier].long, TIERS[tier].short)]
    return all(failed > limit * requests for failed, requests in windows)


def test_the_fast_tier_fires_within_half_a_minute_of_the_first_error_and_as_computed() -> None:
    fires = next(at for at in range(300) if burns(0, at))
    assert 20 <= fires - traffic.INCIDENT_FIRST <= 35
    assert fires - traffic.INCIDENT_FIRST == pytest.approx(seconds_to_page(), abs=2)


def test_the_fast_tier_clears_five_minutes_after_the_last_error_and_before_the_next_incident() -> None:
    end = traffic.INCIDENT_FIRST + traffic.INCIDENT_LENGTH
    clears = next(at for at in range(end, 2000) if not burns(0, at))
    assert clears - end == pytest.approx(300, abs=10)
    assert clears < traffic.INCIDENT_FIRST + traffic.INCIDENT_EVERY


def test_the_medium_tier_joins_at_the_second_incident_and_not_at_the_first() -> None:
    second = traffic.INCIDENT_FIRST + traffic.INCIDENT_EVERY
    assert not any(burns(1, at) for at in range(0, second, 5))
    assert burns(1, second + traffic.INCIDENT_LENGTH)
    assert burns(1, second + traffic.INCIDENT_EVERY - 1)  # still, between the incidents


def test_no_tier_burns_before_the_opening() -> None:
    assert not any(burns(tier, 0) for tier in range(len(TIERS)))


def test_the_past_spent_about_half_of_the_budget_and_one_incident_spends_less_than_a_tenth() -> None:
    _, total, failed, _ = traffic.requests_by_minute(CHECKOUT, STORY, 30)
    assert 0.45 < failed.sum() / total.sum() / BUDGET < 0.55
    one, _ = failed_and_all(0, traffic.INCIDENT_EVERY)
    assert 0.05 < one / (total.sum() * BUDGET) < 0.10


def test_search_stays_well_within_its_objective() -> None:
    _, total, failed, slow = traffic.requests_by_minute(SEARCH, STORY, 30)
    assert 0.3 < slow.sum() / total.sum() / 0.01 < 0.6
    assert (failed <= slow).all()


def test_invoices_are_a_few_an_hour_and_exactly_one_fails_after_the_opening() -> None:
    seconds = [traffic.requests_of(INVOICES, STORY, ORIGIN + each) for each in range(HOUR)]
    assert 1 <= sum(each.at.size for each in seconds) <= 15
    failed = [each.at for each in seconds if (each.ok == 0).any()]
    assert [int(at[0]) for at in failed] == [ORIGIN + traffic.STRAY_ERROR]


def test_green_converts_a_fifth_more_and_the_same_as_same_converts_the_same() -> None:
    blue, green = BUTTON.variants
    assert green.rate / blue.rate == pytest.approx(1.2)
    assert len({variant.rate for variant in traffic.AA_TEST.variants}) == 1
    for experiment in EXPERIMENTS:
        assert sum(variant.share for variant in experiment.variants) == pytest.approx(1)


def test_visits_follow_shares_and_rates() -> None:
    visits = [traffic.visits_of(BUTTON, STORY, ORIGIN + each) for each in range(600)]
    variant = np.concatenate([each.variant for each in visits])
    converted = np.concatenate([each.converted for each in visits])
    assert variant.size == pytest.approx(600 * BUTTON.per_second, abs=5 * np.sqrt(600 * BUTTON.per_second))
    for index, each in enumerate(BUTTON.variants):
        mine = converted[variant == index]
        assert mine.mean() == pytest.approx(each.rate, abs=5 * np.sqrt(each.rate / mine.size))
        assert mine.size / variant.size == pytest.approx(each.share, abs=5 * 0.5 / np.sqrt(variant.size))


def test_the_broken_variant_never_sells() -> None:
    visits = [traffic.visits_of(NEW_CHECKOUT, STORY, ORIGIN + each) for each in range(200)]
    assert sum(int(each.converted[each.variant == 1].sum()) for each in visits) == 0
    assert sum(int((each.variant == 1).sum()) for each in visits) > 1000


def test_experiments_that_wait_have_no_visits_before_the_opening() -> None:
    closed = Story(1, ORIGIN)
    opened = Story(1, ORIGIN, ORIGIN + 10)
    for story in (closed, opened):
        assert traffic.visits_of(BUTTON, story, ORIGIN + 9).at.size == 0
    assert traffic.visits_of(BUTTON, opened, ORIGIN + 10).at.size > 0


def test_a_second_is_the_same_for_the_same_seed_and_another_for_another() -> None:
    for route in ROUTES[:2]:
        one, again = (traffic.requests_of(route, STORY, ORIGIN + 7) for _ in range(2))
        other = traffic.requests_of(route, Story(23, ORIGIN, ORIGIN), ORIGIN + 7)
        assert np.array_equal(one.at, again.at)
        assert np.array_equal(one.milliseconds, again.milliseconds)
        assert not np.array_equal(one.at, other.at)
        assert ((one.at >= ORIGIN + 7) & (one.at < ORIGIN + 8)).all()


def test_traffic_never_ends_and_never_exceeds_its_peak() -> None:
    share = traffic.cycle(ORIGIN + np.arange(-30 * DAY, 30 * DAY, 60.0), ORIGIN)
    assert 0.1 < share.min() < share.max() <= 1
