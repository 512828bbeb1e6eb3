import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.stats import bayes
from exporter.stats.allocation import thompson_weights, top_two


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


def test_top_two_is_what_draws_of_the_best_and_its_rival_give() -> None:
    # Russo 1602.08448: draw an arm; with probability 1 - beta draw again until another comes, and play that
    prob, beta = np.array([0.1, 0.2, 0.3, 0.4]), 0.3
    by_hand = [
        beta * prob[j] + (1 - beta) * sum(prob[i] * prob[j] / (1 - prob[i]) for i in range(4) if i != j)
        for j in range(4)
    ]
    np.testing.assert_allclose(top_two(prob, 0, beta), by_hand, rtol=1e-12)
    np.testing.assert_allclose(top_two(prob, 0.05, beta), 0.05 + 0.8 * np.array(by_hand), rtol=1e-12)


@given(st.lists(st.floats(1e-6, 1), min_size=1, max_size=8), st.floats(0, 0.125), st.floats(0.5, 1))
def test_top_two_sums_to_one_and_keeps_the_floor_and_the_order(
    values: list[float], floor: float, leader: float
) -> None:
    prob = np.array(values) / np.sum(values)
    weights = top_two(prob, floor, leader)
    assert weights.sum() == pytest.approx(1, abs=1e-12)
    assert weights.min() >= floor - 1e-15
    assert np.all(np.diff(weights[np.argsort(prob)]) >= -1e-9)
    np.testing.assert_allclose(top_two(prob, floor, 1.0), thompson_weights(prob, floor), atol=1e-12)


def test_top_two_favours_the_smallest_mean_of_a_metric_that_should_fall() -> None:
    # gbstats 8f1db44 gives means 1, 2, 3, 4 the weights .01 .49 .49 .01, and raises IndexError for two arms
    best = bayes.normal_prob_best([1.0, 2.0, 3.0, 4.0], [0.3] * 4, "decrease")
    weights = top_two(best)
    assert np.argmax(weights) == 0
    assert np.all(np.diff(weights) < 0)
    np.testing.assert_allclose(top_two(bayes.normal_prob_best([1.0, 2.0], [0.3] * 2, "decrease")), 0.5)
    np.testing.assert_allclose(top_two([0.0, 1.0]), 0.5)


def test_top_two_of_a_certain_winner_and_of_an_almost_certain_one() -> None:
    np.testing.assert_allclose(top_two([1, 0, 0], 0), [0.5, 0.25, 0.25])
    np.testing.assert_allclose(top_two([1 - 1e-18, 1e-18, 1e-20], 0), [0.5, 0.5 / 1.01, 0.005 / 1.01], rtol=1e-9)
    assert top_two([1.0]) == [1.0]
    mixed = top_two([[0.5, np.nan, 0.5], [0.2, 0.3, 0.5]])
    assert np.isnan(mixed[0]).all()
    np.testing.assert_allclose(mixed[1], top_two([0.2, 0.3, 0.5]))
    for leader in (-0.1, 1.1, float("nan")):
        with pytest.raises(ValueError, match="leader must be at least 0"):
            top_two([0.5, 0.5], leader=leader)
