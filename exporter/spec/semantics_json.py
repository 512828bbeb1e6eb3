"""What the schema cannot say of counts and definitions that come from a JSON API."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from exporter.spec.experiment_models import Experiment, Metric
from exporter.spec.kinds import KINDS
from exporter.spec.references import check_source
from exporter.spec.tree import Parts, Problem, did_you_mean, shown


def check_json(metric: Metric, variants: Collection[str], parts: Parts) -> Iterator[Problem]:
    """The mistakes of a metric's ``json`` at ``parts``: columns that its kind has not, names of no variant."""
    if metric.json_counts is None:
        return
    yield from _path(metric.json_counts.path, parts)
    known = ("variant", *KINDS[metric.kind].every)
    for column in metric.json_counts.columns:
        if column not in known:
            hint = did_you_mean(column, known)
            way_out = f", did you mean {shown(hint)}?" if hint else f"; there are: {', '.join(known)}"
            message = f"a metric of kind {metric.kind} has no column {shown(column)}{way_out}"
            yield Problem((*parts, "columns", column), message, on_key=True)
    yield from _names(metric.json_counts.names, variants, parts)


def check_definition(experiment: Experiment, parts: Parts, sources: Mapping[str, str | None]) -> Iterator[Problem]:
    """The mistakes of an experiment's ``definition`` at ``parts``."""
    definition = experiment.definition
    if definition is None:
        return
    yield from check_source(definition.source, (*parts, "source"), sources, "http", "a definition needs")
    yield from _path(definition.path, parts)
    if definition.status is None and definition.variants is None:
        yield Problem(parts, "neither status nor variants is given; say what to read, for instance status: status")
    if definition.values and definition.status is None:
        yield Problem((*parts, "values"), "values translate a status, and status is not given; add it", on_key=True)
    if definition.variants is not None:
        yield from _names(definition.variants.names, experiment.variants, (*parts, "variants"))


def _path(path: str, parts: Parts) -> Iterator[Problem]:
    if path and not path.startswith(("/", "?")):
        yield Problem(
            (*parts, "path"),
            f"{shown(path.partition('?')[0])} must begin with '/' or '?'; it is appended to the source's url",
        )


def _names(names: Mapping[str, str], variants: Collection[str], parts: Parts) -> Iterator[Problem]:
    for name, variant in names.items():
        if variants and variant not in variants:
            hint = did_you_mean(variant, variants)
            way_out = f", did you mean {shown(hint)}?" if hint else f"; there are: {', '.join(map(shown, variants))}"
            yield Problem((*parts, "names", name), f"{shown(variant)} is none of the variants{way_out}")
