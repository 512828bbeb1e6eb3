"""The past of an SLO from its ledger, as wide as its slots are at each age."""

from __future__ import annotations

import numpy as np

from exporter.collectors.slo_group import Group
from exporter.collectors.slo_track import Track
from exporter.ledger import FINE_SPAN, MIDDLE_SPAN, MIDDLE_WIDTH
from winburn.backtest.past import Floats, Past, coarse_width, past_of_counts
from winburn.report.values import Period

_FINE_STEP = 60.0
_LATE = 900.0
"""Seconds by which the last counts may be older than the period's end: a process saves and starts at its own pace."""


def past_of(track: Track, group: Group) -> Past | None:
    """Everything that the ledger of a group knows; None where it knows nothing.

    A time is moved back to an edge of its slots: by less than a refresh to 6 h ago, than 5 m to 3 d, than 1 h beyond.
    """
    ledger = group.ledger
    if ledger.end is None or group.first_measured is None:
        return None
    edges = _edges(ledger.end, min(ledger.spans), coarse_width(track.slo), track.horizon)
    counts = np.hstack([ledger.counted(part) for part in edges])
    times = np.concatenate([edges[0][:1], *(part[1:] for part in edges)])
    total, bad, measured = np.hstack([np.zeros((3, 1)), counts])
    return past_of_counts(track.slo, times, np.vstack((total, np.minimum(bad, total), measured)), group.first_measured)


def _edges(end: float, fine: float, coarse: float, horizon: float) -> list[Floats]:
    """Edges of wide slots, then of those of 5 m, then of fine ones, each beginning where the one before ends."""
    oldest = np.floor((end - max(horizon, MIDDLE_SPAN)) / coarse) * coarse
    middle = np.ceil((end - MIDDLE_SPAN) / coarse) * coarse
    near = np.ceil((end - FINE_SPAN) / MIDDLE_WIDTH) * MIDDLE_WIDTH
    last = end - np.arange(int((end - near) // fine), -1, -1, dtype=np.float64) * fine
    return [
        np.arange(oldest, middle + 1, coarse),
        np.arange(middle, near + 1, MIDDLE_WIDTH),
        np.concatenate(([near], last[last > near + 1e-3])),
    ]


def covers(past: Past, period: Period) -> bool:
    """Whether the past reaches from the period's start, or the service's first event, to its end."""
    begins = max(period.before if period.release else period.start, past.first_measured or 0.0)
    known = past.times[1:][past.measured[1:] > 0]
    if not len(known):
        return False
    width = float(past.times[1] - past.times[0])
    return float(known[0]) <= begins + 2 * width and float(past.times[-1]) >= period.end - _LATE


def step_of(past: Past, period: Period) -> float:
    """Seconds between the times at which a period is looked at: 1 m, or as wide as the slots are in it."""
    inside = past.times[past.times > period.start - 1e-3]
    widest = float(np.diff(inside).max()) if len(inside) > 1 else MIDDLE_WIDTH
    return next((step for step in (_FINE_STEP, MIDDLE_WIDTH, 900.0) if widest <= step + 1e-3), 3600.0)
