"""Ratios of two means, such as revenue per order where visitors are what is assigned."""

import numpy as np
from numpy.typing import ArrayLike

from exporter.stats.domain import Floats, counts, finite


def variance(
    n: ArrayLike, num_mean: ArrayLike, num_var: ArrayLike, den_mean: ArrayLike, den_var: ArrayLike, cov: ArrayLike
) -> Floats:
    """Variance of the estimated ratio num_mean / den_mean, by the delta method.

    Parameters
    ----------
    n : array_like
        Units, at least 0.
    num_mean, den_mean : array_like
        Means per unit, finite.
    num_var, den_var : array_like
        Variances between units, at least 0.
    cov : array_like
        Covariance between units, finite, |cov| <= sqrt(num_var den_var). All broadcast.

    Returns
    -------
    float or ndarray
        At least 0, in units of the ratio squared. nan where n or den_mean is 0 or an argument is nan.

    Raises
    ------
    ValueError
        If n or a variance is negative, a value infinite, or the covariance larger than the variances allow.

    Notes
    -----
    (s_M^2/m_D^2 + m_M^2 s_D^2/m_D^4 - 2 m_M s_MD/m_D^3) / n. Deng, Knoblich and Lu 2018, arXiv 1803.06336.

    Examples
    --------
    >>> round(float(variance(1000, 2.5, 4, 5, 9, 3)), 8)
    0.00013
    """
    n, num_var, den_var = counts(n=n, num_var=num_var, den_var=den_var)
    num_mean, den_mean, cov = finite(num_mean=num_mean, den_mean=den_mean, cov=cov)
    if np.any(np.abs(cov) > np.sqrt(num_var) * np.sqrt(den_var) * (1.0 + 1e-9)):
        raise ValueError("cov must not exceed the square root of num_var * den_var")
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        ratio = np.divide(num_mean, den_mean)
        spread = (num_var + ratio * ratio * den_var - 2.0 * ratio * cov) / (den_mean * den_mean * n)
    undefined = (n == 0) | (den_mean == 0)
    return np.where(undefined, np.nan, np.maximum(spread, 0.0))[()]
