from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.stats import moments
from exporter.stats.moments import conversions_of, mean_of, units_of

NAN = float("nan")


@pytest.fixture
def chance() -> np.random.Generator:
    """Of each test alone: which tests ran before it in its worker must not decide what it sees."""
    return np.random.default_rng(17)


def mean_sums(x: np.ndarray, pre: np.ndarray | None = None) -> dict[str, np.ndarray]:
    """Sums over the units, the last axis."""
    sums = {"n": np.full(x.shape[:-1], x.shape[-1]), "sum": x.sum(-1), "sum_squares": (x * x).sum(-1)}
    if pre is not None:
        sums |= {"pre_sum": pre.sum(-1), "pre_squares": (pre * pre).sum(-1), "pre_product": (pre * x).sum(-1)}
    return sums


def test_a_proportion_and_a_rate_by_hand() -> None:
    assert mean_of("proportion", {"n": 50, "successes": 10}) == (0.2, 0.2 * 0.8 / 50)
    assert mean_of("rate", {"exposure": 8, "events": 12}) == (1.5, 12 / 64)
    assert mean_of("proportion", {"n": 50, "successes": 0}) == (0.0, 0.0)


@given(st.lists(st.integers(-1000, 1000), min_size=2, max_size=30))
@settings(max_examples=50, deadline=None)
def test_a_mean_is_that_of_fractions(values: list[int]) -> None:
    n, total = len(values), Fraction(sum(values))
    spread = sum((v - total / n) ** 2 for v in values) / (n - 1) / n
    mean, variance = mean_of("mean", {"n": n, "sum": sum(values), "sum_squares": sum(v * v for v in values)})
    assert mean == pytest.approx(float(total / n))
    assert variance == pytest.approx(float(spread), rel=1e-9, abs=1e-9)


def test_many_arms_at_once_are_what_numpy_finds_in_the_units(chance: np.random.Generator) -> None:
    x = chance.lognormal(1, 1, (3, 2, 500))
    mean, variance = mean_of("mean", mean_sums(x))
    np.testing.assert_allclose(mean, x.mean(-1), rtol=1e-12)
    np.testing.assert_allclose(variance, x.var(-1, ddof=1) / 500, rtol=1e-9)
    assert isinstance(mean_of("mean", mean_sums(x[0, 0]))[0], np.float64)


def test_a_ratio_is_the_delta_method_with_covariance(chance: np.random.Generator) -> None:
    orders = chance.poisson(3, (2, 4000)) + 1.0
    revenue = 5 * orders + chance.normal(0, 2, orders.shape)
    sums = {"n": 4000, "numerator": revenue.sum(-1), "numerator_squares": (revenue**2).sum(-1)}
    sums |= {"denominator": orders.sum(-1), "denominator_squares": (orders**2).sum(-1)}
    mean, variance = mean_of("ratio", sums | {"product": (revenue * orders).sum(-1)})
    r = revenue.sum(-1) / orders.sum(-1)
    np.testing.assert_allclose(mean, r, rtol=1e-12)
    # the linearised residual has the variance of the ratio: Deng et al. 2018, sec. 3.1
    residual = (revenue - r[:, None] * orders) / orders.mean(-1, keepdims=True)
    np.testing.assert_allclose(variance, residual.var(-1, ddof=1) / 4000, rtol=1e-8)


def test_a_denominator_of_ones_makes_a_ratio_a_mean(chance: np.random.Generator) -> None:
    x = chance.exponential(3, 200)
    ratio = {"n": 200, "numerator": x.sum(), "numerator_squares": (x * x).sum(), "product": x.sum()}
    found = mean_of("ratio", ratio | {"denominator": 200, "denominator_squares": 200})
    np.testing.assert_allclose(found, mean_of("mean", mean_sums(x)), rtol=1e-9)


def test_cuped_is_regression_on_the_centred_covariate(chance: np.random.Generator) -> None:
    pre = chance.normal(10, 3, (2, 3000))
    x = 2 * pre + chance.normal([[0], [0.3]], 1, pre.shape)
    mean, variance = mean_of("mean", mean_sums(x, pre))
    centred = pre - pre.mean(-1, keepdims=True)
    theta = np.sum(centred * x) / np.sum(centred**2)
    adjusted = x - theta * (pre - pre.mean())
    np.testing.assert_allclose(mean, adjusted.mean(-1), rtol=1e-10)
    np.testing.assert_allclose(variance, adjusted.var(-1, ddof=1) / 3000, rtol=1e-7)
    plain = mean_of("mean", mean_sums(x))
    assert np.all(variance < plain[1] / 20)  # the correlation is 0.986
    assert mean[1] - mean[0] == pytest.approx(0.3, abs=0.1)


