"""The receivers of the spec as Alertmanager's integrations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, get_args

from alert_rules.messages import HTML, MARKDOWN, PLAIN, PRIORITY, SEVERITY, SLACK, TITLE
from exporter.spec import Receiver, Spec
from exporter.spec.alerting_models import Email, HumanRole, MsTeams, Opsgenie, Pagerduty, Role, Slack
from exporter.spec.lint_alerting import SINCE, too_old_for
from exporter.spec.semantics_alerting import KINDS

Integrations = Mapping[str, tuple[dict[str, Any], ...]]
"""``slack_configs`` and so on, as in alertmanager.yml."""

Text = Callable[[str], str]
"""Name of a message -> what to put where a text belongs: a reference to its template, or the text itself."""

_INSTEAD: dict[Role, tuple[Role, ...]] = {
    "page": ("ticket", "experiment"),
    "ticket": ("page", "experiment"),
    "experiment": ("ticket", "page"),
    "heartbeat": (),
}
"""Who is told where a role has no receiver of its own. Better the wrong person than nobody; a heartbeat, which comes
every minute, is for its own receiver only."""


@dataclass(frozen=True, slots=True)
class Told:
    """One receiver of the configuration: its name, what it does, and what a reader should know."""

    name: str
    integrations: Integrations
    notes: tuple[str, ...] = ()


def receivers(spec: Spec, text: Text) -> tuple[Told, ...]:
    """Every role's receiver, set or not, then those of the teams."""
    roles = tuple(_of_role(role, spec, text) for role in get_args(Role))
    teams = tuple(
        _told(team_receiver(route.name, role), role, route.receivers[role], spec, text)
        for route in spec.alerting.routes
        for role in get_args(HumanRole)
        if role in route.receivers
    )
    return roles + teams


def team_receiver(route: str, role: HumanRole) -> str:
    """Name of a team's receiver."""
    return f"{route}-{role}"


def tells_somebody(receiver: Receiver, spec: Spec) -> bool:
    """Whether the Alertmanager of the spec can do at least one thing of a receiver."""
    return any(getattr(receiver, key) is not None and not too_old_for(spec.alerting, key) for key in KINDS)


def _of_role(role: Role, spec: Spec, text: Text) -> Told:
    given = {name: each for name, each in spec.alerting.receivers.items() if tells_somebody(each, spec)}
    own = next((each for each in (role, *_INSTEAD[role]) if each in given), None)
    if own is None:
        return Told(role, {}, (f"Tells nobody: {_why_not(role, spec)}.",))
    told = _told(role, role, given[own], spec, text)
    if own == role:
        return told
    return Told(role, told.integrations, (f"{_why_not(role, spec).capitalize()}: goes where {own} goes.", *told.notes))


def _why_not(role: Role, spec: Spec) -> str:
    if role in spec.alerting.receivers:
        return f"Alertmanager {spec.alerting.alertmanager_version} is too old for alerting.receivers.{role}"
    return f"the spec has no alerting.receivers.{role}"


def _told(name: str, role: Role, receiver: Receiver, spec: Spec, text: Text) -> Told:
    integrations: dict[str, tuple[dict[str, Any], ...]] = {}
    notes = []
    for key in KINDS:
        if getattr(receiver, key) is None:
            continue
        if key in SINCE:
            since = ".".join(map(str, SINCE[key]))
            if too_old_for(spec.alerting, key):
                notes.append(f"Left out: {key}, which needs Alertmanager {since} or later.")
                continue
            notes.append(f"{key} needs Alertmanager {since} or later.")
        # A message that a beat has ended would be a beat.
        made = {**_INTEGRATIONS[key](getattr(receiver, key), spec, text), "send_resolved": role != "heartbeat"}
        section = _SECTIONS.get(key, f"{key}_configs")
        integrations[section] = (*integrations.get(section, ()), made)
    return Told(name, integrations, tuple(notes))


def _slack(slack: Slack, _spec: Spec, text: Text) -> dict[str, Any]:
    return {
        "api_url_file": slack.api_url_file,
        "channel": slack.channel,
        "title": text(TITLE),
        "title_link": text("winburn.link"),
        "text": text(SLACK),
        "fallback": text(TITLE),
    }


def _pagerduty(pagerduty: Pagerduty, _spec: Spec, text: Text) -> dict[str, Any]:
    details = ("description", "since", "runbook", "dashboard", "silence")
    return {
        "routing_key_file": pagerduty.routing_key_file,
        "description": text(TITLE),
        "severity": text(SEVERITY),
        "client": "winburn",
        "client_url": text("winburn.link"),
        "details": {name: text(f"winburn.{name}") for name in details},
    }


def _opsgenie(opsgenie: Opsgenie, _spec: Spec, text: Text) -> dict[str, Any]:
    return {
        "api_key_file": opsgenie.api_key_file,
        **({"api_url": opsgenie.api_url} if opsgenie.api_url else {}),
        "message": text(TITLE),
        "description": text(PLAIN),
        "priority": text(PRIORITY),
    }


def _email(email: Email, spec: Spec, text: Text) -> dict[str, Any]:
    smtp = spec.alerting.smtp
    if smtp is None:
        raise ValueError("mail without alerting.smtp: the loader refuses that")
    login = {"auth_username": smtp.username, "auth_password_file": smtp.password_file} if smtp.username else {}
    return {
        "to": ", ".join(email.to),
        "from": smtp.sender,
        "smarthost": smtp.smarthost,
        **login,
        "require_tls": smtp.require_tls,
        "headers": {"Subject": text(TITLE)},
        "html": text(HTML),
        "text": text(PLAIN),
    }


def _teams(teams: MsTeams, _spec: Spec, text: Text) -> dict[str, Any]:
    return {"webhook_url_file": teams.webhook_url_file, "title": text(TITLE), "text": text(MARKDOWN)}


_INTEGRATIONS: dict[str, Callable[[Any, Spec, Text], dict[str, Any]]] = {
    "webhook": lambda url, _spec, _text: {"url": url},
    "webhook_file": lambda path, _spec, _text: {"url_file": path},
    "slack": _slack,
    "pagerduty": _pagerduty,
    "opsgenie": _opsgenie,
    "email": _email,
    "teams": _teams,
}
"""Key of a spec's receiver -> its value made into the integration."""

_SECTIONS = {"webhook_file": "webhook_configs", "teams": "msteamsv2_configs"}
"""Where the section is not called like the key."""
