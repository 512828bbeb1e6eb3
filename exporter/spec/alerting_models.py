"""The spec's shape: where alerts go."""

from __future__ import annotations

import re
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Strict, WithJsonSchema

from exporter.spec.base import Model
from exporter.spec.tree import shown
from exporter.spec.types import LabelValue, Text

Role = Literal["page", "ticket", "experiment", "heartbeat"]

_EXTERNAL = "[a-zA-Z_][a-zA-Z0-9_]*"
_OF_ALERTS = ("alertname", "severity")


def _external_label(value: str) -> str:
    # Reserved names such as tenant are allowed here: these are Prometheus' labels and not ours.
    if not re.fullmatch(_EXTERNAL, value):
        raise ValueError(f"{shown(value)} is not a label name; write it as external_labels of prometheus.yml do")
    if value in _OF_ALERTS:
        raise ValueError(f"every alert has a label {shown(value)} of its own, which Prometheus does not overwrite")
    return value


ExternalLabel = Annotated[
    str, AfterValidator(_external_label), WithJsonSchema({"type": "string", "pattern": f"^{_EXTERNAL}$"})
]


class Receiver(Model):
    """Where one kind of alert goes: a webhook, whose address may stand in a file because it often holds a token."""

    NOT_YET: ClassVar[dict[str, str]] = dict.fromkeys(
        ("slack", "pagerduty", "opsgenie", "email", "teams"), "receivers other than webhook"
    )
    webhook: Text | None = None
    """Address that the alerts are posted to."""
    webhook_file: Text | None = None
    """File that holds the address."""


class Alerting(Model):
    """Receivers of the generated Alertmanager configuration; what has none goes to the next severity's."""

    alertmanager: tuple[Text, ...] = ()
    """Addresses of every Alertmanager of the cluster, like http://localhost:9093."""
    push: Annotated[bool, Strict()] = False
    """Tell every Alertmanager of early kills and burn pages at once, before Prometheus has noticed."""
    external_labels: dict[ExternalLabel, LabelValue] = {}
    """Labels that Prometheus adds to its alerts (global.external_labels, less what alert_relabel_configs drops): only
    with them is a pushed alert the same as Prometheus' own."""
    receivers: dict[Role, Receiver] = {}
    """Role -> where its alerts go."""
