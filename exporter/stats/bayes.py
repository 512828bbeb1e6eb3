"""Bayesian comparisons: which arm is better, and what the wrong choice costs.

These are probabilities given the data at one look. Watched live, a rule such as "95 % chance to win" calls a false
winner in more than half of the experiments without any difference; decisions belong to ``sequential`` and ``kill``.
"""

from collections.abc import Callable
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr

from exporter.stats import logit_grid, quadrature
from exporter.stats.domain import Floats, counts, finite, part_of_whole

_CELLS_AT_ONCE = 1_000_000  # experiments x arms x nodes in one go: some 8 MB an array


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
    a, b = _posterior(np.stack(arms[::2], axis=-1), np.stack(arms[1::2], axis=-1), prior)
    rows = _over_rows(a, b, _stacked(logit_grid.compare_betas), _stacked(quadrature.compare_betas), 3)
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
    _need_arms(successes)
    a, b = _posterior(successes, trials, prior)
    rows = _over_rows(a, b, logit_grid.best_beta, quadrature.best_beta, a.shape[-1])
    return _normed(rows.reshape(a.shape))


def normal_prob_best(
    means: ArrayLike, std_errors: ArrayLike, direction: Literal["increase", "decrease"] = "increase"
) -> Floats:
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
    if direction not in ("increase", "decrease"):
        raise ValueError(f'direction must be "increase" or "decrease", got {direction!r}')
    (means,), (std_errors,) = finite(means=means), counts(std_errors=std_errors)
    means, std_errors = np.broadcast_arrays(means, std_errors)
    _need_arms(means)
    sign = 1.0 if direction == "increase" else -1.0
    arms = means.shape[-1]
    centre, spread = sign * means.reshape(-1, arms), std_errors.reshape(-1, arms)
    best = np.full(centre.shape, np.nan)
    known = np.flatnonzero(np.all((spread > 0) & ~np.isnan(centre), axis=-1))
    for rows in _chunks(known, 128 * arms**2):
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


def _need_arms(array: Floats) -> None:
    if array.ndim == 0 or array.shape[-1] == 0:
        raise ValueError("the last axis must hold the arms, at least one")


def _posterior(successes: Floats, trials: Floats, prior: tuple[float, float]) -> tuple[Floats, Floats]:
    """Parameters of the Beta posteriors; nan where an arm has no trials."""
    if not (prior[0] > 0 and prior[1] > 0 and np.all(np.isfinite(prior))):
        raise ValueError(f"prior must be two positive numbers, got {prior}")
    seen = np.where(trials > 0, successes, np.nan)
    return seen + prior[0], trials - seen + prior[1]


def _normed(best: Floats) -> Floats:
    total: Floats = best.sum(axis=-1, keepdims=True)
    return best / total


def _stacked(compare: Callable[..., tuple[Floats, ...]]) -> Callable[..., Floats]:
    return lambda *arguments: np.stack(compare(*arguments), axis=-1)


def _over_rows(
    a: Floats, b: Floats, on_grid: Callable[..., Floats], exactly: Callable[..., Floats], width: int
) -> Floats:
    """Answers for every experiment, each from the smallest grid that resolves its arms or else by quadrature."""
    a, b = a.reshape(-1, a.shape[-1]), b.reshape(-1, b.shape[-1])
    answers = np.full((len(a), width), np.nan)
    left = np.flatnonzero(~np.isnan(a + b).any(axis=-1))
    for size in logit_grid.SIZES:
        fine = logit_grid.resolved(a[left], b[left], size)
        for rows in _chunks(left[fine], a.shape[-1] * size):
            answers[rows] = on_grid(a[rows], b[rows], size)
        left = left[~fine]
    # The cuts of the quadrature grow with the arms: two ends each, 64 nodes between.
    for rows in _chunks(left, 128 * a.shape[-1] ** 2):
        answers[rows] = exactly(a[rows], b[rows])
    return answers


def _chunks(rows: NDArray[np.intp], cells_per_row: int) -> list[NDArray[np.intp]]:
    step = max(1, _CELLS_AT_ONCE // cells_per_row)
    return [rows[start : start + step] for start in range(0, len(rows), step)]
