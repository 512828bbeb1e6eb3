"""Experiments in review, from the samples of one evaluation, the audit trail, and the evidence over time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from exporter.collectors.experiment_advice import MISMATCH_DEVIATION, MISMATCH_P
from exporter.contract import Sample
from exporter.live.experiments import experiments as rows_of
from exporter.live.gather import Families, Row
from exporter.overview import VERDICT
from exporter.spec import Experiment
from exporter.state import AuditEntry, Latch
from winburn.report.experiment_review import Advice, Arm, Evidence, ExperimentReview, Money, Result
from winburn.report.values import Decision, Missing, Number, Period, known

EvidenceOf = Callable[[Experiment], Evidence | Missing]

_OF_METRIC = {
    "experiment_variant_metric_value": "value",
    "experiment_variant_lift_ratio": "lift",
    "experiment_variant_lift_lower_ratio": "lower",
    "experiment_variant_lift_upper_ratio": "upper",
    "experiment_variant_e_value": "e_value",
    "experiment_variant_p_value": "p_value",
    "experiment_variant_win_ratio": "win",
    "experiment_variant_verdict": "verdict",
}
_ENDS = {"completed", "failed"}
_UNITS = "no units were counted"
_CONTROL = "the control is what the others are compared with"


@dataclass(frozen=True, slots=True)
class Told:
    """What samples cannot say: experiment -> next steps in words, the audit trail of all time, and the kills that
    stand."""

    next_steps: Mapping[str, str]
    trail: Sequence[AuditEntry]
    kills: Sequence[Latch]


def experiment_reviews(
    experiments: Iterable[Experiment], samples: Sequence[Sample], period: Period, told: Told, evidence: EvidenceOf
) -> list[ExperimentReview]:
    """Every experiment, in the spec's order; drafts too."""
    families = Families(samples)
    rows, results, advice = rows_of(families), _results(families), _advice(families)
    return [
        _review(e, rows.get(e.name) or {}, results[e.name], advice[e.name], period, told, evidence) for e in experiments
    ]


_Found = dict[tuple[str, str], dict[str, float]]


def _results(families: Families) -> dict[str, _Found]:
    """Experiment -> (metric, variant) -> field -> value."""
    found: dict[str, _Found] = defaultdict(lambda: defaultdict(dict))
    for labels, field, value in families.spread(_OF_METRIC):
        found[labels["experiment"]][labels["metric"], labels["variant"]][field] = value
    return found


def _advice(families: Families) -> dict[str, list[tuple[str, str, str]]]:
    """Experiment -> (variant, action, reason) of each recommendation."""
    found: dict[str, list[tuple[str, str, str]]] = defaultdict(list)
    for labels, value in families["experiment_recommendation_info"]:
        if value:
            found[labels["experiment"]].append((labels["variant"], labels["action"], labels["reason"]))
    return found


def _review(
    experiment: Experiment,
    row: Row,
    results: _Found,
    advice: list[tuple[str, str, str]],
    period: Period,
    told: Told,
    evidence: EvidenceOf,
) -> ExperimentReview:
    name, status = experiment.name, row.get("status") or experiment.status
    trail = [entry for entry in told.trail if entry.entity == name and entry.kind in ("experiment", "apply")]
    split = known(row.get("srm_p_value"), _UNITS), known(row.get("srm_deviation"), _UNITS)
    p, deviation = split
    return ExperimentReview(
        name=name,
        kind=experiment.kind,
        status=status,
        control=experiment.control,
        metric=experiment.primary.name,
        labels=tuple(sorted(experiment.labels.items())),
        alpha=experiment.alpha,
        started_at=_first(trail, "start"),
        ended_at=_last_end(trail, status),
        life=tuple(decision(entry) for entry in trail if entry.at <= period.end),
        participants=known(row.get("participants"), _UNITS),
        arms=tuple(_arms(experiment, row, told.kills)),
        split_p=p,
        split_deviation=deviation,
        split_broken=isinstance(p, float)
        and isinstance(deviation, float)
        and p < MISMATCH_P
        and deviation >= MISMATCH_DEVIATION,
        results=tuple(_result(experiment, results, key) for key in _keys(experiment)),
        money=tuple(_money(experiment, row)),
        waiting_loss=tuple(sorted((row.get("waiting_loss_per_day") or {}).items())),
        remaining_units=known(row.get("remaining_participants"), _no_forecast(experiment, status)),
        remaining_seconds=known(row.get("remaining_seconds"), _no_forecast(experiment, status)),
        advice=tuple(
            Advice(v, a, r, STEPS.get(r, r).format(variant=v, control=experiment.control)) for v, a, r in sorted(advice)
        ),
        # Words outlive the numbers that they speak about: where these have aged out there are none either.
        next_steps=(told.next_steps.get(name) if advice else None) or _of_status(status, experiment, advice),
        evidence=Missing("it is a draft") if status == "draft" else evidence(experiment),
    )


def _no_forecast(experiment: Experiment, status: str) -> str:
    if status != "running":
        return f"it is {status}"
    if experiment.primary.minimum_lift is None:
        return "the spec names no minimum_lift"
    return "not known yet"


def _first(trail: Sequence[AuditEntry], action: str) -> Number:
    return known(next((e.at for e in trail if e.action == action), None), "it runs since the spec says so")


def _last_end(trail: Sequence[AuditEntry], status: str) -> Number:
    ends = [e.at for e in trail if e.action == "stop" or e.facts.get("status", [""])[-1] in _ENDS]
    if status not in _ENDS:
        return Missing("it has not ended")
    return known(ends[-1] if ends else None, "the spec says so, at no recorded time")


