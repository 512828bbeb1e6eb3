from decimal import Decimal
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks import low_traffic
from benchmarks.low_traffic_model import Service, delays, false_alerts
from exporter.stats import burn
from exporter.stats.bursts import burst_factor, burst_p_value, spread_p_value

MONTH = 720


def healthy(rate: float, burst: int, months: int, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Hourly slots of months at half the budget of 99.9 %, bursts of `burst` at random."""
    rng = np.random.default_rng(seed)
    bad = burst * rng.poisson(rate * 0.0005 / burst, (months, MONTH))
    return bad, bad + rng.poisson(rate, (months, MONTH))


def with_outages(slots: tuple[np.ndarray, np.ndarray], count: int, share: float = 0.5) -> tuple[np.ndarray, np.ndarray]:
    """The same with `count` hours, each on a day of its own, of which all events of a `share` of the hour are bad."""
    bad, total = (one.copy() for one in slots)
    rng = np.random.default_rng(2)
    for month_bad, month_total in zip(bad, total, strict=True):
        hours = rng.permutation(30)[:count] * 24 + rng.integers(0, 24, count)
        month_bad[hours] = month_total[hours] * share
    return bad, total


@pytest.mark.parametrize(("rate", "burst", "error"), [(60, 3, 0.5), (300, 3, 0.4), (300, 10, 1), (1000, 10, 1.5)])
def test_bursts_of_k_give_about_k(rate: float, burst: int, error: float) -> None:
    factors = burst_factor(*healthy(rate, burst, months=300), 99.9)
    assert np.median(factors) == pytest.approx(burst, abs=error)
    assert np.quantile(factors, 0.98) < burst * 1.25
    assert np.quantile(factors, 0.05) > burst / 2  # at 60/h a month has 7 bursts, or 3


@pytest.mark.parametrize("rate", [10, 60, 300, 1000, 30_000])
def test_independent_errors_give_one(rate: float) -> None:
    factors = burst_factor(*healthy(rate, 1, months=300), 99.9)
    assert np.median(factors) < 1.02
    assert np.quantile(factors, 0.95) < 1.15


def test_sizes_that_vary_count_by_the_size_that_an_event_finds_itself_in() -> None:
    small, large = np.random.default_rng(4).poisson(0.06, (2, 200, MONTH))
    factors = burst_factor(2 * small + 8 * large, np.full(MONTH, 1000.0), 99)
    assert np.median(factors) == pytest.approx((4 + 64) / (2 + 8), rel=0.05)  # E[k^2] / E[k]


def test_neither_the_daily_cycle_of_the_traffic_nor_a_bad_day_is_clustering() -> None:
    rng = np.random.default_rng(3)
    cycle = 1e5 * np.sin(np.pi * np.arange(MONTH) / 24) ** 4 + 10
    ratio = np.where(np.arange(MONTH) // 24 % 7 == 6, 0.002, 0.0002)  # the Sundays
    factors = burst_factor(rng.poisson(cycle * ratio, (200, MONTH)), np.ceil(2 * cycle), 99.9)
    assert np.quantile(factors, 0.95) < 1.2


@pytest.mark.parametrize("rate", [60, 300, 1000])
def test_two_outages_in_a_month_say_next_to_nothing(rate: float) -> None:
    factors = burst_factor(*with_outages(healthy(rate, 1, months=200), 2), 99.9)
    assert np.quantile(factors, 0.95) < 1.35


def test_more_outages_than_the_budget_bears_are_incidents_too() -> None:
    factors = burst_factor(*with_outages(healthy(300, 1, months=200), 6), 99.9)
    assert np.quantile(factors, 0.95) < 2


def test_outages_do_not_hide_the_bursts_of_the_quiet_days() -> None:
    factors = burst_factor(*with_outages(healthy(300, 10, months=200), 2), 99.9)
    assert 8 < np.quantile(factors, 0.05) < np.quantile(factors, 0.95) < 25  # two days at the size of the third worst


def test_one_burst_is_some_evidence_and_no_more() -> None:
    bad, total = np.zeros(MONTH), np.full(MONTH, 60.0)
    bad[100] = 3
    assert burst_factor(bad, total, 99.9) == 1.5  # 6 pairs weigh as 2, so 3 errors as 1: 1 + 2 / (1 + 3)
    bad[100] = 60
    assert burst_factor(bad, total, 99.9) == pytest.approx(1.66, abs=0.01)


def test_a_burst_that_costs_a_tenth_of_the_budget_is_never_ordinary() -> None:
    bad, total = np.zeros(MONTH), np.full(MONTH, 150.0)  # the budget at 99.9 %: 108
    bad[::72] = 10
    assert burst_factor(bad, total, 99.9) == pytest.approx(9, rel=0.1)
    assert burst_factor(bad[:360], total[:360], 99.9) == pytest.approx(5.4)
    assert burst_factor(bad / 2, total / 15, 99.9) == 3.0  # a tenth of the budget would be less than one error


def test_more_than_twenty_errors_at_once_are_never_ordinary() -> None:
    bad, total = np.zeros(MONTH), np.full(MONTH, 50_000.0)
    bad[::100] = 700
    assert burst_factor(bad, total, 99.9) == 20


def test_a_new_service_and_one_without_errors_have_the_factor_one() -> None:
    assert burst_factor([], [], 99.9) == 1
    assert burst_factor(np.zeros(MONTH), np.zeros(MONTH), 99.9) == 1
    assert burst_factor(np.zeros(5), np.full(5, 100), 99.9) == 1
    assert burst_factor([0, 2, 0], [1, 2, 1], 99.9) > 1
    # A service with traffic in one hour of the day: all pairs share it, which says nothing.
    assert burst_factor(np.tile(np.eye(24)[3] * 4, 30), np.tile(np.eye(24)[3] * 9000, 30), 99.9) == 1


def test_the_factor_of_many_slos_is_that_of_each() -> None:
    bad, total = healthy(300, 5, months=4)
    objectives = [Decimal("99.9"), Decimal("99.5"), Decimal("99.95"), Decimal("nan")]
    together = burst_factor(bad, total, objectives)
    np.testing.assert_array_equal(together, [burst_factor(*one) for one in zip(bad, total, objectives, strict=True)])
    assert np.isnan(together).tolist() == [False, False, False, True]
    assert np.isnan(burst_factor([1, np.nan], [2, 2], 99.9))


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 200)), max_size=100))
@settings(max_examples=60, deadline=None)
def test_the_factor_is_at_least_one_and_bounded(slots: list[tuple[int, int]]) -> None:
    bad, total = [b for b, _ in slots], [b + g for b, g in slots]
    factor = burst_factor(bad, total, 99)
    assert 1 <= factor <= max(3, 0.1 * 0.01 * sum(total))


@given(st.integers(1, 3000), st.floats(0, 1), st.floats(50, 99.99))
@settings(max_examples=60, deadline=None)
def test_factor_one_is_the_exact_binomial_tail(total: int, share: float, objective: float) -> None:
    bad = int(total * share)
    assert burst_p_value(bad, total, objective) == burn.p_value(bad, total, objective)


def test_the_factor_divides_bad_events_and_all_events() -> None:
    assert burst_p_value(6, 120, 99.9, 3) == burn.p_value(2, 40, 99.9)
    assert burst_p_value([6, 9], 120, [99.9, 99], [3, 1]).tolist() == [
        burn.p_value(2, 40, 99.9),
        burn.p_value(9, 120, 99),
    ]


@given(st.integers(10, 3000), st.floats(0, 1), st.floats(0, 1), st.floats(1, 50))
@settings(max_examples=60, deadline=None)
def test_more_bad_events_never_raise_the_p_values(total: int, one: float, other: float, factor: float) -> None:
    fewer, more = sorted((one * total, other * total))
    assert 0 <= burst_p_value(more, total, 99.9, factor) <= burst_p_value(fewer, total, 99.9, factor) <= 1


@given(st.integers(10, 3000), st.floats(0.0144, 1), st.floats(1, 50), st.floats(1, 50))
@settings(max_examples=60, deadline=None)
def test_a_larger_factor_never_makes_a_burning_window_more_surprising(
    total: int, share: float, one: float, other: float
) -> None:
    low, high = sorted((one, other))
    bad = total * share
    assert burst_p_value(bad, total, 99.9, low) <= burst_p_value(bad, total, 99.9, high) * (1 + 1e-9)


def test_p_values_are_undefined_without_events_and_one_without_errors() -> None:
    assert np.isnan(burst_p_value(0, 0, 99.9, 3))
    assert np.isnan(burst_p_value(1, 10, 99.9, np.nan))
    assert burst_p_value(0, 10, 99.9, 3) == 1
    assert np.isnan(spread_p_value([], [], 99.9))
    assert np.isnan(spread_p_value([0, 0], [0, 0], 99.9))
    assert np.isnan(spread_p_value([0, np.nan], [1, 1], 99.9))
    assert spread_p_value([0, 0], [0, 5], 99.9) == 1


def test_spread_is_the_binomial_tail_over_the_slots_that_had_events() -> None:
    chance = 1 - 0.99**20
    tail = sum(comb(10, k) * chance**k * (1 - chance) ** (10 - k) for k in (3, 4, 5, 6, 7, 8, 9, 10))
    bad = [1, 9, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0]
    assert spread_p_value(bad, [20] * 10 + [0, 0], 99) == pytest.approx(tail, rel=1e-12)
    both = spread_p_value([bad, np.zeros(12)], [20] * 10 + [0, 0], [99, 99.9])
    assert both.tolist() == [pytest.approx(tail), 1.0]


def test_spread_errs_to_the_side_of_caution_where_slots_are_unlike() -> None:
    total = np.array([5, 100, 40, 1, 60, 20, 2, 80])
    chances = 1 - 0.99**total
    exact = np.ones(1)
    for chance in chances:
        exact = np.convolve(exact, [1 - chance, chance])
    for hit in range(5, 9):
        assert exact[hit:].sum() <= spread_p_value(np.arange(8) < hit, np.maximum(total, 1), 99)


@given(st.lists(st.integers(0, 9), min_size=12, max_size=12), st.integers(0, 11))
@settings(max_examples=60, deadline=None)
def test_more_errors_in_one_slot_say_no_more_and_errors_in_another_do(bad: list[int], slot: int) -> None:
    total = np.full(12, 30)
    more = [*bad[:slot], bad[slot] + 5, *bad[slot + 1 :]]
    before, after = spread_p_value(bad, total, 99.9), spread_p_value(more, total, 99.9)
    assert after == before if bad[slot] else after < before


@pytest.mark.parametrize(
    ("function", "arguments", "message"),
    [
        (burst_factor, ([-1], [1], 99.9), "bad must be finite and at least 0"),
        (burst_factor, ([2], [1], 99.9), "bad must not exceed total"),
        (burst_factor, ([1], [1], 100), "strictly between 0 and 100"),
        (burst_p_value, (1, 10, 99.9, 0.5), "factor must be at least 1, got 0.5"),
        (burst_p_value, (1, 10, 99.9, np.inf), "factor must be finite"),
        (burst_p_value, (11, 10, 99.9, 2), "bad must not exceed total"),
        (spread_p_value, ([2], [1], 99.9), "bad must not exceed total"),
    ],
)
def test_a_wrong_domain_is_refused_in_words(function: object, arguments: tuple[object, ...], message: str) -> None:
    assert callable(function)
    with pytest.raises(ValueError, match=message):
        function(*arguments)


@pytest.mark.parametrize(
    ("service", "plain"),
    [
        (Service(60, 3), 6),
        (Service(300, 10), 9),
        (Service(60), 17),
    ],
    ids=str,
)
def test_a_healthy_service_pages_at_most_every_other_month(service: Service, plain: float) -> None:
    found = false_alerts(service, months=6, seed=[7])
    assert found["plain"] > plain
    assert found["ours"] <= 0.5


def test_with_independent_errors_an_incident_pages_no_later_than_by_the_binomial_gate() -> None:
    minutes, _ = delays(Service(300), 0.1, times=8, seed=[8])
    assert np.median(minutes["ours"]) <= np.median(minutes["binomial"]) + 1
    assert np.median(minutes["ours"]) <= np.median(minutes["plain"]) + 2


def test_in_bursts_a_partial_incident_pages_because_it_spreads() -> None:
    minutes, _ = delays(Service(300, 10), 0.1, times=8, seed=[9])
    assert np.median(minutes["ours"]) < 30  # by the count alone 48


def test_a_row_of_the_tables_is_markdown() -> None:
    (row,) = low_traffic.false_alert_rows([Service(60, 3)], months=2)
    cells = row.strip("|").split("|")
    assert cells[0].strip() == "60/h, bursts of 3 in 20 s"
    assert len(cells) == 6
    assert all(float(cell) >= 0 for cell in cells[1:])
