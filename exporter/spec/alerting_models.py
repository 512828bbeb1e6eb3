"""The spec's shape: where alerts go."""

from __future__ import annotations

from typing import ClassVar, Literal

from exporter.spec.base import Model
from exporter.spec.types import Text

Role = Literal["page", "ticket", "experiment", "heartbeat"]


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

    NOT_YET: ClassVar[dict[str, str]] = {"push": "the fast path to Alertmanager"}
    alertmanager: tuple[Text, ...] = ()
    """Addresses of every Alertmanager of the cluster, like http://localhost:9093."""
    receivers: dict[Role, Receiver] = {}
    """Role -> where its alerts go."""
