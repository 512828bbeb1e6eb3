"""Logarithms of tails, right also where the tail itself is below the smallest float."""

import numpy as np

from exporter.stats.domain import Floats
from exporter.stats.special import betainc, betaincc, betaln, gammainc, gammaincc, gammaln

_UNDERFLOW = 1e-280  # far above the smallest normal float, so that no denormal is ever trusted
_NEAR_ONE = 0.9
_MAX_TERMS = 20_000


def log_mean_exp(logs: Floats) -> Floats:
    """Logarithm of the mean of ``exp(logs)`` over the last axis: the average of e-values kept as logarithms."""
    with np.errstate(invalid="ignore"):  # nan is an answer here, not an accident
        mean: Floats = np.logaddexp.reduce(logs, axis=-1) - np.log(logs.shape[-1])
    return mean


def log_betainc(a: Floats, b: Floats, x: Floats) -> Floats:
    """Logarithm of the regularised incomplete beta function I_x(a, b), finite for every x in (0, 1).

    Parameters
    ----------
    a, b, x : ndarray
        Arrays that broadcast; a > 0, b > 0, 0 < x < 1. nan gives nan.

    Returns
    -------
    ndarray
        log I_x(a, b). Above 0.9 the complement is used, below 1e-280 the continued fraction.

    Notes
    -----
    DLMF 8.17.22, https://dlmf.nist.gov/8.17#v
    """
    a, b, x = np.broadcast_arrays(a, b, x)
    tail = np.asarray(betainc(a, b, x))
    with np.errstate(divide="ignore"):
        logs = np.asarray(np.log(tail))
    # The complement takes five times as long, and only close to 1 does the logarithm lose digits without it.
    high = tail > _NEAR_ONE
    if np.any(high):
        logs[high] = np.log1p(-betaincc(a[high], b[high], x[high]))
    tiny = tail < _UNDERFLOW
    if np.any(tiny):
        logs[tiny] = _log_lower_tail(a[tiny], b[tiny], x[tiny])
    return logs


def _log_lower_tail(a: Floats, b: Floats, x: Floats) -> Floats:
    """Log I_x(a, b) far below the mean, where the fraction converges in some tens of terms (modified Lentz)."""
    # Each pair of terms is one even and one odd coefficient of DLMF 8.17.23.
    denominator = 1.0 / (1.0 - (a + b) * x / (a + 1.0))
    fraction = denominator
    ratio = np.ones_like(a)
    for m in range(1, _MAX_TERMS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        denominator = 1.0 / (1.0 + even * denominator)
        ratio = 1.0 + even / ratio
        fraction = fraction * denominator * ratio
        denominator = 1.0 / (1.0 + odd * denominator)
        ratio = 1.0 + odd / ratio
        change = denominator * ratio
        fraction = fraction * change
        if np.all(np.abs(change - 1.0) < 1e-15):
            break
    log_tail: Floats = a * np.log(x) + b * np.log1p(-x) - np.log(a) - betaln(a, b) + np.log(fraction)
    return log_tail


def log_gammainc(a: Floats, x: Floats) -> Floats:
    """Logarithm of the regularised lower incomplete gamma function P(a, x), finite for every x > 0.

    Parameters
    ----------
    a, x : ndarray
        Arrays that broadcast; a > 0, x > 0. nan gives nan.

    Returns
    -------
    ndarray
        log P(a, x). Above one half the complement is used, below 1e-280 the series, whose terms are all positive.

    Notes
    -----
    DLMF 8.7.1, https://dlmf.nist.gov/8.7
    """
    a, x = np.broadcast_arrays(a, x)
    tail = np.asarray(gammainc(a, x))
    with np.errstate(divide="ignore"):
        logs = np.where(tail > 0.5, np.log1p(-gammaincc(a, x)), np.log(tail))
    tiny = tail < _UNDERFLOW
    if np.any(tiny):
        shape, point = a[tiny], x[tiny]
        term = total = np.ones_like(shape)
        for n in range(1, _MAX_TERMS):
            term = term * point / (shape + n)
            total = total + term
            if np.all(term < 1e-16 * total):
                break
        logs[tiny] = shape * np.log(point) - point - gammaln(shape + 1.0) + np.log(total)
    return logs
