"""One promtool unit test in the making: series in, alerts out, time counted in evaluations, one a minute."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
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
_VALUE = "$value"
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


class _Expected:
    """An alert as promtool expects it, in YAML. Most are expected again and again, with few values."""

    def __init__(self, rule: Rule, series: Mapping[str, str]) -> None:
        self._labels = {**series, **rule.labels}
        self._head = dump([{"exp_labels": self._labels}], "    ") + "      exp_annotations:\n"
        self._texts = {
            name: text if _VALUE in text else expand(text, 0, self._labels) for name, text in rule.annotations.items()
        }

    def text(self, value: float) -> str:
        """With this value of the rule's expression."""
        texts = {
            name: expand(text, value, self._labels) if _VALUE in text else text for name, text in self._texts.items()
        }
        return self._head + dump(texts, "        ")


Kept = dict[tuple[object, ...], tuple[Rule, _Expected]]
"""By the rule's identity and the labels of the series. The rule stands there too, so that its identity is not given to
another."""


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
        self._series.append({"series": selector, "values": _runs(tuple(values))})

    def replicas(self, name: str, phases: Sequence[Sequence[tuple[str, int]]], **labels: str) -> None:
        """The series as both exporters serve it, ``phases`` for one after the other."""
        selector = select(name, **labels).removesuffix("}")
        for replica, values in zip(_REPLICAS, phases, strict=True):
            self.series(f'{selector},job="winburn",instance="{replica}"}}', values)

    def phases(self, name: str, values: Phases, in_b: Mapping[int, str | None] | None = None, **labels: str) -> None:
        """The series as both exporters serve it, a value for each phase; ``in_b``: phase -> what b says instead."""
        self.replicas(name, _of_phases(tuple(values), tuple(in_b.items()) if in_b else ()), **labels)

    def check_phase(self, phase: int, alert: str, firing: Iterable[Firing] = ()) -> None:
        """Exactly these alerts of that name must fire at the phase's end."""
        self.check((phase + 1) * PHASE - 1, alert, firing)

    def check(self, at: int, alert: str, firing: Iterable[Firing] = ()) -> None:
        """Exactly these alerts of that name must fire at that evaluation."""
        when = format_duration(at * STEP) if at else "0s"
        self._checks.append((when, alert, list(firing)))

    def text(self, of: str | None = None, kept: Kept | None = None) -> str:
        """The test as YAML, of a tenant where there is one; ``kept`` is shared by tests of the same tenant."""
        series = [{**each, "series": tenant.of_selectors(each["series"], of)} for each in self._series]
        head = {"name": self._name, "interval": format_duration(STEP), "input_series": series}
        parts, write = ["\n", dump([head]), "  alert_rule_test:\n"], _writer(of, {} if kept is None else kept)
        for when, alert, firing in self._checks:
            parts.append(
                dump([{"eval_time": when, "alertname": alert, **({} if firing else {"exp_alerts": []})}], "  ")
            )
            if firing:
                parts.append("    exp_alerts:\n")
                parts += map(write, firing)
        return "".join(parts)


def _writer(of: str | None, kept: Kept) -> Callable[[Firing], str]:
    """Alerts to YAML within one test, which expects most of them more than once."""
    texts: dict[tuple[int, float], str] = {}

    def write(firing: Firing) -> str:
        key = (id(firing.rule), *firing.series.items())
        if key not in kept:
            kept[key] = firing.rule, _Expected(tenant.of_rule(firing.rule, of), firing.series)
        expected = kept[key][1]
        if (one := (id(expected), firing.value)) not in texts:
            texts[one] = expected.text(firing.value)
        return texts[one]

    return write


def held(alert: str) -> int:
    """Evaluations until the alert's condition has held long enough."""
    return math.ceil(ALERTS[alert].hold / STEP)


@lru_cache(maxsize=2**10)  # most SLOs have the same
def _runs(values: tuple[tuple[str, int], ...]) -> str:
    return " ".join(f"{value}x{count - (value != '_')}" if count > 1 else value for value, count in values if count > 0)


@lru_cache(maxsize=2**10)
def _of_phases(
    values: tuple[str | None, ...], in_b: tuple[tuple[int, str | None], ...]
) -> tuple[tuple[tuple[str, int], ...], ...]:
    """The runs of exporter a, and those of b, which says something else in some phases."""
    other = dict(in_b)
    of_b = [other.get(phase, value) for phase, value in enumerate(values)]
    return tuple(tuple(run for value in each for run in _run(value)) for each in (values, of_b))


def _run(value: str | None) -> tuple[tuple[str, int], ...]:
    return ((value, PHASE),) if value is not None else (("stale", 1), ("_", PHASE - 1))


def expand(template: str, value: float, labels: Mapping[str, str]) -> str:
    """What Prometheus makes of a generated annotation; it knows the forms that we generate and no other."""

    if "{{" not in template:  # most are without, and a thousand SLOs have a million
        return template
    if silence_link.MARK in template:
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
