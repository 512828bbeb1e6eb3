from decimal import Decimal
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.stats import burn


def binomial_tail(bad: int, total: int, probability: float) -> float:
    return sum(comb(total, k) * probability**k * (1 - probability) ** (total - k) for k in range(bad, total + 1))


@pytest.mark.parametrize("objective", [99.9, "99.9", Decimal("99.9"), np.float64(99.9)])
def test_the_budget_has_no_float_noise(objective: object) -> None:
    assert burn.budget(objective) == float(Decimal("0.001"))
    assert float(Decimal("0.001")) != (100 - 99.9) / 100  # what it avoids


def test_burning_the_budget_exactly_is_one() -> None:
    assert burn.burn_rate(1, 1000, 99.9) == 1.0
    assert burn.burn_rate(144, 10_000, 99.9) == 14.4


def test_a_whole_array_of_objectives_is_a_loop_over_them() -> None:
    objectives = [99.0, 99.9, 99.95]
    together = burn.burn_rate(5, [1000, 2000, 4000], objectives)
    assert together.tolist() == [burn.burn_rate(5, n, o) for n, o in zip([1000, 2000, 4000], objectives, strict=True)]
    assert isinstance(burn.burn_rate(5, 1000, 99), np.float64)


@pytest.mark.parametrize(("bad", "total"), [(0, 7), (1, 7), (3, 50), (50, 50), (12, 400)])
def test_p_value_is_the_sum_of_the_binomial_tail(bad: int, total: int) -> None:
    assert burn.p_value(bad, total, 97.5) == pytest.approx(binomial_tail(bad, total, 0.025), rel=1e-12)


def test_p_value_of_one_bad_event_in_a_thousand() -> None:
    # 1 - 0.999**1000
    assert burn.p_value(1, 1000, 99.9) == pytest.approx(0.6323045752290363, rel=1e-12)


@given(st.integers(1, 300), st.floats(0, 300, allow_nan=False), st.floats(50, 99.99))
@settings(max_examples=50, deadline=None)
def test_more_bad_events_never_raise_the_p_value(total: int, bad: float, objective: float) -> None:
    bad = min(bad, float(total))
    fewer, same = burn.p_value(np.floor(bad), total, objective), burn.p_value(bad, total, objective)
    assert 0 <= same <= fewer <= 1


def test_without_events_nothing_is_known() -> None:
    assert np.isnan(burn.burn_rate(0, 0, 99.9))
    assert np.isnan(burn.p_value(0, 0, 99.9))
    assert burn.p_value(0, 10, 99.9) == 1.0
    assert burn.burn_rate(0, 10, 99.9) == 0.0


def test_nan_in_nan_out() -> None:
    nan = float("nan")
    for arguments in [(nan, 10, 99.9), (1, nan, 99.9), (1, 10, nan), (0, 10, Decimal("nan"))]:
        assert np.isnan(burn.burn_rate(*arguments))
        assert np.isnan(burn.p_value(*arguments))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((-1, 10, 99.9), "bad must be finite and at least 0"),
        ((1, np.inf, 99.9), "total must be finite"),
        ((11, 10, 99.9), "bad must not exceed total"),
        ((1, 10, 100), "strictly between 0 and 100"),
        ((1, 10, 0), "strictly between 0 and 100"),
        ((1, 10, "much"), "must be a number"),
    ],
)
def test_a_wrong_domain_is_refused_in_words(arguments: tuple[object, ...], message: str) -> None:
    for function in (burn.burn_rate, burn.p_value):
        with pytest.raises(ValueError, match=message):
            function(*arguments)


def test_trend_sees_both_directions() -> None:
    assert burn.trend(30, 1000, 5, 1000) == -1
    assert burn.trend(5, 1000, 30, 1000) == 1
    assert burn.trend(6, 1000, 5, 1000) == 0
    assert burn.trend(60, 2000, 30, 1000) == 0  # same ratio, other traffic


def test_trend_turns_exactly_where_twice_the_tail_reaches_alpha() -> None:
    # P(X >= 8 | 8, 1/2) = 1/256, doubled 1/128 = 0.0078; seven in seven doubled is 1/64 = 0.0156
    assert burn.trend(8, 100, 0, 100) == -1
    assert burn.trend(7, 100, 0, 100) == 0
    assert burn.trend(7, 100, 0, 100, alpha=1 / 64) == -1


def test_trend_is_undefined_without_events_and_flat_without_errors() -> None:
    answers = burn.trend([0, 0, 0, np.nan], [0, 10, 10, 10], [1, 0, 0, 0], [10, 0, 10, 10])
    np.testing.assert_array_equal(answers, [np.nan, np.nan, 0.0, np.nan])


@given(*[st.integers(0, 40)] * 2, *[st.integers(40, 90)] * 2)
@settings(max_examples=50, deadline=None)
def test_trend_is_antisymmetric(bad_recent: int, bad_before: int, recent: int, before: int) -> None:
    assert burn.trend(bad_recent, recent, bad_before, before) == -burn.trend(bad_before, before, bad_recent, recent)


def test_trend_refuses_an_alpha_that_is_no_level() -> None:
    with pytest.raises(ValueError, match="alpha must be strictly between 0 and 1"):
        burn.trend(1, 10, 1, 10, alpha=1)
