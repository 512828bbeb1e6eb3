import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from exporter.stats import split_change


def blocks(random: np.random.Generator, shares: np.ndarray, size: int) -> np.ndarray:
    """Units of two arms in blocks of a size, the variant's share of each given."""
    variant = random.binomial(size, shares)
    return np.stack([size - variant, variant], axis=-1)


def brute_force(units: np.ndarray) -> int:
    """The same by SciPy's test of a contingency table at every cut."""
    found, best = -1, -1.0
    for cut in range(1, len(units)):
        table = np.array([units[:cut].sum(0), units[cut:].sum(0)], dtype=float)
        table = table[:, table.sum(0) > 0]
        if table.shape[1] < 2 or (table.sum(1) == 0).any():
            continue
        test = stats.chi2_contingency(table, correction=False, lambda_="log-likelihood")
        if test.statistic > best:
            best = test.statistic
            moved = np.abs(np.diff(table / table.sum(1, keepdims=True), axis=0)).max()
            found = cut if test.pvalue < 1e-8 and moved >= 0.01 else -1
    return found


@given(st.integers(0, 10**6), st.integers(2, 4), st.floats(0.0, 0.3))
@settings(max_examples=40, deadline=None)
def test_it_is_the_contingency_test_at_every_cut(seed: int, arms: int, moved: float) -> None:
    random = np.random.default_rng(seed)
    before = random.dirichlet(np.full(arms, 5.0))
    after = (1 - moved) * before + moved * random.dirichlet(np.full(arms, 5.0))
    cut = int(random.integers(1, 8))
    units = np.concatenate([random.multinomial(2000, before, cut), random.multinomial(2000, after, 9 - cut)])
    assert split_change.find(units) == brute_force(units)


def test_the_block_where_a_ramp_begins_is_found() -> None:
    random = np.random.default_rng(1)
    shares = np.where(np.arange(60) < 37, 0.1, 0.5)
    assert split_change.find(blocks(random, shares, 400)) == 37
    assert split_change.find(blocks(random, np.where(np.arange(200) < 120, 0.5, 0.52), 3000)) == pytest.approx(
        120, abs=9
    )


def test_a_planned_or_steady_split_is_no_change_however_uneven_the_traffic() -> None:
    random = np.random.default_rng(2)
    size = np.floor(1000 * (1.1 + np.sin(np.arange(300) / 9)))
    variant = random.binomial(size.astype(int), 0.1)
    assert split_change.find(np.stack([size - variant, variant], axis=-1)) == -1


def test_a_certain_but_small_change_is_left_alone() -> None:
    units = np.array([[500_000.0, 500_000.0]] * 5 + [[495_500.0, 504_500.0]] * 5)
    assert split_change.find(units) == -1
    assert split_change.find(units, share_change=0.004) == 5


def test_a_new_arm_is_a_change_and_an_arm_never_used_is_none() -> None:
    units = np.array([[500, 500, 0]] * 4 + [[300, 300, 400]] * 2)
    assert split_change.find(units) == 4
    assert split_change.find(np.array([[500, 500, 0]] * 6)) == -1
    assert split_change.find(np.array([[500, 0]] * 6)) == -1
    # G = 34.6: p = 4e-9 with one degree of freedom, 3e-8 with the two of three arms
    assert split_change.find([[1000, 1000, 0], [815, 1185, 0]]) == 1
    assert split_change.find([[1000, 1000, 1], [815, 1185, 1]]) == -1


def test_few_units_raise_no_alarm() -> None:
    assert split_change.find([[10, 0], [0, 10]]) == -1
    assert split_change.find([[0, 0]] * 3) == -1
    assert split_change.find([[30, 0]]) == -1
    assert split_change.find(np.zeros((0, 2))) == -1
    assert split_change.find([[40, 0], [0, 40]]) == 1


def test_leading_axes_are_experiments_and_nan_stays_alone() -> None:
    random = np.random.default_rng(3)
    shares = np.where(np.arange(40) < np.array([[10], [20], [50]]), 0.2, 0.4)
    units = np.stack([blocks(random, row, 500) for row in shares]).astype(float)
    np.testing.assert_array_equal(split_change.find(units), [10, 20, -1])
    units[0, 3, 1] = np.nan
    found = split_change.find(units)
    np.testing.assert_array_equal(found, [-1, 20, -1])
    assert found.dtype == np.intp
    assert split_change.find(units[None]).shape == (1, 3)


def test_a_steady_split_watched_after_each_block_is_left_alone() -> None:
    units = blocks(np.random.default_rng(4), np.full((200, 60), 0.1), 50)
    assert not any((split_change.find(units[:, :looks]) >= 0).any() for looks in range(2, 61))
    # the p-value of the best cut alone calls a hundred times more of them
    loose = [split_change.find(units[:, :looks], 0.01, 0) >= 0 for looks in range(2, 61)]
    assert np.any(loose, axis=0).mean() > 0.05


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: split_change.find([1, 2]), "blocks and the arms"),
        (lambda: split_change.find([[-1, 2]]), "units must be finite and at least 0"),
        (lambda: split_change.find([[1, 2]], p_value=0), "alpha must be strictly between 0 and 1"),
        (lambda: split_change.find([[1, 2]], share_change=2), "share_change must be at least 0 and at most 1"),
    ],
)
def test_a_wrong_domain_is_refused_in_words(call, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
