"""How fast an error budget burns, and how surprising the errors are if the objective is met."""

from decimal import Decimal, InvalidOperation

import numpy as np
from numpy.typing import ArrayLike

from exporter.stats.domain import Floats, level, part_of_whole
from exporter.stats.special import betainc


def budget(objective: ArrayLike | Decimal) -> Floats:
    """Share of events that may be bad under an objective in percent.

    Parameters
    ----------
    objective : number, Decimal or array_like of them
        Percent, strictly between 0 and 100. nan is undefined.

    Returns
    -------
    ndarray
        (100 - objective) / 100 in decimal arithmetic, of the shape of `objective`: 99.9 gives exactly
        ``float(Decimal("0.001"))``, where floats give 0.0009999999999999432. nan for nan.

    Raises
    ------
    ValueError
        If an objective is no number or not strictly between 0 and 100.
    """
    given = np.asarray(objective, dtype=object)
    flat = given.ravel().tolist()
    # One small decimal each, and once for the windows of an SLO, which bring the very same object.
    found = {key: _budget(one) for key, one in {id(one): one for one in flat}.items()}
    exact = np.array([found[id(one)] for one in flat], dtype=np.float64)
    shaped: Floats = exact.reshape(given.shape)
    return shaped


def _budget(objective: object) -> float:
    try:
        percent = objective if isinstance(objective, Decimal) else Decimal(str(objective))
    except InvalidOperation as error:
        raise ValueError(f"objective must be a number, got {objective!r}") from error
    if percent.is_nan():
        return float("nan")
    if not 0 < percent < 100:
        raise ValueError(f"objective must be strictly between 0 and 100 percent, got {percent}")
    return float((100 - percent) / 100)


def burn_rate(bad: ArrayLike, total: ArrayLike, objective: ArrayLike | Decimal) -> Floats:
    """Error ratio as a multiple of the budget: 1 spends the budget exactly by the end of the period.

    Parameters
    ----------
    bad, total : array_like
        Counts of bad and of all events in the window, 0 <= bad <= total; they need not be whole.
    objective : number, Decimal or array_like of them
        Percent, strictly between 0 and 100. All three broadcast.

    Returns
    -------
    float or ndarray
        (bad / total) / budget, at least 0. nan where total is 0 or an argument is nan.

    Raises
    ------
    ValueError
        If a count is negative or infinite, bad exceeds total, or an objective is outside (0, 100).

    Notes
    -----
    Beyer et al., The Site Reliability Workbook (2018), ch. 5, https://sre.google/workbook/alerting-on-slos/

    Examples
    --------
    >>> float(burn_rate(2, 1000, 99.9))
    2.0
    """
    bad, total = part_of_whole(bad=bad, total=total)
    # Divided once only: 144 of 10,000 at 99.9 must be 14.4, not 14.399999999999999 beside a threshold of 14.4.
    with np.errstate(invalid="ignore"):
        rate: Floats = np.divide(bad, total * budget(objective))
    return rate[()]


def p_value(bad: ArrayLike, total: ArrayLike, objective: ArrayLike | Decimal) -> Floats:
    """Probability of at least this many bad events if each were bad with the probability of the budget.

    Parameters
    ----------
    bad, total : array_like
        Counts of bad and of all events in the window, 0 <= bad <= total.
    objective : number, Decimal or array_like of them
        Percent, strictly between 0 and 100. All three broadcast.

    Returns
    -------
    float or ndarray
        P(X >= bad), X ~ Binomial(total, budget), in [0, 1]; 1 where bad is 0. The incomplete beta function
        I_budget(bad, total - bad + 1), exact for whole counts, carries it on to counts that are not whole.
        nan where total is 0 or an argument is nan. Exact at one look only: not a guarantee under watching.

    Raises
    ------
    ValueError
        If a count is negative or infinite, bad exceeds total, or an objective is outside (0, 100).

    Notes
    -----
    DLMF 8.17.5, https://dlmf.nist.gov/8.17#i

    Examples
    --------
    >>> round(float(p_value(1, 1000, 99.9)), 6)  # 1 - 0.999**1000
    0.632305
    """
    bad, total = part_of_whole(bad=bad, total=total)
    return _upper_tail(bad, total, budget(objective))[()]


def _upper_tail(successes: Floats, trials: Floats, probability: Floats) -> Floats:
    """P(X >= successes) of a binomial; nan without trials or where something is nan."""
    successes, trials, probability = np.broadcast_arrays(successes, trials, probability)
    tail = np.where(successes == 0, 1.0, betainc(successes, trials - successes + 1.0, probability))
    unknown = (trials == 0) | np.isnan(successes + trials + probability)
    return np.where(unknown, np.nan, tail)


def trend(
    bad_recent: ArrayLike, total_recent: ArrayLike, bad_before: ArrayLike, total_before: ArrayLike, alpha: float = 0.01
) -> Floats:
    """Whether the error ratio of the recent window differs from that of the window before.

    Parameters
    ----------
    bad_recent, total_recent, bad_before, total_before : array_like
        Counts of bad and of all events in two windows that do not overlap; they broadcast.
    alpha : float
        Two-sided error level of one look, in (0, 1).

    Returns
    -------
    float or ndarray
        -1 degrading, 1 improving, 0 neither (also with no bad events at all). nan where either window
        has no events or an argument is nan.

    Raises
    ------
    ValueError
        If a count is negative or infinite, a bad count exceeds its total, or alpha is outside (0, 1).

    Notes
    -----
    Given all bad events, those of the recent window are binomial with the share of its total (Przyborowski and
    Wilenski 1940, Biometrika 31); two-sided by doubling the smaller tail. Where bad events are frequent the
    true law is hypergeometric and narrower, so the answer errs to the side of 0.

    Examples
    --------
    >>> float(trend(30, 1000, 5, 1000))
    -1.0
    """
    bad_recent, total_recent = part_of_whole(bad_recent=bad_recent, total_recent=total_recent)
    bad_before, total_before = part_of_whole(bad_before=bad_before, total_before=total_before)
    alpha = level(alpha)
    all_bad = bad_recent + bad_before
    with np.errstate(invalid="ignore"):
        share = np.divide(total_recent, total_recent + total_before)
    more = _upper_tail(bad_recent, all_bad, share)
    fewer = _upper_tail(bad_before, all_bad, 1.0 - share)
    # A tail is nan where nothing was bad, and the comparison is then false as it should be.
    sign = np.where(2.0 * more <= alpha, -1.0, np.where(2.0 * fewer <= alpha, 1.0, 0.0))
    unknown = np.isnan(all_bad + total_recent + total_before) | (total_recent == 0) | (total_before == 0)
    return np.where(unknown, np.nan, sign)[()]
