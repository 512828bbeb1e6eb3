import numpy as np
import pytest
from scipy.special import betainc, gammaln, logsumexp

from exporter.stats.tails import log_betainc, log_gammainc, log_mean_exp


def log_betainc_by_summation(a: int, b: int, x: float) -> float:
    """The binomial tail behind I_x(a, b) for whole a and b (DLMF 8.17.5), summed in logarithms."""
    n = a + b - 1
    j = np.arange(a, n + 1)
    terms = gammaln(n + 1) - gammaln(j + 1) - gammaln(n - j + 1) + j * np.log(x) + (n - j) * np.log1p(-x)
    return float(logsumexp(terms))


@pytest.mark.parametrize(
    ("a", "b", "x"),
    [(3000, 1, 0.5), (50_000, 50_000, 0.4), (2000, 5000, 0.05), (500, 30_000, 0.001), (5, 7, 0.99), (200, 100, 0.1)],
)
def test_log_betainc_is_the_sum_of_the_tail_also_below_the_smallest_float(a: int, b: int, x: float) -> None:
    assert log_betainc(a, b, x) == pytest.approx(log_betainc_by_summation(a, b, x), rel=1e-12)


def test_these_tails_do_underflow() -> None:
    assert betainc(3000, 1, 0.5) == 0.0
    assert log_betainc(3000, 1, 0.5) == pytest.approx(3000 * np.log(0.5), rel=1e-14)  # I_x(a, 1) = x**a


def test_log_betainc_is_continuous_where_the_method_changes() -> None:
    x = np.linspace(0.155, 0.158, 2001)  # I_x(1000, 1000) passes 1e-280 in here
    logs = log_betainc(1000.0, 1000.0, x)
    with np.errstate(divide="ignore"):
        direct = np.log(betainc(1000.0, 1000.0, x))
    steps = np.diff(logs)
    assert direct.min() < np.log(1e-280) < direct.max()
    assert np.abs(np.diff(steps)).max() < 1e-4


def test_log_betainc_keeps_its_digits_next_to_one() -> None:
    tail = [0.5**40, 0.04, 0.2]  # I_x(1, b) = 1 - (1 - x)**b
    logs = [float(log_betainc(1.0, b, 0.5)) for b in (40.0, np.log2(25.0), np.log2(5.0))]
    assert logs == pytest.approx([np.log1p(-t) for t in tail], rel=1e-13)


def test_log_betainc_lets_nan_through() -> None:
    np.testing.assert_array_equal(np.isnan(log_betainc([np.nan, 2.0], 3.0, [0.5, 0.5])), [True, False])


def test_log_mean_exp_neither_overflows_nor_loses_the_infinite() -> None:
    assert log_mean_exp(np.array([2000.0, 2000.0])) == pytest.approx(2000.0)
    assert log_mean_exp(np.array([-np.inf, np.log(4.0)])) == pytest.approx(np.log(2.0))
    assert log_mean_exp(np.array([np.inf, 0.0])) == np.inf


@pytest.mark.parametrize(("a", "x"), [(3, 0.5), (40, 90.0), (2000, 300.0), (100_000, 80_000.0), (1000, 1.0)])
def test_log_gammainc_is_the_sum_of_the_poisson_tail_also_below_the_smallest_float(a: int, x: float) -> None:
    j = np.arange(a, a + 200_000)  # P(a, x) is P(N >= a), N Poisson with mean x
    expected = logsumexp(j * np.log(x) - x - gammaln(j + 1))
    assert log_gammainc(a, x) == pytest.approx(float(expected), rel=1e-10, abs=1e-10)
