import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.stats.stopping import anscombe


def test_it_stops_where_the_tail_equals_the_share_already_spent() -> None:
    # 1 - Phi(1.959964) = 0.025 = (10000 / 2) / 200000
    assert anscombe(1.9600, 10_000, 200_000) == 1.0
    assert anscombe(1.9599, 10_000, 200_000) == 0.0


@given(st.floats(-6, 6), st.floats(0, 1e6), st.floats(0, 1e7))
def test_only_the_size_of_z_counts_and_more_data_never_go_back(z: float, n: float, horizon: float) -> None:
    assert anscombe(z, n, horizon) == anscombe(-z, n, horizon)
    assert anscombe(z, n + 1000, horizon) >= anscombe(z, n, horizon)
    assert anscombe(z, n, horizon + 1000) <= anscombe(z, n, horizon)


def test_with_nothing_left_to_decide_for_it_stops_and_before_any_data_it_goes_on() -> None:
    assert anscombe(0, 10, 0) == 1.0
    assert anscombe(0, 0, 10) == 0.0


def test_nan_is_no_recommendation() -> None:
    np.testing.assert_array_equal(anscombe([np.nan, 5, 5, 5], [9, np.nan, 9, 9], [9, 9, np.nan, 9]), [np.nan] * 3 + [1])


def test_a_wrong_domain_is_refused_in_words() -> None:
    with pytest.raises(ValueError, match="z must be finite"):
        anscombe(np.inf, 1, 1)
    with pytest.raises(ValueError, match="horizon must be finite and at least 0"):
        anscombe(1, 1, -1)
