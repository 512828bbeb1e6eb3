"""Rules of one SLO: a burn rule for every tier in force, and one for missing data."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_FLOOR, Decimal

from alert_rules.rule import VALUE, Group, Rule, dashboard_url, interval, number, static_labels, texts
from exporter.alerts import ALERTS, SLO_IDENTITY, Alert
from exporter.contract import select
from exporter.promql import format_duration
from exporter.spec import Links, Slo, Spec
from exporter.spec.tiers import tiers_in_force
from exporter.windows import Severity, Tier, factor

_BY = ", ".join(SLO_IDENTITY)
NO_DATA_STATUS = 3


def slo_group(slo: Slo, spec: Spec) -> Group:
    """All rules of the SLO; none where its period is too short for every tier and missing data is ignored."""
    keep = 2 * interval(spec)
    rules = [burn_rule(slo, tier, severity, spec.links, keep) for tier, severity in tiers_in_force(slo)]
    if slo.no_data != "ignore":
        rules.append(no_data_rule(slo, slo.no_data, spec.links))
    return Group(f"winburn-slo-{slo.name}", _about(slo), tuple(rules))


def burn_rule(slo: Slo, tier: Tier, severity: Severity, links: Links, keep: float) -> Rule:
    """One tier.

    The comparisons stand inside of the aggregation, so that of two exporters one that lags cannot mute the other. The
    rule keeps firing for two evaluations: one scrape that fails must not resolve a page and send it again.
    """
    alert, limit = ALERTS["SLOErrorBudgetBurn"], number(factor(tier, slo.period_seconds))
    conditions = [
        f"{select('slo_burn_rate', slo=slo.name, window=tier.long)} > {limit}",
        f"{select('slo_burn_rate', slo=slo.name, window=tier.short)} > {limit}",
    ]
    if (gate := slo.alerting.low_traffic_gate) is not None:
        conditions.append(f"{select('slo_burn_p_value', slo=slo.name, window=tier.long)} < {number(gate)}")
    joined = "\n  and ignoring (window) ".join(conditions)
    return Rule(
        alert=alert,
        expr=f"max by ({_BY}) (\n  {joined}\n)\n",
        labels={"severity": severity, "tier": tier.name, **_labels(slo)},
        annotations=_texts(alert, slo, links, {**_burn_facts(slo, tier), "value": VALUE}),
        keep=keep,
    )


def no_data_rule(slo: Slo, severity: Severity, links: Links) -> Rule:
    """Missing data; ``min``, because of two exporters one that still measures is enough.

    The label ``source`` is there for the inhibition: a source that is down is one alert and not one for each SLO.
    """
    alert = ALERTS["SLONoData"]
    return Rule(
        alert=alert,
        expr=f"min by ({_BY}) ({select('slo_status', slo=slo.name)}) == {NO_DATA_STATUS}",
        labels={"severity": severity, "source": slo.sli.source_label, **_labels(slo)},
        annotations=_texts(alert, slo, links, {}),
    )


def _labels(slo: Slo) -> dict[str, str]:
    # slo stands here too, though the expression has it: two rules whose static labels are equal count as duplicates.
    own = {"slo": slo.name, "slo_service": slo.service, "category": slo.category}
    return own | static_labels(slo.labels)


def _texts(alert: Alert, slo: Slo, links: Links, more: Mapping[str, str]) -> dict[str, str]:
    facts = {"slo": slo.name, "service": slo.service, "source": slo.sli.source_label, "objective": f"{slo.objective:f}"}
    dashboard = dashboard_url(links, "slo-overview", slo=slo.name)
    return texts(alert, {**facts, **more}, dashboard, links, slo.runbook)


def _burn_facts(slo: Slo, tier: Tier) -> dict[str, str]:
    limit, period = factor(tier, slo.period_seconds), slo.period_seconds
    spent = max(tier.budget_share, Decimal(tier.long_seconds) / period) * 100
    return {
        "long": tier.long,
        "short": tier.short,
        "factor": _floor(limit),
        "spent": _floor(spent),
        "period": slo.period_label,
        "lasts": format_duration(60 * round(period / limit / 60)),
    }


def _floor(value: Decimal) -> str:
    return f"{value.quantize(Decimal('0.01'), ROUND_FLOOR).normalize():f}"


def _about(slo: Slo) -> str:
    tiers = tiers_in_force(slo)
    burns = ", ".join(f"{tier.name} {severity}" for tier, severity in tiers) or "none that fits the period"
    return (
        f"{slo.name} of {slo.service}: {slo.objective:f} % over {slo.period_label}. "
        f"Burn alerts: {burns}. No data: {slo.no_data}."
    )
