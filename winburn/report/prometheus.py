"""What a Prometheus has kept of our gauges and alerts: the alerts that fired, evidence over time, and how things stood
at the period's end."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from exporter.contract import FAMILIES, Sample, of_tenant, select
from exporter.contract.engagement import ENGAGEMENT_FAMILIES
from exporter.contract.experiment import EXPERIMENT_FAMILIES
from exporter.promql import format_duration
from exporter.sources.base import SourceError
from exporter.sources.prometheus_api import PrometheusApi
from winburn.drawing.scales import Points
from winburn.report.experiment_review import Evidence
from winburn.report.paging import Fired
from winburn.report.values import Period

POINTS = 5000
"""Instants in one range query; the server refuses more than 11,000."""
_LINE = 300
_ADDED = frozenset({"__name__", "job", "instance", "prometheus", "replica", "tenant"})

Labels = Mapping[str, str]
SloKey = tuple[str, str]
"""Name and group."""


@dataclass(frozen=True, slots=True)
class Prometheus:
    """Asks one server for what is the ``tenant``'s, where the spec names one. Every method raises SourceError where it
    has no answer."""

    api: PrometheusApi
    tenant: str | None = None

    def fired(self, period: Period) -> dict[SloKey, list[Fired]]:
        """(SLO, group) -> its burn alerts that fired in the period, to about a minute."""
        step = _step(period, POINTS, 15.0)
        inner = self._ours('ALERTS{alertname="SLOErrorBudgetBurn",alertstate="firing"}')
        query = f"max by (slo, slo_group, severity, tier) (max_over_time({inner}[{format_duration(step)}]))"
        found: dict[SloKey, list[Fired]] = defaultdict(list)
        for labels, points in self._range(query, period, step):
            for since, until in _stretches([time for time, _ in points], step):
                begin = max(since, period.start)
                at = (labels.get("slo", ""), labels.get("slo_group", ""))
                fired = Fired(
                    labels.get("tier", ""), labels.get("severity", ""), begin, until, until >= period.end - step
                )
                found[at].append(fired)
        return dict(found)

    def evidence(self, experiment: str, metric: str, alpha: float, period: Period) -> Evidence | None:
        """The e-values of a metric's variants over the period; None where the server has none."""
        step = _step(period, _LINE, 15.0)
        selector = self._ours(select("experiment_variant_e_value", experiment=experiment, metric=metric))
        query = f"max by (variant) ({selector})"
        lines = [
            (labels.get("variant", ""), tuple(_pieces(points, step)))
            for labels, points in self._range(query, period, step)
        ]
        return Evidence("prometheus", 1 / alpha, tuple(sorted(lines))) if lines else None

    def standing(self, at: float) -> tuple[Sample, ...]:
        """The samples of experiments and content variants at an instant, one of each series whatever replicas there
        are."""
        names = "|".join(family.name for family in (*EXPERIMENT_FAMILIES, *ENGAGEMENT_FAMILIES))
        query = self._ours(f'{{__name__=~"{names}"}}')
        answer = self.api.ask("/api/v1/query", {"query": query, "time": f"{at:.3f}"})
        found: dict[tuple[str, tuple[tuple[str, str], ...]], float] = {}
        for series in _result(answer, self.api.name):
            sample = _sample(series["metric"], float(series["value"][1]))
            if sample is not None:
                found.setdefault((sample.name, sample.labels), sample.value)
        return tuple(Sample(name, labels, value) for (name, labels), value in sorted(found.items()))

    def _ours(self, selector: str) -> str:
        """The selector, which has matchers, for the tenant's series alone."""
        return selector if self.tenant is None else f"{selector.removesuffix('}')},{of_tenant(self.tenant)}}}"

    def _range(self, query: str, period: Period, step: float) -> Iterator[tuple[Labels, list[tuple[float, float]]]]:
        form = {
            "query": query,
            "start": f"{period.start + step:.3f}",
            "end": f"{period.end:.3f}",
            "step": f"{step:g}",
        }
        for series in _result(self.api.ask("/api/v1/query_range", form), self.api.name):
            points = [(float(time), float(text)) for time, text in series["values"]]
            yield series["metric"], [(time, value) for time, value in points if math.isfinite(value)]


def _result(answer: object, name: str) -> list[dict[str, Any]]:
    if isinstance(answer, dict) and isinstance(answer.get("result"), list):
        result: list[dict[str, Any]] = answer["result"]
        return result
    raise SourceError(f"source {name} did not answer as the Prometheus API does")


def _step(period: Period, most: int, least: float) -> float:
    """Seconds between ``most`` instants of the period or fewer, in whole ``least``."""
    return max(least, math.ceil(period.seconds / most / least) * least)


def _stretches(times: Sequence[float], step: float) -> Iterator[tuple[float, float]]:
    """From the beginning of the first step to the end of the last of each row of steps without a hole."""
    first = last = None
    for time in times:
        if first is None or last is None:
            first = time - step
        elif time - last > 1.5 * step:
            yield first, last
            first = time - step
        last = time
    if first is not None and last is not None:
        yield first, last


def _pieces(points: Sequence[tuple[float, float]], step: float) -> Iterator[Points]:
    """The line, broken where samples are missing."""
    piece: list[tuple[float, float]] = []
    for point in points:
        if piece and point[0] - piece[-1][0] > 2.5 * step:
            yield tuple(piece)
            piece = []
        piece.append(point)
    if piece:
        yield tuple(piece)


def _sample(labels: Labels, value: float) -> Sample | None:
    family = FAMILIES.get(labels.get("__name__", ""))
    if family is None or not math.isfinite(value):
        return None
    kept = {name: text for name, text in labels.items() if family.may_have(name) and name not in _ADDED}
    # An empty label is none: Prometheus leaves it out.
    kept |= {name: "" for name in family.labels if name not in kept}
    return Sample(family.name, family.pairs(kept), value)
