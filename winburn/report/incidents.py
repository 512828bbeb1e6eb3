"""When the budget burnt, and which of its spending that explains: runs of slots that burn faster than the budget lasts.

A slot burns where its error ratio is above the budget and that is no chance: as many bad events, at an error
ratio that just spends the budget, have a probability below 0.05. An incident is a run of these, closer to each other
than ``CALM``, whose probability is below ``CHANCE``. Hours in which there is none are looked at as a whole: errors of a
service with little traffic are few and far between. What is too slow for hours is in none.
"""

from __future__ import annotations

import numpy as np

from exporter.spec import Calendar, Slo
from exporter.stats import burn
from exporter.windows import HOUR
from winburn.backtest.firings import merged
from winburn.backtest.past import Floats, Past, period_windows
from winburn.report.slo_review import Incident

CALM = 300.0
"""Seconds without burning that end an incident; one slot where slots are wider."""

CHANCE, _OF_A_SLOT = 0.01, 0.05


def incidents(slo: Slo, past: Past, start: float, end: float, step: float) -> tuple[Incident, ...]:
    """The incidents of (start, end] in slots of ``step`` seconds, those that spent most first."""
    found = _runs(slo, past, (start, end), step)
    if step < HOUR:
        found += [
            hours
            for hours in _runs(slo, past, (start, end), HOUR)
            if not any(one.since < hours.until and hours.since < one.until for one in found)
        ]
    return tuple(sorted(found, key=lambda one: (-one.spent, -one.bad, one.since)))


def _runs(slo: Slo, past: Past, whole: tuple[float, float], step: float) -> list[Incident]:
    calm = max(CALM, step)
    burning = _burning(slo, past, grid(*whole, step))
    spans = merged([(since, until + calm) for since, until in burning])
    found = [_incident(slo, past, (since, until - calm), whole, step) for since, until in spans]
    return [one for one in found if float(burn.p_value(one.bad, one.total, slo.objective)) < CHANCE]


def grid(start: float, end: float, step: float) -> Floats:
    """start, start + step ... and the end."""
    edges = start + np.arange(int((end - start) // step) + 1, dtype=np.float64) * step
    return edges if edges[-1] >= end - 1e-3 else np.append(edges, end)


def share_of_budget(slo: Slo, past: Past, bad: float, end: float) -> float | None:
    """The share of one period's budget that ``bad`` events are, at the traffic of the period that ends at ``end``, so
    that it is what they took from the budget that is left; None where that had no events.

    What is before the first measurement, or to come of a calendar's period, counts as ordinary traffic.
    """
    ends = np.array([end])
    starts, lengths = period_windows(slo, ends)
    total = float(past.between(starts, ends)[0][0])
    if total <= 0 or past.first_measured is None:
        return None
    so_far = end - float(starts[0]) if isinstance(slo.period, Calendar) else float(lengths[0])
    known = min(max(min(end - past.first_measured, so_far) / float(lengths[0]), 0.0), 1.0)
    return bad / total / (float(100 - slo.objective) / 100) * known


def _burning(slo: Slo, past: Past, edges: Floats) -> list[tuple[float, float]]:
    total, bad, _ = past.between(edges[:-1], edges[1:])
    # NaN, a slot without events, compares as false.
    burns = burn.burn_rate(bad, total, slo.objective) > 1
    burns &= burn.p_value(bad, total, slo.objective) < _OF_A_SLOT
    return [(float(edges[i]), float(edges[i + 1])) for i in np.flatnonzero(burns)]


def _incident(slo: Slo, past: Past, span: tuple[float, float], whole: tuple[float, float], step: float) -> Incident:
    since, until = span
    edges = grid(since, until, step)
    total, bad, _ = past.between(edges[:-1], edges[1:])
    peak = float(np.nanmax(burn.burn_rate(bad, total, slo.objective)))
    spent = share_of_budget(slo, past, float(bad.sum()), whole[1]) or 0.0
    return Incident(since, until, float(bad.sum()), float(total.sum()), spent, peak, until >= whole[1] - 1e-3)
