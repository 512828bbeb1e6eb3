"""Errors that come in bursts: how many of them usually come together, and how surprising an error count then is."""

from decimal import Decimal

import numpy as np
from numpy.typing import ArrayLike

from exporter.stats import burn
from exporter.stats.domain import Floats, counts, part_of_whole
from exporter.stats.special import betainc

SLOTS_PER_DAY = 24
INCIDENT_DAYS, DAYS_PER_INCIDENT = 2, 15
PRIOR_ERRORS = 3.0
LEAST_PARTNERS = 2.0  # partners: what one day alone may say, so that the second burst ever is no surprise
LARGEST_SHARE = 0.1  # of the past's budget: a burst that costs more is worth a page however often it comes
LARGEST_ALWAYS = 3.0
LARGEST_EVER = 20.0  # more errors than this at once are an outage, however many outages the past has seen


def burst_factor(bad_per_slot: ArrayLike, total_per_slot: ArrayLike, objective: ArrayLike | Decimal) -> Floats:
    """Bad events that count as one because they come together, from the quiet part of the past; 1 if independent.

    Parameters
    ----------
    bad_per_slot, total_per_slot : array_like, shape (..., slots)
        Counts of bad and of all events in hourly slots, oldest first, 0 <= bad <= total; what was not measured is
        0 of 0. The newest should end before the judged window begins. Hours, because a burst cut in two by a slot's
        edge counts as two; and the whole period, because at a few requests a minute bursts are a few in a month.
    objective : number, Decimal or array_like of them
        Percent, strictly between 0 and 100; of the shape of the leading axes, or one for all.

    Returns
    -------
    float or ndarray, shape (...)
        At least 1, and 1 where nothing is known; at most a tenth of the budget of all slots together, but not below 3
        nor above 20. Bursts of k give about k, bursts of unlike size the size in which a bad event finds itself on
        average, E[k^2] / E[k]. nan where an argument is nan.

    Raises
    ------
    ValueError
        If a count is negative or infinite, bad exceeds total, or an objective is outside (0, 100).

    Notes
    -----
    Days of 24 slots are counted back from the newest. If a day's x bad events came in bursts of k that fall on its
    events at random, the squared deviations of its slots from x w, w the slot's share of the day's events, sum to
    k x (1 - sum w^2) in expectation; so over that, less x, they give (k - 1) x, the partners of all x together. As this
    holds given x and w, neither the daily cycle of the traffic nor a bad day counts as clustering (overdispersed
    multinomial counts: McCullagh and Nelder 1989, Generalized Linear Models, sec. 5.5).

    The two days with the most partners (one in 15 of pasts beyond 30 days) may be incidents, and so may
    those without which the rest would not be within the budget. They are weighed down to the most of the other
    days, or to 2. The factor is 1 + partners / (bad events + 3), which draws it to 1 where there are few.

    Examples
    --------
    >>> import numpy as np
    >>> bad = np.zeros(720)
    >>> bad[::40] = 5  # 18 bursts of 5 in a month
    >>> round(float(burst_factor(bad, np.full(720, 1000.0), 99.9)), 2)
    4.87
    """
    bad, total = part_of_whole(bad=np.atleast_1d(bad_per_slot), total=np.atleast_1d(total_per_slot))
    bad, total = np.broadcast_arrays(bad, total)
    budget = burn.budget(objective)
    partners, bad_of_day, total_of_day = _by_day(bad, total)
    most = np.maximum(_largest_ordinary(partners, bad_of_day, total_of_day, budget), LEAST_PARTNERS)[..., None]
    weight = most / np.maximum(partners, most)
    beyond = (weight * partners).sum(axis=-1) / ((weight * bad_of_day).sum(axis=-1) + PRIOR_ERRORS)
    largest = np.clip(LARGEST_SHARE * budget * total.sum(axis=-1), LARGEST_ALWAYS, LARGEST_EVER)
    factor: Floats = np.clip(1.0 + beyond, 1.0, largest)
    return factor[()]


