import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.stats.allocation import thompson_weights


def test_the_published_floor_is_additive() -> None:
    # GrowthBook PR 6145
    np.testing.assert_allclose(thompson_weights([0.02, 0.08, 0.6, 0.3], 0.05), [0.066, 0.114, 0.53, 0.29], atol=1e-15)


@given(st.lists(st.floats(1e-6, 1), min_size=1, max_size=8), st.floats(0, 0.125))
def test_weights_sum_to_one_keep_the_floor_and_the_order(values: list[float], floor: float) -> None:
    prob = np.array(values) / np.sum(values)
    weights = thompson_weights(prob, floor)
    assert weights.sum() == pytest.approx(1, abs=1e-12)
    assert weights.min() >= floor
    assert np.all(np.diff(weights[np.argsort(prob)]) >= -1e-15)


def test_the_floors_may_take_everything_but_not_more() -> None:
    np.testing.assert_allclose(thompson_weights([1, 0, 0], 1 / 3), [1 / 3] * 3)
    with pytest.raises(ValueError, match="floor must be at least 0 and at most 1/3 for 3 arms"):
        thompson_weights([1, 0, 0], 0.34)


def test_unknown_probabilities_have_no_weights() -> None:
    weights = thompson_weights([[0.5, np.nan], [0.5, 0.5]])
    assert np.isnan(weights[0]).all()
    np.testing.assert_allclose(weights[1], 0.5)


@pytest.mark.parametrize(
    ("prob", "floor", "message"),
    [
        ([0.5, 0.6], 0.01, "prob_best must sum to 1"),
        ([1.5, -0.5], 0.01, "prob_best must be finite and at least 0"),
        ([0.5, 0.5], -0.1, "floor must be at least 0"),
        ([0.5, 0.5], float("nan"), "floor must be at least 0"),
        (1.0, 0.01, "last axis must hold the arms"),
    ],
)
def test_a_wrong_domain_is_refused_in_words(prob: object, floor: float, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        thompson_weights(prob, floor)
