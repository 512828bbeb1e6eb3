"""What ledgers say at their end: windows, burn rates, p-values, trend; all SLOs of a refresh in a few array calls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from exporter.collectors.slo_gate import p_values as gate_p_values
from exporter.collectors.slo_gate import refresh_factors
from exporter.collectors.slo_group import Group
from exporter.collectors.slo_track import TREND_SPAN, Track
from exporter.ledger import MIDDLE_WIDTH, Ledger, Window
from exporter.spec import Calendar
from exporter.spec.calendar import calendar_bounds
from exporter.spec.corrections import intervals
from exporter.stats import burn
from exporter.windows import DAY, PERIOD


@dataclass(frozen=True, slots=True)
class Span:
    """A window as asked for: it ends at the ledger's end; the burn rate is scaled as if it were ``length`` long.

    ``length`` is longer than ``seconds`` in a calendar period, of which only the part so far has events.
    """

    seconds: float
    length: float


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One group of an SLO at its ledger's end, by window label; None where undefined."""

    track: Track
    group: Group
    spans: Mapping[str, Span]
    windows: dict[str, Window]
    burn_rates: dict[str, float | None]
    p_values: dict[str, float | None]
    trend: float | None
    corrected: float
    forecast: float | None = None
    """Probability that the budget is gone within a period; None where nothing can be foretold."""

    @property
    def spent(self) -> float | None:
        """Share of the period's error budget that is spent."""
        return self.burn_rates[PERIOD]


def evaluate(tracks: Sequence[Track], at: float) -> list[Evaluation]:
    """One evaluation per group of each track; ``at`` places the calendar periods.

    Burn rate: error ratio / budget, where what lies before the first measurement, and what is to come of a calendar
    period, counts as ordinary traffic without errors, that is x (known time / window): a service six hours old with
    0.3 % errors has spent 2.5 % of its month at 99.9 %, not 300 %. Corrected times have no events. p-value: see
    :mod:`exporter.collectors.slo_gate`.
    """
    pairs = [(track, group) for track in tracks for _, group in sorted(track.groups.items())]
    spans = {track.slo.name: _spans(track, at) for track in tracks}
    cuts = {track.slo.name: corrected_times(track) for track in tracks}
    windows = [_windows(group.ledger, spans[t.slo.name], cuts[t.slo.name]) for t, group in pairs]
    flat = [w for of in windows for w in of.values()]
    bad, total = np.array([w.bad for w in flat]), np.array([w.total for w in flat])
    objectives = np.array(
        [t.slo.objective for (t, _), of in zip(pairs, windows, strict=True) for _ in of], dtype=object
    )
    known = np.array([share for track, group in pairs for share in _known(group, spans[track.slo.name])])
    rates = iter(_defined(burn.burn_rate(bad, total, objectives) * known))
    refresh_factors(pairs, cuts)
    p_values = iter(_defined(gate_p_values(pairs, windows)))
    trends = iter(_trends([(group.ledger, cuts[t.slo.name]) for t, group in pairs]))
    return [
        Evaluation(
            track,
            group,
            spans[track.slo.name],
            of,
            {label: next(rates) for label in of},
            {label: next(p_values) for label in of},
            next(trends),
            _corrected_seconds(track, group, spans[track.slo.name][PERIOD], cuts[track.slo.name]),
        )
        for (track, group), of in zip(pairs, windows, strict=True)
    ]


Cuts = list[tuple[float, float]]


def _spans(track: Track, at: float) -> Mapping[str, Span]:
    spans = _nominal(tuple(track.windows.items()))
    if not isinstance(track.slo.period, Calendar):
        return spans
    start, end = calendar_bounds(track.slo.period, at)
    return {**spans, PERIOD: Span(max((track.end or at) - start, 0.0), end - start)}


@lru_cache(maxsize=256)  # few periods and windows of one's own make all of a thousand SLOs
def _nominal(windows: tuple[tuple[str, float], ...]) -> Mapping[str, Span]:
    return {label: Span(float(seconds), float(seconds)) for label, seconds in windows}


def _known(group: Group, spans: Mapping[str, Span]) -> list[float]:
    """Share of each window's length of which something is known."""
    if group.ledger.end is None or group.first_measured is None:
        return [1.0] * len(spans)
    age = group.ledger.end - group.first_measured
    return [min(1.0, min(age, span.seconds) / span.length) for span in spans.values()]


def corrected_times(track: Track) -> Cuts:
    """Corrected times of the ledger's horizon, widened to whole 5 m slots."""
    if track.end is None or not track.slo.corrections:
        return []
    found = intervals(track.slo.corrections, track.end - track.horizon, track.end + MIDDLE_WIDTH)
    merged: Cuts = []
    for begin, stop in found:
        wide = (begin // MIDDLE_WIDTH * MIDDLE_WIDTH, -(-stop // MIDDLE_WIDTH) * MIDDLE_WIDTH)
        if merged and wide[0] <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(wide[1], merged[-1][1]))
        else:
            merged.append(wide)
    return merged


def _windows(ledger: Ledger, spans: Mapping[str, Span], cuts: Cuts) -> dict[str, Window]:
    if not cuts:
        return {label: ledger.window(span.seconds) for label, span in spans.items()}
    return {label: _without(ledger, ledger.window(span.seconds), span.seconds, cuts) for label, span in spans.items()}


def _without(ledger: Ledger, window: Window, seconds: float, cuts: Cuts) -> Window:
    """The window less the events of corrected times."""
    if not cuts or ledger.end is None:
        return window
    total, bad = window.total, window.bad
    for begin, stop in cuts:
        part = ledger.between(max(begin, ledger.end - seconds), min(stop, ledger.end))
        total, bad = total - part.total, bad - part.bad
    total = max(total, 0.0)
    return Window(total, min(max(bad, 0.0), total), window.measured, window.seconds)


def _corrected_seconds(track: Track, group: Group, span: Span, cuts: Cuts) -> float:
    end = group.ledger.end
    if end is None or not track.slo.corrections:
        return 0.0
    return sum(max(0.0, min(stop, end) - max(begin, end - span.seconds)) for begin, stop in cuts)


def _trends(ledgers: Sequence[tuple[Ledger, Cuts]]) -> list[float | None]:
    """Value of slo_trend: the last day's error ratio against the six days before; None where one has no events."""
    days = [_without(ledger, ledger.window(float(DAY)), float(DAY), cuts) for ledger, cuts in ledgers]
    weeks = [_without(ledger, ledger.window(float(TREND_SPAN)), float(TREND_SPAN), cuts) for ledger, cuts in ledgers]
    counts = np.array([(d.bad, d.total, w.bad - d.bad, w.total - d.total) for d, w in zip(days, weeks, strict=True)])
    # A day's window may begin minutes before the slot edge that the week's ring would have chosen, never after it.
    recent_bad, recent, before_bad, before = np.maximum(counts.reshape(-1, 4), 0.0).T
    return _defined(burn.trend(recent_bad, recent, np.minimum(before_bad, before), before))


def _defined(values: np.ndarray) -> list[float | None]:
    return [None if np.isnan(value) else value for value in np.asarray(values).tolist()]
