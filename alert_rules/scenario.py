"""One promtool unit test in the making: series in, alerts out, time counted in evaluations, one a minute."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_plus

from alert_rules import silence_link, tenant
from alert_rules.rule import Rule
from alert_rules.yaml_text import dump
from exporter.alerts import ALERTS
from exporter.contract import select
from exporter.promql import format_duration
from exporter.windows import MINUTE

STEP = MINUTE
"""Seconds between two evaluations of a test: the longest that rules have, whatever theirs is, because promtool's time
grows with the evaluations."""

PHASE = 3
"""Evaluations that a phase lasts: more than the two for which an alert is kept after its end, at most."""

_REPLICAS = ("a", "b")
_CONDITION = re.compile(r"\{\{ if \$value \}\}(.*?)\{\{ else \}\}(.*?)\{\{ end \}\}", re.DOTALL)
_TEMPLATE = re.compile(r'\{\{ "\{\{" \}\}|\{\{ \$value \| (\w+) \}\}|\{\{ \$labels\.(\w+)( \| urlquery)? \}\}')

Phases = Sequence[str | None]
"""The value of a series in each phase; None where it is not there."""


@dataclass(frozen=True, slots=True)
class Firing:
    """An alert that must be there, with the labels of its series and the value of its expression."""

    rule: Rule
    series: Mapping[str, str]
    value: float = 1

    def as_dict(self, of: str | None = None) -> dict[str, Any]:
        """The alert as promtool expects it, of a tenant where there is one."""
        rule = tenant.of_rule(self.rule, of)
        labels = {**self.series, **rule.labels}
        texts = {name: expand(text, self.value, labels) for name, text in rule.annotations.items()}
        return {"exp_labels": labels, "exp_annotations": texts}


class Scenario:
    """Collects the series and checks of one test; time is counted in evaluations."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._series: list[dict[str, str]] = []
        self._checks: list[tuple[str, str, list[Firing]]] = []

    def series(self, selector: str, values: Iterable[tuple[str, int]]) -> None:
        """A series that has each value for so many evaluations.

        promtool reads ``1x2`` as three values, the first and two more, but ``_x2`` as two gaps.
        """
        runs = " ".join(
            f"{value}x{count - (value != '_')}" if count > 1 else value for value, count in values if count > 0
        )
        self._series.append({"series": selector, "values": runs})

    def replicas(self, name: str, phases: Sequence[Sequence[tuple[str, int]]], **labels: str) -> None:
        """The series as both exporters serve it, ``phases`` for one after the other."""
        selector = select(name, **labels).removesuffix("}")
        for replica, values in zip(_REPLICAS, phases, strict=True):
            self.series(f'{selector},job="winburn",instance="{replica}"}}', values)

    def phases(self, name: str, values: Phases, in_b: Mapping[int, str | None] | None = None, **labels: str) -> None:
        """The series as both exporters serve it, a value for each phase; ``in_b``: phase -> what b says instead."""
        other = [(in_b or {}).get(phase, value) for phase, value in enumerate(values)]
        self.replicas(name, [[run for value in each for run in _run(value)] for each in (values, other)], **labels)

    def check_phase(self, phase: int, alert: str, firing: Iterable[Firing] = ()) -> None:
        """Exactly these alerts of that name must fire at the phase's end."""
        self.check((phase + 1) * PHASE - 1, alert, firing)

    def check(self, at: int, alert: str, firing: Iterable[Firing] = ()) -> None:
        """Exactly these alerts of that name must fire at that evaluation."""
        when = format_duration(at * STEP) if at else "0s"
        self._checks.append((when, alert, list(firing)))

    def text(self, of: str | None = None) -> str:
        """The test as YAML, of a tenant where there is one."""
        series = [{**each, "series": tenant.of_selectors(each["series"], of)} for each in self._series]
        head = {"name": self._name, "interval": format_duration(STEP), "input_series": series}
        checks = [
            {"eval_time": when, "alertname": alert, "exp_alerts": [each.as_dict(of) for each in firing]}
            for when, alert, firing in self._checks
        ]
        return "\n" + dump([{**head, "alert_rule_test": checks}])


def held(alert: str) -> int:
    """Evaluations until the alert's condition has held long enough."""
    return math.ceil(ALERTS[alert].hold / STEP)


def _run(value: str | None) -> tuple[tuple[str, int], ...]:
    return ((value, PHASE),) if value is not None else (("stale", 1), ("_", PHASE - 1))


def expand(template: str, value: float, labels: Mapping[str, str]) -> str:
    """What Prometheus makes of a generated annotation; it knows the forms that we generate and no other."""

    if "{{" not in template:  # most are without, and a thousand SLOs have a million
        return template
    template = silence_link.expand(template, labels)

    def fill(match: re.Match[str]) -> str:
        form, label, in_address = match.groups()
        if label:
            return quote_plus(labels[label]) if in_address else labels[label]
        return {"humanize": humanize, "humanizePercentage": percentage}[form](value) if form else "{{"

    return _TEMPLATE.sub(fill, _CONDITION.sub(lambda match: match[1] if value else match[2], template))


def percentage(value: float) -> str:
    """Prometheus' ``humanizePercentage``: four digits of the hundredfold."""
    return f"{value * 100:.4g}%"


def humanize(value: float) -> str:
    """Prometheus' ``humanize`` for values from 1 on (https://prometheus.io/docs/prometheus/latest/configuration/
    template_reference/): four digits and a metric prefix."""
    for prefix in ("", "k", "M", "G", "T", "P", "E", "Z"):
        if value < 1000:
            return f"{value:.4g}{prefix}"
        value /= 1000
    return f"{value:.4g}Y"
