"""The p-value of the low-traffic gate: how surprising a window's errors are, given that errors come in bursts.

Independent errors are judged by the exact binomial. Where the quiet past shows that k errors usually come together, k
of them count as one; an incident whose errors spread over the window is then recognised by the number of its 5 m slots.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from exporter.collectors.slo_group import Floats, Group
from exporter.collectors.slo_track import Track
from exporter.ledger import COARSE_WIDTH, MIDDLE_WIDTH, Ledger, Window
from exporter.stats import burn, bursts
from exporter.windows import DAY

_QUIET_SECONDS = 6 * 3600.0
"""The newest past that is not looked at: an incident going on must not make itself ordinary."""

_LONGEST_SPREAD = 3 * DAY

Pair = tuple[Track, Group]
Cuts = list[tuple[float, float]]


def refresh_factors(pairs: Sequence[Pair], cuts: dict[str, Cuts]) -> None:
    """Bring each group's burst factor up to date where an hour has passed since the last time."""
    due: dict[int, list[Pair]] = defaultdict(list)
    for track, group in pairs:
        end = group.ledger.end
        if end is not None and group.burst_hour != end // COARSE_WIDTH:
            group.burst_hour = end // COARSE_WIDTH
            due[int(track.slo.period_seconds // COARSE_WIDTH)].append((track, group))
    for hours, some in due.items():
        past = np.array([_past(group, hours, cuts[track.slo.name]) for track, group in some])
        objectives = np.array([track.slo.objective for track, _ in some], dtype=object)
        factors = np.atleast_1d(bursts.burst_factor(past[:, 0], past[:, 1], objectives))
        for (_, group), factor in zip(some, factors.tolist(), strict=True):
            group.burst_factor = factor


def p_values(pairs: Sequence[Pair], windows: Sequence[dict[str, Window]]) -> Floats:
    """One p-value per window of each pair, flat; NaN without events."""
    flat = [(track, group, window) for (track, group), of in zip(pairs, windows, strict=True) for window in of.values()]
    bad, total = np.array([w.bad for _, _, w in flat]), np.array([w.total for _, _, w in flat])
    objectives = np.array([track.slo.objective for track, _, _ in flat], dtype=object)
    factors = np.array([group.burst_factor for _, group, _ in flat])
    found = np.atleast_1d(bursts.burst_p_value(bad, total, objectives, factors))
    gates = [track.slo.alerting.low_traffic_gate for track, _, _ in flat]
    judged = [
        i
        for i, ((_, group, window), gate) in enumerate(zip(flat, gates, strict=True))
        if group.burst_factor > 1 and gate is not None and window.bad and found[i] >= gate
    ]
    exact = np.atleast_1d(burn.p_value(bad[judged], total[judged], objectives[judged])) if judged else ()
    for i, least in zip(judged, exact, strict=True):
        track, group, window = flat[i]
        # Never below the exact value: the gate may only become quieter by knowing of bursts.
        if least < gates[i]:
            found[i] = max(least, min(found[i], _spread(track, group.ledger, window)))
    return found


def _past(group: Group, hours: int, cuts: Cuts) -> Floats:
    """Bad and all events in the hours of the quiet past, corrected hours empty; shape (2, hours)."""
    end = (group.ledger.end or 0.0) // COARSE_WIDTH * COARSE_WIDTH - _QUIET_SECONDS
    edges = end - np.arange(hours, -1, -1, dtype=np.float64) * COARSE_WIDTH
    total, bad, _ = group.ledger.counted(edges)
    left = np.ones(hours)
    for begin, stop in cuts:
        left[(edges[:-1] < stop) & (edges[1:] > begin)] = 0.0
    return np.vstack((np.minimum(bad, total), total)) * left


def _spread(track: Track, ledger: Ledger, window: Window) -> float:
    end = ledger.end
    if end is None or window.seconds > _LONGEST_SPREAD + MIDDLE_WIDTH:
        return 1.0
    inner = np.arange((end - window.seconds) // MIDDLE_WIDTH * MIDDLE_WIDTH, end, MIDDLE_WIDTH)
    total, bad, _ = ledger.counted(np.append(inner, end))
    found = float(bursts.spread_p_value(np.minimum(bad, total), total, track.slo.objective))
    return 1.0 if np.isnan(found) else found
