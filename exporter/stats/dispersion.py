"""Events that come in clusters: by how much counts overstate what they know."""

import numpy as np
from numpy.typing import ArrayLike

from exporter.stats.domain import Floats, counts

_ROUNDS = 200


def design_effect(
    events: ArrayLike, exposures: ArrayLike, min_windows: int = 30, *, at_most_one: bool = False
) -> Floats:
    """Pearson's dispersion of the split of the events between the arms, over windows of time, at least 1.

    Events and their uncertainty are sound again when all counts of the experiment are divided by it. The split is
    used because the rate itself varies with the hour of the day, which is no clustering.

    Parameters
    ----------
    events : array_like, shape (..., windows, arms)
        Increments of the event counters in each window, at least 0. A window should be at least three times as
        long as events lag behind exposures; clusters cut in two by a window are counted as two.
    exposures : array_like, shape (..., windows, arms)
        Increments of the exposures; broadcasts with the events.
    min_windows : int
        Windows with events and at least two exposed arms below which nothing is said.
    at_most_one : bool
        Whether an exposure has one event at most, as for a proportion. Its events then scatter less than counts do,
        by 1 - rate, which must not hide the clusters: at a rate of 0.5 a design effect of 3.4 would pass for 1.7.
        Windows in which every exposure had its event say nothing, and do not count.

    Returns
    -------
    float or ndarray, shape (...)
        max(1, Pearson chi-square / degrees of freedom) around the shares of events that the exposures and one
        rate ratio per arm predict. Events of an arm without exposure in the window are left out. nan with fewer
        than `min_windows` such windows, or where an argument is nan.

    Raises
    ------
    ValueError
        If a count is negative or infinite, there are no axes of windows and arms, or `min_windows` is below 2.

    Notes
    -----
    McCullagh and Nelder 1989, Generalized Linear Models, sec. 4.5; rate ratios by maximum likelihood, iterating
    events of the arm = sum over windows of its share of the events.
    """
    x, m = np.broadcast_arrays(*counts(events=events, exposures=exposures))
    if x.ndim < 2:
        raise ValueError("the last two axes must hold the windows and the arms")
    if min_windows < 2:
        raise ValueError("min_windows must be at least 2")
    unknown = np.isnan(x + m).any(axis=(-2, -1))
    exposed = (m > 0) & ((m > 0).sum(axis=-1, keepdims=True) >= 2)
    x, m = np.where(exposed, x, 0.0), np.where(exposed, m, 0.0)
    total, size = x.sum(axis=-1, keepdims=True), m.sum(axis=-1, keepdims=True)
    usable = total > 0
    if at_most_one:
        usable = usable & (size > np.maximum(total, 1.0))
        x, m, total = (np.where(usable, part, 0.0) for part in (x, m, total))
    cells = exposed & usable
    expected = _expected(x, m, total)
    with np.errstate(divide="ignore", invalid="ignore"):
        scatter = expected * _binomial(expected, m) if at_most_one else expected
        # An arm that never has an event is expected to have none, and then fits perfectly.
        told = cells & (scatter > 0)
        pearson = np.where(told, (x - expected) ** 2 / scatter, 0.0).sum(axis=(-2, -1))
        windows = usable[..., 0].sum(axis=-1)
        rates = (cells & (x.sum(axis=-2, keepdims=True) > 0)).any(axis=-2).sum(axis=-1) - 1
        freedom = told.sum(axis=(-2, -1)) - windows - rates
        phi = np.maximum(1.0, pearson / freedom)
    return np.where(unknown | (windows < min_windows) | (freedom <= 0), np.nan, phi)[()]


def _expected(x: Floats, m: Floats, total: Floats) -> Floats:
    """Events expected in each window and arm, given the window's total."""
    rate = np.ones_like(x[..., :1, :])
    arm_events = x.sum(axis=-2, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        for _ in range(_ROUNDS):
            shares = m * rate / np.sum(m * rate, axis=-1, keepdims=True)
            expected = np.where(total > 0, total * shares, 0.0)
            correction = arm_events / expected.sum(axis=-2, keepdims=True)
            rate = rate * np.where(np.isfinite(correction), correction, 1.0)
            if np.all(np.abs(correction - 1.0) < 1e-10, where=np.isfinite(correction) & (arm_events > 0)):
                break
    answer: Floats = expected
    return answer


def _binomial(expected: Floats, m: Floats) -> Floats:
    """How much less than counts the split of binomial events scatters in each window, shape (..., windows, 1)."""
    total, size = expected.sum(axis=-1, keepdims=True), m.sum(axis=-1, keepdims=True)
    there = expected > 0
    variance = np.where(there, np.maximum(expected * (1.0 - expected / m), 0.0), 0.0)
    share = expected / total
    # Of an arm's events less its share of all: with arms at different rates its own part and that of the others differ.
    own = (1.0 - 2.0 * share) * variance + share * share * variance.sum(axis=-1, keepdims=True)
    mean = np.where(there, own / expected, 0.0).sum(axis=-1, keepdims=True) / (there.sum(axis=-1, keepdims=True) - 1.0)
    # The total is known too, as in the hypergeometric distribution.
    factor: Floats = mean * size / (size - 1.0)
    return factor
