"""Comparisons across allocation epochs: when the shares of traffic change, counts must not be added up.

A ramp from 10 % to 50 % during a rise of the base rate shows a lift of 20 % where there is none.
"""

import numpy as np
from numpy.typing import ArrayLike

from exporter.stats.domain import Floats, counts, part_of_whole, shares

_LIFTS = np.linspace(-1.0, 1.0, 81)  # log-lifts of the grid
_LOG_WEIGHTS = -0.5 * (_LIFTS / 0.3) ** 2 - np.log(np.sum(np.exp(-0.5 * (_LIFTS / 0.3) ** 2)))


def stratified_difference(
    n_control: ArrayLike, s_control: ArrayLike, n_variant: ArrayLike, s_variant: ArrayLike
) -> tuple[Floats, Floats]:
    """Difference of two proportions, variant - control, over epochs.

    Parameters
    ----------
    n_control, s_control, n_variant, s_variant : array_like, shape (..., epochs)
        Units and successes of either arm in each epoch, successes <= units; they broadcast.

    Returns
    -------
    tuple of float or ndarray, shape (...)
        (difference, standard error). Epochs in which an arm has no units are left out; nan where none is left
        or an argument is nan.

    Raises
    ------
    ValueError
        If a count is negative or infinite, successes exceed units, or there is no axis of epochs.

    Notes
    -----
    Weights n_a n_b / (n_a + n_b) (Mantel and Haenszel 1959; Cochran 1954), which do not look at the successes;
    weights of inverse variance do, and bias small epochs. Variances p_a q_a / n_a + p_b q_b / n_b.
    """
    s_a, n_a = part_of_whole(s_control=s_control, n_control=n_control)
    s_b, n_b = part_of_whole(s_variant=s_variant, n_variant=n_variant)
    s_a, n_a, s_b, n_b = np.broadcast_arrays(s_a, n_a, s_b, n_b)
    if n_a.ndim == 0:
        raise ValueError("the last axis must hold the epochs")
    with np.errstate(divide="ignore", invalid="ignore"):
        p_a, p_b = np.divide(s_a, n_a), np.divide(s_b, n_b)
        usable = (n_a > 0) & (n_b > 0)
        weight = np.where(usable, n_a * n_b / (n_a + n_b), 0.0)
        variance = p_a * (1.0 - p_a) / n_a + p_b * (1.0 - p_b) / n_b
        total = weight.sum(axis=-1)
        difference = np.sum(np.where(usable, weight * (p_b - p_a), 0.0), axis=-1) / total
        std_error = np.sqrt(np.sum(np.where(usable, weight**2 * variance, 0.0), axis=-1)) / total
    unknown = np.isnan(s_a + n_a + s_b + n_b).any(axis=-1)
    return np.where(unknown, np.nan, difference)[()], np.where(unknown, np.nan, std_error)[()]


def split_log_e(events_control: ArrayLike, events_variant: ArrayLike, share_variant: ArrayLike) -> Floats:
    """Exact log e-value against equal rates, from the split of the events in epochs with changing shares.

    Parameters
    ----------
    events_control, events_variant : array_like, shape (..., epochs)
        Events of either arm in each epoch, at least 0.
    share_variant : array_like, shape (..., epochs)
        The variant's observed share of the exposure of both arms in each epoch, in (0, 1). All broadcast.

    Returns
    -------
    float or ndarray, shape (...)
        Log of the mean likelihood ratio under one lift for all epochs; 0 without events, nan for nan.

    Raises
    ------
    ValueError
        If a count is negative or infinite, a share outside (0, 1), or there is no axis of epochs.

    Notes
    -----
    The event split of Lindon and Malek 2020, arXiv 2011.03567, whose prior is on the log-lift instead of the
    share: 81 points from -1 to 1, weighted as N(0, 0.3^2).
    """
    x_a, x_b = counts(events_control=events_control, events_variant=events_variant)
    (share,) = shares(share_variant=share_variant)
    x_a, x_b, share = np.broadcast_arrays(x_a, x_b, share)
    if share.ndim == 0:
        raise ValueError("the last axis must hold the epochs")
    # An event falls to the variant with odds multiplied by exp(lift); the sum over epochs is all the data say.
    gain = x_b.sum(axis=-1)[..., None] * _LIFTS
    norm = np.stack([np.sum((x_a + x_b) * np.log1p(share * np.expm1(lift)), axis=-1) for lift in _LIFTS], axis=-1)
    with np.errstate(invalid="ignore"):
        evidence: Floats = np.logaddexp.reduce(_LOG_WEIGHTS + gain - norm, axis=-1)
    return evidence[()]
