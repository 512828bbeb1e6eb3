import numpy as np
import pytest

from exporter.stats import ratio


def test_published_value() -> None:
    # Deng et al. 2018: (4/25 + 6.25*9/625 - 2*2.5*3/125)/1000
    assert ratio.variance(1000, 2.5, 4.0, 5.0, 9.0, 3.0) == pytest.approx(0.00013, rel=1e-12)


def test_a_constant_denominator_leaves_the_variance_of_the_mean() -> None:
    assert ratio.variance(50, 7, 2, 1, 0, 0) == pytest.approx(2 / 50)


def test_a_ratio_that_is_the_same_for_everyone_has_no_variance() -> None:
    assert ratio.variance(10, 6, 4 * 9, 3, 9, 2 * 9) == 0.0


def test_it_is_the_variance_that_simulation_finds() -> None:
    random = np.random.default_rng(3)
    orders = random.poisson(3, (4000, 400)) + 1.0
    revenue = 5 * orders + random.normal(0, 2, orders.shape)
    seen = np.var(revenue.mean(axis=1) / orders.mean(axis=1))
    assert ratio.variance(400, 20, 25 * 3 + 4, 4, 3, 15) == pytest.approx(seen, rel=0.1)


def test_undefined_without_units_or_denominator() -> None:
    answers = ratio.variance([0, 5, 5, np.nan], 1, 1, [1, 0, 1, 1], 1, [0, 0, np.nan, 0])
    assert np.isnan(answers).all()
    assert isinstance(ratio.variance(5, 1, 1, 1, 1, 0), np.float64)


def test_a_wrong_domain_is_refused_in_words() -> None:
    with pytest.raises(ValueError, match="num_var must be finite and at least 0"):
        ratio.variance(5, 1, -1, 1, 1, 0)
    with pytest.raises(ValueError, match="den_mean must be finite"):
        ratio.variance(5, 1, 1, np.inf, 1, 0)
    with pytest.raises(ValueError, match="cov must not exceed"):
        ratio.variance(5, 1, 1, 1, 1, -1.1)
