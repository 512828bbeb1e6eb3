"""Rules of one SLO, for all of its groups: a burn rule for every tier in force, the budget's end, and missing data."""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import indent

from alert_rules.freeze import BY, frozen, measured
from alert_rules.native import native_branch
from alert_rules.rule import (
    GROUP,
    GROUP_IN_ADDRESS,
    Group,
    Rule,
    dashboard_url,
    interval,
    number,
    static_labels,
    texts,
    unless_frozen,
)
from exporter.alert_texts import burn_facts, floor
from exporter.alerts import ALERTS, Alert
from exporter.contract import select
from exporter.promql import quote
from exporter.spec import Links, Slo, Spec, is_native
from exporter.spec.tiers import tiers_in_force
from exporter.windows import Severity, Tier, factor

LIKELY = 0.9
"""Probability of exhaustion from which on there is a ticket: then it comes true in at least 80 % of the cases."""

_UNMEASURED = "Nothing is measured at present; this alert stays as it was until something is.\n"


def slo_group(slo: Slo, spec: Spec) -> Group:
    """All rules of the SLO, of each of its groups where it has them."""
    rules = [burn_rule(slo, tier, severity, spec) for tier, severity in tiers_in_force(slo)]
    rules += [exhausted_rule(slo, spec), forecast_rule(slo, spec)]
    if slo.no_data != "ignore":
        rules.append(no_data_rule(slo, slo.no_data, spec))
    return Group(f"winburn-slo-{slo.name}", _about(slo, spec), interval(spec), tuple(rules))


_Made = dict[tuple[int, Tier, Severity], tuple[Slo, Rule]]
_MADE: list[tuple[Spec, _Made]] = []
"""Burn rules of the spec that was asked for last: its tests need each of them dozens of times. By the SLO's identity,
since specs cannot be hashed; the SLO stands beside the rule so that its identity is not given to another."""


def burn_rule(slo: Slo, tier: Tier, severity: Severity, spec: Spec) -> Rule:
    """The rule of one tier."""
    if not _MADE or _MADE[0][0] is not spec:
        _MADE[:] = [(spec, {})]
    made = _MADE[0][1]
    key = (id(slo), tier, severity)
    if key not in made:
        made[key] = slo, _burn_rule(slo, tier, severity, spec)
    return made[key][1]


def _burn_rule(slo: Slo, tier: Tier, severity: Severity, spec: Spec) -> Rule:
    """One tier.

    The comparisons stand inside of the aggregation, so that of two exporters one that lags cannot mute the other. The
    rule keeps firing for two evaluations: one scrape that fails must not resolve a page and send it again.
    """
    limit = number(factor(tier, slo.period_seconds))
    conditions = [
        f"{select('slo_burn_rate', slo=slo.name, window=tier.long)} > {limit}",
        f"{select('slo_burn_rate', slo=slo.name, window=tier.short)} > {limit}",
    ]
    if (gate := slo.alerting.low_traffic_gate) is not None:
        conditions.append(f"{select('slo_burn_p_value', slo=slo.name, window=tier.long)} < {number(gate)}")
    joined = "\n  and ignoring (window) ".join(conditions)
    facts = {
        **burn_facts(tier, slo.period_seconds, slo.period_label),
        "value": unless_frozen("humanize", f"more than {floor(factor(tier, slo.period_seconds))}"),
    }
    return _freezing(
        slo,
        ALERTS["SLOErrorBudgetBurn"],
        f"max by ({BY}) (\n  {joined}\n)\n{native_branch(slo, tier, spec)}",
        {"severity": severity, "tier": tier.name},
        facts,
        spec,
    )


def exhausted_rule(slo: Slo, spec: Spec) -> Rule:
    """No budget is left; the value is the share that is spent, at least 1."""
    left = select("slo_error_budget_remaining_ratio", slo=slo.name)
    facts = {"period": slo.period_label, "value": unless_frozen("humanizePercentage", "all")}
    expr = f"max by ({BY}) (1 - ({left} <= 0))\n"
    return _freezing(slo, ALERTS["SLOErrorBudgetExhausted"], expr, {"severity": "ticket"}, facts, spec)