def _by_day(bad: Floats, total: Floats) -> tuple[Floats, Floats, Floats]:
    """Of each day: bad events' partners in their slots beyond those of chance, bad events, events."""
    bad, total = _days(bad), _days(total)
    x, n = bad.sum(axis=-1), total.sum(axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = total / n[..., None]
        alone = 1.0 - np.square(share).sum(axis=-1)  # chance that two events fall into two slots
        partners = np.square(bad - x[..., None] * share).sum(axis=-1) / alone - x
    return np.where((n == 0) | (alone <= 0.0), 0.0, partners), x, n


def _days(slots: Floats) -> Floats:
    """Slots on two axes, days and hours; an incomplete oldest day begins with nothing."""
    *others, given = slots.shape
    days = -(-given // SLOTS_PER_DAY)
    nothing = np.zeros((*others, days * SLOTS_PER_DAY - given))
    return np.concatenate((nothing, slots), axis=-1).reshape(*others, days, SLOTS_PER_DAY)


def _largest_ordinary(partners: Floats, bad: Floats, total: Floats, budget: Floats) -> Floats:
    """The most partners of a day that is no incident; 0 where there is none."""
    order = np.argsort(partners, axis=-1, kind="stable")
    partners, bad, total = (np.take_along_axis(values, order, axis=-1) for values in (partners, bad, total))
    days = partners.shape[-1]
    ordinary = np.cumsum(bad, axis=-1) <= np.cumsum(total, axis=-1) * budget[..., None]
    ordinary[..., max(0, days - max(INCIDENT_DAYS, days // DAYS_PER_INCIDENT)) :] = False
    largest: Floats = np.where(ordinary, partners, 0.0).max(axis=-1, initial=0.0)
    return largest


def burst_p_value(bad: ArrayLike, total: ArrayLike, objective: ArrayLike | Decimal, factor: ArrayLike = 1.0) -> Floats:
    """Probability of at least this many bad events under the budget, where ``factor`` of them count as one.

    Parameters
    ----------
    bad, total : array_like
        Counts of bad and of all events in the window, 0 <= bad <= total.
    objective : number, Decimal or array_like of them
        Percent, strictly between 0 and 100.
    factor : array_like
        From :func:`burst_factor`, at least 1. All four broadcast.

    Returns
    -------
    float or ndarray
        ``burn.p_value(bad / factor, total / factor, objective)``: the exact binomial tail for factor 1. nan where
        total is 0 or an argument is nan.

    Raises
    ------
    ValueError
        If a count is negative or infinite, bad exceeds total, an objective is outside (0, 100), or factor is infinite
        or below 1.

    Notes
    -----
    Dividing counts by their dispersion: McCullagh and Nelder 1989, Generalized Linear Models, sec. 4.5.

    Examples
    --------
    >>> float(burst_p_value(3, 60, 99.9)) < 1e-4 < float(burst_p_value(3, 60, 99.9, factor=3))
    True
    """
    (factor,) = counts(factor=factor)
    if np.any(factor < 1.0):
        raise ValueError(f"factor must be at least 1, got {factor[factor < 1.0].flat[0]:g}")
    bad, total = part_of_whole(bad=bad, total=total)
    return burn.p_value(bad / factor, total / factor, objective)


def spread_p_value(bad_per_slot: ArrayLike, total_per_slot: ArrayLike, objective: ArrayLike | Decimal) -> Floats:
    """Probability that bad events occur in at least this many slots of a window under the budget.

    Bad events of one slot count as one, so bursts shorter than a slot can only lower the number of slots; an incident
    that spreads over the window stands out although its count alone could be a few bursts.

    Parameters
    ----------
    bad_per_slot, total_per_slot : array_like, shape (..., slots)
        Counts of bad and of all events in the slots of the window (5 m), 0 <= bad <= total.
    objective : number, Decimal or array_like of them
        Percent, strictly between 0 and 100; of the shape of the leading axes, or one for all.

    Returns
    -------
    float or ndarray, shape (...)
        P(Y >= slots with bad events), Y binomial over the slots with events, with the mean over them of
        1 - (1 - budget)^total; 1 where nothing was bad. nan where there are no events or an argument is nan.

    Raises
    ------
    ValueError
        If a count is negative or infinite, bad exceeds total, or an objective is outside (0, 100).

    Notes
    -----
    Trials of unlike probability have a lighter tail than the binomial of their mean probability, beyond the mean
    (Hoeffding 1956, Ann. Math. Statist. 27, 713-721, theorem 4).

    Examples
    --------
    >>> import numpy as np
    >>> even, burst = np.tile([1, 1, 0], 4), np.eye(12)[0] * 8  # 8 bad events of 300 each
    >>> [float(f"{spread_p_value(bad, np.full(12, 25), 99.9):.2g}") for bad in (even, burst)]
    [6.3e-11, 0.26]
    """
    bad, total = part_of_whole(bad=np.atleast_1d(bad_per_slot), total=np.atleast_1d(total_per_slot))
    bad, total = np.broadcast_arrays(bad, total)
    chance = -np.expm1(total * np.log1p(-burn.budget(objective)[..., None]))
    slots, hit = (total > 0).sum(axis=-1), (bad > 0).sum(axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        tail = betainc(hit, slots - hit + 1.0, np.minimum(chance.sum(axis=-1) / slots, 1.0))
    unknown = (slots == 0) | np.isnan(bad + chance).any(axis=-1)
    return np.where(unknown, np.nan, np.where(hit == 0, 1.0, tail))[()]
