"""Which SLOs can also be watched by Prometheus itself, without the exporter, and what is lost then."""

from __future__ import annotations

from collections.abc import Iterator

from exporter.promql import name_and_labels
from exporter.spec.models import Spec
from exporter.spec.recurrence import recurrences
from exporter.spec.slo_models import Slo
from exporter.spec.source_models import PrometheusSource


def is_native(slo: Slo, spec: Spec) -> bool:
    """Whether the burn alerts of the SLO have a native branch."""
    return _wanted(slo, spec) and why_not_native(slo) is None


def why_not_native(slo: Slo) -> str | None:
    """Why rules of Prometheus cannot count what the SLO counts; None where they can."""
    sli = slo.sli
    if sli.kind not in {"counters", "latency", "bool", "ratio"}:
        return f"{sli.kind} has no form in recording rules"
    if sli.latency is not None and sli.latency.native:
        return "native histograms cannot be shown to promtool 2.42, so that no test would prove it"
    selectors = [each for each in (sli.total, sli.bad, sli.good, sli.bool) if isinstance(each, str)]
    if any(name_and_labels(selector)[0] is None for selector in selectors):
        return "a selector without a metric's name may give two series that rate() cannot tell apart"
    return None


def unsaid_corrections(slo: Slo) -> Iterator[tuple[int, str]]:
    """Number and reason of each correction that a native branch cannot leave out."""
    for i, correction in enumerate(slo.corrections):
        try:
            recurrences(correction)
        except ValueError as reason:
            yield i, str(reason)


def lint_native(slo: Slo, spec: Spec) -> Iterator[str]:
    """One sentence for each thing that is measured otherwise, or not, while the exporter is gone."""
    if not _wanted(slo, spec):
        return
    path = f"slos[{slo.name}]"
    if reason := why_not_native(slo):
        yield f"{path}.sli: its burn alerts have no native branch, they freeze without the exporter: {reason}"
        return
    for i, reason in unsaid_corrections(slo):
        yield f"{path}.corrections[{i}]: events count in it while the exporter is gone, and may page: {reason}"


def _wanted(slo: Slo, spec: Spec) -> bool:
    source = spec.sources.get(slo.sli.source) if slo.sli.source is not None else None
    return isinstance(source, PrometheusSource) and source.rules