def forecast_rule(slo: Slo, spec: Spec) -> Rule:
    """The budget will probably be gone before a period has passed; the value is the probability."""
    probability = select("slo_error_budget_exhaustion_probability_ratio", slo=slo.name)
    least = f"at least {LIKELY:.0%}"
    facts = {"period": slo.period_label, "value": unless_frozen("humanizePercentage", least)}
    expr = f"max by ({BY}) ({probability} >= {number(LIKELY)})\n"
    return _freezing(slo, ALERTS["SLOErrorBudgetForecast"], expr, {"severity": "ticket"}, facts, spec)


def no_data_rule(slo: Slo, severity: Severity, spec: Spec) -> Rule:
    """Missing data: an exporter knows the SLO, and none measures it. One of two that measures is enough.

    :func:`measured` decides and not the status alone: a collector that hangs leaves the last one where it is.

    The label ``source`` is there for the inhibition: a source that is down is one alert and not one for each SLO.
    """
    alert = ALERTS["SLONoData"]
    counted = ", unless Prometheus still has its series and counts itself" if is_native(slo, spec) else ""
    known = f"max by ({BY}) ({select('slo_status', slo=slo.name)})"
    return Rule(
        alert=alert,
        expr=with_group_labels(slo, f"{known}\nunless on ({BY}) ({measured(slo)})\n"),
        labels={"severity": severity, "source": slo.sli.source_label, **_labels(slo)},
        annotations=_texts(alert, slo, spec.links, {"counted": counted}),
    )


def _freezing(slo: Slo, alert: Alert, expr: str, own: Mapping[str, str], facts: Mapping[str, str], spec: Spec) -> Rule:
    """A rule that stays while the SLO cannot be measured; ``own`` labels tell it from the SLO's other rules."""
    hold = frozen(slo, alert, own, spec, native="tier" in own and is_native(slo, spec))
    return Rule(
        alert=alert,
        expr=with_group_labels(slo, f"{expr}or\n{hold}"),
        labels={**own, **_labels(slo)},
        annotations=_texts(alert, slo, spec.links, {**facts, "unmeasured": unless_frozen("", _UNMEASURED)}),
        keep=2 * interval(spec),
    )


def with_group_labels(slo: Slo, expr: str) -> str:
    """``expr`` with the labels that the SLO is grouped by, read from slo_group: ``zone=eu,tier=gold`` has two.

    A join with slo_info would give the same and be weaker: it loses the labels, and so the alert's identity, when the
    exporter is gone, and fails, and the alert with it, when two exporters have different specs for a while.
    """
    names = sorted(slo.group_by)
    for name in names:
        pattern = ",".join(f"{each}={'(.*)' if each == name else '.*'}" for each in names)
        expr = f'label_replace(\n{indent(expr, "  ")}  , "{name}", "$1", "slo_group", {quote(pattern)}\n)\n'
    return expr


def _labels(slo: Slo) -> dict[str, str]:
    # slo stands here too, though the expression has it: two rules whose static labels are equal count as duplicates.
    own = {"slo": slo.name, "slo_service": slo.service, "category": slo.category}
    return own | static_labels(slo.labels)


def _texts(alert: Alert, slo: Slo, links: Links, more: Mapping[str, str]) -> dict[str, str]:
    facts = {
        "slo": f"{slo.name} {GROUP}" if slo.group_by else slo.name,
        "service": slo.service,
        "source": slo.sli.source_label,
        "objective": f"{slo.objective:f}",
    }
    dashboard = dashboard_url(links, "slo-detail", slo=slo.name)
    annotations = texts(alert, {**facts, **more}, dashboard, links, slo.runbook)
    if slo.group_by:
        annotations["dashboard_url"] += f"&var-slo_group={GROUP_IN_ADDRESS}"
    return annotations


def _about(slo: Slo, spec: Spec) -> str:
    tiers = tiers_in_force(slo)
    burns = ", ".join(f"{tier.name} {severity}" for tier, severity in tiers) or "none that fits the period"
    groups = f" One SLO for each {', '.join(sorted(slo.group_by))}." if slo.group_by else ""
    return (
        f"{slo.name} of {slo.service}: {slo.objective:f} % over {slo.period_label}. "
        f"Burn alerts: {burns}. No data: {slo.no_data}."
        + groups
        + (" Without the exporter: native." if is_native(slo, spec) else "")
    )
