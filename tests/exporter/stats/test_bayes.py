from fractions import Fraction
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.stats import bayes, logit_grid, quadrature

JEFFREYS = (0.5, 0.5)


def counts(most: int = 400) -> st.SearchStrategy[tuple[int, int]]:
    return st.integers(1, most).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


def exact_prob_beats(control: tuple[int, int], variant: tuple[int, int]) -> Fraction:
    """P(B > A) under uniform priors in whole numbers only (E. Miller 2015), no float anywhere."""
    (s_a, n_a), (s_b, n_b) = control, variant
    a_a, b_a, a_b, b_b = s_a + 1, n_a - s_a + 1, s_b + 1, n_b - s_b + 1

    def beta(p: int, q: int) -> Fraction:
        return Fraction(1, p * comb(p + q - 1, p))

    terms = (beta(a_a + i, b_a + b_b) / ((b_b + i) * beta(1 + i, b_b) * beta(a_a, b_a)) for i in range(a_b))
    return sum(terms, Fraction(0))


@pytest.mark.parametrize(
    ("control", "variant"),
    [((100, 1000), (120, 1000)), ((5, 50), (0, 60)), ((0, 1), (1, 1)), ((105, 1000), (500, 5000)), ((0, 9), (2, 999))],
)
def test_prob_beats_is_the_exact_finite_sum(control: tuple[int, int], variant: tuple[int, int]) -> None:
    assert bayes.prob_beats(*control, *variant) == pytest.approx(float(exact_prob_beats(control, variant)), abs=1e-11)


def test_published_losses_of_100_against_120_of_1000() -> None:
    # mpmath, 40 digits, exact finite sum
    kept, shipped = bayes.expected_loss(100, 1000, 120, 1000)
    assert kept == pytest.approx(0.020444693766675806, abs=1e-11)
    assert shipped == pytest.approx(0.0004846139263564437, abs=1e-11)


def test_a_narrow_arm_inside_a_wide_one_is_not_missed() -> None:
    assert bayes.prob_beats(105, 1000, 50_000, 500_000) == pytest.approx(
        1 - float(bayes.prob_beats(50_000, 500_000, 105, 1000)), abs=1e-12
    )
    # the finite sum in logarithms of the gamma function, good to 1e-10 here
    assert bayes.prob_beats(105, 1000, 50_000, 500_000) == pytest.approx(0.2817370024, abs=1e-9)


@given(counts(), counts(), st.sampled_from([(1, 1), JEFFREYS]))
@settings(max_examples=60, deadline=None)
def test_identities_of_two_arms(control: tuple[int, int], variant: tuple[int, int], prior: tuple[float, float]) -> None:
    there = bayes.prob_beats(*control, *variant, prior)
    back = bayes.prob_beats(*variant, *control, prior)
    assert there + back == pytest.approx(1, abs=1e-11)
    kept, shipped = bayes.expected_loss(*control, *variant, prior)
    mean_control, mean_variant = ((s + prior[0]) / (n + sum(prior)) for s, n in (control, variant))
    assert kept - shipped == pytest.approx(mean_variant - mean_control, abs=1e-11)
    assert min(kept, shipped) >= 0
    best = bayes.prob_best([control[0], variant[0]], [control[1], variant[1]], prior)
    assert best[1] == pytest.approx(there, abs=1e-11)


@given(st.lists(counts(), min_size=3, max_size=5), st.permutations(range(3)))
@settings(max_examples=30, deadline=None)
def test_prob_best_sums_to_one_and_follows_the_arms_when_they_change_places(
    arms: list[tuple[int, int]], order: list[int]
) -> None:
    order = [*order, *range(3, len(arms))]
    s, n = np.array(arms).T
    best = bayes.prob_best(s, n)
    assert best.sum() == pytest.approx(1, abs=1e-12)
    np.testing.assert_allclose(bayes.prob_best(s[order], n[order]), best[order], atol=1e-11)


def test_the_grid_agrees_with_the_quadrature_wherever_it_claims_to() -> None:
    random = np.random.default_rng(5)
    n = np.floor(np.exp(random.uniform(np.log(30), np.log(1e6), (400, 1))) * random.uniform(0.5, 2, (400, 4)))
    s = random.binomial(n.astype(int), np.exp(random.uniform(-6, -0.5, (400, 1))))
    a, b = s + 1.0, n - s + 1.0
    for size in logit_grid.SIZES:
        fine = logit_grid.resolved(a, b, size)
        assert fine.any()
        np.testing.assert_allclose(
            logit_grid.best_beta(a[fine], b[fine], size), quadrature.best_beta(a[fine], b[fine]), rtol=0, atol=1e-10
        )
    assert not logit_grid.resolved(np.array([[1.0, 1.0]]), np.array([[11.0, 2001.0]]), 64).any()


