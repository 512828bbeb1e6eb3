"""Evidence and intervals for two arms given by means and variances: whatever the metric, and any null ratio.

The null is mean_variant = R mean_control. R = 1 asks whether the arms differ, R = 1 - margin or 1 + margin whether a
guardrail is kept. For proportions and R = 1 the answers are those of ``sequential``.
"""

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from exporter.stats.domain import Floats, counts, finite, shares
from exporter.stats.kill import half_normal_log_e
from exporter.stats.sequential import ENOUGH, information, mixture_log_e
from exporter.stats.strata import Pair
from exporter.stats.tails import log_mean_exp


def z_score(pair: Pair, null_ratio: ArrayLike = 1.0) -> Floats:
    """Standardised distance from the null, positive where the variant lies above it.

    Parameters
    ----------
    pair : Pair
        Finite means, variances of at least 0.
    null_ratio : array_like
        R, above 0; broadcasts.

    Returns
    -------
    float or ndarray
        (m_b - R m_a) / sqrt(v_b + R^2 v_a). nan where both variances are 0 (nothing is known of the spread) or an
        argument is nan.

    Raises
    ------
    ValueError
        If a mean is infinite, a variance negative or infinite, or a ratio not positive and finite.
    """
    m_a, m_b = finite(mean_control=pair.mean_control, mean_variant=pair.mean_variant)
    v_a, v_b = counts(var_control=pair.var_control, var_variant=pair.var_variant)
    ratio = _ratio(null_ratio)
    spread = v_b + ratio * ratio * v_a
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.divide(m_b - ratio * m_a, np.sqrt(spread))
    return np.where(spread > 0, z, np.nan)[()]


def _ratio(null_ratio: ArrayLike) -> Floats:
    (ratio,) = counts(null_ratio=null_ratio)
    if np.any(ratio == 0):
        raise ValueError("null_ratio must be above 0")
    return ratio


def event_share(share_variant: ArrayLike, null_ratio: ArrayLike = 1.0) -> Floats:
    """The variant's share of the events under the null, to be given to an event split as its share.

    Parameters
    ----------
    share_variant : array_like
        The variant's observed share of the exposure of both arms, in (0, 1).
    null_ratio : array_like
        R, above 0; broadcasts.

    Returns
    -------
    float or ndarray
        w R / ((1 - w) + w R); w at R = 1. nan for nan.

    Raises
    ------
    ValueError
        If a share is outside (0, 1) or a ratio not positive and finite.
    """
    (share,), ratio = shares(share_variant=share_variant), _ratio(null_ratio)
    return (share * ratio / ((1.0 - share) + share * ratio))[()]


def enough(
    conversions_control: ArrayLike,
    units_control: ArrayLike,
    conversions_variant: ArrayLike,
    units_variant: ArrayLike,
    null_ratio: ArrayLike = 1.0,
) -> NDArray[np.bool_]:
    """Whether the normal approximation may speak: 20 conversions in each arm, or 20 expected under the null.

    Parameters
    ----------
    conversions_control, conversions_variant : array_like
        As ``moments.conversions_of`` gives them, summed over the epochs. They may exceed the units.
    units_control, units_variant : array_like
        Units, for a rate the exposure, at least 0.
    null_ratio : array_like
        R, above 0. All broadcast.

    Returns
    -------
    bool or ndarray of bool
        False without units or for nan.

    Raises
    ------
    ValueError
        If a count is negative or infinite, or a ratio not positive and finite.
    """
    x_a, n_a = counts(conversions_control=conversions_control, units_control=units_control)
    x_b, n_b = counts(conversions_variant=conversions_variant, units_variant=units_variant)
    ratio = _ratio(null_ratio)
    with np.errstate(divide="ignore", invalid="ignore"):
        pooled = np.divide(x_a + x_b, n_a + ratio * n_b)
        expected = (n_a * pooled >= ENOUGH) & (ratio * n_b * pooled >= ENOUGH)
    both: NDArray[np.bool_] = np.asarray(((x_a >= ENOUGH) & (x_b >= ENOUGH)) | expected)
    return both[()]


def headline_log_e(
    pair: Pair,
    speaks: ArrayLike,
    split_log_e: ArrayLike | None = None,
    null_ratio: ArrayLike = 1.0,
    alpha: float = 0.05,
) -> Floats:
    """Two-sided evidence against the null, valid at every look: the number to show and to decide by.

    Parameters
    ----------
    pair : Pair
        One epoch, or ``strata.combine`` of several.
    speaks : array_like of bool
        Whether there are ``enough`` conversions.
    split_log_e : array_like, optional
        Log e-value of the events' split at ``event_share`` (``sequential.event_split_log_e``, or over epochs
        ``epochs.split_log_e``). For proportions and rates; means and ratios have no events to split.
    null_ratio : array_like
        R, above 0. All broadcast.
    alpha : float
        Level at which the mixture is tuned, in (0, 1).

    Returns
    -------
    float or ndarray
        Where it speaks and a variance is above 0 the log of the average of ``sequential.mixture_log_e`` and the
        split, or the mixture alone without a split; elsewhere the split, and nan without one. nan where a mean or
        the units are nan.

    Raises
    ------
    ValueError
        As in ``z_score`` and ``sequential.mixture_log_e``.
    """
    z = np.asarray(z_score(pair, null_ratio))
    heard = np.asarray(speaks, dtype=np.bool_) & ~np.isnan(z)
    mixture = mixture_log_e(np.where(heard, z, 0.0), pair.units, alpha)
    if split_log_e is None:
        evidence = np.where(heard, mixture, np.nan)
    else:
        split = np.asarray(split_log_e, dtype=np.float64)
        both = log_mean_exp(np.stack(np.broadcast_arrays(mixture, split), axis=-1))
        evidence = np.where(heard, both, split)
    return np.where(np.isnan(pair.mean_control + pair.mean_variant + pair.units), np.nan, evidence)[()]