def _arms(experiment: Experiment, row: Row, kills: Sequence[Latch]) -> Iterator[Arm]:
    latches = {latch.member: latch for latch in kills if latch.entity == experiment.name}
    variants: Mapping[str, Row] = row.get("variants") or {}
    for variant in _variants(experiment):
        found, latch = variants.get(variant) or {}, latches.get(variant)
        yield Arm(
            variant,
            variant == experiment.control,
            known(found.get("participants"), _UNITS),
            known(found.get("traffic"), _UNITS),
            known(experiment.variants.get(variant), "it is not planned"),
            latch is not None or bool(found.get("killed")),
            known(latch.at if latch else None, "it was not killed"),
            latch.reason if latch else "",
        )


def _variants(experiment: Experiment) -> list[str]:
    return [experiment.control, *(v for v in experiment.variants if v != experiment.control)]


def _keys(experiment: Experiment) -> Iterator[tuple[str, str, str, str]]:
    """(metric, kind, role, variant): the primary metric first, the control first."""
    for metric in sorted(experiment.metrics, key=lambda m: m.role != "primary"):
        for variant in _variants(experiment):
            yield metric.name, metric.kind, metric.role, variant


def _result(experiment: Experiment, results: _Found, key: tuple[str, str, str, str]) -> Result:
    metric, kind, role, variant = key
    found = results.get((metric, variant), {})
    control = variant == experiment.control
    why = _CONTROL if control else _UNITS if "value" not in found else "too few events"
    compared = {
        name: Missing(why) if control else known(found.get(name), why) for name in ("lift", "e_value", "p_value")
    }
    bounds = {
        name: Missing(why if control or "lift" not in found else "the data exclude nothing on that side")
        if control or found.get(name) is None
        else known(found[name], why)
        for name in ("lower", "upper")
    }
    verdict = VERDICT.get(found.get("verdict", 2.0), "") if not control else ""
    value, win = known(found.get("value"), _UNITS), known(found.get("win"), _UNITS)
    return Result(
        metric=metric,
        kind=kind,
        role=role,
        variant=variant,
        control=control,
        value=value,
        win=win,
        verdict=verdict,
        **compared,
        **bounds,
    )


def _money(experiment: Experiment, row: Row) -> Iterator[Money]:
    variants: Mapping[str, Row] = row.get("variants") or {}
    currency = experiment.value.currency if experiment.value else ""
    unpaid = "the spec names no cost" if experiment.cost is None else "nothing was spent on it yet"
    worthless = "the spec names no value" if experiment.value is None else "not known before half an hour of units"
    for variant in _variants(experiment):
        found: dict[str, Any] = variants.get(variant) or {}
        worth = (found.get("value_per_day") or {}).get(currency, {})
        why = _CONTROL if variant == experiment.control else worthless
        for unit in sorted({*(found.get("cost") or {}), *(found.get("value_per_day") or {})}):
            mine = unit == currency
            roi = [
                known(found.get(f) if mine else None, unpaid if mine and experiment.cost is None else why)
                for f in ("roi", "roi_lower", "roi_upper")
            ]
            day = [known(worth.get(f) if mine else None, why) for f in ("value", "lower", "upper")]
            yield Money(variant, unit, known((found.get("cost") or {}).get(unit), unpaid), *day, *roi)


def decision(entry: AuditEntry) -> Decision:
    """An entry of the trail as people read it."""
    why = f"{entry.facts.get('result', 'unknown')}: {entry.why}" if entry.kind == "apply" else entry.why
    action = f"apply {entry.action}" if entry.kind == "apply" else entry.action.removeprefix("variant_")
    return Decision(entry.at, entry.kind, entry.entity, entry.member, action, entry.who, why)


STEPS: Mapping[str, str] = {
    "sample_ratio_mismatch": "Mend the split first: the observed shares are not the planned ones, so the arms do not "
    "compare.",
    "no_data": "Find out why no unit has been seen.",
    "stalled": "Find out why no new unit comes: is it still switched on, and still measured?",
    "paused": "Start it again, or stop it.",
    "early_kill": "Take the traffic from {variant}: it was killed.",
    "guardrail_slo": "Take the traffic from {variant}: it burnt the error budget of a guardrail.",
    "guardrail_harmed": "Take the traffic from {variant}: it harms a guardrail.",
    "worse": "Take the traffic from {variant}: it is worse than {control}.",
    "better": "Give {variant} to everybody: it is better than {control}, and the best.",
    "another_is_better": "Leave {variant}: it is better than {control}, but another one is the best.",
    "economics": "Stop and take the arm that is ahead: knowing more is worth less than the waiting costs.",
    "no_minimum_lift": "Stop: the lift that it was made to find would have been seen by now.",
    "guardrail_undecided": "Go on: {variant} is better, but a guardrail is not yet shown to hold.",
    "design_effect_unknown": "Go on: by how much events come in clusters is not known yet.",
    "undecided": "Go on: nothing is decided yet.",
}
"""Reason of a recommendation -> what to do, as a sentence."""


def _of_status(status: str, experiment: Experiment, advice: Sequence[tuple[str, str, str]]) -> str:
    """The next steps where the evaluation had no words for them."""
    if advice:
        said = [STEPS.get(r, r).format(variant=v, control=experiment.control) for v, _, r in sorted(advice)]
        return " ".join(dict.fromkeys(said))
    return {
        "draft": f"Start it when it is ready: winburn experiment start FILE {experiment.name}.",
        "completed": "It has ended: clean up the losing variants, and the switch.",
        "failed": "It has ended without a usable result: note why before the next one.",
    }.get(status, "Nothing can be said of it yet.")
