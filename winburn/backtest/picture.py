"""What the picture of a backtest shows, as points and labels: drawn as SVG for the page and by matplotlib as PNG."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from exporter.windows import Severity
from winburn.backtest.past import Floats
from winburn.backtest.run import Backtest
from winburn.backtest.text import number
from winburn.drawing.scales import Points, Ticks, even_ticks, runs, time_ticks

LOWEST_BURN = 0.1


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
            tuple(runs(course.times, course.burn[judged.tier.long])),
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
        tuple(runs(course.times, left)),
        (low, high),
        tuple((value, f"{value * 100:.0f} %") for value in even_ticks(low, high)),
        tiers,
        (LOWEST_BURN, top),
        ((LOWEST_BURN, f"≤ {number(LOWEST_BURN)}"), *((10.0**i, number(10.0**i)) for i in range(_decades(top)))),
    )


def _decades(top: float) -> int:
    """How many powers of ten from 1 on are at most ``top``."""
    return math.floor(math.log10(top)) + 1


def _budget_range(left: Floats) -> tuple[float, float]:
    """From 0, or as far below as it went, to 1; no further than what a linear scale can show."""
    lowest = float(np.nanmin(left)) if not np.isnan(left).all() else 0.0
    return (min(0.0, lowest * 1.05), 1.0)
