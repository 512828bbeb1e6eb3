"""Burn rates of every window of an SLO at every time of a span, and when each tier's condition holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from exporter.spec import Calendar, Slo, tiers_in_force, windows_of
from exporter.stats import burn
from exporter.windows import PERIOD, Severity, Tier, factor
from winburn.backtest.gate import passes
from winburn.backtest.past import Floats, Past, Span, period_windows, window_starts

Flags = NDArray[np.bool_]

_RECENT = 300.0


@dataclass(frozen=True, slots=True)
class Judged:
    """A tier over the span: where its condition holds, as its generated alert asks it."""

    tier: Tier
    severity: Severity
    factor: float
    holds: Flags


@dataclass(frozen=True, slots=True)
class Course:
    """An SLO, or one group of it, over a span. ``burn`` maps each window's label to its burn rate at each of ``times``,
    NaN where it had no events."""

    slo: Slo
    past: Past
    span: Span
    times: Floats
    burn: Mapping[str, Floats]
    unmeasured: Flags
    """Where slo_status would say that there are no data: something was measured before, and nothing in the last 5 m."""
    tiers: tuple[Judged, ...]

    @property
    def spent(self) -> Floats:
        """Share of the period's error budget that is spent at each time."""
        return self.burn[PERIOD]


def reach(slo: Slo, at: float) -> float:
    """Seconds before ``at`` at which the SLO's longest window begins."""
    start, _ = period_windows(slo, np.array([at]))
    return max(float(at - start[0]), *(float(seconds) for seconds in windows_of(slo).values()))


def course(slo: Slo, past: Past, span: Span) -> Course:
    """The SLO at every time of the span, from prefix sums.

    Burn rate: error ratio / budget, where what lies before the first measurement counts as ordinary traffic without
    errors. A tier holds where long > factor and short > factor and, with the low-traffic gate, the p-value of the long
    window < gate; all strict.
    """
    times = span.times
    rates = {label: _burn(slo, past, times, label, seconds) for label, seconds in windows_of(slo).items()}
    tiers = tuple(_judge(slo, past, times, tier, severity, rates) for tier, severity in tiers_in_force(slo))
    return Course(slo, past, span, times, rates, _unmeasured(slo, past, times), tiers)


def spent(slo: Slo, past: Past, times: Floats) -> Floats:
    """Share of the period's error budget that is spent at each time, as :attr:`Course.spent`, without the rest."""
    return _burn(slo, past, times, PERIOD, 0)


def _unmeasured(slo: Slo, past: Past, times: Floats) -> Flags:
    if past.first_measured is None:
        return np.zeros(len(times), dtype=bool)
    recent = _RECENT + (slo.sli.slices.slice if slo.sli.slices is not None else 0.0)
    silent: Flags = past.between(times - recent, times)[2] == 0
    return silent & (times > past.first_measured)


def _burn(slo: Slo, past: Past, times: Floats, label: str, seconds: int) -> Floats:
    if label == PERIOD:
        starts, lengths = period_windows(slo, times)
    else:
        starts, lengths = window_starts(slo, times, seconds), np.full(len(times), float(seconds))
    total, bad, _ = past.between(starts, times)
    rate: Floats = burn.burn_rate(bad, total, slo.objective) * _known(slo, past, times, starts, lengths)
    return rate


def _known(slo: Slo, past: Past, times: Floats, starts: Floats, lengths: Floats) -> Floats:
    """Share of each window's length of which something is known; of a calendar period, what is to come is not."""
    so_far = times - starts if isinstance(slo.period, Calendar) else lengths
    if past.first_measured is None:
        return np.ones_like(times)
    return np.clip(np.minimum(times - past.first_measured, so_far) / lengths, 0.0, 1.0)


def _judge(slo: Slo, past: Past, times: Floats, tier: Tier, severity: Severity, rates: Mapping[str, Floats]) -> Judged:
    limit, gate = float(factor(tier, slo.period_seconds)), slo.alerting.low_traffic_gate
    # NaN, a window without events, compares as false.
    holds: Flags = (rates[tier.long] > limit) & (rates[tier.short] > limit)
    if gate is not None and holds.any():
        ends = times[holds]
        holds[holds] = passes(slo, past, ends, window_starts(slo, ends, tier.long_seconds), gate)
    return Judged(tier, severity, limit, holds)
