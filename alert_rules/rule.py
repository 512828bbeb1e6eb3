"""What a Prometheus alerting rule is made of, and the facts that are true of every rule."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from alert_rules.silence_link import silence_url
from exporter.alert_texts import dashboard_address, message, rule_interval, runbook_address
from exporter.alerts import Alert
from exporter.promql import format_duration
from exporter.spec import Links, Spec

GROUP = "{{ $labels.slo_group }}"
"""The alert's group of the SLO, as the template that Prometheus fills."""
GROUP_IN_ADDRESS = "{{ $labels.slo_group | urlquery }}"


def unless_frozen(form: str, otherwise: str) -> str:
    """The expression's number through the template function ``form`` (nothing where that is empty), or ``otherwise``
    where the number is 0: the value of an alert that is frozen."""
    shown = f"{{{{ $value | {form} }}}}" if form else ""
    return f"{{{{ if $value }}}}{shown}{{{{ else }}}}{otherwise}{{{{ end }}}}"


@dataclass(frozen=True, slots=True)
class Rule:
    """One alerting rule. ``keep`` says for how many seconds it goes on firing after its condition ended."""

    alert: Alert
    expr: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    keep: float = 0

    def as_dict(self) -> dict[str, Any]:
        """The rule in the order in which an operator reads it."""
        rule: dict[str, Any] = {"alert": self.alert.name, "expr": self.expr}
        if self.alert.hold:
            rule["for"] = format_duration(self.alert.hold)
        if self.keep:
            rule["keep_firing_for"] = format_duration(self.keep)
        labels = {name: literal(value) for name, value in self.labels.items()}
        return {**rule, "labels": labels, "annotations": dict(self.annotations)}


@dataclass(frozen=True, slots=True)
class Record:
    """One recording rule."""

    name: str
    expr: str
    labels: Mapping[str, str]

    def as_dict(self) -> dict[str, Any]:
        """The rule as Prometheus reads it; unlike an alert's, its labels are no templates."""
        return {"record": self.name, "expr": self.expr, **({"labels": dict(self.labels)} if self.labels else {})}


@dataclass(frozen=True, slots=True)
class Group:
    """Rules that are evaluated one after another at one instant, every so many seconds, records first; ``about`` is the
    comment above them."""

    name: str
    about: str
    every: float
    rules: tuple[Rule, ...] = ()
    records: tuple[Record, ...] = ()


def interval(spec: Spec) -> float:
    """Seconds between two evaluations of every rule: ``refresh``, but at least 1 s and at most 1 m."""
    return rule_interval(spec.refresh)


def literal(text: str) -> str:
    """The text for a place that Prometheus reads as a template, where ``{{`` would begin one."""
    return text.replace("{{", '{{ "{{" }}')


def one_of(names: Iterable[str]) -> str:
    """The regular expression of these names: letters, digits, '_', '-' and '.', of which only the last means something
    there."""
    return "|".join(name.replace(".", "[.]") for name in names)


def static_labels(labels: Mapping[str, str]) -> dict[str, str]:
    """The spec's own labels in order. They win over labels of the series; the spec refuses names of the identity."""
    return {name: labels[name] for name in sorted(labels)}


def number(value: Decimal | float) -> str:
    """The shortest text that is exactly the float64 of the value: 14.4, 6, 0.0001; no zeros of the arithmetic."""
    return repr(float(value)).removesuffix(".0")


def texts(
    alert: Alert, facts: Mapping[str, str], dashboard: str, links: Links, runbook: str | None = None
) -> dict[str, str]:
    """The annotations: summary and description with the facts filled in, and where to read on.

    Facts are templates already: what comes from the spec must have passed :func:`literal`.
    """
    return message(
        alert,
        facts,
        literal(runbook_address(alert, links.runbooks, runbook)),
        literal(dashboard),
        silence_url(alert, links, grouped=GROUP in facts.get("slo", "")),
    )


def dashboard_url(links: Links, dashboard: str, **variables: str) -> str:
    """Address of a generated dashboard with its variables set."""
    return dashboard_address(links.grafana, dashboard, **variables)
