"""What the picture of a backtest shows, as points and labels: drawn as SVG for the page and by matplotlib as PNG."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from exporter.windows import DAY, HOUR, MINUTE, Severity
from winburn.backtest.past import Floats
from winburn.backtest.run import Backtest
from winburn.backtest.text import number

COLUMNS = 600
"""Points in time of a line; of each, the lowest and the highest value are drawn, so that no peak is lost."""

LOWEST_BURN = 0.1

Points = tuple[tuple[float, float], ...]
Ticks = tuple[tuple[float, str], ...]


@dataclass(frozen=True, slots=True)
class Tiered:
    """The line of a tier's long window, broken where it had no events; its factor; and when it fired."""

    name: str
    window: str
    severity: Severity
    factor: float
    runs: tuple[Points, ...]
    fired: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Picture:
    """The three parts share the times ``start`` to ``end``: what is left of the budget (shares), burn rates (a log
    scale), and firings."""

    start: float
    end: float
    time_ticks: Ticks
    budget: tuple[Points, ...]
    budget_range: tuple[float, float]
    budget_ticks: Ticks
    tiers: tuple[Tiered, ...]
    burn_range: tuple[float, float]
    burn_ticks: Ticks


def picture(result: Backtest) -> Picture:
    """The picture of a backtest."""
    course, span = result.course, result.course.span
    left = 1 - course.spent
    low, high = _budget_range(left)
    tiers = tuple(
        Tiered(
            judged.tier.name,
            judged.tier.long,
            judged.severity,
            judged.factor,
            tuple(_runs(course.times, course.burn[judged.tier.long])),
            tuple(
                (f.since, span.end if f.until is None else f.until)
                for f in result.firings
                if f.tier == judged.tier.name
            ),
        )
        for judged in course.tiers
    )
    top = max([10.0, *(2 * t.factor for t in tiers), *(1.2 * v for t in tiers for run in t.runs for _, v in run)])
    return Picture(
        span.start,
        span.end,
        time_ticks(span.start, span.end),
        tuple(_runs(course.times, left)),
        (low, high),
        tuple((value, f"{value * 100:.0f} %") for value in _even_ticks(low, high)),
        tiers,
        (LOWEST_BURN, top),
        ((LOWEST_BURN, f"≤ {number(LOWEST_BURN)}"), *((10.0**i, number(10.0**i)) for i in range(_decades(top)))),
    )


def _decades(top: float) -> int:
    """How many powers of ten from 1 on are at most ``top``."""
    return math.floor(math.log10(top)) + 1


def _runs(times: Floats, values: Floats) -> Iterator[Points]:
    """The line in pieces without NaN, at most 2 points for each of COLUMNS parts of the time."""
    known = ~np.isnan(values)
    edges = np.flatnonzero(np.diff(np.concatenate(([False], known, [False])).astype(np.int8))).reshape(-1, 2)
    size = max(1, math.ceil(len(times) / COLUMNS))
    for first, after in edges.tolist():
        indexes = {first, after - 1}
        for begin in range(first - first % size, after, size):
            low, high = max(begin, first), min(begin + size, after)
            indexes |= {low + int(np.argmin(values[low:high])), low + int(np.argmax(values[low:high]))}
        yield tuple((float(times[i]), float(values[i])) for i in sorted(indexes))


def _budget_range(left: Floats) -> tuple[float, float]:
    """From 0, or as far below as it went, to 1; no further than what a linear scale can show."""
    lowest = float(np.nanmin(left)) if not np.isnan(left).all() else 0.0
    return (min(0.0, lowest * 1.05), 1.0)


def _even_ticks(low: float, high: float) -> Iterator[float]:
    """About five round values from ``low`` to ``high``."""
    rough = (high - low) / 4
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * m for m in (1, 2, 2.5, 5, 10) if power * m >= rough * 0.999)
    for i in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1):
        yield i * step


_STEPS = (MINUTE, 5 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY)


def time_ticks(start: float, end: float, most: int = 8) -> Ticks:
    """At most ``most`` round UTC times within; days where there are several, else times of day."""
    step = next((s for s in _STEPS if (end - start) / s <= most), None)
    if step is None:
        step = math.ceil((end - start) / most / DAY) * DAY
    first = math.ceil(start / step) * step
    times = [first + i * step for i in range(int((end - first) // step) + 1)] if first <= end else []
    return tuple((float(t), _tick(t, step)) for t in times)


def _tick(time: float, step: float) -> str:
    moment = datetime.fromtimestamp(time, UTC)
    if step >= DAY or moment.time() == datetime.min.time():
        return f"{moment:%b} {moment.day}"
    return f"{moment:%H:%M}"