@given(st.integers(0, 10**6))
@settings(max_examples=20, deadline=None)
def test_a_covariate_without_covariance_changes_nothing(seed: int) -> None:
    random = np.random.default_rng(seed)
    half = random.normal(size=(2, 2, 40))
    x = np.concatenate([half, half], axis=-1)  # each value once with +1 and once with -1
    pre = np.concatenate([np.ones_like(half), -np.ones_like(half)], axis=-1)
    with_pre, without = mean_of("mean", mean_sums(x, pre)), mean_of("mean", mean_sums(x))
    np.testing.assert_allclose(with_pre, without, rtol=1e-9, atol=1e-12)
    constant = mean_of("mean", mean_sums(x, np.full(x.shape, 7.0)))
    np.testing.assert_allclose(constant, without, rtol=1e-9, atol=1e-12)


def test_an_unknown_arm_does_not_change_theta_of_the_others(chance: np.random.Generator) -> None:
    pre = chance.normal(0, 1, (2, 50))
    sums = mean_sums(pre + chance.normal(0, 1, pre.shape), pre)
    alone = mean_of("mean", sums)
    more = {name: np.append(values, NAN if name == "pre_product" else values[0]) for name, values in sums.items()}
    mean, variance = mean_of("mean", more)
    np.testing.assert_allclose([mean[:2], variance[:2]], alone, rtol=1e-12)
    assert np.isnan(mean[2])


def test_cancellation_is_no_spread_and_contradiction_no_variance(chance: np.random.Generator) -> None:
    x = 1e8 + chance.normal(0, 1e-4, 1000)
    mean, variance = mean_of("mean", mean_sums(x))
    assert mean == pytest.approx(1e8)
    assert variance == 0.0
    assert mean_of("mean", mean_sums(np.full(7, 0.1)))[1] == 0.0
    mean, variance = mean_of("mean", {"n": 10, "sum": 100, "sum_squares": 500})
    assert mean == 10
    assert np.isnan(variance)


def test_undefined_without_units_and_the_variance_with_one() -> None:
    assert np.isnan(mean_of("proportion", {"n": [0, NAN], "successes": [0, 1]})).all()
    assert np.isnan(mean_of("rate", {"exposure": [0, 0, 5], "events": [0, 3, NAN]})).all()
    mean, variance = mean_of("mean", {"n": [0, 1], "sum": [0, 5], "sum_squares": [0, 25]})
    np.testing.assert_array_equal(mean, [NAN, 5])
    assert np.isnan(variance).all()
    ratio = {"numerator": 3, "numerator_squares": 9, "denominator": [0, 2], "denominator_squares": [0, 4], "product": 0}
    mean, variance = mean_of("ratio", ratio | {"n": 1})
    np.testing.assert_array_equal(mean, [NAN, 1.5])
    assert np.isnan(variance).all()


def test_units_are_events_for_a_rate() -> None:
    assert units_of("rate", {"exposure": 1e6, "events": 30}) == 30
    assert units_of("mean", {"n": 9, "sum": 1, "sum_squares": 1}) == 9


def test_conversions_are_successes_events_given_or_the_participation_ratio() -> None:
    assert conversions_of("proportion", {"n": 50, "successes": 10}) == 10
    assert conversions_of("rate", {"exposure": 8, "events": 12}) == 12
    buyers = np.zeros(1000)
    buyers[:37] = 4.0
    assert conversions_of("mean", mean_sums(buyers)) == pytest.approx(37)
    buyers[0] = 4e6  # one of them carries the mean
    assert conversions_of("mean", mean_sums(buyers)) == pytest.approx(1, rel=1e-3)
    assert conversions_of("mean", mean_sums(buyers) | {"nonzero": 37}) == 37
    assert conversions_of("mean", mean_sums(np.zeros(5))) == 0
    assert np.isnan(conversions_of("mean", {"n": 1, "sum": NAN, "sum_squares": 0}))


@pytest.mark.parametrize(
    ("kind", "sums", "message"),
    [
        ("median", {"n": 1}, "kind must be one of proportion, mean, ratio, rate"),
        ("mean", {"n": 1, "sum": 1}, "a mean needs the sum sum_squares"),
        ("mean", {"n": 1, "sum": 1, "sum_squares": 1, "pre_sum": 1}, "a mean needs the sum pre_squares"),
        ("mean", {"n": 1, "sum": 1, "sum_squares": -1}, "sum_squares must be finite and at least 0"),
        ("mean", {"n": 1, "sum": np.inf, "sum_squares": 1}, "sum must be finite"),
        ("proportion", {"n": 1, "successes": 2}, "successes must not exceed n"),
        ("rate", {"exposure": -1, "events": 2}, "exposure must be finite and at least 0"),
        (
            "mean",
            dict.fromkeys((*moments.SUMS["mean"], *moments.COVARIATE), 1),
            "last axis must hold the arms",
        ),
    ],
)
def test_a_wrong_domain_is_refused_in_words(kind, sums: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        mean_of(kind, sums)
