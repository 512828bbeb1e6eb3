"""When a rolling error budget runs out: quantiles and probability from resampled days of the past."""

from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from exporter.stats.burn import budget
from exporter.stats.domain import Floats, part_of_whole

QUANTILES = (0.1, 0.5, 0.9)
DAY = 86400.0
MIN_HISTORY = 14 * DAY

_PATHS = 200
# Tuned on simulated services until the intervals cover what they say; `python -m benchmarks.forecast` has the table.
_HALF_LIVES = (2.0, 240.0)  # days; each path forgets at its own pace
_LEVEL, _WALK = 0.15, 0.04  # sd of the log error level: now, and of its change per day


@dataclass(frozen=True, slots=True)
class Exhaustion:
    """The forecast for one budget.

    ``remaining``: share of the budget that is left now, at most 1, negative when overspent; nan without traffic.
    ``seconds``: from now until it is gone, at each of ``QUANTILES``; nan where that lies beyond one period.
    ``probability``: that it is gone before one period has passed.
    """

    remaining: float
    seconds: tuple[float, float, float]
    probability: float


def exhaustion(
    bad_per_slot: ArrayLike,
    total_per_slot: ArrayLike,
    objective: float | Decimal,
    period: float,
    seed: int = 0,
    *,
    slot: float = 3600.0,
    min_history: float = MIN_HISTORY,
) -> Exhaustion:
    """Time until the error budget of a rolling period is exhausted.

    Parameters
    ----------
    bad_per_slot, total_per_slot : array_like, shape (slots,)
        Counts of bad and of all events, bad <= total, oldest first; the last slot ends now. The first slot is the
        first that was ever measured, or older than that part of the past which is wanted: an array shorter than the
        period means an SLO younger than its period. nan in either: not measured, neither good nor bad.
    objective : number or Decimal
        Percent of good events, strictly between 0 and 100.
    period : float
        Seconds of the rolling period, a multiple of `slot`; also the horizon.
    seed : int
        Of the resampling: the same arguments give the same answer.
    slot : float
        Seconds of one slot, a divisor of a day; the resolution of the answer.
    min_history : float
        Measured seconds below which nothing is foretold. The default is where the answers begin to be reliable; a
        0.9 quantile is the same claim as a probability of at least 0.9, so they are withheld together.

    Returns
    -------
    Exhaustion
        ``remaining`` is 1 - (bad / total in the period's window) / budget x min(1, age / period), age being the
        length of the arrays. An exhausted budget (remaining <= 0) has seconds 0 and probability 1 whatever the
        history. Otherwise seconds and probability are nan with less than `min_history` measured, without one
        day of which half was measured, or without any event. Without bad events: seconds nan, probability 0.

    Raises
    ------
    ValueError
        If a count is negative or infinite, bad exceeds total, the arrays are not one axis of equal length, the
        objective is outside (0, 100), `slot` does not divide a day, or `period` is no positive multiple of it.

    Notes
    -----
    Block bootstrap of whole days counted back from now, which keeps the daily cycle (Kunsch 1989, Annals of
    Statistics 17; Politis and Romano 1994, JASA 89); days of the same weekday are drawn the more often, the
    more weeks there are, which keeps the weekly one. Each of 200 paths is appended to the past and the window slides
    over both, so that old errors fall out. Few days say little about the next: each path weighs the days anew (Bayesian
    bootstrap, Rubin 1981, Annals of Statistics 9), forgets them with a half-life of its own between 2 and 240 days, and
    multiplies their errors by a level that wanders off. An outage under way now is not foretold to go on;
    that is what burn rates are for.

    Examples
    --------
    >>> exhaustion([1.0] * 480, [1000.0] * 480, 99.9, 30 * 86400).remaining  # 20 days at burn rate 1
    0.33333333333333337
    """
    bad, total = part_of_whole(bad_per_slot=bad_per_slot, total_per_slot=total_per_slot)
    per_day, slots = _grid(bad, total, period, slot)
    measured = ~np.isnan(bad + total)
    bad, total = np.where(measured, bad, 0.0), np.where(measured, total, 0.0)
    share = float(budget(objective))
    unknown = (np.nan, np.nan, np.nan)
    remaining = _remaining(bad, total, share, slots)
    if remaining <= 0:
        return Exhaustion(remaining, (0.0, 0.0, 0.0), 1.0)
    days = _days(bad, total, measured, per_day)
    if np.isnan(share) or measured.sum() * slot < min_history or not days.ages.size or not days.total.any():
        return Exhaustion(remaining, unknown, np.nan)
    if not days.bad.any():
        return Exhaustion(remaining, unknown, 0.0)
    after = _first_exhausted(bad, total, share, slots, *_resample(days, slots, np.random.default_rng(seed)))
    ordered = np.sort(after) * slot
    ranks = [int(np.ceil(quantile * _PATHS)) - 1 for quantile in QUANTILES]
    low, middle, high = (float(x) if np.isfinite(x) else np.nan for x in ordered[ranks])
    return Exhaustion(remaining, (low, middle, high), float(np.isfinite(after).mean()))


