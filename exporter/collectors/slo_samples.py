"""From an evaluation to the samples of an SLO.

slo_burn_rate{slo="checkout-availability",window="1h"} 111.0939
slo_error_budget_remaining_ratio{slo="checkout-availability",slo_group="zone=eu"} 0.41
"""

from __future__ import annotations

from collections.abc import Iterable

from exporter.collectors.slo_evaluate import Evaluation
from exporter.collectors.slo_track import BurnLimit
from exporter.contract import Sample, optional, sample
from exporter.ledger import Window
from exporter.windows import PERIOD

OK, AT_RISK, BREACHED, NO_DATA = 0, 1, 2, 3
_RECENT = 300.0
_LIKELY = 0.5
"""Probability of exhaustion from which an SLO is at risk."""


def lasting(evaluation: Evaluation, at: float, keep_seconds: float) -> tuple[Sample, ...]:
    """The samples that are true at ``at`` even where the source failed since the ledger's end."""
    slo, names = evaluation.track.slo, names_of(evaluation)
    info = {
        "slo_service": slo.service,
        "category": slo.category,
        "source": slo.sli.source_label,
        "period": slo.period_label,
        **_group_labels(evaluation),
    }
    corrected = evaluation.corrected if slo.corrections else None
    return (
        sample("slo_info", 1, **names, **info, **slo.labels),
        sample("slo_objective_ratio", float(slo.objective / 100), **names),
        sample("slo_period_seconds", evaluation.spans[PERIOD].length, **names),
        *_coverage(evaluation, at),
        *optional("slo_corrected_seconds", corrected, **names),
        *optional("slo_status", status(evaluation, at, keep_seconds), **names),
    )


def measured(evaluation: Evaluation) -> tuple[Sample, ...]:
    """The samples of a group whose ledger was just brought up to date; they hold at the ledger's end."""
    names = names_of(evaluation)
    samples: list[Sample] = []
    for label, window in evaluation.windows.items():
        of_window = {**names, "window": label}
        samples += (
            sample("slo_events", window.total, **of_window),
            sample("slo_bad_events", window.bad, **of_window),
            *optional("slo_error_ratio", window.bad / window.total if window.total else None, **of_window),
            *optional("slo_burn_rate", evaluation.burn_rates[label], **of_window),
            *optional("slo_burn_p_value", evaluation.p_values[label], **of_window),
        )
    samples += _budget(evaluation)
    samples += optional("slo_trend", evaluation.trend, **names)
    samples.append(sample("slo_clamped_events_total", evaluation.group.clamped, **names))
    return tuple(samples)


def names_of(evaluation: Evaluation) -> dict[str, str]:
    """The labels slo and, where the SLO is grouped, slo_group."""
    group = evaluation.group.name
    return {"slo": evaluation.track.slo.name, **({"slo_group": group} if group else {})}


def status(evaluation: Evaluation, at: float, keep_seconds: float) -> int | None:
    """The value of slo_status at ``at``; None while nothing was ever measured.

    No data: nothing measured in the 5 minutes before ``at``, or the measured series have aged out (``keep_seconds``),
    so that whoever watches the status knows at once that they are gone.
    """
    group = evaluation.group
    end = group.ledger.end
    if end is None or group.first_measured is None:
        return None
    behind = at - end - (evaluation.track.reads.every or 0.0)
    if behind >= keep_seconds or behind >= _RECENT or not group.ledger.window(_RECENT - max(behind, 0.0)).measured:
        # An SLO first seen at this very poll has no interval yet, and is not one that fell silent.
        return NO_DATA if at > group.first_measured else OK
    if evaluation.spent is not None and evaluation.spent >= 1:
        return BREACHED
    likely = evaluation.forecast is not None and evaluation.forecast >= _LIKELY
    return AT_RISK if likely or burns(evaluation) else OK


def burns(evaluation: Evaluation) -> bool:
    """Whether a tier's condition holds: the same comparison as in the generated alert."""
    return burning(evaluation, evaluation.track.burn_limits) is not None


def burning(evaluation: Evaluation, limits: Iterable[BurnLimit]) -> BurnLimit | None:
    """The first of some tiers whose condition holds, with the low-traffic gate; None where none does."""
    gate = evaluation.track.slo.alerting.low_traffic_gate
    for limit in limits:
        long, short = evaluation.burn_rates[limit.long], evaluation.burn_rates[limit.short]
        if long is None or short is None or long <= limit.factor or short <= limit.factor:
            continue
        p_value = evaluation.p_values[limit.long]
        if gate is None or (p_value is not None and p_value < gate):
            return limit
    return None


def _group_labels(evaluation: Evaluation) -> dict[str, str]:
    """``zone=eu,tier=a`` as labels of slo_info."""
    match = evaluation.track.groups_of.fullmatch(evaluation.group.name)
    return match.groupdict() if match and evaluation.group.name else {}


def _budget(evaluation: Evaluation) -> tuple[Sample, ...]:
    spent, names = evaluation.spent, names_of(evaluation)
    if spent is None:
        return ()
    seconds = float((100 - evaluation.track.slo.objective) / 100) * evaluation.spans[PERIOD].length
    return (
        sample("slo_error_budget_remaining_ratio", 1 - spent, **names),
        sample("slo_error_budget_remaining_seconds", (1 - spent) * seconds, **names),
    )


def _coverage(evaluation: Evaluation, at: float) -> list[Sample]:
    end, names = evaluation.group.ledger.end, names_of(evaluation)
    behind = at - (end if end is not None else at)
    samples = []
    for label, span in evaluation.spans.items():
        window = evaluation.windows[label] if not behind else _rest(evaluation, span.seconds, behind)
        length = window.seconds + behind
        if length > 0:
            samples.append(sample("slo_coverage_ratio", min(1.0, window.measured / length), **names, window=label))
    return samples


def _rest(evaluation: Evaluation, seconds: float, behind: float) -> Window:
    """The part of a window ending ``behind`` seconds after the ledger that the ledger knows."""
    ledger = evaluation.group.ledger
    return ledger.window(seconds - behind) if behind < seconds else Window(0.0, 0.0, 0.0, seconds - behind)
