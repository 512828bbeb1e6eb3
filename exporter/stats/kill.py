"""Evidence that a variant is worse, strong enough to switch it off; one-sided, valid at every look.

Nothing here can speak for a variant. Kill at e >= 20 (level 0.05) or 100 (level 0.01).
"""

import numpy as np
from numpy.typing import ArrayLike

from exporter.stats.domain import Floats, counts, finite, part_of_whole, scales, shares
from exporter.stats.sequential import CONCENTRATIONS, enough, information
from exporter.stats.special import betaln, gammaln, log_ndtr, xlogy
from exporter.stats.tails import log_betainc, log_gammainc, log_mean_exp


def split_log_e(
    events_control: ArrayLike,
    events_variant: ArrayLike,
    share_variant: ArrayLike,
    margin: ArrayLike = 0.0,
    concentrations: ArrayLike = CONCENTRATIONS,
) -> Floats:
    """Exact log e-value against rate_variant >= (1 - margin) rate_control, from the split of the events.

    Parameters
    ----------
    events_control, events_variant : array_like
        Events in either arm, at least 0.
    share_variant : array_like
        The variant's share of the exposure of both arms, observed, in (0, 1).
    margin : array_like
        Relative loss that is tolerated, 0 <= margin < 1. All four broadcast.
    concentrations : array_like
        Weights of the truncated Beta priors in events, a number or a sequence.

    Returns
    -------
    float or ndarray
        Log of the mean over c of the likelihood under Beta(c p, c (1 - p)) cut off above p, against that at
        p = w (1 - margin) / (1 - w margin), the variant's share of events on the edge of the null. A
        supermartingale under the whole null, finite also for a variant without any event. 0 without events,
        nan for nan.

    Raises
    ------
    ValueError
        If a count is negative or infinite, a share outside (0, 1), a margin outside [0, 1), or a
        concentration not positive.

    Notes
    -----
    The event split of Lindon and Malek 2020, arXiv 2011.03567, with its prior restricted to the alternative.

    Examples
    --------
    >>> round(float(split_log_e(14, 0, 0.5)), 4)  # 14 conversions to none: e = 32
    3.4749
    """
    x_a, x_b = counts(events_control=events_control, events_variant=events_variant)
    (share,) = shares(share_variant=share_variant)
    kept = 1.0 - _margin(margin)
    edge = share * kept / (1.0 - share + share * kept)
    a, b = np.broadcast_arrays(x_a, x_b)
    c = scales("concentrations", concentrations)
    prior_b, prior_a = c * edge[..., None], c * (1.0 - edge)[..., None]
    logs = _log_cut(prior_b + b[..., None], prior_a + a[..., None], edge) - _log_cut(prior_b, prior_a, edge)
    evidence: Floats = log_mean_exp(logs) - (xlogy(x_b, edge) + xlogy(x_a, 1.0 - edge))
    return evidence[()]


def _margin(margin: ArrayLike) -> Floats:
    (values,) = counts(margin=margin)
    if np.any(values >= 1):
        raise ValueError("margin must be at least 0 and below 1")
    return values


def _log_cut(a: Floats, b: Floats, edge: Floats) -> Floats:
    """Log of the integral of p^(a-1) (1-p)^(b-1) from 0 to the edge."""
    cut: Floats = log_betainc(a, b, edge[..., None]) + betaln(a, b)
    return cut


def expectation_log_e(interactions: ArrayLike, views: ArrayLike, expected_rate: ArrayLike) -> Floats:
    """Exact log e-value that one variant's rate is below what was expected of it.

    Parameters
    ----------
    interactions, views : array_like
        Counts, interactions <= views, of views old enough to have been answered.
    expected_rate : array_like
        The least acceptable rate, in (0, 1). All three broadcast.

    Returns
    -------
    float or ndarray
        ``split_log_e(views - interactions, interactions, expected_rate)``; 0 without views, nan for nan.
        At an expected rate of 0.03 a variant without any interaction reaches e = 20 at 155 views.

    Raises
    ------
    ValueError
        If a count is negative or infinite, interactions exceed views, or a rate is outside (0, 1).
    """
    interactions, views = part_of_whole(interactions=interactions, views=views)
    (rate,) = shares(expected_rate=expected_rate)
    return split_log_e(views - interactions, interactions, rate)


