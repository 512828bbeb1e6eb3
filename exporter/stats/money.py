"""What an experiment is worth: value per day, the price of waiting, the return on its cost.

Money is in whatever currency the value of one event is in.
"""

import numpy as np
from numpy.typing import ArrayLike

from exporter.stats.domain import Floats, counts, finite


def value_per_day(
    difference: ArrayLike, lower: ArrayLike, upper: ArrayLike, units_per_day: ArrayLike, per_event: ArrayLike
) -> tuple[Floats, Floats, Floats]:
    """Money a day that the variant brings above the control, if it had all the traffic.

    Parameters
    ----------
    difference : array_like
        Mean of the variant - mean of the control, per unit.
    lower, upper : array_like
        Interval of the difference, lower <= upper; infinite where the data exclude nothing.
    units_per_day : array_like
        Units a day, at least 0.
    per_event : array_like
        Value of one more of the metric (an event, a currency unit), finite; negative where more of it is a loss.
        All broadcast.

    Returns
    -------
    tuple of float or ndarray
        (value, lower, upper) = difference units_per_day per_event and the ends, in order of size also for a negative
        value. 0 without units or value, infinite ends elsewhere stay infinite. nan where an argument is nan.

    Raises
    ------
    ValueError
        If a difference or value is infinite, the units negative or infinite, or lower above upper.
    """
    (units,), (difference, each) = counts(units_per_day=units_per_day), finite(difference=difference, value=per_event)
    low, high = (np.asarray(end, dtype=np.float64) for end in (lower, upper))
    if np.any(low > high):
        raise ValueError("lower must not exceed upper")
    factor, difference, low, high = np.broadcast_arrays(units * each, difference, low, high)
    ends = [_times(end, factor) for end in (low, high)]
    return _times(difference, factor)[()], np.minimum(*ends)[()], np.maximum(*ends)[()]


def _times(amount: Floats, factor: Floats) -> Floats:
    """The product; nothing times anything unbounded is nothing."""
    with np.errstate(invalid="ignore"):
        product: Floats = np.where((factor == 0) & ~np.isnan(amount), 0.0, amount * factor)
    return product


def waiting_loss_per_day(
    loss_per_arm: ArrayLike, shares: ArrayLike, units_per_day: ArrayLike, per_event: ArrayLike
) -> Floats:
    """Money a day that the present split is expected to give away against the best arm alone.

    Parameters
    ----------
    loss_per_arm : array_like, shape (..., arms)
        E[best] - E[theta_i] of ``bayes.loss_per_arm`` or ``bayes.normal_loss_per_arm``, in the metric's direction,
        at least 0.
    shares : array_like, shape (..., arms)
        Shares of traffic, at least 0, summing to 1 within 0.002.
    units_per_day : array_like, shape (...)
        Units a day, at least 0.
    per_event : array_like, shape (...)
        Value of one more of the metric, finite; only its size counts, the direction is in the losses.

    Returns
    -------
    float or ndarray, shape (...)
        (E[max theta] - sum_j w_j E[theta_j]) units_per_day |per_event|, at least 0. nan where an argument is nan.

    Raises
    ------
    ValueError
        If a loss, share or number of units is negative or infinite, shares do not sum to 1, a value is infinite, or
        there is no axis of arms.
    """
    loss, weight, units = counts(loss_per_arm=loss_per_arm, shares=shares, units_per_day=units_per_day)
    (each,) = finite(per_event=per_event)
    if loss.ndim == 0 or weight.ndim == 0:
        raise ValueError("the last axis must hold the arms")
    total = weight.sum(axis=-1, keepdims=True)
    if np.any(np.abs(total - 1.0) > 0.002):
        raise ValueError("shares must sum to 1 over the arms")
    given_away: Floats = np.sum(loss * weight / total, axis=-1)
    return (given_away * units * np.abs(each))[()]


def roi(
    value: ArrayLike, lower: ArrayLike, upper: ArrayLike, horizon_days: ArrayLike, cost: ArrayLike
) -> tuple[Floats, Floats, Floats]:
    """Return on the cost of an experiment over a horizon.

    Parameters
    ----------
    value, lower, upper : array_like
        Value per day and its interval (``value_per_day``); the ends may be infinite.
    horizon_days : array_like
        Days the result will be used, at least 0.
    cost : array_like
        Cost of the experiment, finite. All broadcast.

    Returns
    -------
    tuple of float or ndarray
        (roi, lower, upper), (value horizon - cost) / cost; 1 is a gain as large as the cost, -1 the loss of all of
        it. nan where the cost is not above 0 (there is nothing to return on) or an argument is nan.

    Raises
    ------
    ValueError
        If the value or cost is infinite, or the horizon negative or infinite.
    """
    (value, cost), (days,) = finite(value=value, cost=cost), counts(horizon_days=horizon_days)
    paid = np.where(cost > 0, cost, np.nan)
    low, high = (np.asarray(end, dtype=np.float64) for end in (lower, upper))
    days, paid, *amounts = np.broadcast_arrays(days, paid, value, low, high)
    found = [(_times(amount, days) / paid - 1.0)[()] for amount in amounts]
    return found[0], found[1], found[2]
