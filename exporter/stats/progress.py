"""How far an experiment is: what it still needs, and which way it moves."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from exporter.stats.domain import Floats, counts, finite, level, shares
from exporter.stats.posteriors import Direction, signed
from exporter.stats.sequential import TUNING, mixture_log_e
from exporter.stats.special import ndtri

_MOST_UNITS = 1e15
_HALVINGS = 100


def remaining_units(
    units_now: ArrayLike,
    var_control_unit: ArrayLike,
    mean_control: ArrayLike,
    minimum_lift: ArrayLike,
    share_variant: ArrayLike = 0.5,
    alpha: float = 0.05,
    var_variant_unit: ArrayLike | None = None,
    tuning: ArrayLike = TUNING,
) -> Floats:
    """Units in both arms still to come before a true lift of the minimum would be expected to be called.

    Parameters
    ----------
    units_now : array_like
        Units in both arms so far, at least 0.
    var_control_unit : array_like
        Variance between the control's units, at least 0: p (1 - p) for a proportion.
    mean_control : array_like
        Mean of the control, finite.
    minimum_lift : array_like
        Smallest relative lift worth knowing of, of either sign, finite.
    share_variant : array_like
        The variant's share of the units of both arms, in (0, 1). All broadcast.
    alpha : float
        Level of the sequential test, in (0, 1).
    var_variant_unit : array_like, optional
        Variance between the variant's units; the control's if not given. For a proportion p' (1 - p') at
        p' = mean_control (1 + minimum_lift).
    tuning : array_like
        As in ``sequential.z_boundary``.

    Returns
    -------
    float or ndarray
        max(0, n - units_now), n the smallest whole number with |delta| sqrt(n) / sigma >= z_b(n),
        delta = mean_control minimum_lift, sigma^2 = var_control / (1 - w) + var_variant / w. Half of the experiments
        with exactly this lift are called earlier, most of them by far. nan where delta or sigma is 0, more than 1e15
        units would be needed, or an argument is nan.

    Raises
    ------
    ValueError
        If a count or variance is negative or infinite, a mean or lift infinite, or a share or alpha outside (0, 1).

    Notes
    -----
    z_b of ``sequential.z_boundary``. Its square grows more slowly than n everywhere, so that one n separates too few
    from enough.

    Examples
    --------
    >>> float(remaining_units(0, 0.09, 0.1, 0.1, var_variant_unit=0.11 * 0.89))
    40629.0
    """
    now, var_a = counts(units_now=units_now, var_control_unit=var_control_unit)
    (var_b,) = counts(var_variant_unit=var_control_unit if var_variant_unit is None else var_variant_unit)
    mean, lift = finite(mean_control=mean_control, minimum_lift=minimum_lift)
    (share,) = shares(share_variant=share_variant)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        signal = np.abs(mean * lift) / np.sqrt(var_a / (1.0 - share) + var_b / share)
    defined = (signal > 0) & np.isfinite(signal)
    needed = _smallest(np.where(defined, signal, 1.0), level(alpha), tuning)
    left = np.maximum(0.0, needed - now)
    answer: Floats = np.where(defined & (needed <= _MOST_UNITS), left, np.nan)
    return answer[()]


def _smallest(signal: Floats, alpha: float, tuning: ArrayLike) -> Floats:
    """Smallest whole n at which a score of signal * sqrt(n) reaches the boundary, by bisection; inf beyond the most."""

    def reached(n: Floats) -> NDArray[np.bool_]:
        z = np.minimum(signal * np.sqrt(n), 1e100)
        return np.asarray(mixture_log_e(z, n, alpha, tuning) >= -np.log(alpha))

    low, high = np.zeros_like(signal), np.full_like(signal, 2.0 * _MOST_UNITS)
    possible = reached(high)
    for _ in range(_HALVINGS):
        # In the geometric middle, or it would take as many steps to reach small numbers as large ones.
        middle = np.floor(np.sqrt((low + 1.0) * high))
        middle = np.minimum(np.maximum(middle, low + 1.0), high - 1.0)
        if np.all(high - low <= 1.0):
            break
        enough = reached(middle)
        going = high - low > 1.0
        low, high = np.where(going & ~enough, middle, low), np.where(going & enough, middle, high)
    return np.where(possible, high, np.inf)


def trend(
    difference_earlier: ArrayLike,
    variance_earlier: ArrayLike,
    difference_later: ArrayLike,
    variance_later: ArrayLike,
    direction: Direction = "increase",
    alpha: float = 0.01,
) -> Floats:
    """Whether the variant's advantage changed between an earlier and a later part of the data.

    A reading aid at one look, with no promise when watched: decide nothing by it.

    Parameters
    ----------
    difference_earlier, difference_later : array_like
        Mean of the variant - mean of the control in either part, finite. The parts must not overlap.
    variance_earlier, variance_later : array_like
        Variances of these differences, at least 0. All broadcast.
    direction : {"increase", "decrease"}
        Whether the metric should grow or fall.
    alpha : float
        Two-sided level of the comparison, in (0, 1).

    Returns
    -------
    float or ndarray
        1 improving, 0 stable (no significant change), -1 degrading, in the metric's direction. nan where both
        variances are 0 or an argument is nan.

    Raises
    ------
    ValueError
        If a difference is infinite, a variance negative or infinite, alpha outside (0, 1), or the direction neither.

    Notes
    -----
    z = (later - earlier) / sqrt(sum of the variances) against the normal quantile of 1 - alpha / 2.
    """
    earlier, later = finite(difference_earlier=difference_earlier, difference_later=difference_later)
    spread = np.add(*counts(variance_earlier=variance_earlier, variance_later=variance_later))
    with np.errstate(divide="ignore", invalid="ignore"):
        z = signed(direction) * np.divide(later - earlier, np.sqrt(spread))
    significant = np.where(np.abs(z) >= ndtri(1.0 - level(alpha) / 2.0), np.sign(z), 0.0)
    return np.where((spread > 0) & ~np.isnan(z), significant, np.nan)[()]