def expectation_count_log_e(
    events: ArrayLike, exposure: ArrayLike, expected_rate: ArrayLike, concentrations: ArrayLike = CONCENTRATIONS
) -> Floats:
    """``expectation_log_e`` for events that may outnumber the exposures: Poisson counts in place of binomial ones.

    Parameters
    ----------
    events, exposure : array_like
        Events and the exposure (views, hours) they come from, at least 0.
    expected_rate : array_like
        The least acceptable events per unit of exposure, above 0. All three broadcast.
    concentrations : array_like
        Weights of the truncated Gamma priors in units of exposure, a number or a sequence.

    Returns
    -------
    float or ndarray
        Log of the mean over c of the likelihood under Gamma(c rate, c) cut off above the rate, against that at
        the rate; a supermartingale for every higher rate. 0 without exposure and events, nan for nan. Clusters
        of events break it: divide both counts by their dispersion.

    Raises
    ------
    ValueError
        If a count is negative or infinite, the rate not positive, or a concentration not positive.

    Notes
    -----
    The limit of ``split_log_e`` for rare events; Lindon and Malek 2020, arXiv 2011.03567.
    """
    x, m, rate = counts(events=events, exposure=exposure, expected_rate=expected_rate)
    if np.any(rate == 0):
        raise ValueError("expected_rate must be above 0")
    c = scales("concentrations", concentrations)
    prior = c * rate[..., None]
    total, moved = prior + x[..., None], prior + (m * rate)[..., None]
    # In units of the expected rate, so that its powers cancel.
    logs = (log_gammainc(total, moved) + gammaln(total) - total * np.log(moved)) - (
        log_gammainc(prior, prior) + gammaln(prior) - prior * np.log(prior)
    )
    evidence: Floats = log_mean_exp(logs) + m * rate
    return evidence[()]


def half_normal_log_e(z: ArrayLike, r: ArrayLike) -> Floats:
    """Log e-value of a one-sided normal mixture: the prior on the effect is a half-normal.

    Parameters
    ----------
    z : array_like
        z-score, finite, positive where it speaks for the alternative.
    r : array_like
        Information in units of the prior's, at least 0; broadcasts with z.

    Returns
    -------
    float or ndarray
        log of 2 (1 + r)^(-1/2) exp(z^2 r / (2 (1 + r))) Phi(z sqrt(r / (1 + r))); 0 at r = 0. nan for nan.

    Raises
    ------
    ValueError
        If z is infinite, or r negative or infinite.

    Notes
    -----
    Howard, Ramdas, McAuliffe and Sekhon 2021, Ann. Statist. 49, Proposition 6, with r = V / rho.
    """
    (z,), (r,) = finite(z=z), counts(r=r)
    weight = r / (1.0 + r)
    evidence: Floats = np.log(2.0) - 0.5 * np.log1p(r) + 0.5 * z * z * weight + log_ndtr(z * np.sqrt(weight))
    return evidence[()]


def kill_log_e(
    successes_control: ArrayLike,
    trials_control: ArrayLike,
    successes_variant: ArrayLike,
    trials_variant: ArrayLike,
    share_variant: ArrayLike,
    margin: ArrayLike = 0.0,
) -> Floats:
    """Log of the average of ``split_log_e`` and the half-normal mixtures: the evidence to kill by.

    Parameters
    ----------
    successes_control, trials_control, successes_variant, trials_variant : array_like
        Counts, successes <= trials.
    share_variant : array_like
        The variant's observed share of the exposure of both arms, in (0, 1).
    margin : array_like
        Relative loss that is tolerated, 0 <= margin < 1. All broadcast.

    Returns
    -------
    float or ndarray
        Log e-value against rate_variant >= (1 - margin) rate_control. The event split alone below
        ``sequential.enough`` conversions and where the pooled variance is 0. nan where an argument is nan or
        an arm has no trials.

    Raises
    ------
    ValueError
        If a count is negative or infinite, successes exceed trials, a share is outside (0, 1), or a margin
        outside [0, 1).

    Notes
    -----
    The variance is pooled, V = p (1 - p) (1/n_b + (1 - margin)^2 / n_a), so that it does not vanish with the
    variant's conversions; scales as in ``sequential.mixture_log_e`` at alpha 0.05.
    """
    s_a, n_a = part_of_whole(successes_control=successes_control, trials_control=trials_control)
    s_b, n_b = part_of_whole(successes_variant=successes_variant, trials_variant=trials_variant)
    kept = 1.0 - _margin(margin)
    split = split_log_e(s_a, s_b, share_variant, margin)
    with np.errstate(divide="ignore", invalid="ignore"):
        pooled = np.divide(s_a + s_b, n_a + n_b)
        variance = pooled * (1.0 - pooled) * (1.0 / n_b + kept * kept / n_a)
        z = (kept * np.divide(s_a, n_a) - np.divide(s_b, n_b)) / np.sqrt(variance)
    speaks = enough(s_a, n_a, s_b, n_b) & (variance > 0)
    normal = log_mean_exp(half_normal_log_e(np.where(speaks, z, 0.0)[..., None], information(n_a + n_b)))
    evidence = np.where(speaks, log_mean_exp(np.stack(np.broadcast_arrays(normal, split), axis=-1)), split)
    return np.where((n_a == 0) | (n_b == 0) | np.isnan(n_a + n_b), np.nan, evidence)[()]
