import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.stats import epochs
from exporter.stats.strata import Pair, combine, combine_arms, effective_counts

NAN = float("nan")
rows = st.lists(
    st.tuples(st.floats(-9, 9), st.floats(0.1, 9), st.integers(1, 999), st.floats(-9, 9), st.floats(0.1, 9)),
    min_size=1,
    max_size=5,
)


def test_it_is_the_stratified_difference_of_proportions() -> None:
    n_a, s_a, n_b, s_b = np.array([[45_000, 25_000], [3600, 3000], [5000, 25_000], [400, 3000]])
    p_a, p_b = s_a / n_a, s_b / n_b
    pair = combine(p_a, p_a * (1 - p_a) / n_a, n_a, p_b, p_b * (1 - p_b) / n_b, n_b)
    difference, std_error = epochs.stratified_difference(n_a, s_a, n_b, s_b)
    assert pair.mean_variant - pair.mean_control == pytest.approx(difference, abs=1e-15)
    assert np.sqrt(pair.var_control + pair.var_variant) == pytest.approx(std_error, rel=1e-12)
    assert pair.mean_variant / pair.mean_control == pytest.approx(1, abs=1e-12)  # pooled: 1.202
    assert pair.units == 100_000


@given(st.floats(-1e6, 1e6), st.floats(0, 1e6), st.floats(1e-3, 1e9), st.floats(1e-3, 1e9))
@settings(max_examples=60, deadline=None)
def test_one_epoch_gives_its_own_numbers_to_the_last_bit(m: float, v: float, n_a: float, n_b: float) -> None:
    assert combine([m], [v], [n_a], [m / 3], [v / 7], [n_b]) == (m, v, m / 3, v / 7, n_a + n_b)


@given(rows, st.integers(2, 4))
@settings(max_examples=40, deadline=None)
def test_an_epoch_cut_in_equal_parts_is_the_epoch(values: list[tuple[float, ...]], parts: int) -> None:
    m_a, v_a, n, m_b, v_b = np.array(values).T
    whole = combine(m_a, v_a, n, m_b, v_b, 3 * n)
    cut = [np.repeat(column, parts) for column in (m_a, v_a * parts, n / parts, m_b, v_b * parts, 3 * n / parts)]
    np.testing.assert_allclose(combine(*cut), whole, rtol=1e-9, atol=1e-12)


@given(rows)
@settings(max_examples=40, deadline=None)
def test_arms_that_change_places_change_places_and_order_means_nothing(values: list[tuple[float, ...]]) -> None:
    m_a, v_a, n, m_b, v_b = np.array(values).T
    there, back = combine(m_a, v_a, n, m_b, v_b, 2 * n), combine(m_b, v_b, 2 * n, m_a, v_a, n)
    np.testing.assert_allclose(there, [back[2], back[3], back[0], back[1], back[4]], rtol=1e-12)
    turned = combine(*(column[::-1] for column in (m_a, v_a, n, m_b, v_b, 2 * n)))
    np.testing.assert_allclose(turned, there, rtol=1e-9, atol=1e-12)


def test_three_arms_are_weighed_alike_by_hand() -> None:
    means, variances = [[1.0, 2.0, 3.0], [5.0, 6.0, 8.0]], [[0.1, 0.2, 0.3], [0.4, 0.4, 0.4]]
    mean, variance, units = combine_arms(means, variances, [[10, 10, 10], [60, 30, 20]])
    # weights 10/3 and 1/(1/60 + 1/30 + 1/20) = 10, so 1/4 and 3/4
    np.testing.assert_allclose(mean, [4.0, 5.0, 6.75])
    np.testing.assert_allclose(variance, np.array([0.1, 0.2, 0.3]) / 16 + 0.4 * 9 / 16)
    np.testing.assert_array_equal(units, [70, 40, 30])


def test_an_epoch_that_lacks_an_arm_is_left_out() -> None:
    full = combine([2.0, 5.0], [0.1, NAN], [10, 1], [3.0, 6.0], [0.1, 0.2], [10, 40])
    assert full == (2.0, 0.1, 3.0, 0.1, 20)
    empty = combine([2.0, 5.0], [0.1, 1], [10, 9], [3.0, NAN], [0.1, NAN], [10, 0])
    assert empty == full
    none = combine([NAN], [NAN], [0], [1.0], [1.0], [5])
    assert np.isnan(none[:4]).all()
    assert none.units == 0
    assert np.isnan(combine([1.0, 1.0], [1, 1], [9, NAN], [1, 1], [1, 1], [9, 9])).all()


def test_leading_axes_are_experiments() -> None:
    random = np.random.default_rng(4)
    columns = random.uniform(1, 9, (6, 3, 4))
    together = combine(*columns)
    assert isinstance(together, Pair)
    for i in range(3):
        np.testing.assert_allclose([field[i] for field in together], combine(*columns[:, i]), rtol=1e-14)


@given(st.integers(0, 10**6), st.integers(1, 10**6))
@settings(max_examples=60, deadline=None)
def test_effective_counts_of_one_epoch_are_the_counts(s: int, more: int) -> None:
    n = s + more
    p = s / n
    successes, trials = effective_counts(p, p * (1 - p) / n, n)
    assert trials == pytest.approx(n, rel=1e-9)
    assert successes == pytest.approx(s, rel=1e-9)


def test_effective_counts_shrink_with_the_design_effect_and_fall_back_at_the_ends() -> None:
    successes, trials = effective_counts(0.2, 3 * 0.2 * 0.8 / 500, 500)
    assert (successes, trials) == (pytest.approx(500 / 15), pytest.approx(500 / 3))
    successes, trials = effective_counts([0.0, 1.0, 0.5, NAN], [0.0, 0.0, 0.0, 0.1], [40, 40, 40, 40])
    np.testing.assert_array_equal(successes, [0, 40, 20, NAN])
    np.testing.assert_array_equal(trials, [40, 40, 40, NAN])
    assert effective_counts([0.0, 1.0], 0.01, 40)[1].tolist() == [40, 40]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: combine(1, 1, 1, 1, 1, 1), "last axis must hold the epochs"),
        (lambda: combine([1], [-1], [1], [1], [1], [1]), "variances must be finite and at least 0"),
        (lambda: combine([np.inf], [1], [1], [1], [1], [1]), "means must be finite"),
        (lambda: combine_arms([1.0], [1], [1]), "epochs and the arms"),
        (lambda: effective_counts(1.1, 1, 1), "mean must be at most 1"),
        (lambda: effective_counts(-0.1, 1, 1), "mean must be finite and at least 0"),
    ],
)
def test_a_wrong_domain_is_refused_in_words(call, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
