"""Comparisons of posteriors by Gauss-Legendre quadrature: exact to about 1e-13 for whatever arms."""

from functools import cache

import numpy as np

from exporter.stats.domain import Floats
from exporter.stats.special import betainc, betainccinv, betaincinv, ndtr

_NODES = 64
_TAIL = 1e-14  # posterior mass left out at either end
_NORMAL_REACH = 8.5  # standard deviations; ndtr(-8.5) is 1e-17


@cache
def _rule() -> tuple[Floats, Floats]:
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    return (nodes + 1.0) / 2.0, weights / 2.0


def _angles(a: Floats, b: Floats) -> Floats:
    """The ends of a Beta posterior as angles, on a new last axis.

    In the angle, x = sin(angle)**2, the density stays smooth at 0 and 1 even for the Jeffreys prior, where in x
    it has a pole that no polynomial rule integrates.
    """
    ends = np.stack([betaincinv(a, b, _TAIL), betainccinv(a, b, _TAIL)], axis=-1)
    angles: Floats = np.arcsin(np.sqrt(ends))
    return angles


def _beta_weights(a: Floats, b: Floats, angles: Floats, weights: Floats) -> Floats:
    """Quadrature weights times the density of Beta(a, b), normed to sum 1 over the last axis."""
    a, b = a[..., None], b[..., None]
    logs = (2.0 * a - 1.0) * np.log(np.sin(angles)) + (2.0 * b - 1.0) * np.log(np.cos(angles))
    mass: Floats = weights * np.exp(logs - logs.max(axis=-1, keepdims=True))
    mass /= mass.sum(axis=-1, keepdims=True)
    return mass


def _panels(edges: Floats) -> tuple[Floats, Floats]:
    """Nodes and weights of the rule on every interval between sorted edges, flattened on the last axis."""
    nodes, weights = _rule()
    start, width = edges[..., :-1, None], np.diff(edges, axis=-1)[..., None]
    shape = (*edges.shape[:-1], (edges.shape[-1] - 1) * _NODES)
    return (start + width * nodes).reshape(shape), (width * weights).reshape(shape)


def product_of_others(factors: Floats) -> Floats:
    """For each index on axis -2 the product over all the other indices, without a division by 0."""
    arms = factors.shape[-2]
    product = np.empty_like(factors)
    before = after = np.ones_like(factors[..., 0, :])
    for i in range(arms):  # a dozen arms at most, each a large slice
        product[..., i, :] = before
        before = before * factors[..., i, :]
    for i in reversed(range(arms)):
        product[..., i, :] *= after
        after = after * factors[..., i, :]
    return product


def compare_betas(a: Floats, b: Floats) -> tuple[Floats, Floats, Floats]:
    """Compare two Beta posteriors, integrating over the one with the smaller standard deviation.

    Over the wider one 64 nodes may miss the step of the narrower: errors up to 0.038.

    Parameters
    ----------
    a, b : ndarray, shape (experiments, 2)
        Positive parameters of the first and of the second arm.

    Returns
    -------
    tuple of ndarray, shape (experiments,)
        P(second > first), E[(second - first)+], E[(first - second)+].
    """
    variance = a * b / ((a + b) ** 2 * (a + b + 1.0))
    narrow = np.argmin(variance, axis=-1)[:, None]
    inner_a, inner_b = (np.take_along_axis(p, narrow, -1)[:, 0] for p in (a, b))
    outer_a, outer_b = (np.take_along_axis(p, 1 - narrow, -1) for p in (a, b))
    angles, weights = _panels(_angles(inner_a, inner_b))
    mass = _beta_weights(inner_a, inner_b, angles, weights)
    x = np.sin(angles) ** 2
    outer_mean = outer_a / (outer_a + outer_b)
    below, moment_below = betainc(outer_a, outer_b, x), outer_mean * betainc(outer_a + 1.0, outer_b, x)
    inner_wins = np.sum(mass * below, axis=-1)
    inner_excess = np.sum(mass * (x * below - moment_below), axis=-1)
    outer_excess = np.sum(mass * (outer_mean - moment_below - x * (1.0 - below)), axis=-1)
    second_inner = narrow[:, 0] == 1
    return (
        np.where(second_inner, inner_wins, 1.0 - inner_wins),
        np.where(second_inner, inner_excess, outer_excess),
        np.where(second_inner, outer_excess, inner_excess),
    )


def best_beta(a: Floats, b: Floats) -> Floats:
    """P(largest) of each of several Beta posteriors.

    The axis is cut at the ends of every posterior, so that each step lies in an interval of its own width.

    Parameters
    ----------
    a, b : ndarray, shape (experiments, arms)
        Positive parameters.

    Returns
    -------
    ndarray, shape (experiments, arms)
    """
    edges = np.sort(_angles(a, b).reshape(len(a), -1), axis=-1)
    angles, weights = (part[:, None, :] for part in _panels(edges))
    below: Floats = np.asarray(betainc(a[..., None], b[..., None], np.sin(angles) ** 2), dtype=np.float64)
    best: Floats = np.sum(_beta_weights(a, b, angles, weights) * product_of_others(below), axis=-1)
    return best


def best_normal(means: Floats, std_errors: Floats) -> Floats:
    """P(largest) of each of several independent normal posteriors, by the same intervals.

    Parameters
    ----------
    means, std_errors : ndarray, shape (experiments, arms)
        Finite means; positive standard errors.

    Returns
    -------
    ndarray, shape (experiments, arms)
    """
    reach = _NORMAL_REACH * std_errors
    edges = np.sort(np.concatenate([means - reach, means + reach], axis=-1), axis=-1)
    points, weights = (part[:, None, :] for part in _panels(edges))
    z = (points - means[..., None]) / std_errors[..., None]
    mass = weights * np.exp(-0.5 * z * z)
    mass /= mass.sum(axis=-1, keepdims=True)
    below: Floats = np.asarray(ndtr(z), dtype=np.float64)
    best: Floats = np.sum(mass * product_of_others(below), axis=-1)
    return best


def loss_beta(a: Floats, b: Floats) -> Floats:
    """E[largest - this] for each of several Beta posteriors.

    The integral of F_i (1 - product of the other F), positive everywhere: no difference of two close means.

    Parameters
    ----------
    a, b : ndarray, shape (experiments, arms)
        Positive parameters.

    Returns
    -------
    ndarray, shape (experiments, arms)
    """
    edges = np.sort(_angles(a, b).reshape(len(a), -1), axis=-1)
    angles, weights = (part[:, None, :] for part in _panels(edges))
    below: Floats = np.asarray(betainc(a[..., None], b[..., None], np.sin(angles) ** 2), dtype=np.float64)
    loss: Floats = np.sum(weights * np.sin(2.0 * angles) * below * (1.0 - product_of_others(below)), axis=-1)
    return loss


def loss_normal(means: Floats, std_errors: Floats) -> Floats:
    """E[largest - this] for each of several independent normal posteriors, by the same integral.

    Parameters
    ----------
    means, std_errors : ndarray, shape (experiments, arms)
        Finite means; positive standard errors.

    Returns
    -------
    ndarray, shape (experiments, arms)
    """
    reach = _NORMAL_REACH * std_errors
    edges = np.sort(np.concatenate([means - reach, means + reach], axis=-1), axis=-1)
    points, weights = (part[:, None, :] for part in _panels(edges))
    below: Floats = np.asarray(ndtr((points - means[..., None]) / std_errors[..., None]), dtype=np.float64)
    loss: Floats = np.sum(weights * below * (1.0 - product_of_others(below)), axis=-1)
    return loss