@dataclass(frozen=True, slots=True)
class _Days:
    """Whole days of the past, oldest first: counts (days, slots of a day), and how many days ago each was."""

    bad: Floats
    total: Floats
    ages: NDArray[np.intp]


def _grid(bad: Floats, total: Floats, period: float, slot: float) -> tuple[int, int]:
    """Slots per day and per period, once the arguments fit each other."""
    if bad.ndim != 1 or bad.shape != total.shape:
        raise ValueError(f"bad and total must be one axis of equal length, got shapes {bad.shape} and {total.shape}")
    if not (slot > 0 and DAY % slot == 0):
        raise ValueError(f"slot must divide a day, got {slot:g} seconds")
    if not (period > 0 and period % slot == 0 and np.isfinite(period)):
        raise ValueError(f"period must be a positive multiple of slot, got {period:g} seconds")
    return int(DAY // slot), int(period // slot)


def _remaining(bad: Floats, total: Floats, share: float, slots: int) -> float:
    events = float(total[-slots:].sum())
    if events == 0 or np.isnan(share):
        return float("nan")
    return 1.0 - float(bad[-slots:].sum()) / (events * share) * min(1.0, bad.size / slots)


def _days(bad: Floats, total: Floats, measured: NDArray[np.bool_], per_day: int) -> _Days:
    """The days that were measured for at least half; their gaps hold the mean of that time of the day.

    A gap left empty would make the day lighter than it was, and the future with it.
    """
    count = bad.size // per_day
    b, t, known = (x[x.size - count * per_day :].reshape(count, per_day) for x in (bad, total, measured))
    usable = known.mean(axis=1) >= 0.5
    b, t, known = b[usable], t[usable], known[usable]
    times = np.maximum(known.sum(axis=0), 1)
    ages = np.flatnonzero(usable[::-1])[::-1] + 1
    return _Days(np.where(known, b, b.sum(axis=0) / times), np.where(known, t, t.sum(axis=0) / times), ages)


def _resample(days: _Days, slots: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Bad and total of the next period, shape (paths, slots)."""
    ahead = -(-slots // days.bad.shape[1])
    half_lives = np.geomspace(*_HALF_LIVES, _PATHS)[:, None]
    newest = days.ages.min()
    weights = rng.standard_gamma(0.5 ** ((days.ages - newest) / half_lives))
    picks = _draw(weights, days.ages, rng.random((_PATHS, ahead)))
    walk = np.cumsum(_WALK * rng.standard_normal((_PATHS, ahead)), axis=1)
    level = np.exp(_LEVEL * rng.standard_normal((_PATHS, 1)) + walk)
    total = days.total[picks]
    bad = days.bad[picks]  # in place from here on: a new array of a megabyte costs more than what is done to it
    bad *= level[:, :, None]
    np.minimum(bad, total, out=bad)
    return bad.reshape(_PATHS, -1)[:, :slots], total.reshape(_PATHS, -1)[:, :slots]


def _draw(weights: Floats, ages: NDArray[np.intp], uniform: Floats) -> NDArray[np.intp]:
    """Index of the past day that each future day repeats, shape (paths, days ahead)."""
    paths, count = weights.shape
    picks = np.empty(uniform.shape, dtype=np.intp)
    row = np.arange(paths)[:, None]
    # With w weeks of history, one of the same weekday is drawn in (1 + w) / (7 + w) of the cases.
    preference = 1.0 + ages.max() // 7
    for weekday in range(min(7, uniform.shape[1])):
        # The day that ended now and the one six days ahead are the same weekday.
        same = (weekday + ages) % 7 == 0
        likely = weights * np.where(same, preference, 1.0)
        sums = np.cumsum(likely, axis=1)
        # One search in all paths: path i's distribution lies in (2i, 2i + 1].
        edges = sums / sums[:, -1:] + 2.0 * row
        found = np.searchsorted(edges.ravel(), uniform[:, weekday::7] + 2.0 * row)
        picks[:, weekday::7] = np.minimum(found - row * count, count - 1)
    return picks


def _first_exhausted(
    bad: Floats, total: Floats, share: float, slots: int, next_bad: Floats, next_total: Floats
) -> Floats:
    """Number of slots until remaining <= 0 on each path, inf where not within the period; shape (paths,)."""
    ahead = np.arange(1, slots + 1)
    spent, events = np.cumsum(next_bad, axis=1), np.cumsum(next_total, axis=1)
    spent += _left(bad, slots)
    events += _left(total, slots)
    events *= share
    # Before its first slot an SLO counts as having had the same traffic without errors.
    age = np.minimum(1.0, (bad.size + ahead) / slots)
    gone = spent > 0
    spent *= age
    gone &= spent >= events
    return np.where(gone.any(axis=1), gone.argmax(axis=1) + 1.0, np.inf)


def _left(past: Floats, slots: int) -> Floats:
    """What the window still holds of the past after 1 to `slots` further slots."""
    newest = np.zeros(slots)
    newest[slots - min(past.size, slots) :] = past[-slots:]
    held = np.cumsum(newest[::-1])[::-1]
    return np.append(held[1:], 0.0)
