"""From an evaluation to the samples of an SLO.

slo_burn_rate{slo="checkout-availability",window="1h"} 111.0939
slo_error_budget_remaining_ratio{slo="checkout-availability"} 0.41
"""

from __future__ import annotations

from exporter.collectors.slo_evaluate import Evaluation
from exporter.collectors.slo_track import Track
from exporter.contract import Sample, optional, sample
from exporter.ledger import Window
from exporter.promql import format_duration
from exporter.spec import Slo, tiers_in_force
from exporter.windows import factor, windows_for

OK, AT_RISK, BREACHED, NO_DATA = 0, 1, 2, 3
_RECENT = 300.0


def lasting(track: Track, evaluation: Evaluation, at: float, keep_seconds: float) -> tuple[Sample, ...]:
    """The samples that are true at ``at`` even where the source failed since the ledger's end."""
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
        *_coverage(track, evaluation, at),
        *optional("slo_status", status(track, evaluation, at, keep_seconds), slo=slo.name),
    )


def measured(track: Track, evaluation: Evaluation) -> tuple[Sample, ...]:
    """The samples of a track whose ledger was just brought up to date; they hold at the ledger's end."""
    slo = track.slo
    samples: list[Sample] = []
    for label, window in evaluation.windows.items():
        names = {"slo": slo.name, "window": label}
        samples += (
            sample("slo_events", window.total, **names),
            sample("slo_bad_events", window.bad, **names),
            *optional("slo_error_ratio", window.bad / window.total if window.total else None, **names),
            *optional("slo_burn_rate", evaluation.burn_rates[label], **names),
            *optional("slo_burn_p_value", evaluation.p_values[label], **names),
        )
    samples += _budget(slo, evaluation.spent)
    samples += optional("slo_trend", evaluation.trend, slo=slo.name)
    samples.append(sample("slo_clamped_events_total", track.clamped, slo=slo.name))
    samples.append(sample("slo_newborn_series_total", track.newborn, slo=slo.name))
    return tuple(samples)


def status(track: Track, evaluation: Evaluation, at: float, keep_seconds: float) -> int | None:
    """The value of slo_status at ``at``; None while nothing was ever measured.

    No data: nothing measured in the 5 minutes before ``at``, or the measured series have aged out (``keep_seconds``),
    so that whoever watches the status knows at once that they are gone.
    """
    end = track.ledger.end
    if end is None or track.first_measured is None:
        return None
    behind = at - end
    if behind >= keep_seconds or behind >= _RECENT or not track.ledger.window(_RECENT - behind).measured:
        # An SLO first seen at this very poll has no interval yet, and is not one that fell silent.
        return NO_DATA if at > track.first_measured else OK
    if evaluation.spent is not None and evaluation.spent >= 1:
        return BREACHED
    return AT_RISK if _burns(track.slo, evaluation) else OK


def _burns(slo: Slo, evaluation: Evaluation) -> bool:
    """Whether a tier's condition holds: the same comparison as in the generated alert."""
    gate = slo.alerting.low_traffic_gate
    for tier, _ in tiers_in_force(slo):
        limit = float(factor(tier, int(slo.period)))
        long, short = evaluation.burn_rates[tier.long], evaluation.burn_rates[tier.short]
        if long is None or short is None or long <= limit or short <= limit:
            continue
        p_value = evaluation.p_values[tier.long]
        if gate is None or (p_value is not None and p_value < gate):
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


def _coverage(track: Track, evaluation: Evaluation, at: float) -> list[Sample]:
    behind = at - (track.ledger.end if track.ledger.end is not None else at)
    samples = []
    for label, seconds in windows_for(int(track.slo.period)).items():
        window = evaluation.windows[label] if not behind else _rest(track, seconds, behind)
        share = min(1.0, window.measured / (window.seconds + behind))
        samples.append(sample("slo_coverage_ratio", share, slo=track.slo.name, window=label))
    return samples


def _rest(track: Track, seconds: float, behind: float) -> Window:
    """The part of a window ending ``behind`` seconds after the ledger that the ledger knows."""
    return track.ledger.window(seconds - behind) if behind < seconds else Window(0.0, 0.0, 0.0, seconds - behind)
