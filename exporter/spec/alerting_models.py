"""The spec's shape: where alerts go."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, Strict, WithJsonSchema

from exporter.spec.base import Model
from exporter.spec.source_models import Alertmanagers
from exporter.spec.tree import shown
from exporter.spec.types import LabelName, LabelValue, Name, Text, Zone

Role = Literal["page", "ticket", "experiment", "heartbeat"]
HumanRole = Literal["page", "ticket", "experiment"]
Day = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


def _time_of_day(text: str) -> str:
    if not re.fullmatch(r"([01][0-9]|2[0-3]):[0-5][0-9]|24:00", text):
        raise ValueError("no time of day; write one like 07:30, in quotes")
    return text


def _version(text: str) -> str:
    if not re.fullmatch(r"[0-9]{1,3}\.[0-9]{1,3}(\.[0-9]{1,3})?", text):
        raise ValueError("no version; write one like 0.28, in quotes")
    return text


TimeOfDay = Annotated[str, AfterValidator(_time_of_day), WithJsonSchema({"type": "string", "examples": ["22:00"]})]
Version = Annotated[str, AfterValidator(_version), WithJsonSchema({"type": "string", "examples": ["0.28"]})]


class Slack(Model):
    """A channel of Slack, by an incoming webhook."""

    channel: Text
    """The channel, like #payments-alerts."""
    api_url_file: Text
    """File that holds the address of the incoming webhook; Alertmanager reads it."""


class Pagerduty(Model):
    """A service of PagerDuty, by the Events API v2."""

    routing_key_file: Text
    """File that holds the integration's routing key; Alertmanager reads it."""


class Opsgenie(Model):
    """Opsgenie."""

    api_key_file: Text
    """File that holds the API key; Alertmanager reads it."""
    api_url: Text | None = None
    """Address of the API where it is not the usual one, like https://api.eu.opsgenie.com/."""


class Email(Model):
    """Mail, sent through ``alerting.smtp``."""

    to: tuple[Text, ...] = Field(min_length=1)
    """Addresses."""


class MsTeams(Model):
    """A channel of Microsoft Teams, by a workflow's webhook; needs Alertmanager 0.28."""

    webhook_url_file: Text
    """File that holds the address of the workflow; Alertmanager reads it."""


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
    """Where one kind of alert goes: one thing or several, all of which get each message.

    Secrets stand in files that Alertmanager reads, on its own machine; winburn never does.
    """

    webhook: Text | None = None
    """Address that the alerts are posted to."""
    webhook_file: Text | None = None
    """File that holds the address, which often holds a token; needs Alertmanager 0.26."""
    slack: Slack | None = None
    """A channel of Slack."""
    pagerduty: Pagerduty | None = None
    """A service of PagerDuty."""
    opsgenie: Opsgenie | None = None
    """Opsgenie."""
    email: Email | None = None
    """Mail."""
    teams: MsTeams | None = None
    """A channel of Microsoft Teams."""


class Smtp(Model):
    """The server that takes mail."""

    smarthost: Text
    """Host and port, like smtp.example.org:587."""
    sender: Text = Field(alias="from")
    """Address of the sender."""
    username: Text | None = None
    """User to log in as."""
    password_file: Text | None = None
    """File that holds the password; Alertmanager reads it."""
    require_tls: bool = True
    """Whether to refuse a server without STARTTLS."""


class TeamRoute(Model):
    """Alerts of one team. The first route all of whose labels an alert has takes it; what a route has no receiver for
    goes where it would go without the route."""

    name: Name
    """Unique; begins the names of the receivers."""
    match: dict[LabelName, LabelValue] = Field(min_length=1)
    """Labels of SLOs or experiments, or labels by which SLOs are grouped -> the value that they must have."""
    receivers: dict[HumanRole, Receiver] = Field(min_length=1)
    """Role -> where its alerts go."""


class MuteTime(Model):
    """A span of time that comes again; one that ends before it begins ends on the next day."""

    days: tuple[Day, ...] = ()
    """Days on which it begins; every day where none is given."""
    begin: TimeOfDay = Field(alias="from", default="00:00")
    """Time of day at which it begins."""
    end: TimeOfDay = Field(alias="to", default="24:00")
    """Time of day at which it ends."""


class Mute(Model):
    """When nobody is told; what still fires at the end is told then."""

    name: Name
    """Unique."""
    roles: tuple[HumanRole, ...] = Field(default=("ticket", "experiment"), min_length=1)
    """What is muted; never pages unless page stands here."""
    times: tuple[MuteTime, ...] = Field(min_length=1)
    """When."""
    timezone: Zone = "UTC"
    """IANA name of the time zone of the times; Alertmanager's machine must know it too."""


class Alerting(Model):
    """Receivers of the generated Alertmanager configuration; what has none goes to the next severity's."""

    alertmanager: tuple[Text, ...] = ()
    """Addresses of every Alertmanager of the cluster, like http://localhost:9093."""
    alertmanager_http: Alertmanagers = Alertmanagers()
    """How to get in to them."""
    push: Annotated[bool, Strict()] = False
    """Tell every Alertmanager of early kills and burn pages at once, before Prometheus has noticed."""
    external_labels: dict[ExternalLabel, LabelValue] = {}
    """Labels that Prometheus adds to its alerts (global.external_labels, less what alert_relabel_configs drops): only
    with them is a pushed alert the same as Prometheus' own."""
    alertmanager_version: Version | None = None
    """Version of Alertmanager: what it is too old for is left out, and said; nothing is left out where not given."""
    receivers: dict[Role, Receiver] = {}
    """Role -> where its alerts go."""
    routes: tuple[TeamRoute, ...] = ()
    """Teams with receivers of their own."""
    mute: tuple[Mute, ...] = ()
    """Times at which tickets and news wait."""
    smtp: Smtp | None = None
    """The server that takes mail, for receivers with email."""
