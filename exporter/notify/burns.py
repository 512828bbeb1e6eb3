"""Burn pages that fire by a snapshot: the condition of the generated rule, over the same gauges."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from urllib.parse import quote_plus

from exporter.alert_texts import burn_facts, dashboard_address
from exporter.alerts import ALERTS
from exporter.contract import Sample
from exporter.notify.firing import Firing, fire, of_family
from exporter.snapshot import Snapshot
from exporter.spec import Slo, Spec, tiers_in_force
from exporter.windows import Tier, factor

Pages = Mapping[str, tuple[Slo, tuple[Tier, ...]]]
"""Name of an SLO -> the SLO and its tiers that page."""

_Windows = dict[str, float]


def paging(spec: Spec) -> Pages:
    """The SLOs that have such tiers."""
    tiers = {slo.name: tuple(tier for tier, severity in tiers_in_force(slo) if severity == "page") for slo in spec.slos}
    return {slo.name: (slo, tiers[slo.name]) for slo in spec.slos if tiers[slo.name]}


def burn_pages(snapshot: Snapshot, pages: Pages, spec: Spec) -> list[Firing]:
    """One alert for each tier that burns, of each group of the SLO.

    They began at the evaluated instant at the latest; what is sent first keeps its start.
    """
    rates = _by_group(of_family(snapshot.samples, "slo_burn_rate"), pages)
    p_values = _by_group(of_family(snapshot.samples, "slo_burn_p_value"), pages)
    found: list[Firing] = []
    for (name, group), windows in rates.items():
        slo, tiers = pages[name]
        of_group = p_values.get((name, group), {})
        burning = [tier for tier in tiers if _burns(slo, tier, windows, of_group)]
        found += [_page(slo, group, tier, windows[tier.long], spec, snapshot.at) for tier in burning]
    return found


def _by_group(samples: Sequence[Sample], pages: Pages) -> dict[tuple[str, str], _Windows]:
    """(SLO, its group or nothing) -> window -> value."""
    found: dict[tuple[str, str], _Windows] = {}
    for sample in samples:
        labels = dict(sample.labels)
        if labels["slo"] in pages:
            found.setdefault((labels["slo"], labels.get("slo_group", "")), {})[labels["window"]] = sample.value
    return found


def _burns(slo: Slo, tier: Tier, rates: _Windows, p_values: _Windows) -> bool:
    limit, gate = float(factor(tier, slo.period_seconds)), slo.alerting.low_traffic_gate
    if not (rates.get(tier.long, 0.0) > limit and rates.get(tier.short, 0.0) > limit):
        return False
    return gate is None or p_values.get(tier.long, 1.0) < gate


def _page(slo: Slo, group: str, tier: Tier, rate: float, spec: Spec, at: float) -> Firing:
    labels = {
        **_group_labels(slo, group),
        "slo_group": group,
        "severity": "page",
        "tier": tier.name,
        "slo": slo.name,
        "slo_service": slo.service,
        "category": slo.category,
        **slo.labels,
    }
    facts = {
        **burn_facts(tier, slo.period_seconds, slo.period_label),
        "slo": f"{slo.name} {group}" if slo.group_by else slo.name,
        "service": slo.service,
        "source": slo.sli.source_label,
        "objective": f"{slo.objective:f}",
        "value": humanize(rate),
        "unmeasured": "",
    }
    dashboard = dashboard_address(spec.links.grafana, "slo-detail", slo=slo.name)
    if slo.group_by:
        dashboard += f"&var-slo_group={quote_plus(group)}"
    return fire(ALERTS["SLOErrorBudgetBurn"], labels, facts, dashboard, spec, at, slo.runbook)


def _group_labels(slo: Slo, group: str) -> dict[str, str]:
    """``zone=eu,tier=gold`` as labels, as the rule reads them."""
    names = sorted(slo.group_by)
    match = re.fullmatch(",".join(f"{re.escape(name)}=(.*)" for name in names), group, re.DOTALL)
    return dict(zip(names, match.groups(), strict=True)) if match else {}


def humanize(value: float) -> str:
    """As Prometheus' template function: four digits and a metric prefix."""
    prefixes, step = ("kMGTPEZY", 1e3) if abs(value) >= 1 else ("munpfazy", 1e-3)
    shown = ""
    for prefix in prefixes:
        if value == 0 or 1 <= abs(value) < 1000:
            break
        shown, value = prefix, value / step
    return f"{value:.4g}{shown}"
