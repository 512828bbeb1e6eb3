from itertools import product
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.stats import fatigue

EVENTS = [40, 38, 41, 37, 30, 29, 31, 28, 27, 26]


def test_published_trend() -> None:
    # Cochran-Armitage score and Howard et al. 2021, Prop. 6, by mpmath, without dispersion
    found = fatigue.trend([500] * 10, EVENTS, rho=3000, dispersion=1)
    assert found.score == pytest.approx(143.5)
    assert found.variance == pytest.approx(2521.31715, rel=1e-12)
    assert found.dispersion == 1.0
    assert found.log_e_value == pytest.approx(2.2258482219533042, rel=1e-12)
    assert found.e_value == pytest.approx(np.exp(2.2258482219533042), rel=1e-12)
    assert found.slope == pytest.approx(-0.056914696352261755, rel=1e-12)
    assert found.half_life == pytest.approx(np.log(2) / 0.056914696352261755, rel=1e-12)


def test_a_rising_rate_has_no_half_life_and_little_evidence() -> None:
    found = fatigue.trend([500] * 10, EVENTS[::-1])
    assert found.score == pytest.approx(-143.5)
    assert found.slope > 0
    assert np.isnan(found.half_life)
    assert found.log_e_value < 0


def test_a_slope_of_the_logit_is_given_back() -> None:
    k = np.arange(1, 21)
    rate = 1 / (1 + np.exp(2.0 + 0.01 * k))
    found = fatigue.trend(np.full(20, 10_000.0), 10_000 * rate)
    assert found.slope == pytest.approx(-0.01, rel=0.01)


def test_dispersion_weakens_the_evidence_but_not_the_slope() -> None:
    noisy = np.array(EVENTS) + np.array([12, -12] * 5)
    found = fatigue.trend([500] * 10, noisy)
    assert found.dispersion > 2
    assert found.log_e_value < fatigue.trend([500] * 10, noisy, dispersion=1).log_e_value
    p = noisy.sum() / 5000
    information = p * (1 - p) * 500 * np.sum((np.arange(1, 11) - 5.5) ** 2)
    assert found.variance == pytest.approx(found.dispersion * information)
    assert found.slope == pytest.approx(-found.score / information)


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(50, 90)), min_size=2, max_size=12))
@settings(max_examples=60, deadline=None)
def test_uses_in_reverse_order_turn_the_score(uses: list[tuple[int, int]]) -> None:
    x, m = np.array(uses).T
    there, back = fatigue.trend(m, x), fatigue.trend(m[::-1], x[::-1])
    if 0 < x.sum() < m.sum():
        assert there.score == pytest.approx(-back.score, abs=1e-9)
        assert there.variance == pytest.approx(back.variance)
    else:
        assert np.isnan([there.score, there.variance, there.log_e_value, there.slope]).all()


@pytest.mark.parametrize(
    ("exposures", "events"),
    [([500], [40]), ([500, 0, 0], [40, 0, 0]), ([5, 5], [0, 0]), ([5, 5], [5, 5]), ([5, 5], [np.nan, 2]), ([], [])],
)
def test_undefined_without_two_uses_or_without_both_outcomes(exposures: list[float], events: list[float]) -> None:
    found = fatigue.trend(exposures, events)
    for name in ("score", "variance", "dispersion", "log_e_value", "e_value", "slope", "half_life"):
        assert np.isnan(getattr(found, name)), name


def test_a_use_without_exposures_keeps_its_place() -> None:
    gap = fatigue.trend([500, 0, 500], [40, 0, 30])
    assert gap.slope == pytest.approx(fatigue.trend([500, 500], [40, 30]).slope / 2)


def by_recursion(exposures: list[int], events: list[int], p: float, drops: tuple[float, ...]) -> list[float]:
    statistics = dict.fromkeys(drops, 0.0)
    means = []
    for m, x in zip(exposures, events, strict=True):
        for d in drops:
            ratio = (1 - d) ** x * ((1 - (1 - d) * p) / (1 - p)) ** (m - x)
            statistics[d] = (statistics[d] + 1) * ratio
        means.append(sum(statistics.values()) / len(drops))
    return means


def test_change_statistic_is_the_recursion_of_its_definition() -> None:
    drops = (0.05, 0.1, 0.2, 0.3, 0.5)
    log_m = fatigue.change_log_m([500] * 10, EVENTS, 0.08)
    np.testing.assert_allclose(log_m, np.log(by_recursion([500] * 10, EVENTS, 0.08, drops)), rtol=1e-10)


def test_change_statistic_grows_by_one_a_use_on_average_while_nothing_changes() -> None:
    # E[M_t] = t is what bounds the false alarms; three uses enumerated
    m, p = 6, 0.3
    mean = np.zeros(3)
    for events in product(range(m + 1), repeat=3):
        likelihood = np.prod([comb(m, x) * p**x * (1 - p) ** (m - x) for x in events])
        mean += likelihood * np.exp(fatigue.change_log_m([m] * 3, events, p))
    np.testing.assert_allclose(mean, [1, 2, 3], rtol=1e-12)


def test_change_statistic_survives_ten_thousand_uses_both_ways() -> None:
    for events in (0, 100):
        log_m = fatigue.change_log_m(np.full(10_000, 500), np.full(10_000, events), 0.08)
        assert np.isfinite(log_m).all()
    assert log_m[-1] < -1


def test_leading_axes_are_messages_and_nan_stays_where_it_is() -> None:
    events = np.array([EVENTS, EVENTS[::-1], [np.nan, *EVENTS[1:]]])
    baselines = np.array([0.08, 0.07, 0.08])
    log_m = fatigue.change_log_m(500, events, baselines)
    assert log_m.shape == events.shape
    np.testing.assert_allclose(log_m[1], fatigue.change_log_m([500] * 10, EVENTS[::-1], 0.07), rtol=1e-12)
    assert np.isnan(log_m[2]).all()
    together = fatigue.trend(500, events)
    assert together.score.shape == (3,)
    assert together.log_e_value[0] == pytest.approx(fatigue.trend([500] * 10, EVENTS).log_e_value, rel=1e-12)
    assert np.isnan(together.score[2])
    late = fatigue.change_log_m([500] * 3, [40, np.nan, 40], 0.08)
    np.testing.assert_array_equal(np.isnan(late), [False, True, True])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: fatigue.trend([5, 5], [6, 1]), "events must not exceed exposures"),
        (lambda: fatigue.trend(5, 1), "last axis must hold the uses"),
        (lambda: fatigue.trend([5, 5], [1, 1], rho=0), "rho must be positive"),
        (lambda: fatigue.trend([5, 5], [1, 1], dispersion=0.9), "dispersion must be at least 1"),
        (lambda: fatigue.change_log_m([5], [1], 0), "baseline must be strictly between 0 and 1"),
        (lambda: fatigue.change_log_m([5], [1], 0.1, drops=(1.0,)), "drops must be strictly between 0 and 1"),
        (lambda: fatigue.change_log_m([5], [-1], 0.1), "events must be finite and at least 0"),
    ],
)
def test_a_wrong_domain_is_refused_in_words(call, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
