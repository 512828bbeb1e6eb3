import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from exporter.stats import bayes, logit_grid, quadrature
from exporter.stats.losses import loss_per_arm, normal_loss_per_arm

counts = st.integers(1, 3000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


def expected_largest(cdfs: list, low: float, high: float, points: list[float]) -> float:
    """low + the integral of 1 - prod F from low to high, by SciPy's adaptive rule."""
    return (
        low
        + integrate.quad(
            lambda x: 1 - np.prod([f(x) for f in cdfs]), low, high, points=points, epsabs=1e-13, limit=400
        )[0]
    )


@pytest.mark.parametrize("prior", [(1, 1), (0.5, 0.5)])
@pytest.mark.parametrize(("s", "n"), [([3, 40, 500], [10, 300, 9000]), ([0, 5, 6, 7], [50, 50, 60, 2000])])
def test_it_is_the_mean_of_the_largest_less_that_of_the_arm(
    s: list[int], n: list[int], prior: tuple[float, float]
) -> None:
    posteriors = [stats.beta(x + prior[0], m - x + prior[1]) for x, m in zip(s, n, strict=True)]
    largest = expected_largest([p.cdf for p in posteriors], 0, 1, [float(p.mean()) for p in posteriors])
    expected = [largest - p.mean() for p in posteriors]
    np.testing.assert_allclose(loss_per_arm(s, n, prior), expected, rtol=0, atol=1e-10)


@given(counts, counts)
@settings(max_examples=50, deadline=None)
def test_two_arms_lose_what_expected_loss_says(control: tuple[int, int], variant: tuple[int, int]) -> None:
    s, n = [control[0], variant[0]], [control[1], variant[1]]
    np.testing.assert_allclose(loss_per_arm(s, n), bayes.expected_loss(*control, *variant), rtol=0, atol=1e-10)
    # downwards the same losses change places
    np.testing.assert_allclose(loss_per_arm(s, n, direction="decrease"), loss_per_arm(s, n)[::-1], atol=1e-10)


@given(st.lists(counts, min_size=2, max_size=5))
@settings(max_examples=40, deadline=None)
def test_losses_differ_by_the_posterior_means_in_either_direction(arms: list[tuple[int, int]]) -> None:
    s, n = np.array(arms).T
    means = (s + 1) / (n + 2)
    for direction, sign in (("increase", 1), ("decrease", -1)):
        loss = loss_per_arm(s, n, direction=direction)
        assert loss.min() >= 0
        np.testing.assert_allclose(loss - loss[0], -sign * (means - means[0]), rtol=0, atol=1e-10)


def test_the_grid_agrees_with_the_quadrature_wherever_it_claims_to() -> None:
    random = np.random.default_rng(7)
    n = np.floor(np.exp(random.uniform(np.log(30), np.log(1e6), (300, 1))) * random.uniform(0.5, 2, (300, 4)))
    s = random.binomial(n.astype(int), np.exp(random.uniform(-6, -0.5, (300, 1))))
    a, b = s + 1.0, n - s + 1.0
    for size in logit_grid.SIZES:
        fine = logit_grid.resolved(a, b, size)
        assert fine.any()
        found = logit_grid.loss_beta(a[fine], b[fine], size)
        np.testing.assert_allclose(found, quadrature.loss_beta(a[fine], b[fine]), rtol=0, atol=1e-10)


def test_normal_losses_against_scipy_and_two_arms_in_closed_form() -> None:
    means, errors = [1.0, 1.02, 1.05, 0.98], [0.02, 0.025, 0.03, 0.02]
    cdfs = [stats.norm(m, s).cdf for m, s in zip(means, errors, strict=True)]
    largest = expected_largest(cdfs, 0.5, 1.5, means)
    np.testing.assert_allclose(normal_loss_per_arm(means, errors), largest - np.array(means), rtol=0, atol=1e-11)
    turned = normal_loss_per_arm(-np.array(means), errors, "decrease")
    np.testing.assert_allclose(turned, normal_loss_per_arm(means, errors), rtol=1e-9)
    kept, shipped = bayes.normal_expected_loss(0.3, np.hypot(1.0, 1e-3))
    np.testing.assert_allclose(normal_loss_per_arm([0.0, 0.3], [1.0, 1e-3]), [kept, shipped], atol=1e-12)
    np.testing.assert_allclose(normal_loss_per_arm([0.0, 50.0], [1.0, 1.0]), [50, 0], atol=1e-12)


def test_unknown_experiments_stay_alone_and_arrays_are_a_loop() -> None:
    s, n = [[3.0, 5, 9], [0, 1, 2], [np.nan, 1, 1]], [[30.0, 40, 50], [0, 9, 9], [5, 5, 5]]
    loss = loss_per_arm(s, n)
    np.testing.assert_allclose(loss[0], loss_per_arm(s[0], n[0]), rtol=0, atol=1e-12)
    assert np.isnan(loss[1:]).all()
    normal = normal_loss_per_arm([[1.0, 2], [1, 2], [1, np.nan]], [[1.0, 1], [1, 0], [1, 1]])
    np.testing.assert_allclose(normal[0], normal_loss_per_arm([1.0, 2], [1.0, 1]), rtol=1e-12)
    assert np.isnan(normal[1:]).all()
    assert loss_per_arm([3], [9]) == pytest.approx(0, abs=1e-14)


def test_it_is_offered_beside_the_other_bayesian_answers() -> None:
    assert bayes.loss_per_arm is loss_per_arm
    assert bayes.normal_loss_per_arm is normal_loss_per_arm


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: loss_per_arm([2], [1]), "successes must not exceed trials"),
        (lambda: loss_per_arm(1, 2), "last axis must hold the arms"),
        (lambda: loss_per_arm([1, 1], [2, 2], direction="up"), "direction must be"),
        (lambda: loss_per_arm([1, 1], [2, 2], (0, 1)), "prior must be two positive numbers"),
        (lambda: normal_loss_per_arm([1, 2], [1, -1]), "std_errors must be finite and at least 0"),
        (lambda: normal_loss_per_arm(1, 1), "last axis must hold the arms"),
        (lambda: normal_loss_per_arm([1, 2], [1, 1], "up"), "direction must be"),
    ],
)
def test_a_wrong_domain_is_refused_in_words(call, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
