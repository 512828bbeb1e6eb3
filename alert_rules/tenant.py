"""The tenant in everything that is generated: each file asks here once, and knows nothing else of it.

Selectors ask for the tenant's own series, and alerts and recorded series carry it as a label of their rule. So
aggregations stay as they are, and two tenants that one Prometheus scrapes have different alerts, whatever their SLOs
are called. Where the spec names no tenant, everything stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from alert_rules.rule import Group, Record, Rule
from alert_rules.yaml_text import InLine
from exporter.alert_texts import links_of_tenant
from exporter.contract import TENANT, is_of_tenant, of_tenant
from exporter.matchers import with_matcher


def of_groups(groups: Iterable[Group], tenant: str | None) -> tuple[Group, ...]:
    """Groups of rules as the tenant's."""
    if tenant is None:
        return tuple(groups)
    return tuple(
        replace(
            group,
            rules=tuple(of_rule(rule, tenant) for rule in group.rules),
            records=tuple(of_record(record, tenant) for record in group.records),
        )
        for group in groups
    )


def of_rule(rule: Rule, tenant: str | None) -> Rule:
    """An alerting rule as the tenant's: its expression, its labels, and its links."""
    if tenant is None:
        return rule
    labels, links = {**rule.labels, TENANT: tenant}, links_of_tenant(rule.annotations, tenant)
    return replace(rule, expr=of_selectors(rule.expr, tenant), labels=labels, annotations=links)


def of_record(record: Record, tenant: str | None) -> Record:
    """A recording rule as the tenant's."""
    if tenant is None:
        return record
    return replace(record, expr=of_selectors(record.expr, tenant), labels={**record.labels, TENANT: tenant})


def of_selectors(expr: str, tenant: str | None) -> str:
    """An expression that reads the tenant's series only."""
    return expr if tenant is None else with_matcher(expr, is_of_tenant, of_tenant(tenant))


def of_route(route: Mapping[str, Any], tenant: str | None) -> dict[str, Any]:
    """A tree of routes in which no two tenants share a message."""
    if tenant is None:
        return dict(route)
    made = {key: value for key, value in route.items() if key != "routes"}
    if "group_by" in made:
        made["group_by"] = InLine([*made["group_by"], TENANT])
    if "routes" in route:
        made["routes"] = [of_route(each, tenant) for each in route["routes"]]
    return made


def of_mutes(
    mutes: Iterable[tuple[str, Mapping[str, Any]]], tenant: str | None
) -> Iterator[tuple[str, dict[str, Any]]]:
    """What mutes what, each with its reason, within one tenant."""
    for why, mute in mutes:
        yield why, dict(mute) if tenant is None else {**mute, "equal": InLine([*mute.get("equal", ()), TENANT])}
