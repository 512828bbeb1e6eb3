"""What each arm is expected to give away against the best of all."""

import numpy as np
from numpy.typing import ArrayLike

from exporter.stats import logit_grid, quadrature
from exporter.stats.domain import Floats, counts, finite, part_of_whole
from exporter.stats.posteriors import Direction, chunks, need_arms, over_rows, posterior, signed


def loss_per_arm(
    successes: ArrayLike, trials: ArrayLike, prior: tuple[float, float] = (1, 1), direction: Direction = "increase"
) -> Floats:
    """Expected rate given away by giving all traffic to one arm, for each arm.

    Parameters
    ----------
    successes, trials : array_like, shape (..., arms)
        Counts, successes <= trials; at least one arm.
    prior : tuple of float
        As in ``bayes.prob_beats``.
    direction : {"increase", "decrease"}
        Whether the highest or the lowest rate is best.

    Returns
    -------
    ndarray, shape (..., arms)
        E[max theta] - E[theta_i] or E[theta_i] - E[min theta], at least 0, right to 1e-10; with two arms those of
        ``bayes.expected_loss``. nan for the whole experiment where an arm has no trials or a count is nan.

    Raises
    ------
    ValueError
        As in ``bayes.prob_best``, or if the direction is neither.

    Notes
    -----
    The integral of F_i (1 - prod_{j != i} F_j). C. Stucchio 2015, Bayesian A/B Testing at VWO (whitepaper).
    """
    successes, trials = np.broadcast_arrays(*part_of_whole(successes=successes, trials=trials))
    need_arms(successes)
    a, b = posterior(successes, trials, prior)
    if signed(direction) < 0:
        a, b = b, a  # the lowest rate is the highest rate of failures
    rows = over_rows(a, b, logit_grid.loss_beta, quadrature.loss_beta, a.shape[-1])
    return np.maximum(rows.reshape(a.shape), 0.0)


def normal_loss_per_arm(means: ArrayLike, std_errors: ArrayLike, direction: Direction = "increase") -> Floats:
    """The same for independent normal posteriors (means, ratios, rates), in units of the mean.

    Parameters
    ----------
    means, std_errors : array_like, shape (..., arms)
        Finite means and their standard errors, at least 0.
    direction : {"increase", "decrease"}
        Whether the highest or the lowest mean is best.

    Returns
    -------
    ndarray, shape (..., arms)
        At least 0. nan for the whole experiment where a standard error is 0 (nothing is known of the spread) or a
        value is nan.

    Raises
    ------
    ValueError
        As in ``bayes.normal_prob_best``.
    """
    sign = signed(direction)
    (means,), (std_errors,) = finite(means=means), counts(std_errors=std_errors)
    means, std_errors = np.broadcast_arrays(means, std_errors)
    need_arms(means)
    arms = means.shape[-1]
    centre, spread = sign * means.reshape(-1, arms), std_errors.reshape(-1, arms)
    loss = np.full(centre.shape, np.nan)
    known = np.flatnonzero(np.all((spread > 0) & ~np.isnan(centre), axis=-1))
    for rows in chunks(known, 128 * arms**2):
        loss[rows] = quadrature.loss_normal(centre[rows], spread[rows])
    positive: Floats = np.maximum(loss.reshape(means.shape), 0.0)
    return positive
