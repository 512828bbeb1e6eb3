"""At which looks evidence could reach a level at all: upper bounds that cost little.

A mixture of likelihood ratios is at most the largest of them, and no weight of the prior makes a component larger than
the best weight would. So what these bounds leave out could not have been a call.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from exporter.collectors.experiment_evidence import COUNTED
from exporter.spec import KINDS
from exporter.stats import contrast, moments
from exporter.stats.special import xlogy
from winburn.aa_test.counts import Sums
from winburn.aa_test.facts import Facts

Floats = NDArray[np.float64]
Masks = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Moments:
    """Of each arm: mean, variance of the mean, units, conversions and exposure, all of one shape (..., arms)."""

    mean: Floats
    variance: Floats
    units: Floats
    conversions: Floats
    share_of: Floats


def moments_of(facts: Facts, sums: Sums) -> Moments:
    """By the exporter's formulas."""
    kind = facts.metric.kind
    mean, variance = moments.mean_of(kind, {name: sums[name] for name in moments.SUMS[kind]})
    return Moments(
        np.asarray(mean),
        np.asarray(variance),
        np.asarray(moments.units_of(kind, sums)),
        np.asarray(moments.conversions_of(kind, sums)),
        sums[KINDS[kind].units],
    )


def distance(arms: Moments, null_ratio: float = 1.0) -> Floats:
    """z of each variant against ``null_ratio`` times the control, shape (..., variants); 0 where it is undefined."""
    spread = arms.variance[..., 1:] + null_ratio**2 * arms.variance[..., :1]
    with np.errstate(invalid="ignore", divide="ignore"):
        z = (arms.mean[..., 1:] - null_ratio * arms.mean[..., :1]) / np.sqrt(spread)
    return np.where(np.isfinite(z), z, 0.0)


def most_log_e(facts: Facts, arms: Moments) -> Floats:
    """Upper bound of the two-sided log evidence of each variant, shape (..., variants)."""
    square = distance(arms, facts.null_ratio) ** 2
    # The largest value of (1 + r)^(-1/2) exp(z^2 r / (2 (1 + r))) over r: at 1 + r = z^2.
    normal = np.where(square > 1.0, 0.5 * (square - 1.0 - np.log(np.maximum(square, 1.0))), 0.0)
    if facts.metric.kind in COUNTED:
        normal = np.maximum(normal, _split(arms, facts.null_ratio)[0])
    return np.asarray(normal)


def most_kill_log_e(facts: Facts, arms: Moments, margin: float) -> Floats:
    """Upper bound of the log evidence to kill each variant, shape (..., variants)."""
    increase = facts.metric.direction == "increase"
    ratio = 1.0 - margin if increase else 1.0 + margin
    z = (_pooled_distance if facts.metric.kind == "proportion" else distance)(arms, ratio)
    normal: Floats = np.log(2.0) + 0.5 * np.maximum(-z if increase else z, 0.0) ** 2
    if facts.metric.kind not in COUNTED:
        return normal
    split, above = _split(arms, ratio)
    return np.asarray(np.maximum(normal, np.where(above != increase, split, 0.0)))


def _pooled_distance(arms: Moments, ratio: float) -> Floats:
    """As :func:`distance`, of proportions with one rate for both arms."""
    n_a, n_b = arms.units[..., :1], arms.units[..., 1:]
    with np.errstate(invalid="ignore", divide="ignore"):
        rate = (arms.conversions[..., :1] + arms.conversions[..., 1:]) / (n_a + n_b)
        spread = rate * (1.0 - rate) * (1.0 / n_b + ratio**2 / n_a)
        z = (arms.mean[..., 1:] - ratio * arms.mean[..., :1]) / np.sqrt(spread)
    return np.where(np.isfinite(z), z, 0.0)


def _split(arms: Moments, ratio: float) -> tuple[Floats, Masks]:
    """Largest log likelihood ratio of the events' split, and whether the variant has more than its share of them."""
    x_a, x_b = np.broadcast_arrays(arms.conversions[..., :1], arms.conversions[..., 1:])
    with np.errstate(invalid="ignore", divide="ignore"):
        observed = arms.share_of[..., 1:] / (arms.share_of[..., :1] + arms.share_of[..., 1:])
        usable = (observed > 0) & (observed < 1) & (x_a + x_b > 0)
        share = np.asarray(contrast.event_share(np.where(usable, observed, 0.5), ratio))
        seen = np.where(usable, x_b / (x_a + x_b), share)
    height = xlogy(x_a, (1.0 - seen) / (1.0 - share)) + xlogy(x_b, seen / share)
    return np.where(usable, height, 0.0), seen > share
