"""What the schema cannot say of what an experiment may cost and is worth: guardrail SLOs, value, costs."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping

from exporter.promql import check_selector
from exporter.spec.experiment_models import Cost, Experiment, Guardrail
from exporter.spec.models import Spec
from exporter.spec.references import check_source
from exporter.spec.slo_models import Slo
from exporter.spec.tiers import tiers_in_force
from exporter.spec.tree import Parts, Problem, did_you_mean, shown
from exporter.spec.types import LABEL_PATTERN


def check_worth(
    experiment: Experiment, parts: Parts, sources: Mapping[str, str | None], slos: Collection[str]
) -> Iterator[Problem]:
    """The mistakes in guardrails, value and cost of the experiment at ``parts``."""
    for i, guardrail in enumerate(experiment.guardrails):
        if guardrail.slo not in slos:
            yield Problem(
                (*parts, "guardrails", i, "slo"), f"there is no SLO {shown(guardrail.slo)}{_hint(guardrail.slo, slos)}"
            )
        elif guardrail.slo in {other.slo for other in experiment.guardrails[:i]}:
            yield Problem((*parts, "guardrails", i, "slo"), f"{shown(guardrail.slo)} is a guardrail already; remove it")
    if value := experiment.value:
        names = [metric.name for metric in experiment.metrics]
        if value.metric not in names:
            message = f"there is no metric {shown(value.metric)}{_hint(value.metric, names)}"
            yield Problem((*parts, "value", "metric"), message)
        if value.per_event == 0:
            yield Problem((*parts, "value", "per_event"), "must not be 0: say what one event is worth, or remove value")
    if experiment.cost:
        yield from _cost(experiment.cost, experiment, (*parts, "cost"), sources)


def check_guardrails(spec: Spec) -> Iterator[Problem]:
    """Guardrail SLOs that cannot be measured for each variant by itself."""
    slos = {slo.name: slo for slo in spec.slos}
    for i, experiment in enumerate(spec.experiments):
        for j, guardrail in enumerate(experiment.guardrails):
            if guardrail.slo in slos:
                yield from _by_variant(guardrail, slos[guardrail.slo], ("experiments", i, "guardrails", j))


def _by_variant(guardrail: Guardrail, slo: Slo, parts: Parts) -> Iterator[Problem]:
    name, kind = shown(guardrail.slo), slo.sli.kind
    if not re.fullmatch(LABEL_PATTERN, guardrail.by):
        yield Problem((*parts, "by"), f"{shown(guardrail.by)} is not a label or column name; write one like variant")
    elif kind in {"composite", "journey"}:
        message = (
            f"{name} is a {kind}, made of whole SLOs, whose events no longer say which variant they are of; name the "
            "SLOs that it is made of, as one guardrail each"
        )
        yield Problem((*parts, "slo"), message)
    elif kind == "sql" and slo.group_by != (guardrail.by,):
        message = (
            f"{name} counts by SQL, in one row for each slot and group, so it must be grouped by the column of the "
            f"variant and nothing else: give that SLO group_by: [{guardrail.by}], and its query the column"
        )
        yield Problem((*parts, "by" if "by" in guardrail.model_fields_set else "slo"), message)
    elif not any(severity == "page" for _, severity in tiers_in_force(slo)):
        message = f"{name} has no tier that pages, so no variant could ever breach it; give it one (alerting.page)"
        yield Problem((*parts, "slo"), message)


def _cost(cost: Cost, experiment: Experiment, parts: Parts, sources: Mapping[str, str | None]) -> Iterator[Problem]:
    ways = {"query": "sql", "prometheus": "prometheus"}
    given = [key for key in ways if getattr(cost, key) is not None]
    wanted = ways[given[0]] if len(given) == 1 else None
    yield from check_source(cost.source, (*parts, "source"), sources, wanted, f"{given[0]} needs" if wanted else "")
    if len(given) == 2:
        yield Problem(parts, "query and prometheus are both given; keep the one that fits the source")
    elif not given:
        message = "query is required: the SQL that returns variant, category and amount; or prometheus: {spent: …}"
        yield Problem(parts, message)
    if cost.prometheus and (wrong := check_selector(cost.prometheus.spent)):
        yield Problem((*parts, "prometheus", "spent"), wrong)
    if cost.currency is None and experiment.value is None:
        yield Problem(parts, "currency is required where there is no value that has one, for instance currency: EUR")
    if cost.currency and experiment.value and cost.currency != experiment.value.currency:
        message = f"costs in {cost.currency} do not compare with a value in {experiment.value.currency}; use one"
        yield Problem((*parts, "currency"), message)


def _hint(name: str, names: Collection[str]) -> str:
    if not names:
        return "; there are none yet"
    hint = did_you_mean(name, names)
    return f", did you mean {shown(hint)}?" if hint else f"; there are: {', '.join(sorted(names))}"
