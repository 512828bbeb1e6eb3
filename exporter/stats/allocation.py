"""Recommended shares of traffic. Every change of shares must open a new allocation epoch for tests and checks."""

import numpy as np
from numpy.typing import ArrayLike

from exporter.stats.domain import Floats, counts


def thompson_weights(prob_best: ArrayLike, floor: float = 0.01) -> Floats:
    """Shares of traffic in proportion to the probability of being best, above a floor for every arm.

    Parameters
    ----------
    prob_best : array_like, shape (..., arms)
        In [0, 1], summing to 1 within 1e-6 over the arms.
    floor : float
        Least share of an arm, at least 0 and at most 1 / arms.

    Returns
    -------
    ndarray, shape (..., arms)
        floor + (1 - arms floor) prob_best, summing to 1. nan for the whole experiment where a probability is nan.

    Raises
    ------
    ValueError
        If a probability is outside [0, 1], they do not sum to 1, the floors alone exceed 1, or there is no axis
        of arms.

    Notes
    -----
    Thompson 1933, Biometrika 25, with the expectation in place of a draw; the additive floor keeps the order.

    Examples
    --------
    >>> thompson_weights([0.25, 0.75], floor=0.1).round(2).tolist()
    [0.3, 0.7]
    """
    (probabilities,) = counts(prob_best=prob_best)
    if probabilities.ndim == 0 or probabilities.shape[-1] == 0:
        raise ValueError("the last axis must hold the arms, at least one")
    arms = probabilities.shape[-1]
    # Half an ulp of tolerance, for 1/3 of three arms.
    if not (floor >= 0 and arms * floor <= 1.0 + 1e-12):
        raise ValueError(f"floor must be at least 0 and at most 1/{arms} for {arms} arms, got {floor:g}")
    total = probabilities.sum(axis=-1, keepdims=True)
    if np.any(np.abs(total - 1.0) > 1e-6):
        raise ValueError("prob_best must sum to 1 over the arms")
    weights: Floats = floor + (1.0 - arms * floor) * probabilities / total
    return weights
