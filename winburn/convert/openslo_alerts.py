"""OpenSLO's AlertPolicy and AlertCondition, inline or referred to, as tiers of one's own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from exporter.promql import format_duration
from winburn.convert.alerts import severity_of, short_window
from winburn.convert.draft import Document, OwnTier, Remarks
from winburn.convert.fields import Fields
from winburn.convert.labels import slug
from winburn.convert.notes import ConvertError
from winburn.convert.openslo_time import seconds_of

Find = Callable[[str, str], Document | None]
"""The object of a kind and name."""


@dataclass(frozen=True, slots=True)
class Alerts:
    """Own tiers (None: the usual ones), whether there are burn alerts at all, and the spec's no_data."""

    tiers: tuple[OwnTier, ...] | None
    burn: bool
    no_data: str


def alerting(spec: Fields, find: Find, remarks: Remarks) -> Alerts:
    """What the policies of an SLO ask for."""
    policies = spec.each("alertPolicies")
    if not policies:
        remarks.add("no alert policy is given: the usual four burn alerts were taken; to have none, empty both lists")
        return Alerts(None, burn=True, no_data="ticket")
    tiers: list[OwnTier] = []
    no_data: list[str] = []
    for policy in policies:
        found = _resolved(policy, "alertPolicyRef", "AlertPolicy", find, remarks)
        if found is not None:
            _policy(found, find, remarks, tiers, no_data)
    if not tiers:
        remarks.add("none of the alert conditions could be carried: no burn alert is in force; write alerting.tiers")
    worst = next((severity for severity in ("page", "ticket") if severity in no_data), "ignore")
    return Alerts(tuple(tiers) or None, burn=bool(tiers), no_data=worst)


def _resolved(item: Fields, key: str, kind: str, find: Find, remarks: Remarks) -> Fields | None:
    """The object inline, or the one that ``key`` refers to."""
    name = item.text(key)
    if name is None:
        item.raw("kind")
        item.raw("apiVersion")
        return item
    document = find(kind, name)
    if document is None:
        remarks.add(
            f"the {kind} {name} is not in the input, and was not carried; convert its file along", line=item.line
        )
        return None
    return document.fields


def _policy(policy: Fields, find: Find, remarks: Remarks, tiers: list[OwnTier], no_data: list[str]) -> None:
    metadata, spec = policy.inner("metadata"), policy.inner("spec")
    for fields, key in ((metadata, "name"), (metadata, "displayName"), (spec, "description")):
        fields.text(key)
    breaching, missing = spec.flag("alertWhenBreaching"), spec.flag("alertWhenNoData")
    if spec.flag("alertWhenResolved"):
        remarks.add("alertWhenResolved is Alertmanager's send_resolved, on unless switched off there", line=spec.line)
    targets = [found for item in spec.each("notificationTargets") if (found := _target(item, find, remarks))]
    if targets:
        remarks.add(
            f"the notification targets {', '.join(targets)} were not carried; name receivers under alerting.receivers",
            line=spec.line_of("notificationTargets"),
        )
    for item in spec.each("conditions"):
        condition = _resolved(item, "conditionRef", "AlertCondition", find, remarks)
        tier = None if condition is None else _condition(condition, remarks, {tier.name for tier in tiers})
        if tier is not None and missing:
            no_data.append(tier.severity)
        if tier is not None and breaching is not False:
            tiers.append(tier)


def _target(item: Fields, find: Find, remarks: Remarks) -> str | None:
    found = _resolved(item, "targetRef", "AlertNotificationTarget", find, remarks)
    if found is None:
        return None
    for key in ("target", "description"):
        found.inner("spec").text(key)
    found.inner("metadata").text("displayName")
    return found.inner("metadata").text("name") or found.inner("spec").text("target") or "without a name"


def _condition(condition: Fields, remarks: Remarks, taken: set[str]) -> OwnTier | None:
    metadata, spec = condition.inner("metadata"), condition.inner("spec")
    for fields, key in ((metadata, "displayName"), (spec, "description")):
        fields.text(key)
    name = slug(metadata.text("name") or "burn")
    while name in taken:
        name += "-2"
    inner = spec.inner("condition")
    kind, operator = inner.text("kind") or "burnrate", inner.text("op")
    severity, warning = severity_of(spec.text("severity") or "ticket")
    remarks.add(*([warning] if warning else []), line=spec.line)
    threshold, lookback, after = inner.number("threshold"), inner.text("lookbackWindow"), inner.text("alertAfter")
    if kind.lower() != "burnrate" or threshold is None or lookback is None or threshold <= 0:
        remarks.add(f"the alert condition {name} is no burn rate with threshold and lookbackWindow: not carried")
        return None
    if operator is not None and operator.lower() in {"lt", "lte"}:
        remarks.add(
            f"the alert condition {name} says op: {operator}, which would alert while the burn rate is low; it alerts "
            "above the threshold here",
            line=inner.line_of("op"),
        )
    try:
        long = seconds_of(lookback, inner.line_of("lookbackWindow"), "lookbackWindow")
    except ConvertError as error:
        remarks.add(f"the alert condition {name} was not carried: {error.message}", line=error.line)
        return None
    short = short_window(long)
    lost = f"alertAfter {after} was not carried; " if after not in (None, "0m") else ""
    remarks.add(
        f"the alert condition {name}: {lost}a short window of {format_duration(short)} keeps it from firing on, and "
        "clears it soon after the errors end",
        line=inner.line,
    )
    return OwnTier(name, severity, long, short, threshold)
