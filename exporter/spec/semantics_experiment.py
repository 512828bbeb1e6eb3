"""What the schema cannot say of an experiment: its variants, its metrics, and where their counts come from."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping

from exporter.promql import check_selector
from exporter.spec.experiment_models import Experiment, Metric, PrometheusCounts
from exporter.spec.kinds import KINDS
from exporter.spec.references import check_source
from exporter.spec.semantics_apply import check_apply
from exporter.spec.semantics_json import check_definition, check_json
from exporter.spec.semantics_worth import check_worth
from exporter.spec.tree import Parts, Problem, did_you_mean, shown
from exporter.spec.types import LABEL_PATTERN

OWN_LABELS = frozenset(
    {"action", "control", "currency", "guardrail", "kind", "metric", "primary_metric", "reason", "status", "variant"}
)
"""Labels of the experiments' own families and alerts, which an experiment's ``labels`` must not replace."""

_WAYS = {"query": "sql", "prometheus": "prometheus", "csv": "file", "json": "http"}
"""Key of a metric -> the type of the source that it needs."""
_FIELDS = {"json": "json_counts"}
"""Key of a metric -> its field, where pydantic takes the key's name for itself."""


def check_experiment(
    experiment: Experiment, parts: Parts, sources: Mapping[str, str | None], slos: Collection[str]
) -> Iterator[Problem]:
    """The mistakes of one experiment, at ``parts``; ``sources`` gives the type of each source, None if broken, and
    ``slos`` the names of all SLOs."""
    yield from _variants(experiment, parts)
    yield from _primary(experiment, (*parts, "metrics"))
    for name in experiment.labels:
        if name in OWN_LABELS:
            message = (
                f"the label {shown(name)} is taken by the experiment's own metrics; choose another, like 'my_{name}'"
            )
            yield Problem((*parts, "labels", name), message, on_key=True)
    for i, metric in enumerate(experiment.metrics):
        yield from _metric(metric, (*parts, "metrics", i), sources)
        yield from check_json(metric, experiment.variants, (*parts, "metrics", i, "json"))
    yield from check_worth(experiment, parts, sources, slos)
    if experiment.apply:
        yield from check_apply(experiment.apply, (*parts, "apply"), sources)
    yield from _dimensions(experiment, parts, sources)
    yield from check_definition(experiment, (*parts, "definition"), sources)


def _variants(experiment: Experiment, parts: Parts) -> Iterator[Problem]:
    variants = experiment.variants
    if len(variants) < 2:
        message = "an experiment needs at least two variants, for instance variants: {blue: 0.5, green: 0.5}"
        yield Problem((*parts, "variants"), message)
    elif abs((total := sum(variants.values())) - 1) > 1e-9:
        message = f"the shares add up to {total:.9g}, not 1; {_correction(total)}"
        yield Problem((*parts, "variants"), message)
    if experiment.control not in variants and variants:
        hint = did_you_mean(experiment.control, variants)
        way_out = f", did you mean {shown(hint)}?" if hint else f"; there are: {', '.join(map(shown, variants))}"
        yield Problem((*parts, "control"), f"{shown(experiment.control)} is none of the variants{way_out}")


def _correction(total: float) -> str:
    if total > 1.5:
        return "write shares such as 0.5, not percentages"
    verb = "add" if total < 1 else "take"
    return f"{verb} {abs(1 - total):.9g} {'to' if total < 1 else 'from'} one of them"


def _primary(experiment: Experiment, parts: Parts) -> Iterator[Problem]:
    primaries = [metric.name for metric in experiment.metrics if metric.role == "primary"]
    if not primaries:
        yield Problem(parts, "no metric is primary; give the one that decides role: primary")
    elif len(primaries) > 1:
        names = ", ".join(primaries)
        yield Problem(parts, f"exactly one metric decides, but {names} are primary; give the others role: secondary")


