"""Experiments backtested: the exporter's own collector, asked of one instant of the past after the other."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from alert_rules.experiment_rules import MISMATCH_DEVIATION, MISMATCH_P_VALUE, VERDICTS
from exporter.alerts import ALERTS
from exporter.collectors.experiment import ExperimentCollector
from exporter.contract import Report
from exporter.sources.base import SourceError
from exporter.spec import Experiment, FileSource, HttpSource, Spec, SqlSource
from exporter.state import State
from winburn.backtest.increments import NotYet
from winburn.backtest.past import Progress, Span

_WORDS = {value: word for word, value in VERDICTS.items()}
_ALONE = {"status": "running", "definition": None, "cost": None, "value": None, "apply": None, "guardrails": ()}
"""What of an experiment says nothing of its past, or does something to the outside."""


@dataclass(frozen=True, slots=True)
class Told:
    """A time in which an alert's condition held. ``told`` is when it had held for as long as the alert waits, None
    where it never had; ``until`` is None where it held to the end of the span."""

    alert: str
    variant: str
    metric: str
    word: str
    since: float
    until: float | None = None
    told: float | None = None

    @property
    def severity(self) -> str:
        """Of its alert."""
        return str(ALERTS[self.alert].severity)


@dataclass(frozen=True, slots=True)
class AtEnd:
    """A variant in one metric at the end of the span; None where it is not defined."""

    variant: str
    metric: str
    participants: float | None
    lift: float | None
    lower: float | None
    upper: float | None
    e_value: float | None
    verdict: float | None


@dataclass(frozen=True, slots=True)
class Replay:
    """One experiment over the span, evaluated at each of its times; kills and what else would have been told in order
    of time."""

    experiment: Experiment
    span: Span
    told: tuple[Told, ...]
    variants: tuple[AtEnd, ...]


def backtest_experiments(
    spec: Spec, sources: Mapping[str, Any], names: Sequence[str], span: Span, progress: Progress
) -> list[Replay]:
    """Replay experiments of the spec by name, as they are planned there: running all the time, with one split.

    They are evaluated together with those that they share their false discoveries with. Where the step is no multiple
    of the spec's refresh, it is the smallest that is one of both. Guardrail SLOs and money are left out. NotYet for one
    that is read from what knows no past, SourceError where a source has no answer.
    """
    chosen = [e for e in spec.experiments if e.name in names]
    family = any(e.false_discovery == "all" for e in chosen)
    together = [e for e in spec.experiments if e in chosen or (family and e.false_discovery == "all")]
    for experiment in together:
        if reason := not_yet(experiment, spec):
            raise NotYet(reason)
    span = replace(span, step=math.lcm(*(round(each * 1000) for each in (span.step, spec.refresh))) / 1000)
    collector = ExperimentCollector(
        sources, [e.model_copy(update=_ALONE) for e in together], State("sqlite://"), refresh=spec.refresh
    )
    spells = {e.name: _Spells() for e in chosen}
    times = span.times[span.times <= span.end]
    for i, at in enumerate(times.tolist(), 1):
        reports = {report.entity: report for report in collector.collect(at)}
        for name, spell in spells.items():
            if error := reports[name].error:
                raise SourceError(f"{name}: {error}")
            spell.take(at, _holds(reports[name]))
        progress(i / len(times))
    return [Replay(e, span, spells[e.name].all(float(times[-1])), tuple(_ends(e, reports[e.name]))) for e in chosen]


def not_yet(experiment: Experiment, spec: Spec) -> str | None:
    """Why an experiment cannot be replayed, as a sentence; None where it can."""
    for metric in experiment.metrics:
        source, what = spec.sources[metric.source], f"{experiment.name}: metric {metric.name} cannot be replayed"
        queries = [query for query in (metric.query, metric.segments) if query]
        if isinstance(source, SqlSource) and not all(re.search(r"(?<!:):at\b", query) for query in queries):
            return f"{what}: its query tells of now alone; count what was there at a time, WHERE … <= :at"
        if isinstance(source, FileSource) and (metric.csv is None or metric.csv.time is None):
            return f"{what}: its file tells of now alone; name the column of times, csv: {{time: time}}"
        if isinstance(source, HttpSource):
            return f"{what}: its API tells of now alone"
    return None


Key = tuple[str, str, str, str]
"""Alert, variant, metric, and the word for a verdict."""


class _Spells:
    """When each condition began to hold, and when it ceased."""

    def __init__(self) -> None:
        self._open: dict[Key, float] = {}
        self._closed: list[Told] = []

    def take(self, at: float, holds: Iterable[Key]) -> None:
        now = set(holds)
        for key in [key for key in self._open if key not in now]:
            self._closed.append(_told(key, self._open.pop(key), at, at))
        for key in now:
            self._open.setdefault(key, at)

    def all(self, end: float) -> tuple[Told, ...]:
        found = [*self._closed, *(_told(key, since, None, end) for key, since in self._open.items())]
        return tuple(sorted(found, key=lambda each: (each.since, each.alert, each.variant, each.metric)))


def _told(key: Key, since: float, until: float | None, seen: float) -> Told:
    due = since + ALERTS[key[0]].hold
    return Told(*key, since, until, due if due <= seen and (until is None or due < until) else None)


def _holds(report: Report) -> Iterable[Key]:
    """The conditions of the generated alerts that hold by what was said of an experiment."""
    said = _by_labels(report)
    for (variant, metric), verdict in said["experiment_variant_verdict"].items():
        if verdict:
            yield "ExperimentDecided", variant, metric, _WORDS[int(verdict)]
    for (variant, _), killed in said["experiment_variant_early_kill"].items():
        if killed:
            yield "ExperimentEarlyKill", variant, "", ""
    p, deviation = (said[f"experiment_srm_{name}"].get(("", "")) for name in ("p_value", "deviation_ratio"))
    if p is not None and deviation is not None and p < MISMATCH_P_VALUE and deviation >= MISMATCH_DEVIATION:
        yield "ExperimentSampleRatioMismatch", "", "", ""


_PARTICIPANTS = "experiment_variant_participants"
_AT_END = (
    "experiment_variant_lift_ratio",
    "experiment_variant_lift_lower_ratio",
    "experiment_variant_lift_upper_ratio",
    "experiment_variant_e_value",
    "experiment_variant_verdict",
)
_READ = (
    *_AT_END,
    _PARTICIPANTS,
    "experiment_variant_early_kill",
    "experiment_srm_p_value",
    "experiment_srm_deviation_ratio",
)


def _by_labels(report: Report) -> dict[str, dict[tuple[str, str], float]]:
    """Family -> variant and metric -> value."""
    found: dict[str, dict[tuple[str, str], float]] = {family: {} for family in _READ}
    for sample in (*report.samples, *report.lasting):
        if sample.name in found:
            labels = dict(sample.labels)
            found[sample.name][labels.get("variant", ""), labels.get("metric", "")] = sample.value
    return found


def _ends(experiment: Experiment, report: Report) -> Iterable[AtEnd]:
    said = _by_labels(report)
    for metric in experiment.metrics:
        for variant in experiment.variants:
            if variant == experiment.control:
                continue
            participants = said[_PARTICIPANTS].get((variant, ""))
            lift, lower, upper, e_value, verdict = (said[family].get((variant, metric.name)) for family in _AT_END)
            yield AtEnd(variant, metric.name, participants, lift, lower, upper, e_value, verdict)