def one_sided_log_e(
    pair: Pair,
    speaks: ArrayLike,
    null_ratio: ArrayLike = 1.0,
    side: Literal["below", "above"] = "below",
    alpha: float = 0.05,
) -> Floats:
    """Evidence that the variant lies on one side of R times the control, valid at every look.

    Harm of a metric that should grow: ``null_ratio = 1 - margin``, side "below"; of one that should fall:
    ``1 + margin``, "above". That a guardrail is kept: the same ratios, the other side.

    Parameters
    ----------
    pair, speaks, null_ratio, alpha
        As in ``headline_log_e``.
    side : {"below", "above"}
        The alternative: mean_variant < R mean_control or mean_variant > R mean_control.

    Returns
    -------
    float or ndarray
        Log of the mean over the scales of ``kill.half_normal_log_e``. nan where it does not speak, both variances
        are 0, an argument is nan, or the control's mean is negative and R is not 1 (a margin of a negative mean
        points the other way). For proportions ``kill.kill_log_e`` says more: it also knows the split of the events.

    Raises
    ------
    ValueError
        As in ``headline_log_e``, or if the side is neither.

    Notes
    -----
    Howard, Ramdas, McAuliffe and Sekhon 2021, Ann. Statist. 49, Prop. 6; variances as in ``z_score``, not pooled.
    """
    if side not in ("below", "above"):
        raise ValueError(f'side must be "below" or "above", got {side!r}')
    z = np.asarray(z_score(pair, null_ratio)) * (1.0 if side == "above" else -1.0)
    backwards = (np.asarray(pair.mean_control) < 0) & (_ratio(null_ratio) != 1.0)
    heard = np.asarray(speaks, dtype=np.bool_) & ~np.isnan(z) & ~backwards
    logs = half_normal_log_e(np.where(heard, z, 0.0)[..., None], information(pair.units, alpha))
    return np.where(heard, log_mean_exp(logs), np.nan)[()]


def fieller(pair: Pair, z: ArrayLike, floor: float = -1.0) -> tuple[Floats, Floats]:
    """Interval of the relative lift from means and variances.

    Parameters
    ----------
    pair : Pair
        Finite means, variances of at least 0; its units are not looked at.
    z : array_like
        Half-width in standard errors, at least 0 (``sequential.z_boundary`` of the units); inf is allowed.
    floor : float
        Least lift that can be: -1 for metrics that are never negative, -inf for the others.

    Returns
    -------
    tuple of float or ndarray
        (lower, upper) of m_b / m_a - 1. (floor, inf) where the data exclude nothing: a variance of 0 (it means
        nothing), or a control too close to 0. nan where an argument is nan or the control's mean is negative.

    Raises
    ------
    ValueError
        If a mean is infinite, a variance negative or infinite, or z negative.

    Notes
    -----
    All R with (m_b - R m_a)^2 <= z^2 (v_b + R^2 v_a). Fieller 1954, J. R. Stat. Soc. B 16.
    """
    m_a, m_b = finite(mean_control=pair.mean_control, mean_variant=pair.mean_variant)
    v_a, v_b = counts(var_control=pair.var_control, var_variant=pair.var_variant)
    square = _half_width(z) ** 2
    with np.errstate(divide="ignore", invalid="ignore"):
        leading = m_a * m_a - square * v_a
        half = np.sqrt(square * (leading * v_b + m_b * m_b * v_a))
        lower = np.divide(m_a * m_b - half, leading) - 1.0
        upper = np.divide(m_a * m_b + half, leading) - 1.0
    telling = (leading > 0) & (v_a > 0) & (v_b > 0)
    lower = np.where(telling, np.maximum(lower, floor), floor)
    upper = np.where(telling, upper, np.inf)
    unknown = np.isnan(m_a + m_b + v_a + v_b + square) | (m_a < 0)
    return np.where(unknown, np.nan, lower)[()], np.where(unknown, np.nan, upper)[()]


def difference_interval(pair: Pair, z: ArrayLike) -> tuple[Floats, Floats]:
    """Interval of the difference variant - control, dual to ``z_score`` at R = 1.

    Parameters, errors and undefined cases as in ``fieller``, but for negative means, which are welcome.

    Returns
    -------
    tuple of float or ndarray
        m_b - m_a -+ z sqrt(v_a + v_b), in units of the metric; (-inf, inf) where both variances are 0.
    """
    m_a, m_b = finite(mean_control=pair.mean_control, mean_variant=pair.mean_variant)
    v_a, v_b = counts(var_control=pair.var_control, var_variant=pair.var_variant)
    width = _half_width(z)
    spread = v_a + v_b
    with np.errstate(invalid="ignore"):
        half = np.where(spread > 0, width * np.sqrt(spread), np.inf)
    half = np.where(np.isnan(spread + width), np.nan, half)
    return (m_b - m_a - half)[()], (m_b - m_a + half)[()]


def _half_width(z: ArrayLike) -> Floats:
    width = np.asarray(z, dtype=np.float64)
    if np.any(width < 0):
        raise ValueError("z must be at least 0")
    return width
