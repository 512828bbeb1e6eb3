"""From a ledger to the samples of an SLO: pure arithmetic on counts.

slo_burn_rate{slo="checkout-availability",window="1h"} 111.0939
slo_error_budget_remaining_ratio{slo="checkout-availability"} 0.41
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from exporter.collectors.slo_track import TREND_SPAN, Track
from exporter.contract import Sample, optional, sample
from exporter.ledger import Window
from exporter.promql import format_duration
from exporter.spec import Slo, tiers_in_force
from exporter.stats import burn
from exporter.windows import DAY, PERIOD, factor, windows_for

OK, AT_RISK, BREACHED, NO_DATA = 0, 1, 2, 3
_RECENT = 300.0


def lasting(track: Track, at: float, keep_seconds: float) -> tuple[Sample, ...]:
    """The samples that are true at ``at`` even where the source failed since :attr:`Ledger.end`."""
    slo = track.slo
    info = {
        "slo": slo.name,
        "slo_service": slo.service,
        "category": slo.category,
        "source": slo.sli.source,
        "period": format_duration(slo.period),
    }
    return (
        sample("slo_info", 1, **info, **slo.labels),
        sample("slo_objective_ratio", float(slo.objective / 100), slo=slo.name),
        sample("slo_period_seconds", slo.period, slo=slo.name),
        sample("winburn_slo_exact", 1, slo=slo.name),
        *_coverage(track, at),
        *optional("slo_status", status(track, at, keep_seconds), slo=slo.name),
    )


def measured(track: Track) -> tuple[Sample, ...]:
    """The samples of a track whose ledger was just brought up to date; they hold at the ledger's end."""
    slo = track.slo
    windows = {label: track.ledger.window(seconds) for label, seconds in windows_for(int(slo.period)).items()}
    rates = burn_rates(track, windows)
    p_values = burn.p_value(*_counts(windows.values()), slo.objective)
    samples: list[Sample] = []
    for (label, window), p_value in zip(windows.items(), np.asarray(p_values).tolist(), strict=True):
        names = {"slo": slo.name, "window": label}
        samples += (
            sample("slo_events", window.total, **names),
            sample("slo_bad_events", window.bad, **names),
            *optional("slo_error_ratio", window.bad / window.total if window.total else None, **names),
            *optional("slo_burn_rate", rates[label], **names),
            *optional("slo_burn_p_value", p_value, **names),
        )
    samples += _budget(slo, rates[PERIOD])
    samples += optional("slo_trend", trend(track), slo=slo.name)
    samples.append(sample("slo_clamped_events_total", track.clamped, slo=slo.name))
    samples.append(sample("slo_newborn_series_total", track.newborn, slo=slo.name))
    return tuple(samples)


def burn_rates(track: Track, windows: dict[str, Window]) -> dict[str, float | None]:
    """Window label -> burn rate, None without events.

    What lies before the first measurement counts as ordinary traffic without errors: ratio / budget x (time since
    then / window). A service six hours old with 0.3 % errors has spent 2.5 % of its month at 99.9 %, not 300 %.
    """
    seconds = windows_for(int(track.slo.period))
    plain = np.asarray(burn.burn_rate(*_counts(windows.values()), track.slo.objective)).tolist()
    age = (track.ledger.end or 0.0) - (track.first_measured if track.first_measured is not None else np.inf)
    return {
        label: None if np.isnan(rate) else rate * min(1.0, age / seconds[label])
        for label, rate in zip(windows, plain, strict=True)
    }


def status(track: Track, at: float, keep_seconds: float) -> int | None:
    """The value of slo_status at ``at``; None while nothing was ever measured, and while nothing can be said.

    No data: nothing measured in the 5 minutes before ``at``, or the measured series have aged out (``keep_seconds``),
    so that whoever watches the status knows at once that they are gone.
    """
    end = track.ledger.end
    if end is None or track.first_measured is None:
        return None
    if at - end > keep_seconds or at - end >= _RECENT or not track.ledger.window(_RECENT - (at - end)).measured:
        return NO_DATA
    windows = {label: track.ledger.window(seconds) for label, seconds in windows_for(int(track.slo.period)).items()}
    rates = burn_rates(track, windows)
    spent = rates[PERIOD]
    if spent is not None and spent >= 1:
        return BREACHED
    return AT_RISK if _burns(track.slo, windows, rates) else OK


def trend(track: Track) -> float | None:
    """The value of slo_trend: the last day's error ratio against the six days before; None where one has no events."""
    day, week = track.ledger.window(float(DAY)), track.ledger.window(float(TREND_SPAN))
    before_total, before_bad = week.total - day.total, week.bad - day.bad
    answer = float(burn.trend(day.bad, day.total, max(before_bad, 0.0), max(before_total, 0.0)))
    return None if np.isnan(answer) else answer


def _burns(slo: Slo, windows: dict[str, Window], rates: dict[str, float | None]) -> bool:
    """Whether a tier's condition holds: the same comparison as in the generated alert."""
    gate = slo.alerting.low_traffic_gate
    for tier, _ in tiers_in_force(slo):
        limit = float(factor(tier, int(slo.period)))
        long, short, window = rates[tier.long], rates[tier.short], windows[tier.long]
        if long is None or short is None or long <= limit or short <= limit:
            continue
        if gate is None or float(burn.p_value(window.bad, window.total, slo.objective)) < gate:
            return True
    return False


def _budget(slo: Slo, spent: float | None) -> tuple[Sample, ...]:
    if spent is None:
        return ()
    budget = float((100 - slo.objective) / 100)
    return (
        sample("slo_error_budget_remaining_ratio", 1 - spent, slo=slo.name),
        sample("slo_error_budget_remaining_seconds", (1 - spent) * budget * slo.period, slo=slo.name),
    )


def _coverage(track: Track, at: float) -> list[Sample]:
    samples = []
    behind = at - (track.ledger.end if track.ledger.end is not None else at)
    for label, seconds in windows_for(int(track.slo.period)).items():
        window = track.ledger.window(seconds - behind) if behind < seconds else Window(0, 0, 0, seconds)
        share = min(1.0, window.measured / (window.seconds + behind))
        samples.append(sample("slo_coverage_ratio", share, slo=track.slo.name, window=label))
    return samples


def _counts(windows: Iterable[Window]) -> tuple[np.ndarray, np.ndarray]:
    windows = tuple(windows)
    return np.array([w.bad for w in windows]), np.array([w.total for w in windows])
