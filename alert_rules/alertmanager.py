"""The Alertmanager configuration: which alert goes to whom, what one message holds, and what mutes what."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, get_args

from alert_rules.rule import one_of
from alert_rules.yaml_text import HEADER, InLine, comment, dump
from exporter.alerts import ALERTS, SLO_IDENTITY
from exporter.promql import quote
from exporter.spec import Receiver, Slo, Spec
from exporter.spec.alerting_models import Role
from exporter.spec.tiers import tiers_in_force
from exporter.windows import TIERS

ALERTMANAGER_FILE = "alertmanager.yml"

NOBODY = "nobody"
"""The receiver that tells nobody."""

_INSTEAD: dict[Role, tuple[Role, ...]] = {
    "page": ("ticket", "experiment"),
    "ticket": ("page", "experiment"),
    "experiment": ("ticket", "page"),
    "heartbeat": (),
}
"""Who is told where a role has no receiver of its own. Better the wrong person than nobody; a heartbeat, which comes
every minute, is for its own receiver only."""

_ABOUT = """\
Routes. Every message is about one thing (an SLO, a variant, a source), so nothing waits behind another thing's
group_interval. Tiers of one SLO share a message: a slower one that follows a faster one is an update, not a new page.
What is not winburn's goes by its severity, and else to the tickets.
"""
_ABOUT_MUTING = """\
Muting. An alert never mutes one that is louder than itself.
"""


def alertmanager_text(spec: Spec) -> str:
    """``alertmanager.yml``; deterministic. Receivers are named like the spec's roles whether they are set or not."""
    given = spec.alerting.receivers
    return "\n".join(
        (
            HEADER,
            comment(_ABOUT) + dump({"route": route("experiment" if "experiment" in given else "page")}),
            comment(_ABOUT_MUTING)
            + "inhibit_rules:\n"
            + "".join(comment(why) + dump([mute]) for why, mute in mutes(spec.slos)),
            "receivers:\n" + "".join(_receiver(role, given) for role in get_args(Role)),
            comment("Takes what nobody shall be told.") + dump([{"name": NOBODY}]),
        )
    )


def route(kills: str) -> dict[str, Any]:
    """The tree of routes; the first child that matches decides. ``kills`` is the receiver of early kills: theirs, or
    else the pages' (their severity), and not who is told of experiments in general.

    Pages wait 5 s so that the tiers that fire in one evaluation, and what mutes them, arrive together; a kill does not
    wait, because each second costs visitors. The heartbeat repeats a little sooner than its group's interval, or else
    every second beat would be left out.
    """
    return {
        "receiver": "ticket",
        **_message("alertname"),
        **_pace("30s", "5m", "12h"),
        "routes": [
            {
                "matchers": [_is("alertname", "WinburnWatchdog")],
                "receiver": "heartbeat",
                **_message("alertname"),
                **_pace("0s", "1m", "50s"),
            },
            {"matchers": [_is("severity", "none")], "receiver": NOBODY},
            {
                "matchers": [_is("alertname", "ExperimentEarlyKill")],
                "receiver": kills,
                **_message("alertname", *ALERTS["ExperimentEarlyKill"].identity),
                **_pace("0s", "1m", "4h"),
            },
            {
                "matchers": [_is("alertname", "VariantEarlyKill")],
                "receiver": kills,
                **_message("alertname", *ALERTS["VariantEarlyKill"].identity),
                **_pace("0s", "1m", "4h"),
            },
            {
                "matchers": [_is("severity", "page")],
                "receiver": "page",
                **_message("alertname", *SLO_IDENTITY),
                **_pace("5s", "1m", "4h"),
                "routes": [_of_winburn("WinburnSourceDown")],
            },
            {
                "matchers": [_is("severity", "info")],
                "receiver": "experiment",
                **_message("alertname", "experiment"),
                "routes": [_of_winburn("PatternFatigued")],
            },
            {
                "matchers": [_is("severity", "ticket")],
                "receiver": "ticket",
                **_message("alertname", *SLO_IDENTITY),
                "routes": [
                    _of_winburn("WinburnSourceDown"),
                    _of_winburn("WinburnCollectorFailing"),
                    _of_winburn("HighVariantKillRatio"),
                ],
            },
        ],
    }


