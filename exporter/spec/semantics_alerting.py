"""What the schema cannot say of ``alerting``: receivers that reach somebody, names that are unique, times that pass."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from exporter.spec.addresses import check_for_alertmanager, check_http
from exporter.spec.alerting_models import Alerting, Mute, Receiver, Smtp
from exporter.spec.semantics_access import check_access
from exporter.spec.tree import Parts, Problem, shown

KINDS = ("webhook", "webhook_file", "slack", "pagerduty", "opsgenie", "email", "teams")
"""The keys of a receiver that name somebody to tell."""


def check_alerting(alerting: Alerting) -> Iterator[Problem]:
    """The mistakes of ``alerting``."""
    for i, url in enumerate(alerting.alertmanager):
        yield from check_http(url, ("alerting", "alertmanager", i))
    yield from check_access(alerting.alertmanager_http, alerting.alertmanager, ("alerting", "alertmanager_http"))
    for role, receiver in alerting.receivers.items():
        yield from _receiver(receiver, ("alerting", "receivers", role), alerting)
    for i, route in enumerate(alerting.routes):
        for human, receiver in route.receivers.items():
            yield from _receiver(receiver, ("alerting", "routes", i, "receivers", human), alerting)
    yield from _twice("route", "routes", [route.name for route in alerting.routes])
    yield from _twice("mute", "mute", [mute.name for mute in alerting.mute])
    for i, mute in enumerate(alerting.mute):
        yield from _mute(mute, ("alerting", "mute", i))
    if alerting.smtp is not None:
        yield from _smtp(alerting.smtp)


def _receiver(receiver: Receiver, parts: Parts, alerting: Alerting) -> Iterator[Problem]:
    given = [key for key in KINDS if getattr(receiver, key) is not None]
    if not given:
        yield Problem(parts, f"tells nobody; give at least one of {', '.join(KINDS)}")
    if {"webhook", "webhook_file"} <= set(given):
        yield Problem(parts, "webhook and webhook_file are both given; keep one of them")
    yield from check_for_alertmanager(receiver.webhook, (*parts, "webhook"))
    if receiver.opsgenie is not None:
        yield from check_for_alertmanager(receiver.opsgenie.api_url, (*parts, "opsgenie", "api_url"))
    if receiver.email is not None:
        if alerting.smtp is None:
            yield Problem((*parts, "email"), "alerting.smtp is missing: the server that takes the mail")
        for i, address in enumerate(receiver.email.to):
            if not re.fullmatch(r"[^@\s,]+@[^@\s,]+", address):
                yield Problem((*parts, "email", "to", i), f"{shown(address)} is no mail address")


def _smtp(smtp: Smtp) -> Iterator[Problem]:
    if not re.fullmatch(r"(\[[0-9a-fA-F:.]+\]|[^:\s/]+):[0-9]{1,5}", smtp.smarthost):
        yield Problem(("alerting", "smtp", "smarthost"), "must be a host and a port, like smtp.example.org:587")
    if (smtp.username is None) != (smtp.password_file is None):
        yield Problem(("alerting", "smtp"), "username and password_file belong together; give both or none")


def _mute(mute: Mute, parts: Parts) -> Iterator[Problem]:
    for i, time in enumerate(mute.times):
        if time.begin == "24:00":
            yield Problem((*parts, "times", i, "from"), "24:00 begins nothing; write 00:00 and the next day")
        if time.begin == time.end != "24:00":
            yield Problem(
                (*parts, "times", i), 'begins when it ends; for a whole day write {from: "00:00", to: "24:00"}'
            )
    for i, role in enumerate(mute.roles):
        if role in mute.roles[:i]:
            yield Problem((*parts, "roles", i), f"{role} is listed twice")


def _twice(what: str, key: str, names: Sequence[str]) -> Iterator[Problem]:
    for i, name in enumerate(names):
        if name in names[:i]:
            yield Problem(("alerting", key, i, "name"), f"another {what} is called {shown(name)}; rename one of them")
