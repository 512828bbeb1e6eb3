"""The tree of routes: which alert goes to whom, how alerts share messages, and when nobody is told."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from alert_rules.receivers import team_receiver, tells_somebody
from alert_rules.rule import one_of
from alert_rules.yaml_text import InLine
from exporter.alerts import ALERTS, SLO_IDENTITY, Alert
from exporter.promql import quote
from exporter.spec import Spec
from exporter.spec.alerting_models import HumanRole, Mute, MuteTime

NOBODY = "nobody"
"""The receiver that tells nobody."""

KILLS = ("ExperimentEarlyKill", "VariantEarlyKill")
"""Alerts that wait for nothing, because each second costs visitors; of the second a later version makes rules."""

KILL_IDENTITY = ("experiment", "variant", "persona")

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

Route = dict[str, Any]


def route(spec: Spec) -> Route:
    """The tree; the first child that matches decides. Early kills go to who is told of experiments, or else, like their
    severity, to the pages.

    Pages wait 5 s so that the tiers that fire in one evaluation, and what mutes them, arrive together; a kill does not
    wait. The heartbeat repeats a little sooner than its group's interval, or else every second beat would be left out.
    Mute times are not inherited by child routes, so each has its own.
    """
    given = spec.alerting.receivers.get("experiment")
    kills: HumanRole = "experiment" if given is not None and tells_somebody(given, spec) else "page"
    return {
        "receiver": "ticket",
        **_message("alertname"),
        **_pace("30s", "5m", "12h"),
        "routes": [
            {
                "matchers": [is_("alertname", "WinburnWatchdog")],
                "receiver": "heartbeat",
                **_message("alertname"),
                **_pace("0s", "1m", "50s"),
            },
            {"matchers": [is_("severity", "none")], "receiver": NOBODY},
            _for_teams(
                spec,
                kills,
                among("alertname", KILLS),
                {**_message("alertname", *KILL_IDENTITY), **_pace("0s", "1m", "4h")},
                muted="page",
            ),
            _severity(spec, "page", "page", _pace("5s", "1m", "4h")),
            _severity(spec, "info", "experiment", _pace("30s", "5m", "1d")),
            _severity(spec, "ticket", "ticket", {}),
        ],
    }


def _severity(spec: Spec, severity: str, role: HumanRole, pace: Mapping[str, str]) -> Route:
    """The route of a severity. Alerts that are not about an SLO share messages by what they are about."""
    own = [
        _for_teams(spec, role, among("alertname", names), _message("alertname", *identity), muted=role, inner=True)
        for identity, names in _identities(severity)
    ]
    made = _for_teams(
        spec, role, is_("severity", severity), {**_message("alertname", *SLO_IDENTITY), **pace}, muted=role
    )
    routes = own + made.get("routes", [])
    return {**made, "routes": routes} if routes else made


def _identities(severity: str) -> list[tuple[tuple[str, ...], list[str]]]:
    """Identities other than an SLO's -> the alerts that may have this severity, in the order of the table."""
    found: dict[tuple[str, ...], list[str]] = {}
    for alert in ALERTS.values():
        if severity in severities(alert) and alert.name not in KILLS and not set(alert.identity) <= set(SLO_IDENTITY):
            found.setdefault(alert.identity, []).append(alert.name)
    return list(found.items())


def severities(alert: Alert) -> tuple[str, ...]:
    """The severities that an alert may have. A source is as loud as the SLOs that read it."""
    if alert.severity is None or alert.name == "WinburnSourceDown":
        return ("page", "ticket")
    return (alert.severity,)


def _for_teams(
    spec: Spec, role: HumanRole, matcher: str, more: Mapping[str, Any], *, muted: HumanRole, inner: bool = False
) -> Route:
    """A route to the receiver of a role, with a child for each team that has a receiver of its own for it."""
    mutes = _mutes(spec, muted)
    made: Route = {"matchers": [matcher], **({} if inner else {"receiver": role}), **more, **mutes}
    routes = [
        {
            "matchers": [is_(label, team.match[label]) for label in sorted(team.match)],
            "receiver": team_receiver(team.name, role),
            **mutes,
        }
        for team in spec.alerting.routes
        if role in team.receivers and tells_somebody(team.receivers[role], spec)
    ]
    return {**made, "routes": routes} if routes else made


def _mutes(spec: Spec, role: HumanRole) -> dict[str, Any]:
    names = sorted(mute.name for mute in spec.alerting.mute if role in mute.roles)
    return {"mute_time_intervals": InLine(names)} if names else {}


def time_intervals(mutes: Iterable[Mute]) -> list[dict[str, Any]]:
    """The mute times as Alertmanager's: a span over midnight is two, the second on the days after."""
    return [
        {
            "name": mute.name,
            "time_intervals": [{**span, "location": mute.timezone} for time in mute.times for span in _spans(time)],
        }
        for mute in sorted(mutes, key=lambda mute: mute.name)
    ]


def _spans(time: MuteTime) -> Iterator[dict[str, Any]]:
    if time.begin < time.end:
        yield _span(time.begin, time.end, time.days)
        return
    yield _span(time.begin, "24:00", time.days)
    if time.end != "00:00":
        yield _span("00:00", time.end, tuple(_DAYS[(_DAYS.index(day) + 1) % 7] for day in time.days))


def _span(begin: str, end: str, days: Iterable[str]) -> dict[str, Any]:
    span: dict[str, Any] = {"times": [{"start_time": begin, "end_time": end}]}
    listed = sorted(set(days), key=_DAYS.index)
    return {**span, "weekdays": InLine(listed)} if listed else span


def is_(label: str, value: str) -> str:
    """The matcher ``label="value"``."""
    return f"{label}={quote(value)}"


def among(label: str, values: Iterable[str]) -> str:
    """The matcher for any of these names."""
    names = list(values)
    return is_(label, names[0]) if len(names) == 1 else f"{label}=~{quote(one_of(names))}"


def _message(*labels: str) -> dict[str, Any]:
    return {"group_by": InLine(labels)}


def _pace(wait: str, interval: str, repeat: str) -> dict[str, str]:
    return {"group_wait": wait, "group_interval": interval, "repeat_interval": repeat}
