"""From an evaluation to the samples of an SLO.

slo_burn_rate{slo="checkout-availability",window="1h"} 111.0939
slo_error_budget_remaining_ratio{slo="checkout-availability",slo_group="zone=eu"} 0.41
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import isfinite
from weakref import WeakKeyDictionary

from exporter.collectors.slo_evaluate import Evaluation
from exporter.collectors.slo_group import Group
from exporter.collectors.slo_track import BurnLimit
from exporter.contract import Labels, Sample, known, label_pairs, sample
from exporter.ledger import Window
from exporter.spec import Slo
from exporter.windows import PERIOD

OK, AT_RISK, BREACHED, NO_DATA = 0, 1, 2, 3
_RECENT = 300.0
_LIKELY = 0.5
"""Probability of exhaustion from which an SLO is at risk."""


_OF_WINDOW = (
    "slo_events",
    "slo_bad_events",
    "slo_error_ratio",
    "slo_burn_rate",
    "slo_burn_p_value",
    "slo_coverage_ratio",
)
_OF_SLO = (
    "slo_period_seconds",
    "slo_corrected_seconds",
    "slo_status",
    "slo_error_budget_remaining_ratio",
    "slo_error_budget_remaining_seconds",
    "slo_trend",
    "slo_clamped_events_total",
)


@dataclass(frozen=True, slots=True)
class _Series:
    """What stays the same of a group's series from one refresh to the next: labels, and samples that never change."""

    slo: Slo
    own: Labels
    by_window: dict[str, Labels]
    constant: tuple[Sample, ...]


# Weak: groups come and go.
_SERIES: WeakKeyDictionary[Group, _Series] = WeakKeyDictionary()


def lasting(evaluation: Evaluation, at: float, keep_seconds: float) -> tuple[Sample, ...]:
    """The samples that are true at ``at`` even where the source failed since the ledger's end."""
    series = _series_of(evaluation)
    samples = [*series.constant, known("slo_period_seconds", series.own, evaluation.spans[PERIOD].length)]
    samples += _coverage(evaluation, at, series.by_window)
    if evaluation.track.slo.corrections:
        samples.append(known("slo_corrected_seconds", series.own, evaluation.corrected))
    now = status(evaluation, at, keep_seconds)
    if now is not None:
        samples.append(known("slo_status", series.own, now))
    return tuple(samples)


def measured(evaluation: Evaluation) -> tuple[Sample, ...]:
    """The samples of a group whose ledger was just brought up to date; they hold at the ledger's end."""
    series = _series_of(evaluation)
    samples: list[Sample] = []
    append = samples.append
    by_window, rates, p_values = series.by_window, evaluation.burn_rates, evaluation.p_values
    for label, (total, bad, seen, _) in evaluation.windows.items():
        pairs = by_window[label]
        if total or seen:  # what nobody has looked at is not known to be none
            append(known("slo_events", pairs, total))
            append(known("slo_bad_events", pairs, bad))
        if total and isfinite(ratio := bad / total):
            append(known("slo_error_ratio", pairs, ratio))
        if (rate := rates[label]) is not None and isfinite(rate):
            append(known("slo_burn_rate", pairs, rate))
        if (p_value := p_values[label]) is not None and isfinite(p_value):
            append(known("slo_burn_p_value", pairs, p_value))
    samples += _budget(evaluation, series.own)
    if evaluation.trend is not None:
        append(known("slo_trend", series.own, evaluation.trend))
    append(known("slo_clamped_events_total", series.own, evaluation.group.clamped))
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
    behind = at - end - evaluation.track.slack
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


def _series_of(evaluation: Evaluation) -> _Series:
    slo, series = evaluation.track.slo, _SERIES.get(evaluation.group)
    if series is None or series.slo is not slo:
        series = _SERIES[evaluation.group] = _new_series(evaluation)
    return series


def _new_series(evaluation: Evaluation) -> _Series:
    slo, names = evaluation.track.slo, names_of(evaluation)
    info = {
        "slo_service": slo.service,
        "category": slo.category,
        "source": slo.sli.source_label,
        "period": slo.period_label,
        **_group_labels(evaluation),
    }
    return _Series(
        slo,
        label_pairs(_OF_SLO, **names),
        {label: label_pairs(_OF_WINDOW, **names, window=label) for label in evaluation.windows},
        (
            sample("slo_info", 1, **names, **info, **slo.labels),
            sample("slo_objective_ratio", float(slo.objective / 100), **names),
        ),
    )


def _group_labels(evaluation: Evaluation) -> dict[str, str]:
    """``zone=eu,tier=a`` as labels of slo_info."""
    match = evaluation.track.groups_of.fullmatch(evaluation.group.name)
    return match.groupdict() if match and evaluation.group.name else {}


def _budget(evaluation: Evaluation, own: Labels) -> tuple[Sample, ...]:
    spent = evaluation.spent
    if spent is None:
        return ()
    seconds = float((100 - evaluation.track.slo.objective) / 100) * evaluation.spans[PERIOD].length
    return (
        known("slo_error_budget_remaining_ratio", own, 1 - spent),
        known("slo_error_budget_remaining_seconds", own, (1 - spent) * seconds),
    )


def _coverage(evaluation: Evaluation, at: float, by_window: Mapping[str, Labels]) -> list[Sample]:
    end = evaluation.group.ledger.end
    behind = at - (end if end is not None else at)
    samples = []
    for label, span in evaluation.spans.items():
        window = evaluation.windows[label] if not behind else _rest(evaluation, span.seconds, behind)
        length = window.seconds + behind
        if length > 0:
            samples.append(known("slo_coverage_ratio", by_window[label], min(1.0, window.measured / length)))
    return samples


def _rest(evaluation: Evaluation, seconds: float, behind: float) -> Window:
    """The part of a window ending ``behind`` seconds after the ledger that the ledger knows."""
    ledger = evaluation.group.ledger
    return ledger.window(seconds - behind) if behind < seconds else Window(0.0, 0.0, 0.0, seconds - behind)
