"""Evidence that may be looked at after every visitor: the sequential test of a difference between two arms.

All answers are functions of the cumulative counts of one allocation epoch; counts under different shares of traffic
must never be added up (``epochs``). Evidence is the logarithm of an e-value: at log(1/alpha) the arms differ at level
alpha whenever one looks. The mean of e-values is an e-value.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from exporter.stats.domain import Floats, counts, finite, level, part_of_whole, scales
from exporter.stats.event_split import CONCENTRATIONS, event_split_lift_interval, event_split_log_e
from exporter.stats.tails import log_mean_exp

__all__ = [
    "CONCENTRATIONS",
    "TUNING",
    "enough",
    "event_split_lift_interval",
    "event_split_log_e",
    "headline_log_e",
    "information",
    "lift_interval",
    "mixture_log_e",
    "z_boundary",
]

TUNING = (500.0, 5_000.0, 50_000.0, 500_000.0)  # units in both arms at which a component is tightest
ENOUGH = 20  # conversions an arm must have, or be expected to have, before a normal approximation speaks
_STEPS = 100


def information(n: ArrayLike, alpha: float = 0.05, tuning: ArrayLike = TUNING) -> Floats:
    """Information of n units in units of the prior's, r = n rho^2, one per tuning on a new last axis.

    Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas 2021, arXiv 2103.06476, sec. 2.3: the rho that makes the
    boundary tightest at the tuning. ValueError as in ``mixture_log_e``.
    """
    (n,) = counts(n=n)
    log_level = np.log(level(alpha))
    rho_squared = (-2.0 * log_level + np.log1p(-2.0 * log_level)) / scales("tuning", tuning)
    r: Floats = n[..., None] * rho_squared
    return r


def mixture_log_e(z: ArrayLike, n: ArrayLike, alpha: float = 0.05, tuning: ArrayLike = TUNING) -> Floats:
    """Log e-value against no difference, from the z-score of the difference.

    Parameters
    ----------
    z : array_like
        Difference over its standard error, finite.
    n : array_like
        Units in both arms, at least 0; broadcasts with z.
    alpha : float
        Level at which the mixture is tuned, in (0, 1); the e-value is valid at every level.
    tuning : array_like
        Units at which the single components are tightest: a number or a sequence.

    Returns
    -------
    float or ndarray
        log mean_k (1 + r_k)^(-1/2) exp(z^2 r_k / (2 (1 + r_k))), r_k = n rho_k^2; 0 at n = 0. nan for nan.
        Valid as an approximation once both arms have 20 conversions.

    Raises
    ------
    ValueError
        If z is infinite, n negative or infinite, alpha outside (0, 1), or a tuning not positive.

    Notes
    -----
    arXiv 2103.06476, Theorem 2.2; mixtures of scales: Robbins 1970, Ann. Math. Statist. 41.
    """
    (z,) = finite(z=z)
    r = information(n, alpha, tuning)
    square = (z * z)[..., None]
    return log_mean_exp(-0.5 * np.log1p(r) + 0.5 * square * r / (1.0 + r))[()]


def z_boundary(n: ArrayLike, alpha: float = 0.05, tuning: ArrayLike = TUNING) -> Floats:
    """The z-score at which ``mixture_log_e`` reaches log(1/alpha): half-width of the confidence sequence.

    Parameters
    ----------
    n : array_like
        Units in both arms, at least 0.
    alpha, tuning
        As in ``mixture_log_e``.

    Returns
    -------
    float or ndarray
        Positive, almost flat in n: 3.45, 3.32, 3.29 at 500, 5,000, 50,000; inf at n = 0. nan for nan.

    Raises
    ------
    ValueError
        As in ``mixture_log_e``.

    Examples
    --------
    >>> round(float(z_boundary(5000, tuning=5000)), 4)
    3.0352
    """
    r = information(n, alpha, tuning)
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = 0.5 * r / (1.0 + r)
        height = 0.5 * np.log1p(r) - np.log(level(alpha))
        # Any one component alone, over their number, is less than the mean: the root lies to its left.
        square = np.min((height + np.log(r.shape[-1])) / slope, axis=-1)
        for _ in range(_STEPS):
            # Newton on a convex growing function from the right: it never crosses the root.
            logs = slope * square[..., None] - height
            excess = log_mean_exp(logs)
            weights = np.exp(logs - logs.max(axis=-1, keepdims=True))
            move = excess * weights.sum(axis=-1) / (weights * slope).sum(axis=-1)
            square = np.where(np.isfinite(move), square - move, square)
            if not np.any(np.abs(move) > 1e-13 * square):
                break
        boundary: Floats = np.sqrt(square)
    return boundary[()]


def lift_interval(
    successes_control: ArrayLike,
    trials_control: ArrayLike,
    successes_variant: ArrayLike,
    trials_variant: ArrayLike,
    alpha: float = 0.05,
    tuning: ArrayLike = TUNING,
) -> tuple[Floats, Floats]:
    """Confidence sequence of the relative lift of a proportion, by Fieller's inversion.

    Parameters
    ----------
    successes_control, trials_control, successes_variant, trials_variant : array_like
        Counts, successes <= trials; they broadcast.
    alpha, tuning
        As in ``mixture_log_e``.

    Returns
    -------
    tuple of float or ndarray
        (lower, upper) of variant / control - 1, lower >= -1. (-1, inf) where the data exclude nothing: no
        trials, an arm without conversions or with nothing else (its estimated variance is 0 and means
        nothing), or a control too close to 0. nan where an argument is nan.
        Below 20 conversions (``enough``) use ``event_split_lift_interval``.

    Raises
    ------
    ValueError
        If a count is negative or infinite, successes exceed trials, alpha is outside (0, 1), or a tuning is
        not positive.

    Notes
    -----
    All R with (p_b - R p_a)^2 <= z^2 (v_b + R^2 v_a). Fieller 1954, J. R. Stat. Soc. B 16.
    """
    s_a, n_a = part_of_whole(successes_control=successes_control, trials_control=trials_control)
    s_b, n_b = part_of_whole(successes_variant=successes_variant, trials_variant=trials_variant)
    square = z_boundary(n_a + n_b, alpha, tuning) ** 2
    with np.errstate(divide="ignore", invalid="ignore"):
        p_a, v_a = _rate_and_variance(s_a, n_a)
        p_b, v_b = _rate_and_variance(s_b, n_b)
        leading = p_a * p_a - square * v_a
        half = np.sqrt(square * (leading * v_b + p_b * p_b * v_a))
        lower = (p_a * p_b - half) / leading - 1.0
        upper = (p_a * p_b + half) / leading - 1.0
    telling = (leading > 0) & (v_a > 0) & (v_b > 0)
    lower = np.where(telling, np.maximum(lower, -1.0), -1.0)
    upper = np.where(telling, upper, np.inf)
    unknown = np.isnan(s_a + n_a + s_b + n_b)
    return np.where(unknown, np.nan, lower)[()], np.where(unknown, np.nan, upper)[()]


def _rate_and_variance(successes: Floats, trials: Floats) -> tuple[Floats, Floats]:
    rate = np.divide(successes, trials)
    return rate, rate * (1.0 - rate) / trials


def enough(
    successes_control: ArrayLike, trials_control: ArrayLike, successes_variant: ArrayLike, trials_variant: ArrayLike
) -> NDArray[np.bool_]:
    """Whether the normal approximation may speak: 20 conversions in each arm, or 20 expected if the rates are equal.

    False without trials or for nan. ValueError as in ``headline_log_e``.
    """
    s_a, n_a = part_of_whole(successes_control=successes_control, trials_control=trials_control)
    s_b, n_b = part_of_whole(successes_variant=successes_variant, trials_variant=trials_variant)
    with np.errstate(divide="ignore", invalid="ignore"):
        pooled = np.divide(s_a + s_b, n_a + n_b)
    seen = (s_a >= ENOUGH) & (s_b >= ENOUGH)
    expected = (n_a * pooled >= ENOUGH) & (n_b * pooled >= ENOUGH)
    both: NDArray[np.bool_] = np.asarray(seen | expected)
    return both[()]


def headline_log_e(
    successes_control: ArrayLike,
    trials_control: ArrayLike,
    successes_variant: ArrayLike,
    trials_variant: ArrayLike,
    share_variant: ArrayLike,
    alpha: float = 0.05,
) -> Floats:
    """Log of the average of ``mixture_log_e`` and ``event_split_log_e``: the evidence to show and to decide by.

    Parameters
    ----------
    successes_control, trials_control, successes_variant, trials_variant : array_like
        Counts, successes <= trials.
    share_variant : array_like
        The variant's observed share of the exposure of both arms, in (0, 1). All broadcast.
    alpha : float
        Level at which the mixture is tuned, in (0, 1).

    Returns
    -------
    float or ndarray
        Log e-value; the event split alone below ``enough`` conversions and where the estimated variance is 0.
        nan where an argument is nan or an arm has no trials.

    Raises
    ------
    ValueError
        If a count is negative or infinite, successes exceed trials, or a share or alpha is outside (0, 1).
    """
    s_a, n_a = part_of_whole(successes_control=successes_control, trials_control=trials_control)
    s_b, n_b = part_of_whole(successes_variant=successes_variant, trials_variant=trials_variant)
    split = event_split_log_e(s_a, s_b, share_variant)
    with np.errstate(divide="ignore", invalid="ignore"):
        p_a, v_a = _rate_and_variance(s_a, n_a)
        p_b, v_b = _rate_and_variance(s_b, n_b)
        z = np.divide(p_b - p_a, np.sqrt(v_a + v_b))
    speaks = enough(s_a, n_a, s_b, n_b) & (v_a + v_b > 0)
    mixture = mixture_log_e(np.where(speaks, z, 0.0), n_a + n_b, alpha)
    evidence = np.where(speaks, log_mean_exp(np.stack(np.broadcast_arrays(mixture, split), axis=-1)), split)
    return np.where((n_a == 0) | (n_b == 0) | np.isnan(n_a + n_b), np.nan, evidence)[()]
