import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.stats import bayes
from exporter.stats.money import roi, value_per_day, waiting_loss_per_day

NAN, INF = float("nan"), float("inf")


def test_value_by_hand_and_a_cost_turns_the_interval_round() -> None:
    assert value_per_day(0.02, -0.01, 0.05, 1000, 3) == (pytest.approx(60), pytest.approx(-30), pytest.approx(150))
    assert value_per_day(0.02, -0.01, 0.05, 1000, -3) == (pytest.approx(-60), pytest.approx(-150), pytest.approx(30))


def test_unbounded_ends_stay_unbounded_and_without_units_nothing_is_earned() -> None:
    assert value_per_day(0.02, -INF, INF, 1000, -3)[1:] == (-INF, INF)
    assert value_per_day(0.02, -INF, INF, 0, 3) == (0, 0, 0)
    assert np.isnan(value_per_day([NAN, 1, 1, 1, 1], [0, NAN, 0, 0, 0], [1, 1, NAN, 1, 1], [1, 1, 1, NAN, 1], 1)).any(
        axis=0
    ).tolist() == [True, True, True, True, False]
    assert np.isnan(value_per_day(NAN, -INF, INF, 0, 3)[0])


@given(st.floats(-1, 1), st.floats(0, 1), st.floats(0, 1), st.floats(0, 1e6), st.floats(-100, 100))
@settings(max_examples=40, deadline=None)
def test_the_value_lies_in_its_interval(d: float, down: float, up: float, units: float, each: float) -> None:
    value, low, high = value_per_day(d, d - down, d + up, units, each)
    assert low <= value <= high


def test_waiting_costs_the_best_less_the_mean_of_the_split() -> None:
    s, n, shares = np.array([100, 120, 90]), np.array([1000, 1000, 1000]), np.array([0.5, 0.3, 0.2])
    loss = bayes.loss_per_arm(s, n)
    means = (s + 1) / (n + 2)
    largest = loss[0] + means[0]
    expected = (largest - shares @ means) * 2000 * 3
    assert waiting_loss_per_day(loss, shares, 2000, 3) == pytest.approx(expected, rel=1e-9)
    assert waiting_loss_per_day(loss, shares, 2000, -3) == pytest.approx(expected, rel=1e-9)
    assert waiting_loss_per_day(loss, [0, 1, 0], 2000, 3) == pytest.approx(loss[1] * 6000)
    both = waiting_loss_per_day([loss, loss * NAN], shares, [1, 2], 1)
    np.testing.assert_allclose(both, [expected / 6000, NAN])


def test_roi_by_hand_and_absent_without_cost() -> None:
    assert roi(10, -INF, 30, 100, 500) == (1.0, -INF, 5.0)
    assert roi(10, 5, 30, 0, 500) == (-1, -1, -1)
    for cost in (0, -5, NAN):
        assert np.isnan(roi(10, 5, 30, 100, cost)).all()
    found = roi([10, NAN, 10], [5, 5, NAN], 30, 100, 500)
    np.testing.assert_array_equal(np.isnan(found), [[False, True, False], [False, False, True], [False] * 3])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: value_per_day(1, 2, 1, 1, 1), "lower must not exceed upper"),
        (lambda: value_per_day(INF, 1, 2, 1, 1), "difference must be finite"),
        (lambda: value_per_day(1, 1, 2, -1, 1), "units_per_day must be finite and at least 0"),
        (lambda: waiting_loss_per_day([1, 1], [0.5, 0.6], 1, 1), "shares must sum to 1"),
        (lambda: waiting_loss_per_day([-1, 1], [0.5, 0.5], 1, 1), "loss_per_arm must be finite and at least 0"),
        (lambda: waiting_loss_per_day(1, 1, 1, 1), "last axis must hold the arms"),
        (lambda: roi(1, 1, 1, -1, 1), "horizon_days must be finite and at least 0"),
        (lambda: roi(1, 1, 1, 1, INF), "cost must be finite"),
    ],
)
def test_a_wrong_domain_is_refused_in_words(call, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
