"""Everything that is known, as one document."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from alert_rules.rule import interval
from exporter.collectors.experiment_track import KILL
from exporter.collectors.lifecycle import in_force
from exporter.contract import Sample
from exporter.sources.base import SourceError
from exporter.spec import Experiment, Spec
from exporter.state import AuditEntry, State
from winburn.report.content import content_review
from winburn.report.document import Document
from winburn.report.evidence import of_counts
from winburn.report.experiment_review import Evidence
from winburn.report.experiments import Told, decision, experiment_reviews
from winburn.report.prometheus import Prometheus
from winburn.report.slos import History, Known, slo_reviews
from winburn.report.standing import Standing
from winburn.report.values import Missing, Period

_PAGE = 1000


@dataclass(frozen=True, slots=True)
class Chosen:
    """Names of the SLOs and experiments in review; None for all."""

    slos: frozenset[str] | None = None
    experiments: frozenset[str] | None = None

    @property
    def everything(self) -> bool:
        """Whether nothing was left out by name."""
        return self.slos is None and self.experiments is None


def gather(
    spec: Spec,
    state: State,
    period: Period,
    standing: Standing,
    *,
    chosen: Chosen = Chosen(),
    history: History | None = None,
    prometheus: Prometheus | None = None,
    as_of_now: bool = False,
) -> Document:
    """The document of a period.

    ``state`` is the state store or a copy, ``standing`` an evaluation, ``history`` reads the past of SLOs from their
    sources where the ledgers do not reach (None: they are not asked), ``prometheus`` has kept our gauges and alerts.
    ``as_of_now`` says that the evaluation is of a later time than the period's end. StateError where the store cannot
    be read.
    """
    failures, notes = list(standing.errors), list[str]()
    fired = _asked(failures, lambda: prometheus.fired(period)) if prometheus else None
    slos = [
        slo
        for slo in spec.slos
        if (chosen.slos is None and chosen.experiments is None) or slo.name in (chosen.slos or ())
    ]
    reviews, failed, more = slo_reviews(
        slos, standing.tracks, period, Known(fired, history, 2 * interval(spec), spec.limits.groups)
    )
    trail = all_entries(state)
    samples = _standing(spec, standing, prometheus, period, as_of_now, failures, notes)
    overrides = state.lifecycle()
    experiments = [
        in_force(e, overrides.get(e.name))
        for e in spec.experiments
        if chosen.everything or e.name in (chosen.experiments or ())
    ]
    told = Told({} if samples is not standing.samples else standing.next_steps, trail, state.latches(KILL))
    evidence = _evidence(state, prometheus, period, failures)
    content: Any = Missing("the spec has no content variants")
    if spec.engagement and chosen.everything:
        content = content_review(samples, standing.suggestions, trail, period)
    names = {e.name for e in experiments} | {slo.name for slo in slos}
    return Document(
        period,
        tuple(reviews),
        tuple(experiment_reviews(experiments, samples, period, told, evidence)),
        content,
        tuple(
            decision(entry)
            for entry in trail
            if period.start < entry.at <= period.end and (chosen.everything or entry.entity in names)
        ),
        tuple(dict.fromkeys([*failures, *failed])),
        tuple(dict.fromkeys([*notes, *more])),
    )


def all_entries(state: State) -> list[AuditEntry]:
    """The whole audit trail, oldest first. StateError where it cannot be read."""
    found: list[AuditEntry] = []
    while some := state.audit(found[-1].id if found else 0, _PAGE):
        found += some
    return sorted(found, key=lambda entry: (entry.at, entry.id))


def _standing(
    spec: Spec,
    standing: Standing,
    prometheus: Prometheus | None,
    period: Period,
    as_of_now: bool,  # noqa: FBT001 - private, one caller
    failures: list[str],
    notes: list[str],
) -> Sequence[Sample]:
    """The samples of experiments and content variants: of the period's end where Prometheus has them."""
    if not as_of_now or not (spec.experiments or spec.engagement):
        return standing.samples
    kept: Sequence[Sample] = _asked(failures, lambda: prometheus.standing(period.end)) if prometheus else ()
    if kept:
        return kept
    notes.append(
        "Experiments and content variants are told as they stand when the report is made, which is after the period's "
        "end; a Prometheus that scrapes winburn has them as they stood then (--prometheus)."
    )
    return standing.samples


def _evidence(
    state: State, prometheus: Prometheus | None, period: Period, failures: list[str]
) -> Callable[[Experiment], Evidence | Missing]:
    documents: Mapping[str, Any] = state.documents("experiment")

    def evidence(experiment: Experiment) -> Evidence | Missing:
        if prometheus is not None:
            name, metric = experiment.name, experiment.primary.name
            kept: Evidence | None = _asked(
                failures, lambda: prometheus.evidence(name, metric, experiment.alpha, period)
            )
            if kept is not None:
                return kept
        return of_counts(experiment, documents.get(experiment.name), period)

    return evidence


def _asked(failures: list[str], ask: Callable[[], Any]) -> Any:
    """The answer; None, and a sentence, where there is none."""
    try:
        return ask()
    except SourceError as error:
        failures.append(str(error))
        return None
