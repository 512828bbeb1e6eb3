"""The Alertmanager configuration: which alert goes to whom, what one message holds, and what mutes what."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from alert_rules import tenant
from alert_rules.messages import TEMPLATES_FILE, by_name
from alert_rules.receivers import Told, receivers
from alert_rules.routes import NOBODY, among, is_, route, time_intervals
from alert_rules.rule import one_of
from alert_rules.yaml_text import HEADER, InLine, comment, dump
from exporter.alerts import SLO_IDENTITY
from exporter.promql import quote
from exporter.spec import Slo, Spec
from exporter.spec.tiers import tiers_in_force
from exporter.windows import TIERS

ALERTMANAGER_FILE = "alertmanager.yml"

_ABOUT = """\
Routes. Every message is about one thing (an SLO, a variant, a source), so nothing waits behind another thing's
group_interval. Tiers of one SLO share a message: a slower one that follows a faster one is an update, not a new page.
What is not winburn's goes by its severity, and else to the tickets.
"""
_ABOUT_MUTING = """\
Muting. An alert never mutes one that is louder than itself.
"""


def alertmanager_text(spec: Spec) -> str:
    """``alertmanager.yml``; deterministic. Receivers are named like the spec's roles whether they are set or not, and
    those of teams like the team and the role."""
    intervals = time_intervals(spec.alerting.mute)
    about = "Times at which the routes that name them tell nobody. What still fires at their end is told then."
    return "\n".join(
        (
            HEADER,
            comment(f"The texts of messages; {TEMPLATES_FILE} lies beside this file.")
            + dump({"templates": [TEMPLATES_FILE]}),
            comment(_ABOUT) + dump({"route": tenant.of_route(route(spec), spec.tenant)}),
            *([comment(about) + dump({"time_intervals": intervals})] if intervals else []),
            comment(_ABOUT_MUTING)
            + "inhibit_rules:\n"
            + "".join(comment(why) + dump([mute]) for why, mute in tenant.of_mutes(mutes(spec.slos), spec.tenant)),
            "receivers:\n" + "".join(_receiver(told) for told in receivers(spec, by_name)),
            comment("Takes what nobody shall be told.") + dump([{"name": NOBODY}]),
        )
    )


def _receiver(told: Told) -> str:
    sections = {name: list(made) for name, made in told.integrations.items()}
    return comment("\n".join(told.notes)) + dump([{"name": told.name, **sections}])


def mutes(slos: Iterable[Slo] = ()) -> tuple[tuple[str, dict[str, Any]], ...]:
    """What mutes what, each with its reason; a pair shares all that identifies the thing, so that no other is muted."""
    burn, page, ticket = _alert("SLOErrorBudgetBurn"), is_("severity", "page"), is_("severity", "ticket")
    exhausted, forecast = _alert("SLOErrorBudgetExhausted"), _alert("SLOErrorBudgetForecast")
    source = _alert("WinburnSourceDown")
    of_source = among("alertname", ("SLONoData", "WinburnCollectorFailing", "WinburnDataStale"))
    follow = among("alertname", ("SLONoData", "WinburnSourceDown", "WinburnCollectorFailing", "WinburnDataStale"))
    stale, failing = _alert("WinburnDataStale"), _alert("WinburnCollectorFailing")
    mismatch, decided = _alert("ExperimentSampleRatioMismatch"), _alert("ExperimentDecided")
    return (
        ("The page of an SLO says all that its tickets would.", _mute([burn, page], [burn, ticket], SLO_IDENTITY)),
        *_mutes_of_tiers(burn, slos),
        ("A budget that is gone need not be foretold.", _mute([exhausted], [forecast], SLO_IDENTITY)),
        (
            "One source that is down, not all that reads it. (A collector of several sources has no label source.)",
            _mute([source], [of_source], ("source",)),
        ),
        ("Data that are stale everywhere, not who fails to renew them.", _mute([stale], [failing], ("collector",))),
        (
            "Without winburn nothing is measured. (Without one shard of it the others measure.)",
            _mute([_alert("WinburnDown"), is_("shard", "")], [follow], ()),
        ),
        ("Of a split that is broken no verdict is true.", _mute([mismatch], [decided], ("experiment",))),
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
            slower = [burn, f"tier=~{quote(one_of(order[place:]))}"]
            yield (
                f"Tier {name} says what a slower one says later.",
                _mute([burn, *of, is_("tier", name)], slower, (*SLO_IDENTITY, "severity")),
            )


def own_orders(slos: Iterable[Slo]) -> dict[tuple[str, ...], list[str]]:
    """Names of tiers, fastest first -> the SLOs that have these and not (some of) the usual ones in the usual order."""
    usual, orders = [tier.name for tier in TIERS], dict[tuple[str, ...], list[str]]()
    for slo in sorted(slos, key=lambda slo: slo.name):
        names = tuple(tier.name for tier, _ in tiers_in_force(slo))
        if names != tuple(name for name in usual if name in names):
            orders.setdefault(names, []).append(slo.name)
    return orders


def _alert(name: str) -> str:
    return is_("alertname", name)


def _mute(source: list[str], target: list[str], equal: tuple[str, ...]) -> dict[str, Any]:
    rule: dict[str, Any] = {"source_matchers": source, "target_matchers": target}
    return rule | ({"equal": InLine(equal)} if equal else {})
