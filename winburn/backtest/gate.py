"""The p-values of the low-traffic gate at past times, as the exporter's own gate would have judged them then."""

from __future__ import annotations

import math

import numpy as np

from exporter.ledger import COARSE_WIDTH, MIDDLE_SPAN, MIDDLE_WIDTH
from exporter.spec import Slo
from exporter.stats import bursts
from exporter.windows import DAY
from winburn.backtest.past import Floats, Past, coarse_width

QUIET_SECONDS = 6 * 3600.0
"""The newest past that the burst factor does not look at: an incident going on must not make itself ordinary."""

LONGEST_SPREAD = 3 * DAY
"""The longest window that may be judged by the slots over which its errors spread."""

_HORIZON = 7 * DAY  # the exporter's shortest


def passes(slo: Slo, past: Past, ends: Floats, starts: Floats, gate: float) -> np.ndarray:
    """Whether the windows (start, end] have a p-value below the gate; false without events.

    Errors are judged by the exact binomial, in which as many count as one as usually came together in the quiet past;
    where these are several, also by the number of 5 m slots over which they spread. See :mod:`exporter.stats.bursts`.
    """
    total, bad, _ = past.between(starts, ends)
    hours = ends // COARSE_WIDTH
    factors = {hour: _factor(slo, past, hour * COARSE_WIDTH) for hour in np.unique(hours).tolist()}
    factor = np.array([factors[hour] for hour in hours.tolist()])
    below: np.ndarray = np.atleast_1d(bursts.burst_p_value(bad, total, slo.objective, factor)) < gate
    for i in np.flatnonzero(~below & (factor > 1) & (bad > 0)).tolist():
        below[i] = _spread(slo, past, float(starts[i]), float(ends[i])) < gate
    return below


def _factor(slo: Slo, past: Past, hour: float) -> float:
    """How many bad events usually came together before an hour, from the hours of a period that ended 6 h earlier."""
    count = int(slo.period_seconds // COARSE_WIDTH)
    edges = hour - QUIET_SECONDS - np.arange(count, -1, -1, dtype=np.float64) * COARSE_WIDTH
    # What the exporter's widest slots still know.
    width = coarse_width(slo)
    known = hour - (math.ceil(max(slo.period_seconds, _HORIZON, MIDDLE_SPAN) / width) + 1) * width
    edges = np.maximum(edges, known)
    total, bad, _ = past.between(edges[:-1], edges[1:])
    left = np.ones(count)
    for begin, stop in past.cuts:
        left[(edges[:-1] < stop) & (edges[1:] > begin)] = 0.0
    return float(bursts.burst_factor(bad * left, total * left, slo.objective))


def _spread(slo: Slo, past: Past, start: float, end: float) -> float:
    if end - start > LONGEST_SPREAD + MIDDLE_WIDTH:
        return 1.0
    edges = np.append(np.arange(start // MIDDLE_WIDTH * MIDDLE_WIDTH, end, MIDDLE_WIDTH), end)
    total, bad, _ = past.between(edges[:-1], edges[1:])
    found = float(bursts.spread_p_value(bad, total, slo.objective))
    return 1.0 if math.isnan(found) else found