def _metric(metric: Metric, parts: Parts, sources: Mapping[str, str | None]) -> Iterator[Problem]:
    ways = [key for key in _WAYS if getattr(metric, _FIELDS.get(key, key)) is not None]
    if len(ways) > 1:
        yield Problem(parts, f"{' and '.join(ways)} are both given; keep the one that fits the source")
        yield from check_source(metric.source, (*parts, "source"), sources, None, "")
    elif ways:
        yield from check_source(metric.source, (*parts, "source"), sources, _WAYS[ways[0]], f"{ways[0]} needs")
    else:
        yield from check_source(metric.source, (*parts, "source"), sources, None, "")
        kind = sources.get(metric.source)
        key = next((key for key in ("query", "prometheus", "json") if _WAYS[key] == kind), None)
        if key:
            yield Problem(parts, f"{key} is required with a source of type {kind}; {_HOW[key]}")
    if metric.prometheus is not None:
        yield from _selectors(metric, metric.prometheus, (*parts, "prometheus"))
    if metric.csv is not None:
        for name in sorted(set(metric.csv.columns) - set(KINDS[metric.kind].every)):
            message = f"kind {metric.kind} has no column {shown(name)}; it has {', '.join(KINDS[metric.kind].every)}"
            yield Problem((*parts, "csv", "columns", name), message, on_key=True)
    if metric.margin and metric.role != "guardrail":
        yield Problem((*parts, "margin"), "a margin is for metrics with role: guardrail; remove it, or change the role")
    if metric.minimum_lift == 0:
        yield Problem((*parts, "minimum_lift"), "must be more than 0: no number of units decides about no difference")


_HOW = {
    "query": "give the SQL that returns variant and the columns of the kind, one row per variant",
    "prometheus": "give {exposures: …, events: …, by: variant} with the selectors of the counters",
    "json": "give {path: …, rows: …, columns: {variant: …, n: …, successes: …}} with JMESPath expressions",
}


def _selectors(metric: Metric, counts: PrometheusCounts, parts: Parts) -> Iterator[Problem]:
    selectors = counts.selectors(metric.kind)
    keys = {"successes": "events", KINDS[metric.kind].units: "exposures"}
    for column, selector in selectors.items():
        key = keys.get(column, column)
        if selector is None:
            yield Problem(parts, f"{key} is required for kind {metric.kind}: the selector of a counter")
        elif wrong := check_selector(selector):
            yield Problem((*parts, key), wrong)
    used = {"exposures", "by", "once", *(keys.get(column, column) for column in selectors)}
    for key in type(counts).model_fields:
        if key not in used and getattr(counts, key) is not None:
            yield Problem((*parts, key), f"kind {metric.kind} does not count {key}; remove it, or change the kind")
    if not re.fullmatch(LABEL_PATTERN, counts.by.lstrip("_") or "_"):
        yield Problem((*parts, "by"), f"{shown(counts.by)} is not a label name; write one like variant")


def _dimensions(experiment: Experiment, parts: Parts, sources: Mapping[str, str | None]) -> Iterator[Problem]:
    primaries = [(i, metric) for i, metric in enumerate(experiment.metrics) if metric.role == "primary"]
    for i, metric in enumerate(experiment.metrics):
        if metric.segments is not None and not (experiment.dimensions and metric.role == "primary"):
            message = "segments are of the primary metric of an experiment with dimensions; remove it, or name them"
            yield Problem((*parts, "metrics", i, "segments"), message)
    for i, metric in primaries if experiment.dimensions else ():
        kind = sources.get(metric.source)
        here = (*parts, "metrics", i)
        if kind == "sql" and metric.segments is None:
            message = "segments is required with dimensions; give the SQL that returns dimension, segment, variant and "
            yield Problem(here, f"{message}{', '.join(metric.columns)}")
        if kind not in {"sql", "prometheus", None}:
            message = f"dimensions cannot be read from a source of type {kind}; use one of type sql or prometheus"
            yield Problem((*parts, "dimensions"), message)
        if kind == "prometheus":
            for j, name in enumerate(experiment.dimensions):
                if not re.fullmatch(LABEL_PATTERN, name):
                    message = f"{shown(name)} is not a label name; write one like country"
                    yield Problem((*parts, "dimensions", j), message)
