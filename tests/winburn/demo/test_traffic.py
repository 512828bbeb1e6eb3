"""The shop's numbers give what the demo's timeline promises."""

from __future__ import annotations

import numpy as np
import pytest

from exporter.stats import burn, kill, sequential, srm
from exporter.windows import DAY, HOUR, TIERS, WINDOWS, factor
from winburn.demo import traffic
from winburn.demo.run import DEFAULT_SEED
from winburn.demo.timeline import DECISION_SECONDS, KILL_VISITS, seconds_to_page
from winburn.demo.traffic import BUTTON, CHECKOUT, EXPERIMENTS, INVOICES, NEW_CHECKOUT, ROUTES, SEARCH, Story

ORIGIN = 1_800_000_000
STORY = Story(DEFAULT_SEED, ORIGIN, ORIGIN)
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


def evidence(seed: int, seconds: int) -> tuple[list[float], int | None]:
    """log e that green differs, at each second after the opening, and the first second at which the broken variant is
    killed at alpha 0.01."""
    story = Story(seed, ORIGIN, ORIGIN)
    _, shown, bought = traffic.visits_by_hour(BUTTON, story, 30)
    n, x, kill_n, kill_x = shown.sum(0), bought.sum(0), np.zeros(2), np.zeros(2)
    log_e, killed = [], None
    for second in range(seconds):
        _add(traffic.visits_of(BUTTON, story, ORIGIN + second), n, x)
        _add(traffic.visits_of(NEW_CHECKOUT, story, ORIGIN + second), kill_n, kill_x)
        log_e.append(float(sequential.headline_log_e(x[0], n[0], x[1], n[1], n[1] / n.sum())))
        if killed is None:
            log_kill = kill.kill_log_e(kill_x[0], kill_n[0], kill_x[1], kill_n[1], kill_n[1] / kill_n.sum())
            killed = second + 1 if log_kill >= np.log(100) else None
    return log_e, killed


def _add(visits: traffic.Visits, n: np.ndarray, x: np.ndarray) -> None:
    for index in range(2):
        n[index] += (visits.variant == index).sum()
        x[index] += visits.converted[visits.variant == index].sum()


def test_with_the_default_seed_the_winner_grows_before_one_s_eyes_and_is_decided_within_two_minutes() -> None:
    log_e, killed = evidence(DEFAULT_SEED, 120)
    assert log_e[0] < np.log(5)
    decided = next(second for second, value in enumerate(log_e) if value >= np.log(20))
    assert decided == pytest.approx(DECISION_SECONDS, abs=20)
    assert log_e[-1] > np.log(20)
    assert killed is not None
    assert killed * NEW_CHECKOUT.per_second == pytest.approx(KILL_VISITS, rel=0.5)


def test_with_the_default_seed_the_a_a_test_is_far_from_any_verdict() -> None:
    _, shown, bought = traffic.visits_by_hour(traffic.AA_TEST, STORY, 30)
    n, x = shown.sum(0), bought.sum(0)
    assert sequential.headline_log_e(x[0], n[0], x[1], n[1], n[1] / n.sum()) < 0
    assert srm.p_value(n, [0.5, 0.5]) > 0.05


def test_the_stray_invoice_error_would_page_without_the_gate_and_does_not_with_it() -> None:
    minutes, total, failed, _ = traffic.requests_by_minute(INVOICES, STORY, 30)
    recent = minutes >= ORIGIN - HOUR
    requests, errors = total[recent].sum() + 1, failed[recent].sum() + 1
    assert burn.burn_rate(errors, requests, 99.5) > 14.4
    assert burn.p_value(errors, requests, 99.5) > 1e-4
