import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.stats import multiple

e_lists = st.lists(st.floats(0, 1e6), min_size=1, max_size=12)


def by_definition(values: list[float], alpha: float) -> int:
    """Number of rejections of Wang and Ramdas 2009.02824, definition 1."""
    ordered = sorted(values, reverse=True)
    return max((k for k, e in enumerate(ordered, 1) if k * e >= len(values) / alpha), default=0)


def test_the_published_example() -> None:
    e = [1.2, 45.0, 310.0, 0.4, 88.0, 1500.0, 26.0, 19.0, 3.0, 0.01]
    assert np.flatnonzero(multiple.e_bh(e, alpha=0.05)).tolist() == [2, 4, 5]


@given(e_lists, st.sampled_from([0.01, 0.05, 0.3]))
@settings(max_examples=80, deadline=None)
def test_it_rejects_the_largest_and_as_many_as_defined(values: list[float], alpha: float) -> None:
    rejected = multiple.e_bh(values, alpha)
    count = by_definition(values, alpha)
    assert rejected.sum() == count
    assert sorted(np.array(values)[rejected]) == sorted(values)[len(values) - count :]


def test_nan_is_never_rejected_and_still_counts() -> None:
    assert multiple.e_bh([np.nan, 30.0]).tolist() == [False, False]
    assert multiple.e_bh([30.0]).tolist() == [True]
    assert multiple.e_bh([np.nan, np.inf]).tolist() == [False, True]
    assert multiple.e_bh([]).tolist() == []


def test_the_family_is_the_last_axis() -> None:
    values = np.array([[[25.0, 0.0], [41.0, 0.0]], [[20.0, 20.0], [30.0, 45.0]]])
    mask = multiple.e_bh(values)
    assert mask.shape == values.shape
    assert mask.tolist() == [[[False, False], [True, False]], [[True, True], [True, True]]]


@pytest.mark.parametrize(
    ("e", "adjusted"), [(1.5, 0.5750229218885559), (20, 1.783322181482338), (1000, 20.791133540988)]
)
def test_published_adjusted_maxima(e: float, adjusted: float) -> None:
    assert multiple.adjust_running_max(e) == pytest.approx(adjusted, rel=1e-12)


def test_the_adjuster_is_one_whose_integral_is_one() -> None:
    # An adjuster A of running maxima needs the integral of A(e)/e^2 from 1 to infinity to be 1; with u = ln e
    u = np.arange(0.0005, 4000, 0.001)
    values = multiple.adjust_running_max(np.exp(np.minimum(u, 600))) * np.exp(-np.minimum(u, 600))
    inner = 0.001 * np.sum(np.where(u <= 600, values, 1 / u**2))
    assert inner + 1 / 4000 == pytest.approx(1, abs=1e-5)


def test_the_adjusted_maximum_is_smooth_at_one_and_one_half_below() -> None:
    e = np.exp(np.linspace(0.0099, 0.0101, 101))
    steps = np.diff(multiple.adjust_running_max(e))
    np.testing.assert_allclose(steps, steps.mean(), rtol=1e-4)
    assert multiple.adjust_running_max([0, 0.3, 1]).tolist() == [0.5] * 3
    assert multiple.adjust_running_max(np.inf) == np.inf
    assert np.isnan(multiple.adjust_running_max(np.nan))


def test_a_wrong_domain_is_refused_in_words() -> None:
    for function in (multiple.e_bh, multiple.adjust_running_max):
        with pytest.raises(ValueError, match="e_values must be at least 0"):
            function([-1.0])
    with pytest.raises(ValueError, match="alpha"):
        multiple.e_bh([1.0], alpha=0)
    with pytest.raises(ValueError, match="last axis"):
        multiple.e_bh(3.0)
