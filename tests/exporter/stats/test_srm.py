from itertools import product
from math import factorial, prod

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.stats import srm
from exporter.stats.event_split import event_split_log_e


@pytest.mark.parametrize(
    ("counts", "shares", "c", "log_e"),
    [  # Lindon and Malek 2011.03567, by mpmath
        ([9000, 800], [0.9, 0.1], 10_000, 9.048765672778144),
        ([2500, 2500, 2500, 2900], [0.25] * 4, 10_000, 10.547661662398985),
        ([100, 100, 0], [0.4, 0.4, 0.2], 1000, 4.2256309441437185),
    ],
)
def test_published_values(counts: list[int], shares: list[float], c: float, log_e: float) -> None:
    assert srm.log_e(counts, shares, concentrations=c) == pytest.approx(log_e, abs=1e-9)
    assert srm.p_value(counts, shares, concentrations=c) == pytest.approx(np.exp(-log_e), rel=1e-8)


def test_expectation_under_the_plan_is_one() -> None:
    shares, n = np.array([0.5, 0.3, 0.2]), 8
    mean = 0.0
    for counts in product(range(n + 1), repeat=3):
        if sum(counts) == n:
            ways = factorial(n) / prod(factorial(k) for k in counts)
            mean += ways * np.prod(shares ** np.array(counts)) * np.exp(srm.log_e(counts, shares))
    assert mean == pytest.approx(1, rel=1e-9)


@given(st.integers(0, 5000), st.integers(0, 5000), st.floats(0.05, 0.95))
@settings(max_examples=40, deadline=None)
def test_of_two_arms_it_is_the_event_split(control: int, variant: int, share: float) -> None:
    log_e = srm.log_e([control, variant], [1 - share, share])
    assert log_e == pytest.approx(event_split_log_e(control, variant, share), abs=1e-7)
    assert srm.p_value([control, variant], [1 - share, share]) == pytest.approx(min(1, np.exp(-log_e)), rel=1e-9)


def test_a_unit_in_an_arm_planned_at_zero_is_a_leak_and_an_empty_one_is_left_out() -> None:
    assert srm.log_e([500, 500, 1], [0.5, 0.5, 0]) == np.inf
    assert srm.p_value([500, 500, 1], [0.5, 0.5, 0]) == 0.0
    assert srm.log_e([520, 480, 0], [0.5, 0.5, 0]) == pytest.approx(srm.log_e([520, 480], [0.5, 0.5]), abs=1e-12)


def test_the_plan_may_be_written_with_few_digits() -> None:
    assert srm.log_e([100, 90, 120], [0.333] * 3) == pytest.approx(srm.log_e([100, 90, 120], [1 / 3] * 3), abs=1e-9)


def test_without_units_there_is_no_evidence() -> None:
    assert srm.log_e([0, 0], [0.5, 0.5]) == pytest.approx(0, abs=1e-9)
    assert srm.p_value([0, 0], [0.5, 0.5]) == pytest.approx(1)


def test_arrays_are_a_loop_and_unknown_experiments_stay_alone() -> None:
    counts = np.array([[500, 560], [10, 9], [np.nan, 4]])
    together = srm.log_e(counts, [0.5, 0.5])
    np.testing.assert_allclose(together[:2], [srm.log_e(row, [0.5, 0.5]) for row in counts[:2]], rtol=1e-12)
    assert np.isnan(together[2])
    assert np.isnan(srm.log_e([1, 2, 3], [0.5, 0.5, np.nan]))
    assert np.isnan(srm.p_value([np.nan, 2, 3], [0.5, 0.5, 0]))
    assert isinstance(srm.log_e([1, 2], [0.5, 0.5]), np.float64)


@pytest.mark.parametrize(
    ("counts", "shares", "message"),
    [
        ([-1, 2], [0.5, 0.5], "counts must be finite and at least 0"),
        ([1, 2], [0.5, 0.4], "planned_shares must sum to 1"),
        ([1, 2], [1.5, -0.5], "planned_shares must be finite and at least 0"),
        (1, 1, "last axis must hold the arms"),
    ],
)
def test_a_wrong_domain_is_refused_in_words(counts: object, shares: object, message: str) -> None:
    for function in (srm.log_e, srm.p_value):
        with pytest.raises(ValueError, match=message):
            function(counts, shares)
