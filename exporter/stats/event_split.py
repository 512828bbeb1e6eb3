"""The exact half of the sequential test: given the events of two arms, their split alone carries the evidence."""

import numpy as np
from numpy.typing import ArrayLike

from exporter.stats.domain import Floats, counts, level, scales, shares
from exporter.stats.special import betaln, xlogy
from exporter.stats.tails import log_mean_exp

CONCENTRATIONS = (10.0, 100.0, 1_000.0, 10_000.0)  # weights, in events, of the priors on the variant's share
_STEPS = 100


def event_split_log_e(
    events_control: ArrayLike,
    events_variant: ArrayLike,
    share_variant: ArrayLike,
    concentrations: ArrayLike = CONCENTRATIONS,
) -> Floats:
    """Exact log e-value against equal rates from the split of the events alone, from the first event on.

    Parameters
    ----------
    events_control, events_variant : array_like
        Events (conversions, counts) in either arm, at least 0.
    share_variant : array_like
        The variant's share of the exposure of both arms, observed, in (0, 1). All three broadcast.
    concentrations : array_like
        Weights of the Beta priors in events, a number or a sequence.

    Returns
    -------
    float or ndarray
        log mean_c B(c w_a + x_a, c w_b + x_b) / [B(c w_a, c w_b) w_a^x_a w_b^x_b]; 0 without events, nan for
        nan. Valid with zero conversions and rates that vary in time; clusters of events break it.

    Raises
    ------
    ValueError
        If a count is negative or infinite, a share outside (0, 1), or a concentration not positive.

    Notes
    -----
    Given an event, its arm is Bernoulli(w_b). Lindon and Malek 2020, arXiv 2011.03567.
    """
    x_a, x_b = counts(events_control=events_control, events_variant=events_variant)
    (share,) = shares(share_variant=share_variant)
    evidence: Floats = _split_log_marginal(x_a, x_b, share, concentrations) - (
        xlogy(x_a, 1.0 - share) + xlogy(x_b, share)
    )
    return evidence[()]


def _split_log_marginal(x_a: Floats, x_b: Floats, share: Floats, concentrations: ArrayLike) -> Floats:
    """Log probability of the split under the mixture of priors centred at the share."""
    c = scales("concentrations", concentrations)
    prior_a, prior_b = c * (1.0 - share[..., None]), c * share[..., None]
    return log_mean_exp(betaln(prior_a + x_a[..., None], prior_b + x_b[..., None]) - betaln(prior_a, prior_b))


def event_split_lift_interval(
    events_control: ArrayLike,
    events_variant: ArrayLike,
    share_variant: ArrayLike,
    alpha: float = 0.05,
    concentrations: ArrayLike = CONCENTRATIONS,
) -> tuple[Floats, Floats]:
    """Confidence sequence of the relative lift of a rate, dual to ``event_split_log_e``: exact from the first event.

    Parameters
    ----------
    events_control, events_variant, share_variant, concentrations
        As in ``event_split_log_e``.
    alpha : float
        1 - coverage at all times together, in (0, 1).

    Returns
    -------
    tuple of float or ndarray
        (lower, upper) of rate_variant / rate_control - 1: -1 without events in the variant, inf without events
        in the control, (-1, inf) without any. nan where an argument is nan.

    Raises
    ------
    ValueError
        As in ``event_split_log_e``, or if alpha is outside (0, 1).

    Notes
    -----
    All shares p of the variant among the events with marginal(x) / [(1 - p)^x_a p^x_b] < 1/alpha, carried to the
    lift p w_a / ((1 - p) w_b) - 1. Lindon and Malek 2020, arXiv 2011.03567.
    """
    x_a, x_b = counts(events_control=events_control, events_variant=events_variant)
    (share,) = shares(share_variant=share_variant)
    x_a, x_b, share = np.broadcast_arrays(x_a, x_b, share)
    floor = _split_log_marginal(x_a, x_b, share, concentrations) + np.log(level(alpha))
    odds = np.log(share) - np.log1p(-share)
    with np.errstate(over="ignore"):  # beyond the largest float is as good as infinite
        lower = np.expm1(_lowest_logit(x_b, x_a, floor) - odds)
        upper = np.expm1(-_lowest_logit(x_a, x_b, floor) - odds)
    return lower[()], upper[()]


def _lowest_logit(x: Floats, others: Floats, floor: Floats) -> Floats:
    """Smallest logit of the share of x among x + others whose log-likelihood reaches the floor; -inf for x = 0."""
    total = x + others
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        share = np.divide(x, total)
        spare = xlogy(x, share) + xlogy(others, 1.0 - share) - floor
        # Both starts lie left of the root: the likelihood is below x * logit, and Kullback-Leibler divergence
        # is at least (share - p)^2 / (2 share) below the share. From there Newton never crosses it.
        near = share - np.sqrt(2.0 * share * spare / total)
        logit = np.fmax(np.divide(floor, x), np.where(near > 0, np.log(near) - np.log1p(-near), -np.inf))
        for _ in range(_STEPS):
            tail = np.logaddexp(0.0, logit)
            move = (floor - (x * logit - total * tail)) / (x - total * np.exp(logit - tail))
            moving = np.isfinite(move) & (np.abs(move) > 1e-13 * np.maximum(1.0, np.abs(logit)))
            logit = np.where(moving, logit + move, logit)
            if not np.any(moving):
                break
    unknown = np.isnan(total + floor)
    return np.where(unknown, np.nan, np.where(x == 0, -np.inf, logit))
