"""Bayesian comparisons: which arm is better, and what the wrong choice costs.

These are probabilities given the data at one look. Watched live, a rule such as "95 % chance to win" calls a false
winner in more than half of the experiments without any difference; decisions belong to ``sequential`` and ``kill``.
"""

import numpy as np
from numpy.typing import ArrayLike

from exporter.stats import logit_grid, quadrature
from exporter.stats.domain import Floats, counts, finite, part_of_whole
from exporter.stats.losses import loss_per_arm, normal_loss_per_arm
from exporter.stats.posteriors import Direction, chunks, need_arms, over_rows, posterior, signed, stacked
from exporter.stats.special import ndtr

__all__ = [
    "compare",
    "expected_loss",
    "loss_per_arm",
    "normal_expected_loss",
    "normal_loss_per_arm",
    "normal_prob_best",
    "prob_beats",
    "prob_best",
]


def prob_beats(
    successes_control: ArrayLike,
    trials_control: ArrayLike,
    successes_variant: ArrayLike,
    trials_variant: ArrayLike,
    prior: tuple[float, float] = (1, 1),
) -> Floats:
    """Posterior probability that the variant's rate is above the control's.

    Parameters
    ----------
    successes_control, trials_control, successes_variant, trials_variant : array_like
        Counts, successes <= trials; they need not be whole, and broadcast.
    prior : tuple of float
        Positive parameters of the Beta prior of every arm; (0.5, 0.5) is Jeffreys'.

    Returns
    -------
    float or ndarray
        P(variant > control) in [0, 1], right to 1e-10. nan where an arm has no trials (only the prior would
        speak) or an argument is nan.

    Raises
    ------
    ValueError
        If a count is negative or infinite, successes exceed trials, or the prior is not positive.

    Notes
    -----
    Beta posteriors, compared by ``logit_grid`` or, where its nodes would not resolve both arms, ``quadrature``.
    E. Miller 2015, https://www.evanmiller.org/bayesian-ab-testing.html

    Examples
    --------
    >>> round(float(prob_beats(100, 1000, 120, 1000)), 6)
    0.923183
    """
    return compare(successes_control, trials_control, successes_variant, trials_variant, prior)[0]


def expected_loss(
    successes_control: ArrayLike,
    trials_control: ArrayLike,
    successes_variant: ArrayLike,
    trials_variant: ArrayLike,
    prior: tuple[float, float] = (1, 1),
) -> tuple[Floats, Floats]:
    """Expected rate given away by either choice, in units of the rate.

    Parameters
    ----------
    successes_control, trials_control, successes_variant, trials_variant, prior
        As in ``prob_beats``.

    Returns
    -------
    tuple of float or ndarray
        (E[(variant - control)+], lost if the control is kept; E[(control - variant)+], lost if the variant is
        shipped). Their difference is the difference of the posterior means. nan as in ``prob_beats``.

    Raises
    ------
    ValueError
        As in ``prob_beats``.

    Notes
    -----
    C. Stucchio 2015, Bayesian A/B Testing at VWO (whitepaper): the expected loss as decision rule.
    """
    _, kept, shipped = compare(successes_control, trials_control, successes_variant, trials_variant, prior)
    return kept, shipped


def compare(
    successes_control: ArrayLike,
    trials_control: ArrayLike,
    successes_variant: ArrayLike,
    trials_variant: ArrayLike,
    prior: tuple[float, float] = (1, 1),
) -> tuple[Floats, Floats, Floats]:
    """``prob_beats`` and both of ``expected_loss`` in the time of one: (probability, loss kept, loss shipped)."""
    control = part_of_whole(successes_control=successes_control, trials_control=trials_control)
    variant = part_of_whole(successes_variant=successes_variant, trials_variant=trials_variant)
    arms = np.broadcast_arrays(*control, *variant)
    a, b = posterior(np.stack(arms[::2], axis=-1), np.stack(arms[1::2], axis=-1), prior)
    rows = over_rows(a, b, stacked(logit_grid.compare_betas), stacked(quadrature.compare_betas), 3)
    wins, kept, shipped = np.moveaxis(rows.reshape(*a.shape[:-1], 3), -1, 0)
    return np.clip(wins, 0.0, 1.0)[()], np.maximum(kept, 0.0)[()], np.maximum(shipped, 0.0)[()]


