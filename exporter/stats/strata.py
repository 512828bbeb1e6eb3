"""Means of arms over allocation epochs: weighed so that a change of shares cannot pass for an effect."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from exporter.stats.domain import Floats, counts, finite


class Pair(NamedTuple):
    """Two arms to be compared; all fields broadcast.

    Attributes
    ----------
    mean_control, var_control : mean of the control and the variance of that mean.
    mean_variant, var_variant : the same of the variant.
    units : units in both arms together, as ``sequential.z_boundary`` counts them.
    """

    mean_control: Floats
    var_control: Floats
    mean_variant: Floats
    var_variant: Floats
    units: Floats


def combine_arms(means: ArrayLike, variances: ArrayLike, units: ArrayLike) -> tuple[Floats, Floats, Floats]:
    """Means of several arms over epochs, all arms with the same weights.

    Parameters
    ----------
    means : array_like, shape (..., epochs, arms)
        Means in each epoch, finite; nan where an arm has none.
    variances : array_like, shape (..., epochs, arms)
        Variances of these means, at least 0.
    units : array_like, shape (..., epochs, arms)
        Units (for a rate: exposure) behind them, at least 0. All broadcast.

    Returns
    -------
    tuple of ndarray, shape (..., arms)
        (means, variances of the means, units in the epochs that count). An epoch counts where every arm has units, a
        mean and a variance; one epoch gives its own numbers to the last bit. nan and 0 units where no epoch counts;
        all nan where units are nan.

    Raises
    ------
    ValueError
        If a mean is infinite, a variance or a number of units negative or infinite, or there are no axes of epochs
        and arms.

    Notes
    -----
    Weights 1 / sum_i (1 / n_i), which for two arms are n_a n_b / (n_a + n_b) (Mantel and Haenszel 1959; Cochran
    1954): they do not look at the outcome. Weights of inverse variance do, and bias small epochs.
    """
    (mean,), (variance, n) = finite(means=means), counts(variances=variances, units=units)
    mean, variance, n = np.broadcast_arrays(mean, variance, n)
    if n.ndim < 2:
        raise ValueError("the last two axes must hold the epochs and the arms")
    usable = np.all((n > 0) & ~np.isnan(mean + variance), axis=-1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        weight = np.where(usable, 1.0 / np.sum(1.0 / np.where(usable, n, 1.0), axis=-1, keepdims=True), 0.0)
        weight = weight / weight.sum(axis=-2, keepdims=True)  # first, so that a single epoch has exactly 1
    blank = np.asarray(np.isnan(n).any(axis=(-2, -1)))[..., None]
    unknown = blank | ~usable.any(axis=-2)
    combined = np.sum(np.where(usable, weight * mean, 0.0), axis=-2)
    spread = np.sum(np.where(usable, weight * weight * variance, 0.0), axis=-2)
    behind = np.where(blank, np.nan, np.where(usable, n, 0.0).sum(axis=-2))
    return np.where(unknown, np.nan, combined), np.where(unknown, np.nan, spread), behind


def combine(
    mean_control: ArrayLike,
    var_control: ArrayLike,
    units_control: ArrayLike,
    mean_variant: ArrayLike,
    var_variant: ArrayLike,
    units_variant: ArrayLike,
) -> Pair:
    """Two arms over epochs, by ``combine_arms``.

    Parameters
    ----------
    mean_control, var_control, units_control, mean_variant, var_variant, units_variant : array_like, shape (..., epochs)
        Means, variances of the means and units (for a rate: exposure) in each epoch; they broadcast.

    Returns
    -------
    Pair
        Floats or arrays of shape (...). Its units are those of both arms in the epochs that count; replace them by
        the events for a rate. Undefined as in ``combine_arms``.

    Raises
    ------
    ValueError
        As in ``combine_arms``, or if there is no axis of epochs.
    """
    arrays = [np.asarray(values, dtype=np.float64) for values in (mean_control, var_control, units_control)]
    arrays += [np.asarray(values, dtype=np.float64) for values in (mean_variant, var_variant, units_variant)]
    arrays = list(np.broadcast_arrays(*arrays))
    if arrays[0].ndim == 0:
        raise ValueError("the last axis must hold the epochs")
    mean, variance, n = combine_arms(*(np.stack([arrays[i], arrays[i + 3]], axis=-1) for i in range(3)))
    fields = (mean[..., 0], variance[..., 0], mean[..., 1], variance[..., 1], n.sum(axis=-1))
    return Pair(*(field[()] for field in fields))


def effective_counts(mean: ArrayLike, variance: ArrayLike, units: ArrayLike) -> tuple[Floats, Floats]:
    """Successes and trials of one binomial sample as informative as a proportion put together otherwise.

    With these a Beta posterior serves proportions over several epochs, and those corrected for clusters.

    Parameters
    ----------
    mean : array_like
        Proportion, in [0, 1].
    variance : array_like
        Variance of the proportion, at least 0.
    units : array_like
        Units behind it, at least 0 (divided by the design effect where there is one). All broadcast.

    Returns
    -------
    tuple of float or ndarray
        (successes, trials), trials = m (1 - m) / variance; the units where the proportion is 0 or 1, or its variance
        0, which says nothing about how much is known. nan where an argument is nan.

    Raises
    ------
    ValueError
        If a proportion is outside [0, 1], or a variance or number of units negative or infinite.
    """
    m, v, n = counts(mean=mean, variance=variance, units=units)
    if np.any(m > 1):
        raise ValueError("mean must be at most 1")
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        trials = np.where((m == 0) | (m == 1) | (v == 0), n, np.divide(m * (1.0 - m), v))
    trials = np.where(np.isnan(m + v + n), np.nan, trials)
    return (m * trials)[()], trials[()]