def mutes(slos: Iterable[Slo] = ()) -> tuple[tuple[str, dict[str, Any]], ...]:
    """What mutes what, each with its reason; a pair shares all that identifies the thing, so that no other is muted."""
    burn, page, ticket = _is("alertname", "SLOErrorBudgetBurn"), _is("severity", "page"), _is("severity", "ticket")
    exhausted, forecast = _is("alertname", "SLOErrorBudgetExhausted"), _is("alertname", "SLOErrorBudgetForecast")
    source, no_data = _is("alertname", "WinburnSourceDown"), _is("alertname", "SLONoData")
    down, follow = _is("alertname", "WinburnDown"), ["SLONoData", "WinburnSourceDown", "WinburnCollectorFailing"]
    return (
        ("The page of an SLO says all that its tickets would.", _mute([burn, page], [burn, ticket], SLO_IDENTITY)),
        *_mutes_of_tiers(burn, slos),
        ("A budget that is gone need not be foretold.", _mute([exhausted], [forecast], SLO_IDENTITY)),
        ("One source that is down, not all of its SLOs.", _mute([source], [no_data], ("source",))),
        ("Without winburn nothing is measured.", _mute([down], [_among("alertname", follow)], ())),
    )


def _mutes_of_tiers(burn: str, slos: Iterable[Slo]) -> Iterator[tuple[str, dict[str, Any]]]:
    """A faster tier mutes the slower ones that are as loud, in the usual order, and for SLOs with tiers of their own in
    theirs. One order must not reach the SLOs of another: two tiers that mute each other are both silent."""
    own = own_orders(slos)
    others = sorted(name for names in own.values() for name in names)
    usual = tuple(tier.name for tier in TIERS)
    orders = [(usual, [f"slo!~{quote(one_of(others))}"] if others else [])]
    orders += [(order, [f"slo=~{quote(one_of(own[order]))}"]) for order in sorted(own)]
    for order, of in orders:
        for place, name in enumerate(order[:-1], start=1):
            slower = [burn, _among("tier", order[place:])]
            yield (
                f"Tier {name} says what a slower one says later.",
                _mute([burn, *of, _is("tier", name)], slower, (*SLO_IDENTITY, "severity")),
            )


def own_orders(slos: Iterable[Slo]) -> dict[tuple[str, ...], list[str]]:
    """Names of tiers, fastest first -> the SLOs that have these and not (some of) the usual ones in the usual order."""
    usual, orders = [tier.name for tier in TIERS], dict[tuple[str, ...], list[str]]()
    for slo in sorted(slos, key=lambda slo: slo.name):
        names = tuple(tier.name for tier, _ in tiers_in_force(slo))
        if names != tuple(name for name in usual if name in names):
            orders.setdefault(names, []).append(slo.name)
    return orders


def _message(*labels: str) -> dict[str, Any]:
    return {"group_by": InLine(labels)}


def _pace(wait: str, interval: str, repeat: str) -> dict[str, str]:
    return {"group_wait": wait, "group_interval": interval, "repeat_interval": repeat}


def _of_winburn(name: str) -> dict[str, Any]:
    return {"matchers": [_is("alertname", name)], **_message("alertname", *ALERTS[name].identity)}


def _mute(source: list[str], target: list[str], equal: tuple[str, ...]) -> dict[str, Any]:
    rule: dict[str, Any] = {"source_matchers": source, "target_matchers": target}
    return rule | ({"equal": InLine(equal)} if equal else {})


def _is(label: str, value: str) -> str:
    return f"{label}={quote(value)}"


def _among(label: str, values: Iterable[str]) -> str:
    return f"{label}=~{quote(one_of(values))}"


def _receiver(role: Role, given: dict[Role, Receiver]) -> str:
    """The receiver of a role, with a comment where it is not its own."""
    own = next((each for each in (role, *_INSTEAD[role]) if each in given), None)
    if own is None:
        return comment(f"Tells nobody: the spec has no alerting.receivers.{role}.") + dump([{"name": role}])
    about = "" if own == role else comment(f"The spec has no alerting.receivers.{role}: goes where {own} goes.")
    return about + _with_webhook(role, given[own])


def _with_webhook(role: Role, receiver: Receiver) -> str:
    # A message that a beat has ended would be a beat.
    resolved = {"send_resolved": role != "heartbeat"}
    if receiver.webhook is not None:
        return dump([{"name": role, "webhook_configs": [{"url": receiver.webhook, **resolved}]}])
    about = comment("url_file needs Alertmanager 0.26 or later; it reads the address from the file, we never do.")
    return about + dump([{"name": role, "webhook_configs": [{"url_file": receiver.webhook_file, **resolved}]}])
