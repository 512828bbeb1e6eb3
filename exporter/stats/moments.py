"""What an arm's cumulative sums say: its mean, the variance of that mean, and how many units stand behind it."""

from collections.abc import Mapping
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from exporter.stats import ratio
from exporter.stats.domain import Floats, counts, finite, part_of_whole

Kind = Literal["proportion", "mean", "ratio", "rate"]
Sums = Mapping[str, ArrayLike]

SUMS: dict[Kind, tuple[str, ...]] = {
    "proportion": ("n", "successes"),
    "mean": ("n", "sum", "sum_squares"),
    "ratio": ("n", "numerator", "numerator_squares", "denominator", "denominator_squares", "product"),
    "rate": ("exposure", "events"),
}
COVARIATE = ("pre_sum", "pre_squares", "pre_product")  # of a mean, over the same units
_ROUNDING = 2.0**-40  # what a sum of squares keeps when most of it cancels: less than this is no spread at all


def mean_of(kind: Kind, sums: Sums) -> tuple[Floats, Floats]:
    """An arm's mean and the variance of that mean.

    Parameters
    ----------
    kind : {"proportion", "mean", "ratio", "rate"}
    sums : mapping of str to array_like
        Those that ``SUMS`` names for the kind; they broadcast. For a mean also, all or none of ``COVARIATE``: sum,
        sum of squares and sum of products with the metric of a covariate known before the experiment. The last axis
        must then hold the arms of one experiment, shape (..., arms).

    Returns
    -------
    tuple of float or ndarray
        (mean, variance of the mean). Proportion: m (1 - m) / n. Mean: the sample variance / n; with a covariate the
        mean that CUPED adjusts. Ratio: ``ratio.variance`` of numerator over denominator. Rate: events per exposure,
        events / exposure^2. Both nan without units or exposure, with a denominator of 0, or where a sum is nan; the
        variance alone nan with one unit, or where the sums contradict each other (a sum of squares below
        sum^2 / n: read at different times, or not of the same units). A spread below the rounding of the sums is 0.

    Raises
    ------
    ValueError
        If the kind is none of these, a sum is missing, a count or a sum of squares is negative, one is infinite,
        successes exceed units, or a covariate comes without an axis of arms.

    Notes
    -----
    Ratio: Deng, Knoblich and Lu 2018, arXiv 1803.06336. CUPED: Deng, Xu, Kohavi and Walker 2013, WSDM, sec. 3.2,
    with one theta for all arms, from the covariances within them: another theta for each arm would let chance
    differences of the thetas move the arms apart. The adjusted means are relative to the covariate's mean over all
    arms, which does not move their difference.

    Examples
    --------
    >>> mean, variance = mean_of("mean", {"n": 4, "sum": 10, "sum_squares": 30})
    >>> float(mean), round(float(variance), 6)
    (2.5, 0.416667)
    """
    needed = _named(kind, sums)
    if kind == "proportion":
        successes, n = part_of_whole(successes=needed["successes"], n=needed["n"])
        with np.errstate(divide="ignore", invalid="ignore"):
            mean = np.divide(successes, n)
            return mean[()], (mean * (1.0 - mean) / n)[()]
    if kind == "rate":
        exposure, events = counts(**needed)
        with np.errstate(divide="ignore", invalid="ignore"):
            mean, variance = np.divide(events, exposure), np.divide(events, exposure * exposure)
        return np.where(exposure > 0, mean, np.nan)[()], np.where(exposure > 0, variance, np.nan)[()]
    if kind == "ratio":
        return _ratio(needed)
    return _cuped(needed) if any(name in sums for name in COVARIATE) else _mean(needed)


def units_of(kind: Kind, sums: Sums) -> Floats:
    """Units of an arm, as ``sequential.z_boundary`` counts them: n, and the events for a rate.

    A rate's exposure has no natural unit (seconds or hours), and evidence must not depend on the choice; its events
    grow in proportion to the information, which is all the boundary needs. nan and errors as in ``mean_of``.
    """
    needed = _named(kind, sums)
    (units,) = counts(units=needed["events" if kind == "rate" else "n"])
    return units[()]


def conversions_of(kind: Kind, sums: Sums) -> Floats:
    """Units of an arm that carry its mean, to be asked for 20 before a normal approximation speaks.

    Parameters
    ----------
    kind, sums
        As in ``mean_of``; for a mean or a ratio also ``nonzero``, the number of units whose value is not 0.

    Returns
    -------
    float or ndarray
        Successes; events; the given ``nonzero``; or else the participation ratio (sum x)^2 / sum x^2 of the values
        or the numerators, which is the number of non-zero units if these are equal, and smaller if a few of them
        weigh more. Values of both signs cancel in it: give ``nonzero`` for these. 0 where all values are 0,
        nan where a sum is nan.

    Raises
    ------
    ValueError
        As in ``mean_of``.
    """
    needed = _named(kind, sums)
    if kind in ("proportion", "rate"):
        (events,) = counts(events=needed["successes" if kind == "proportion" else "events"])
        return events[()]
    if "nonzero" in sums:
        (nonzero,) = counts(nonzero=sums["nonzero"])
        return nonzero[()]
    name, squares_name = ("sum", "sum_squares") if kind == "mean" else ("numerator", "numerator_squares")
    (total,), (squares,) = finite(sum=needed[name]), counts(sum_squares=needed[squares_name])
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio_ = np.divide(total * total, squares)
    return np.where(squares == 0, 0.0 * total, ratio_)[()]


