from itertools import product
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import betaln

from exporter.stats import sequential
from exporter.stats.event_split import CONCENTRATIONS, event_split_lift_interval, event_split_log_e

events = st.floats(0, 1e5, allow_nan=False) | st.integers(0, 50)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.83])
@pytest.mark.parametrize("n", [1, 2, 7, 40])
def test_expectation_under_equal_rates_is_one(share: float, n: int) -> None:
    variant = np.arange(n + 1)
    weights = [comb(n, int(k)) * share**k * (1 - share) ** (n - k) for k in variant]
    assert np.dot(weights, np.exp(event_split_log_e(n - variant, variant, share))) == pytest.approx(1, rel=1e-11)


def test_the_running_evidence_is_a_martingale() -> None:
    share = 0.3
    for control, variant in product(range(6), range(6)):
        now = np.exp(event_split_log_e(control, variant, share))
        one_more = np.exp(event_split_log_e([control + 1, control], [variant, variant + 1], share))
        assert np.dot([1 - share, share], one_more) == pytest.approx(now, rel=1e-10)


def test_published_value_of_fifty_against_none() -> None:
    # Lindon and Malek 2011.03567 by mpmath, 40 digits: c = 100, w = 1/2
    assert event_split_log_e(50, 0, 0.5, concentrations=100) == pytest.approx(8.35055526547575, abs=1e-9)
    lower, upper = event_split_lift_interval(50, 0, 0.5, concentrations=100)
    assert lower == -1.0
    assert upper == pytest.approx(-0.2031219889418182, abs=1e-9)


@given(events, events, st.floats(0.02, 0.98), st.sampled_from([0.01, 0.05, 0.2]))
@settings(max_examples=80, deadline=None)
def test_evidence_at_the_ends_of_the_interval_is_one_over_alpha(
    control: float, variant: float, share: float, alpha: float
) -> None:
    lower, upper = event_split_lift_interval(control, variant, share, alpha)
    c = np.array(CONCENTRATIONS)
    prior = betaln(c * (1 - share), c * share)
    marginal = np.logaddexp.reduce(betaln(c * (1 - share) + control, c * share + variant) - prior) - np.log(4)
    for lift in (float(lower), float(upper)):
        if lift < -1 + 1e-6 or lift > 1e6:  # too close to -1 to get the odds back from the lift
            continue
        odds = (1 + lift) * share / (1 - share)
        likelihood = variant * np.log(odds) - (control + variant) * np.log1p(odds)
        assert marginal - likelihood == pytest.approx(np.log(1 / alpha), abs=1e-6)
    assert lower == -1 or variant > 0
    assert upper == np.inf or control > 0


@given(events, events, st.floats(0.02, 0.98))
@settings(max_examples=60, deadline=None)
def test_the_interval_leaves_zero_out_exactly_when_the_evidence_reaches_one_over_alpha(
    control: float, variant: float, share: float
) -> None:
    log_e = event_split_log_e(control, variant, share)
    lower, upper = event_split_lift_interval(control, variant, share)
    if abs(log_e - np.log(20)) > 1e-6:
        assert (log_e > np.log(20)) == (not lower < 0 < upper)


@given(events, events, st.floats(0.02, 0.98))
@settings(max_examples=40, deadline=None)
def test_arms_that_change_places_turn_the_interval_round(control: float, variant: float, share: float) -> None:
    lower, upper = event_split_lift_interval(control, variant, share)
    back_lower, back_upper = event_split_lift_interval(variant, control, 1 - share)
    if np.isfinite(upper) and lower > -0.999999 and upper < 1e6:
        assert (1 + lower) * (1 + back_upper) == pytest.approx(1, rel=1e-6)
        assert (1 + upper) * (1 + back_lower) == pytest.approx(1, rel=1e-6)
    assert event_split_log_e(control, variant, share) == pytest.approx(
        event_split_log_e(variant, control, 1 - share), abs=1e-6
    )


def test_without_events_everything_is_possible() -> None:
    assert event_split_log_e(0, 0, 0.5) == 0.0
    assert event_split_lift_interval(0, 0, 0.3) == (-1.0, np.inf)
    assert event_split_lift_interval(0, 9, 0.5)[1] == np.inf
    assert event_split_lift_interval(9, 0, 0.5)[0] == -1.0


def test_a_thousand_million_events_still_give_an_interval_around_the_estimate() -> None:
    lower, upper = event_split_lift_interval(1e9, 1.001e9, 0.5)
    assert 0 < lower < 0.001 < upper < 0.002


def test_arrays_give_what_single_experiments_give_and_nan_stays_alone() -> None:
    control, variant, share = np.array([5, 0, 400.5, np.nan]), np.array([9, 3, 380, 1]), np.array([0.5, 0.2, 0.5, 0.5])
    lower, upper = event_split_lift_interval(control, variant, share)
    for i in range(3):
        alone = event_split_lift_interval(control[i], variant[i], share[i])
        np.testing.assert_allclose([lower[i], upper[i]], alone, rtol=1e-10)
        assert isinstance(alone[0], np.float64)
    assert np.isnan([lower[3], upper[3], event_split_log_e(control, variant, share)[3]]).all()
    assert np.isnan(event_split_lift_interval(1, 1, np.nan)).all()


def test_it_is_offered_as_part_of_the_sequential_test() -> None:
    assert sequential.event_split_log_e is event_split_log_e
    assert sequential.event_split_lift_interval is event_split_lift_interval


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((-1, 1, 0.5), "events_control must be finite and at least 0"),
        ((1, np.inf, 0.5), "events_variant must be finite"),
        ((1, 1, 0), "share_variant must be strictly between 0 and 1"),
        ((1, 1, 1), "share_variant must be strictly between 0 and 1"),
    ],
)
def test_a_wrong_domain_is_refused_in_words(arguments: tuple[float, float, float], message: str) -> None:
    for function in (event_split_log_e, event_split_lift_interval):
        with pytest.raises(ValueError, match=message):
            function(*arguments)
    with pytest.raises(ValueError, match="alpha"):
        event_split_lift_interval(1, 1, 0.5, alpha=0)
    with pytest.raises(ValueError, match="concentrations"):
        event_split_log_e(1, 1, 0.5, concentrations=())
