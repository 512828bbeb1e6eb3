"""Whether a message wears out with its uses: a falling trend, or a drop below a known rate."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from exporter.stats.domain import Floats, counts, part_of_whole, shares
from exporter.stats.special import log_ndtr


@dataclass(frozen=True, slots=True)
class Trend:
    """Decline of a rate over uses; every field has the shape of the leading axes.

    Attributes
    ----------
    score : evidence of decline, positive for a fall; in events times uses.
    variance : variance of the score under a constant rate, dispersion included.
    dispersion : Pearson's phi around the constant rate, at least 1.
    log_e_value : log e-value against a rate that is constant or rising.
    slope : change of the logit of the rate per use, negative for a fall.
    half_life : uses after which the rate has halved at this slope; nan where it does not fall.
    """

    score: Floats
    variance: Floats
    dispersion: Floats
    log_e_value: Floats
    slope: Floats
    half_life: Floats

    @property
    def e_value(self) -> Floats:
        """``exp(log_e_value)``, inf beyond the largest float."""
        with np.errstate(over="ignore"):
            e: Floats = np.exp(self.log_e_value)
        return e[()]


def trend(exposures: ArrayLike, events: ArrayLike, rho: float = 15_000.0, dispersion: ArrayLike | None = None) -> Trend:
    """Trend of a rate over the uses 1..K of a message whose true rate is unknown.

    Parameters
    ----------
    exposures, events : array_like, shape (..., uses)
        Counts per use, events <= exposures, in the order of the uses; they broadcast.
    rho : float
        Information at which the evidence is sharpest; its inverse is the variance of the half-normal prior on the
        slope, whose standard deviation is 0.008 per use by default: sharpest for declines of 1 % a use.
    dispersion : array_like, shape (...), optional
        Known phi, at least 1; estimated from the scatter around the constant rate if not given. A decline counts
        as scatter too, so the estimate errs to the side of silence.

    Returns
    -------
    Trend
        With scalars or arrays of shape (...). Evidence to warn on at e >= 20 with at least 14 uses and 30 events.
        All nan where fewer than two uses have exposures, where there are no events or nothing but events, or
        where a count is nan. Uses without exposures keep their place and say nothing.

    Raises
    ------
    ValueError
        If a count is negative or infinite, events exceed exposures, there is no axis of uses, rho is not
        positive, or a dispersion below 1.

    Notes
    -----
    Score S = -sum (x - m p)(k - mean k), I = p (1 - p) sum m (k - mean k)^2 with mean k weighted by exposures
    (Cochran 1954, Armitage 1955), V = phi I; e = 2 sqrt(rho/(V + rho)) exp(S^2/(2(V + rho))) Phi(S/sqrt(V + rho))
    (Howard et al. 2021, Ann. Statist. 49, Prop. 6); slope = -S/I.
    """
    if not 0.0 < rho < np.inf:
        raise ValueError(f"rho must be positive and finite, got {rho:g}")
    x, m = _uses(events, exposures)
    k = np.arange(1.0, m.shape[-1] + 1.0)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        units = m.sum(axis=-1, keepdims=True)
        rate = np.divide(x.sum(axis=-1, keepdims=True), units)
        lag = k - np.divide((m * k).sum(axis=-1, keepdims=True), units)
        residual = x - m * rate
        information = (rate[..., 0] * (1.0 - rate[..., 0])) * (m * lag * lag).sum(axis=-1)
        phi = _scatter(residual, m, rate) if dispersion is None else _known(dispersion)
        defined = (information > 0) & np.isfinite(phi)
        score = np.where(defined, -(residual * lag).sum(axis=-1), np.nan)
        variance = phi * information
        sharp = variance + rho
        log_e = np.log(2.0) + 0.5 * np.log(rho / sharp) + score**2 / (2.0 * sharp) + log_ndtr(score / np.sqrt(sharp))
        half_life = np.where(score > 0, np.log(2.0) * information / score, np.nan)
        blank = np.where(defined, 1.0, np.nan)
        fields = (score, variance * blank, phi * blank, log_e, -score / information, half_life)
    return Trend(*(np.asarray(field)[()] for field in fields))


def _scatter(residual: Floats, m: Floats, rate: Floats) -> Floats:
    """Pearson's dispersion around a constant rate, at least 1."""
    pearson = np.where(m > 0, residual**2 / (m * rate * (1.0 - rate)), 0.0).sum(axis=-1)
    phi: Floats = np.maximum(1.0, pearson / ((m > 0).sum(axis=-1) - 1.0))
    return phi


def _known(dispersion: ArrayLike) -> Floats:
    (phi,) = counts(dispersion=dispersion)
    if np.any(phi < 1):
        raise ValueError("dispersion must be at least 1")
    return phi


def change_log_m(
    exposures: ArrayLike,
    events: ArrayLike,
    baseline: ArrayLike,
    drops: tuple[float, ...] = (0.05, 0.1, 0.2, 0.3, 0.5),
) -> Floats:
    """Log of the e-Shiryaev-Roberts statistic for a drop of the rate below a known baseline, after each use.

    Parameters
    ----------
    exposures, events : array_like, shape (..., uses)
        Counts per use, events <= exposures, in order; they broadcast.
    baseline : array_like, shape (...)
        The known rate, in (0, 1).
    drops : tuple of float
        Relative drops looked for, each in (0, 1).

    Returns
    -------
    ndarray, shape (..., uses)
        log of the mean over drops of M, M <- (M + 1) L. An alarm at M >= A comes falsely once in A uses or more
        rarely, on average. nan from the first nan on.

    Raises
    ------
    ValueError
        If a count is negative or infinite, events exceed exposures, the baseline or a drop is outside (0, 1),
        or there is no axis of uses.

    Notes
    -----
    Shin, Ramdas and Rinaldo 2022, arXiv 2203.03532.
    """
    x, m = _uses(events, exposures)
    p, d = shares(baseline=baseline, drops=drops)
    p = p[..., None, None]
    x, m = x[..., None], m[..., None]
    step = x * np.log1p(-d) + (m - x) * (np.log1p(-(1.0 - d) * p) - np.log1p(-p))
    walk = np.cumsum(step, axis=-2)
    # M_t is the sum over starts s <= t of the product of L from s to t, hence one cumulative sum in logarithms.
    with np.errstate(invalid="ignore"):
        log_m = walk + np.logaddexp.accumulate(step - walk, axis=-2)
        mean: Floats = np.logaddexp.reduce(log_m, axis=-1) - np.log(d.size)
    return mean


def _uses(events: ArrayLike, exposures: ArrayLike) -> tuple[Floats, Floats]:
    x, m = np.broadcast_arrays(*part_of_whole(events=events, exposures=exposures))
    if m.ndim == 0:
        raise ValueError("the last axis must hold the uses")
    return x, m
