"""Many comparisons at once: false discoveries among e-values, and what a running maximum is worth."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from exporter.stats import domain
from exporter.stats.domain import Floats


def e_bh(e_values: ArrayLike, alpha: float = 0.05) -> NDArray[np.bool_]:
    """e-BH: which hypotheses to reject so that the false discovery rate stays at or below alpha.

    Parameters
    ----------
    e_values : array_like, shape (..., hypotheses)
        At least 0, inf allowed; the family is the last axis.
    alpha : float
        False discovery rate, in (0, 1).

    Returns
    -------
    ndarray of bool, shape (..., hypotheses)
        True where rejected. nan is never rejected, but counts as a hypothesis. Valid under any dependence, at any
        stopping time, for the e-values of now; what was flagged once and kept needs ``adjust_running_max``.

    Raises
    ------
    ValueError
        If an e-value is negative, there is no axis of hypotheses, or alpha is outside (0, 1).

    Notes
    -----
    The k largest, k the last with k e_(k) >= m / alpha. Wang and Ramdas 2022, arXiv 2009.02824.

    Examples
    --------
    >>> e_bh([1.2, 45, 310, 88, 1500]).tolist()
    [False, True, True, True, True]
    """
    values = _e_values(e_values)
    if values.ndim == 0:
        raise ValueError("the last axis must hold the hypotheses")
    level = domain.level(alpha)
    evidence = np.where(np.isnan(values), 0.0, values)
    order = np.argsort(-evidence, axis=-1, kind="stable")
    m = values.shape[-1]
    rank = np.arange(1, m + 1)
    passes = rank * np.take_along_axis(evidence, order, axis=-1) >= m / level
    last = np.max(np.where(passes, rank, 0), axis=-1, keepdims=True, initial=0)
    rejected = np.zeros(values.shape, dtype=np.bool_)
    np.put_along_axis(rejected, order, rank <= last, axis=-1)
    return rejected


def adjust_running_max(e_values: ArrayLike) -> Floats:
    """E-value that a running maximum of e-values is worth, to be used before anything is latched.

    Parameters
    ----------
    e_values : array_like
        Running maxima, at least 0, inf allowed. Each starts at 1, so smaller values count as 1.

    Returns
    -------
    float or ndarray
        (e - 1 - ln e) / (ln e)^2, growing from 1/2 at 1; inf at inf, nan for nan.

    Raises
    ------
    ValueError
        If a value is negative.

    Notes
    -----
    Shafer, Shen, Vereshchagin and Vovk 2011, Statist. Sci. 26; for e-BH: Tavyrikov, Goeman and de Heide 2025,
    arXiv 2501.19360.

    Examples
    --------
    >>> round(float(adjust_running_max(100)), 4)
    4.451
    """
    maximum = np.maximum(_e_values(e_values), 1.0)
    log = np.log(maximum)
    # Near 1 both sides of the fraction vanish together and a subtraction would keep no digit.
    near = log < 0.01
    series = 0.5 + log / 6.0 * (1.0 + log / 4.0 * (1.0 + log / 5.0 * (1.0 + log / 6.0)))
    with np.errstate(divide="ignore", invalid="ignore"):
        adjusted = np.where(near, series, (maximum - 1.0 - log) / (log * log))
    return np.where(np.isinf(maximum), np.inf, adjusted)[()]


def _e_values(e_values: ArrayLike) -> Floats:
    values = np.asarray(e_values, dtype=np.float64)
    if np.any(values < 0):
        raise ValueError("e_values must be at least 0")
    return values