def _named(kind: Kind, sums: Sums) -> dict[str, ArrayLike]:
    """The sums that a kind needs, the covariate's too where they are given."""
    if kind not in SUMS:
        raise ValueError(f"kind must be one of {', '.join(SUMS)}, got {kind!r}")
    covariate = COVARIATE if kind == "mean" and any(name in sums for name in COVARIATE) else ()
    missing = [name for name in (*SUMS[kind], *covariate) if name not in sums]
    if missing:
        raise ValueError(f"a {kind} needs the sum {missing[0]}")
    return {name: sums[name] for name in (*SUMS[kind], *covariate)}


def _centred(n: Floats, total: Floats, squares: Floats) -> Floats:
    """Sum of squares around the mean: 0 below the rounding, nan where the sums contradict each other."""
    fit = np.divide(total * total, n)
    rest = squares - fit
    rest = np.where(np.abs(rest) <= _ROUNDING * np.maximum(squares, fit), 0.0, rest)
    return np.where(rest < 0, np.nan, rest)


def _cross(n: Floats, x: tuple[Floats, Floats], y: tuple[Floats, Floats], product: Floats) -> Floats:
    """Sum of products around the means of (sum, centred squares) pairs, never more than the squares allow."""
    most = np.sqrt(x[1]) * np.sqrt(y[1])
    return np.clip(product - np.divide(x[0] * y[0], n), -most, most)


def _mean(sums: Mapping[str, ArrayLike]) -> tuple[Floats, Floats]:
    n, squares = counts(n=sums["n"], sum_squares=sums["sum_squares"])
    (total,) = finite(sum=sums["sum"])
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.where(n > 0, np.divide(total, n), np.nan)
        variance = np.divide(_centred(n, total, squares), (n - 1.0) * n)
    return mean[()], np.where(n > 1, variance, np.nan)[()]


def _ratio(sums: Mapping[str, ArrayLike]) -> tuple[Floats, Floats]:
    n, squares, den_squares = counts(**{k: sums[k] for k in ("n", "numerator_squares", "denominator_squares")})
    total, den, product = finite(**{k: sums[k] for k in ("numerator", "denominator", "product")})
    with np.errstate(divide="ignore", invalid="ignore"):
        num = (total, _centred(n, total, squares))
        below = (den, _centred(n, den, den_squares))
        freedom = np.where(n > 1, n - 1.0, np.nan)
        cov = _cross(n, num, below, product) / freedom
        # Nothing is known of a ratio without units; finite means keep the domain check of the delta method quiet.
        means = [np.where(n > 0, np.divide(part, n), np.nan) for part in (total, den)]
        mean = np.where((n > 0) & (den != 0), np.divide(total, den), np.nan)
    return mean[()], ratio.variance(n, means[0], num[1] / freedom, means[1], below[1] / freedom, cov)


def _cuped(sums: Mapping[str, ArrayLike]) -> tuple[Floats, Floats]:
    n, squares, pre_squares = counts(**{k: sums[k] for k in ("n", "sum_squares", "pre_squares")})
    total, pre, product = finite(**{k: sums[k] for k in ("sum", "pre_sum", "pre_product")})
    n, squares, pre_squares, total, pre, product = np.broadcast_arrays(n, squares, pre_squares, total, pre, product)
    if n.ndim == 0:
        raise ValueError("the last axis must hold the arms, for the covariate is compared between them")
    with np.errstate(divide="ignore", invalid="ignore"):
        y, x = (total, _centred(n, total, squares)), (pre, _centred(n, pre, pre_squares))
        xy = _cross(n, x, y, product)
        known = (n > 1) & ~np.isnan(x[1] + xy)
        within = np.where(known, x[1], 0.0).sum(axis=-1, keepdims=True)
        theta = np.where(within > 0, np.divide(np.where(known, xy, 0.0).sum(axis=-1, keepdims=True), within), 0.0)
        everyone = np.where(known, n, 0.0).sum(axis=-1, keepdims=True)
        centre = np.divide(np.where(known, pre, 0.0).sum(axis=-1, keepdims=True), everyone)
        mean = np.divide(total, n) - theta * (np.divide(pre, n) - centre)
        spread = np.maximum(y[1] - 2.0 * theta * xy + theta * theta * x[1], 0.0)
        variance = np.divide(spread, (n - 1.0) * n)
    told = ~np.isnan(n + squares + pre_squares + total + pre + product)
    return np.where(told & (n > 0), mean, np.nan)[()], np.where(told & (n > 1), variance, np.nan)[()]
