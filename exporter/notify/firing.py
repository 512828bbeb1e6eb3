"""An alert that fires, as it is sent: label by label what the generated rule would raise, or people are paged twice."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from exporter.alert_texts import links_of_tenant, message, quoted_value, runbook_address, silence_address
from exporter.alerts import ALERTS, Alert
from exporter.contract import TENANT, Sample
from exporter.spec import Links, Spec

Labels = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Firing:
    """An alert that fires: labels sorted by name (its identity), what it says, where it comes from, since when."""

    labels: Labels
    annotations: Mapping[str, str] = field(compare=False)
    generator: str = field(compare=False)
    since: float = field(compare=False)

    @property
    def title(self) -> str:
        """The alert for a log line: its name and what it is about."""
        labels = dict(self.labels)
        about = (*ALERTS[labels["alertname"]].identity, "tier")
        return f"{labels['alertname']} ({', '.join(labels[name] for name in about if name in labels)})"


def fire(
    alert: Alert,
    labels: Mapping[str, str],
    facts: Mapping[str, str],
    dashboard: str,
    spec: Spec,
    since: float,
    runbook: str | None = None,
) -> Firing:
    """An alert with these labels, a text filled with ``facts``, and links to its dashboard and runbook.

    ``alerting.external_labels`` are added where it has no such label, as Prometheus does.
    """
    of_tenant = {} if spec.tenant is None else {TENANT: spec.tenant}
    own = {"alertname": alert.name, "severity": alert.severity or "page", **labels, **of_tenant}
    every = {**spec.alerting.external_labels, **own}
    silence = silence_address(
        alert,
        spec.links.alertmanager,
        lambda name: quoted_value(labels.get(name, "")),
        grouped=bool(labels.get("slo_group")),
    )
    texts = message(alert, facts, runbook_address(alert, spec.links.runbooks, runbook), dashboard, silence)
    return Firing(
        # To Prometheus an empty value is no label.
        tuple(sorted((name, value) for name, value in every.items() if value)),
        links_of_tenant(texts, spec.tenant),
        _generator(dashboard, spec.links),
        since,
    )


def of_family(samples: Sequence[Sample], name: str) -> Sequence[Sample]:
    """The samples of one family; ``samples`` are sorted by family, as those of a snapshot are."""
    return samples[bisect_left(samples, name, key=_name) : bisect_right(samples, name, key=_name)]


def _generator(dashboard: str, links: Links) -> str:
    """Where the alert comes from, as far as Alertmanager takes it: an address."""
    return dashboard if links.grafana.startswith(("http://", "https://")) else ""


def _name(sample: Sample) -> str:
    return sample.name