def test_many_experiments_at_once_are_the_same_as_one_by_one() -> None:
    s_a, n_a, s_b, n_b = np.array([[3, 0, 50, 9], [40, 10, 900, 11], [7, 1, 60, 800], [41, 2000, 900, 9000]])
    together = bayes.prob_beats(s_a, n_a, s_b, n_b)
    alone = [bayes.prob_beats(*one) for one in zip(s_a, n_a, s_b, n_b, strict=True)]
    np.testing.assert_allclose(together, alone, rtol=0, atol=1e-12)  # products of other shapes sum in another order
    assert isinstance(alone[0], np.float64)
    nested = bayes.prob_best(np.stack([s_a, s_b]).reshape(2, 2, 2), np.stack([n_a, n_b]).reshape(2, 2, 2))
    assert nested.shape == (2, 2, 2)


def test_an_arm_without_trials_or_with_nan_has_no_answer_and_harms_no_other() -> None:
    beats = bayes.prob_beats([0, 0, 1, np.nan, 1], [0, 5, 5, 5, 5], [0, 0, 0, 1, 2], [5, 0, 5, 5, 5])
    np.testing.assert_array_equal(np.isnan(beats), [True, True, False, True, False])
    assert np.isnan(bayes.expected_loss(0, 0, 1, 5)[0])
    best = bayes.prob_best([[1, 2], [0, 2]], [[5, 5], [0, 5]])
    np.testing.assert_array_equal(np.isnan(best), [[False, False], [True, True]])


def test_no_conversions_in_one_arm_is_evidence_and_not_one_half() -> None:
    assert bayes.prob_beats(50, 5000, 0, 5000) < 1e-14
    assert bayes.prob_beats(0, 100, 0, 100) == pytest.approx(0.5, abs=1e-12)
    assert bayes.prob_beats(100, 100, 100, 100) == pytest.approx(0.5, abs=1e-12)


def test_normal_prob_best_of_two_is_the_normal_distribution_function() -> None:
    # Phi(1 / sqrt(2))
    assert bayes.normal_prob_best([0, 1], [1, 1])[1] == pytest.approx(0.7602499389065233, abs=1e-12)
    assert bayes.normal_prob_best([0, 1], [1, 1], "decrease")[0] == pytest.approx(0.7602499389065233, abs=1e-12)


def test_normal_prob_best_resolves_very_unequal_arms() -> None:
    best = bayes.normal_prob_best([0.0, 0.3], [1.0, 1e-6])
    assert best[0] == pytest.approx(0.3820885778110474, abs=1e-9)  # 1 - Phi(0.3)
    assert np.isnan(bayes.normal_prob_best([[0, 1], [0, np.nan]], [[1, 0], [1, 1]])).all()


def test_normal_expected_loss() -> None:
    kept, shipped = bayes.normal_expected_loss(0, 2)
    assert kept == shipped == pytest.approx(2 / np.sqrt(2 * np.pi))
    assert bayes.normal_expected_loss(0.01, 4.5e-9) == (0.01, 0.0)  # GrowthBook's test of an extreme ratio
    assert bayes.normal_expected_loss(-3, 0) == (0.0, 3.0)
    kept, shipped = bayes.normal_expected_loss([1.0, -0.2], 0.7)
    np.testing.assert_allclose(kept - shipped, [1.0, -0.2], atol=1e-15)
    assert np.isnan(bayes.normal_expected_loss(np.nan, 1)).all()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: bayes.prob_beats(2, 1, 0, 1), "successes_control must not exceed trials_control"),
        (lambda: bayes.prob_beats(0, 1, -1, 1), "successes_variant must be finite and at least 0"),
        (lambda: bayes.prob_beats(0, 1, 0, 1, (0, 1)), "prior must be two positive numbers"),
        (lambda: bayes.prob_best(1, 2), "last axis must hold the arms"),
        (lambda: bayes.normal_prob_best([1, 2], [1, -1]), "std_errors must be finite and at least 0"),
        (lambda: bayes.normal_prob_best([1, 2], [1, 1], "up"), "direction must be"),
        (lambda: bayes.normal_expected_loss(np.inf, 1), "mean must be finite"),
    ],
)
def test_a_wrong_domain_is_refused_in_words(call, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
