"""Sample ratio mismatch: whether the arms receive the planned shares, at every look."""

import numpy as np
from numpy.typing import ArrayLike

from exporter.stats import domain
from exporter.stats.domain import Floats, scales
from exporter.stats.event_split import CONCENTRATIONS
from exporter.stats.special import gammaln, xlogy
from exporter.stats.tails import log_mean_exp


def log_e(counts: ArrayLike, planned_shares: ArrayLike, concentrations: ArrayLike = CONCENTRATIONS) -> Floats:
    """Log e-value against the planned shares.

    Parameters
    ----------
    counts : array_like, shape (..., arms)
        Units assigned to each arm in one allocation epoch, at least 0.
    planned_shares : array_like, shape (..., arms)
        Shares in [0, 1] that sum to 1 (to three digits); broadcasts with the counts.
    concentrations : array_like
        Weights of the Dirichlet priors around the plan in units, a number or a sequence.

    Returns
    -------
    float or ndarray, shape (...)
        log mean_c G(c)/G(c + N) prod_i G(c p_i + n_i)/(G(c p_i) p_i^n_i), G the gamma function; 0 without units.
        inf where an arm planned at 0 has a unit: a leak needs no statistics. nan where an argument is nan.

    Raises
    ------
    ValueError
        If a count is negative or infinite, a share is outside [0, 1], shares do not sum to 1 within 0.002,
        a concentration is not positive, or there is no axis of arms.

    Notes
    -----
    Lindon and Malek 2020, arXiv 2011.03567.

    Examples
    --------
    >>> round(float(log_e([9000, 800], [0.9, 0.1], concentrations=10_000)), 4)
    9.0488
    """
    n, p = np.broadcast_arrays(*domain.counts(counts=counts), _plan(planned_shares))
    planned = p > 0
    leak = np.any((p == 0) & (n > 0), axis=-1)
    c = scales("concentrations", concentrations)
    prior = c * np.where(planned, p, 1.0)[..., None]
    units = np.where(planned, n, 0.0)
    total = np.where(np.isnan(p).any(axis=-1) | np.isnan(n).any(axis=-1), np.nan, units.sum(axis=-1))
    arms = gammaln(prior + units[..., None]) - gammaln(prior)
    fit: Floats = np.sum(xlogy(units, np.where(planned, p, 1.0)), axis=-1)
    logs = gammaln(c) - gammaln(c + total[..., None]) + arms.sum(axis=-2)
    return np.where(leak & ~np.isnan(total), np.inf, log_mean_exp(logs) - fit)[()]


def _plan(planned_shares: ArrayLike) -> Floats:
    (shares,) = domain.counts(planned_shares=planned_shares)
    if shares.ndim == 0 or shares.shape[-1] == 0:
        raise ValueError("the last axis must hold the arms, at least one")
    total = shares.sum(axis=-1, keepdims=True)
    if np.any(np.abs(total - 1.0) > 0.002):
        raise ValueError("planned_shares must sum to 1 over the arms")
    # Thirds written with three digits are meant as thirds.
    exact: Floats = shares / total
    return exact


def p_value(counts: ArrayLike, planned_shares: ArrayLike, concentrations: ArrayLike = CONCENTRATIONS) -> Floats:
    """min(1, 1/e) of ``log_e`` now; its running minimum, kept by the caller, is a p-value valid at every look.

    Parameters, shapes, undefined cases and errors as in ``log_e``; 0 at a leak.
    """
    p: Floats = np.exp(np.minimum(0.0, -log_e(counts, planned_shares, concentrations)))
    return p[()]
