"""A span in a few numbers, and the same under other objectives, periods and gates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import SupportsFloat

import numpy as np

from exporter.promql import format_duration
from exporter.spec import Slo, tiers_in_force
from exporter.stats import burn
from exporter.windows import HOUR, Severity, factor, reachable
from winburn.backtest.course import Course
from winburn.backtest.firings import Firing, merged
from winburn.backtest.past import period_windows


@dataclass(frozen=True, slots=True)
class WorstHour:
    """The hour of the span with the most bad events, and the share of a period's budget that they are."""

    since: float
    bad: float
    total: float
    spent: float


@dataclass(frozen=True, slots=True)
class Summary:
    """A span of one SLO; None where undefined.

    ``pages`` and ``tickets`` count notifications: tiers of one severity that fire together are one. ``spent`` is the
    share of one period's budget that went in the span, at the traffic of the span; ``remaining`` what was left at its
    end, ``lowest`` and ``lowest_at`` when least was.
    """

    pages: int
    tickets: int
    paged_seconds: float
    total: float
    bad: float
    burn: float | None
    spent: float | None
    remaining: float | None
    lowest: float | None
    lowest_at: float | None
    worst_hour: WorstHour | None
    coverage: float
    never: tuple[str, ...]
    """Tiers that can never fire: their factor is beyond the burn rate when all events are bad."""


def summary(course: Course, found: Sequence[Firing]) -> Summary:
    """The span in numbers."""
    span, slo = course.span, course.slo
    total, bad, measured = (
        float(part[0]) for part in course.past.between(np.array([span.start]), np.array([span.end]))
    )
    rate = _defined(burn.burn_rate(bad, total, slo.objective))
    remaining = 1 - course.spent
    known = not np.isnan(remaining).all()
    lowest = int(np.nanargmin(remaining)) if known else None
    pages = _notifications(found, "page", span.end)
    return Summary(
        pages=len(pages),
        tickets=len(_notifications(found, "ticket", span.end)),
        paged_seconds=sum(until - since for since, until in pages),
        total=total,
        bad=bad,
        burn=rate,
        spent=None if rate is None else rate * (span.end - span.start) / slo.period_seconds,
        remaining=_defined(remaining[-1]),
        lowest=None if lowest is None else float(remaining[lowest]),
        lowest_at=None if lowest is None else float(course.times[lowest]),
        worst_hour=_worst_hour(course),
        coverage=measured / (span.end - span.start),
        never=_never(slo),
    )


def _never(slo: Slo) -> tuple[str, ...]:
    tiers = [tier for tier, _ in tiers_in_force(slo)]
    return tuple(t.name for t in tiers if not reachable(factor(t, slo.period_seconds), slo.objective))


def what_ifs(
    slo: Slo, objectives: Sequence[Decimal], periods: Sequence[float], gates: Sequence[float | None]
) -> list[tuple[str, Slo]]:
    """What is changed -> the SLO with that one change, in the order given."""
    return [
        *((f"objective {one:f}", slo.model_copy(update={"objective": one})) for one in objectives),
        *((f"period {format_duration(one)}", slo.model_copy(update={"period": one})) for one in periods),
        *((f"gate {'off' if one is None else f'{one:g}'}", _with_gate(slo, one)) for one in gates),
    ]


def _with_gate(slo: Slo, gate: float | None) -> Slo:
    return slo.model_copy(update={"alerting": slo.alerting.model_copy(update={"low_traffic_gate": gate})})


def _notifications(found: Sequence[Firing], severity: Severity, end: float) -> list[tuple[float, float]]:
    return merged([(f.since, end if f.until is None else f.until) for f in found if f.severity == severity])


def _worst_hour(course: Course) -> WorstHour | None:
    times = course.times[course.times >= course.span.start + HOUR]
    if not len(times):
        return None
    total, bad, _ = course.past.between(times - HOUR, times)
    worst = int(np.argmax(bad))
    if bad[worst] == 0:
        return None
    index = int(np.searchsorted(course.times, times[worst]))
    spent = course.spent[index]
    everything = course.past.between(period_windows(course.slo, times[[worst]])[0], times[[worst]])[1][0]
    return WorstHour(
        float(times[worst] - HOUR), float(bad[worst]), float(total[worst]), float(spent * bad[worst] / everything)
    )


def _defined(value: SupportsFloat) -> float | None:
    number = float(value)
    return None if np.isnan(number) else number