def prob_best(successes: ArrayLike, trials: ArrayLike, prior: tuple[float, float] = (1, 1)) -> Floats:
    """Posterior probability of each arm that its rate is the highest.

    Parameters
    ----------
    successes, trials : array_like, shape (..., arms)
        Counts, successes <= trials; at least one arm.
    prior : tuple of float
        As in ``prob_beats``.

    Returns
    -------
    ndarray, shape (..., arms)
        Sums to 1 over the arms. nan for the whole experiment where an arm has no trials or a count is nan.

    Raises
    ------
    ValueError
        As in ``prob_beats``, or if there is no axis of arms.
    """
    successes, trials = np.broadcast_arrays(*part_of_whole(successes=successes, trials=trials))
    need_arms(successes)
    a, b = posterior(successes, trials, prior)
    rows = over_rows(a, b, logit_grid.best_beta, quadrature.best_beta, a.shape[-1])
    return _normed(rows.reshape(a.shape))


def normal_prob_best(means: ArrayLike, std_errors: ArrayLike, direction: Direction = "increase") -> Floats:
    """Probability of each arm that it is best, for independent normal posteriors (means, ratios).

    Parameters
    ----------
    means, std_errors : array_like, shape (..., arms)
        Finite means and their standard errors, at least 0.
    direction : {"increase", "decrease"}
        Whether the highest or the lowest mean is best.

    Returns
    -------
    ndarray, shape (..., arms)
        Sums to 1 over the arms. nan for the whole experiment where a standard error is 0 (nothing is known of
        the spread) or a value is nan.

    Raises
    ------
    ValueError
        If a mean is infinite, a standard error is negative or infinite, there is no axis of arms, or the
        direction is neither.
    """
    sign = signed(direction)
    (means,), (std_errors,) = finite(means=means), counts(std_errors=std_errors)
    means, std_errors = np.broadcast_arrays(means, std_errors)
    need_arms(means)
    arms = means.shape[-1]
    centre, spread = sign * means.reshape(-1, arms), std_errors.reshape(-1, arms)
    best = np.full(centre.shape, np.nan)
    known = np.flatnonzero(np.all((spread > 0) & ~np.isnan(centre), axis=-1))
    for rows in chunks(known, 128 * arms**2):
        best[rows] = quadrature.best_normal(centre[rows], spread[rows])
    return _normed(best.reshape(means.shape))


def normal_expected_loss(mean: ArrayLike, std_error: ArrayLike) -> tuple[Floats, Floats]:
    """Expected loss of either choice where the difference variant - control is normal.

    Parameters
    ----------
    mean, std_error : array_like
        Finite mean and standard error (at least 0) of the difference; they broadcast.

    Returns
    -------
    tuple of float or ndarray
        (lost if the control is kept, lost if the variant is shipped), in units of the mean; exact also far in
        the tails. With standard error 0 the positive and the negative part of the mean.

    Raises
    ------
    ValueError
        If a mean is infinite, or a standard error negative or infinite.

    Notes
    -----
    E[X+] = s phi(m/s) + m Phi(m/s), the unit normal loss integral (Raiffa and Schlaifer 1961).
    """
    (mean,), (std_error,) = finite(mean=mean), counts(std_error=std_error)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        z = np.divide(mean, std_error)
        density = std_error * np.exp(-0.5 * z * z) / np.sqrt(2.0 * np.pi)
        kept, shipped = density + mean * ndtr(z), density - mean * ndtr(-z)
    degenerate = std_error == 0
    kept = np.where(degenerate, np.maximum(mean, 0.0), np.maximum(kept, 0.0))
    shipped = np.where(degenerate, np.maximum(-mean, 0.0), np.maximum(shipped, 0.0))
    return kept[()], shipped[()]


def _normed(best: Floats) -> Floats:
    total: Floats = best.sum(axis=-1, keepdims=True)
    return best / total
