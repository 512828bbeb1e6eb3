"""What a ledger says at its end: windows, burn rates, p-values, trend; all SLOs of a refresh in a few array calls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from exporter.collectors.slo_track import TREND_SPAN, Track
from exporter.ledger import Window
from exporter.spec import windows_of
from exporter.stats import burn
from exporter.windows import DAY, PERIOD


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One SLO at its ledger's end, by window label; None where undefined."""

    windows: dict[str, Window]
    burn_rates: dict[str, float | None]
    p_values: dict[str, float | None]
    trend: float | None

    @property
    def spent(self) -> float | None:
        """Share of the period's error budget that is spent."""
        return self.burn_rates[PERIOD]


def evaluate(tracks: Sequence[Track]) -> list[Evaluation]:
    """One evaluation per track.

    Burn rate: error ratio / budget, where what lies before the first measurement counts as ordinary traffic without
    errors, that is x (time since then / window): a service six hours old with 0.3 % errors has spent 2.5 % of its month
    at 99.9 %, not 300 %. p-value: exact binomial, see :func:`exporter.stats.burn.p_value`.
    """
    windows = [_windows(track) for track in tracks]
    flat = [
        (track, seconds, window) for track, of in zip(tracks, windows, strict=True) for seconds, window in of.values()
    ]
    bad, total = np.array([w.bad for _, _, w in flat]), np.array([w.total for _, _, w in flat])
    objectives = np.array([track.slo.objective for track, _, _ in flat], dtype=object)
    known = np.array([_known_share(track, seconds) for track, seconds, _ in flat])
    rates = iter(_defined(burn.burn_rate(bad, total, objectives) * known))
    p_values = iter(_defined(burn.p_value(bad, total, objectives)))
    trends = _trends(tracks)
    return [
        Evaluation(
            {label: window for label, (_, window) in of.items()},
            {label: next(rates) for label in of},
            {label: next(p_values) for label in of},
            trend,
        )
        for of, trend in zip(windows, trends, strict=True)
    ]


def _windows(track: Track) -> dict[str, tuple[int, Window]]:
    seconds = windows_of(track.slo)
    return {label: (length, track.ledger.window(length)) for label, length in seconds.items()}


def _known_share(track: Track, seconds: int) -> float:
    if track.ledger.end is None or track.first_measured is None:
        return 1.0
    return min(1.0, (track.ledger.end - track.first_measured) / seconds)


def _trends(tracks: Sequence[Track]) -> list[float | None]:
    """Value of slo_trend: the last day's error ratio against the six days before; None where one has no events."""
    days = [track.ledger.window(float(DAY)) for track in tracks]
    weeks = [track.ledger.window(float(TREND_SPAN)) for track in tracks]
    counts = np.array([(d.bad, d.total, w.bad - d.bad, w.total - d.total) for d, w in zip(days, weeks, strict=True)])
    # A day's window may begin minutes before the slot edge that the week's ring would have chosen, never after it.
    return _defined(burn.trend(*np.maximum(counts.reshape(-1, 4), 0.0).T))


def _defined(values: np.ndarray) -> list[float | None]:
    return [None if np.isnan(value) else value for value in np.asarray(values).tolist()]
