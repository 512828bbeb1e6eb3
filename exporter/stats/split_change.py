"""When the traffic split changed without anybody saying so: counts before and after must not be added up."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from exporter.stats.domain import Floats, counts, level
from exporter.stats.special import gammaincc, xlogy

P_VALUE = 1e-8  # so small that hundreds of looks at hundreds of possible changes stay without a false alarm
SHARE_CHANGE = 0.01  # a smaller change cannot bias a comparison by much, and opening an epoch costs evidence


def find(units: ArrayLike, p_value: float = P_VALUE, share_change: float = SHARE_CHANGE) -> NDArray[np.intp]:
    """Where in an allocation epoch the shares of the arms changed.

    Parameters
    ----------
    units : array_like, shape (..., blocks, arms)
        Units assigned to each arm in consecutive blocks of time, at least 0, each unit once: visits that come back
        to their arm are no independent choices and look like a change.
    p_value : float
        Level of the test at one point of change, in (0, 1).
    share_change : float
        Least change of the share of an arm, in [0, 1].

    Returns
    -------
    int or ndarray of int, shape (...)
        Index of the first block after the change: of all ways to cut the blocks in two, the one with the largest
        homogeneity G of prefix against suffix, if its p-value is below ``p_value`` and the share of an arm changes by
        ``share_change`` or more there. -1 where there is none, with fewer than two blocks or arms in use, or where a
        count is nan. The largest of several changes is found; look again at the blocks after it.

    Raises
    ------
    ValueError
        If a count is negative or infinite, there are no axes of blocks and arms, or a threshold is outside its range.

    Notes
    -----
    G = 2 sum n log(n / expected), chi-square with (arms in use - 1) degrees of freedom (Wilks 1938). One-sided,
    exp(-G / 2) bounds the true tail however small a prefix is (Chernoff 1952), so that few units raise no false alarm.
    Simulated, with a look after each of 500 blocks: one alarm in 8,000 epochs without a change (blocks of 20 to 1,000
    units, shares 1 to 50 %). After a change from 10 to 50 % it takes 40 to 50 units (median; 80 in nine of ten), from
    50 to 52 % some 20,000 (31,000) where 200,000 or more came before, 30,000 (70,000) after 50,000.
    """
    (n,) = counts(units=units)
    if n.ndim < 2:
        raise ValueError("the last two axes must hold the blocks and the arms")
    if not 0.0 <= share_change <= 1.0:
        raise ValueError(f"share_change must be at least 0 and at most 1, got {share_change:g}")
    threshold = level(p_value)
    if n.shape[-2] < 2:
        return np.full(n.shape[:-2], -1, dtype=np.intp)[()]
    before, total = np.cumsum(n, axis=-2)[..., :-1, :], n.sum(axis=-2, keepdims=True)
    after = np.maximum(total - before, 0.0)
    g = np.maximum(2.0 * (_information(before) + _information(after) - _information(total)), 0.0)
    best = np.argmax(np.where(np.isnan(g), -1.0, g), axis=-1)[..., None]
    cut = best[..., None]
    moved = np.abs(_shares(np.take_along_axis(before, cut, -2)) - _shares(np.take_along_axis(after, cut, -2)))
    freedom = (total[..., 0, :] > 0).sum(axis=-1) - 1.0
    with np.errstate(invalid="ignore"):
        p = gammaincc(np.maximum(freedom, 1.0) / 2.0, np.take_along_axis(g, best, -1)[..., 0] / 2.0)
    changed = (freedom >= 1) & (p < threshold) & (moved[..., 0, :].max(axis=-1) >= share_change)
    return np.where(changed, best[..., 0] + 1, -1)[()]


def _information(n: Floats) -> Floats:
    """Log-likelihood of counts over arms (the last axis) at their own shares."""
    total = n.sum(axis=-1)
    log_likelihood: Floats = np.sum(xlogy(n, n), axis=-1) - xlogy(total, total)
    return log_likelihood


def _shares(n: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        share: Floats = n / n.sum(axis=-1, keepdims=True)
    return share
