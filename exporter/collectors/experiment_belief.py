"""Bayesian readings, which are not error-controlled under watching: who is best, and what a choice may cost.

Proportions have Beta posteriors with a flat prior; over several epochs, and where events come in clusters, of the
binomial sample that would be as informative. The other kinds have normal posteriors, and say nothing below twenty
conversions. For a metric that should decrease, proportions are read from their complements: the flat prior is
symmetric.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from exporter.collectors.experiment_cases import Arms
from exporter.stats import bayes, strata
from exporter.stats.losses import loss_per_arm, normal_loss_per_arm
from exporter.stats.special import ndtr

Floats = NDArray[np.float64]
Direction = Literal["increase", "decrease"]
_ENOUGH = 20
_WAYS: tuple[tuple[Direction, bool], ...] = (("increase", True), ("decrease", False))


def combined(arms: Arms) -> tuple[Floats, Floats, Floats, Floats]:
    """Means, variances, units and conversions of every arm over the epochs, of shape (cases, arms).

    An arm without units in any epoch has none of these; it does not keep the others from being compared.
    """
    there = np.asarray((arms.share_of > 0).any(axis=1, keepdims=True))
    # What is not there must be there for combine_arms: with so many units that it takes no part in the weights.
    others = arms.share_of.sum(axis=2, keepdims=True)
    units = np.where(there, arms.share_of, 1e9 * (others + 1.0) * (others > 0))
    mean, variance, _ = strata.combine_arms(np.where(there, arms.mean, 0.0), np.where(there, arms.variance, 0.0), units)
    counted = np.asarray(((arms.share_of > 0) | ~there).all(axis=2, keepdims=True))

    def known(values: Floats) -> Floats:
        return np.where(there[:, 0, :], values, np.nan)

    sums = [np.where(counted, values, 0.0).sum(axis=1) for values in (arms.units, arms.conversions)]
    return known(mean), known(variance), known(sums[0]), known(sums[1])


def compare(arms: Arms, increase: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """(P(variant is better than control), relative expected loss if it is shipped), of shape (cases, variants)."""
    mean, variance, units, conversions = combined(arms)
    if arms.kind == "proportion":
        successes, trials = _beta(mean, variance, units, increase)
        beats, _, shipped = bayes.compare(successes[:, :1], trials[:, :1], successes[:, 1:], trials[:, 1:])
        plain, n = strata.effective_counts(mean, variance, units)
        # The metric's own mean, not its complement's: 2 % of the error rate, not 2 % of the successes.
        base = (np.asarray(plain)[:, :1] + 1.0) / (np.asarray(n)[:, :1] + 2.0)
    else:
        sign = np.where(increase, 1.0, -1.0)[:, None]
        known = (conversions >= _ENOUGH) & (variance > 0)
        heard = known[:, 1:] & known[:, :1]
        error = np.where(heard, np.sqrt(variance[:, 1:] + variance[:, :1]), np.nan)
        difference = np.where(heard, sign * (mean[:, 1:] - mean[:, :1]), np.nan)
        beats = ndtr(difference / error)
        _, shipped = bayes.normal_expected_loss(difference, error)
        base = np.where(mean[:, :1] > 0, mean[:, :1], np.nan)
    return beats, shipped / base


def best(arms: Arms, increase: NDArray[np.bool_], takes_part: NDArray[np.bool_]) -> Floats:
    """P(best) of every arm that takes part, of shape (cases, arms).

    nan for a case in which one that takes part has no data.
    """
    return _among(arms, increase, takes_part, bayes.prob_best, bayes.normal_prob_best)


def behind(arms: Arms, increase: NDArray[np.bool_], takes_part: NDArray[np.bool_]) -> Floats:
    """Expected loss of every arm that takes part against the best of them, in the metric's unit; nan as in ``best``."""
    return _among(arms, increase, takes_part, loss_per_arm, normal_loss_per_arm)


def _among(
    arms: Arms,
    increase: NDArray[np.bool_],
    takes_part: NDArray[np.bool_],
    of_counts: Callable[[Floats, Floats], Floats],
    of_normal: Callable[[Floats, Floats, Direction], Floats],
) -> Floats:
    mean, variance, units, conversions = combined(arms)
    heard = ((conversions >= _ENOUGH) & (variance > 0)) | ~takes_part
    answer = np.full(mean.shape, np.nan)
    patterns, which = np.unique(takes_part, axis=0, return_inverse=True)
    for i, pattern in enumerate(patterns):
        columns = np.flatnonzero(pattern)
        for way, up in _WAYS:
            rows = np.flatnonzero((which.reshape(-1) == i) & (increase == up))
            if arms.kind != "proportion":
                rows = rows[heard[rows].all(axis=1)]
            if not (len(rows) and len(columns)):
                continue
            cells = np.ix_(rows, columns)
            if arms.kind == "proportion":
                answer[cells] = of_counts(*_beta(mean[cells], variance[cells], units[cells], increase[rows]))
            else:
                answer[cells] = of_normal(mean[cells], np.sqrt(variance[cells]), way)
    return answer


def _beta(mean: Floats, variance: Floats, units: Floats, increase: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    successes, trials = map(np.asarray, strata.effective_counts(mean, variance, units))
    trials = np.where(trials > 0, trials, np.nan)
    return np.where(increase[:, None], successes, np.maximum(trials - successes, 0.0)), trials
