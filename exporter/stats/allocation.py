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


def top_two(prob_best: ArrayLike, floor: float = 0.01, leader: float = 0.5) -> Floats:
    """Shares of traffic by top-two Thompson sampling: more for the strongest rival of the best than for the best alone.

    It learns which arm is best sooner than ``thompson_weights`` and earns less meanwhile.

    Parameters
    ----------
    prob_best : array_like, shape (..., arms)
        As in ``thompson_weights``. For metrics that should fall it must be that of the lowest mean
        (``bayes.normal_prob_best(..., "decrease")``, ``bayes.prob_best(trials - successes, trials)``).
    floor : float
        Least share of an arm, at least 0 and at most 1 / arms.
    leader : float
        beta, the probability to play the best arm that was drawn and not its rival, in [0, 1].

    Returns
    -------
    ndarray, shape (..., arms)
        floor + (1 - arms floor) q, q_j = beta P_j + (1 - beta) sum_{i != j} P_i P_j / (1 - P_i), summing to 1. Two
        arms share equally at beta 1/2, whatever their probabilities. Where one arm is best for certain its rivals
        share 1 - beta equally; an only arm takes all. nan as in ``thompson_weights``.

    Raises
    ------
    ValueError
        As in ``thompson_weights``, or if leader is outside [0, 1].

    Notes
    -----
    Russo 2016, arXiv 1602.08448, sec. 3.3, with the expectation in place of the two draws.

    Examples
    --------
    >>> top_two([0.1, 0.2, 0.7], floor=0).round(3).tolist()
    [0.179, 0.344, 0.476]
    """
    if not 0.0 <= leader <= 1.0:
        raise ValueError(f"leader must be at least 0 and at most 1, got {leader:g}")
    best = thompson_weights(prob_best, 0.0)
    arms = best.shape[-1]
    if arms == 1:
        return thompson_weights(best, floor)
    others = ~np.eye(arms, dtype=np.bool_)
    # Summed rather than 1 - P_i, which keeps no digit where one arm is almost certain.
    rest = np.sum(np.where(others, best[..., None, :], 0.0), axis=-1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        rival = np.where(rest > 0, best[..., None, :] / rest, 1.0 / (arms - 1))
    challenged = np.sum(np.where(others, best[..., None] * rival, 0.0), axis=-2)
    unknown = np.isnan(best).any(axis=-1, keepdims=True)
    return thompson_weights(np.where(unknown, np.nan, leader * best + (1.0 - leader) * challenged), floor)
