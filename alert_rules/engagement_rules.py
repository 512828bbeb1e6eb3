"""Rules of content variants: kills, too many kills, worn patterns."""

from __future__ import annotations

from alert_rules.rule import Group, Rule, dashboard_url, interval, number, texts
from exporter.alert_texts import variant_kill_facts
from exporter.alerts import ALERTS, VARIANT_KILL_ANNOUNCED
from exporter.contract import select
from exporter.promql import format_duration
from exporter.spec import Engagement, Spec

HIGH_KILL_RATIO = 0.3
LEAST_KILLS = 3
"""Below so many kills a high ratio is chance: one of one is 100 %."""


def engagement_groups(spec: Spec) -> tuple[Group, ...]:
    """One group; none where the spec has no ``engagement``."""
    if spec.engagement is None:
        return ()
    rules = (kill_rule(spec.engagement, spec), ratio_rule(spec), fatigue_rule(spec.engagement, spec))
    about = f"Content variants of {spec.engagement.source}. Early kill: "
    about += spec.engagement.early_kill.rule if spec.engagement.early_kill else "off (kills of others are told)"
    return (Group("winburn-engagement", f"{about}.", interval(spec), rules),)


def kill_rule(engagement: Engagement, spec: Spec) -> Rule:
    """A variant that was killed, by us or by others, in the last hour."""
    at = select("variant_killed_timestamp_seconds")
    expr = (
        f"max by (variant, persona) ({select('variant_early_kill')}) == 1\nand on (variant, persona)\n"
        f"max by (variant, persona) ({at}) > time() - {number(VARIANT_KILL_ANNOUNCED)}\n"
    )
    kill = engagement.early_kill
    judged = (kill.rule, kill.expected_ratio, kill.alpha) if kill else None
    facts = variant_kill_facts(variant="{{ $labels.variant }}", persona=_PERSONA["persona"], judged=judged)
    return _rule("VariantEarlyKill", expr, facts, spec)


def ratio_rule(spec: Spec) -> Rule:
    """More than 30 % of the sessions of a day ended in a kill, and at least three variants were killed."""
    killed = f"max by (variant, persona) ({select('variant_early_kill')}) == 1"
    expr = (
        f"max by (persona) ({select('variant_kill_ratio')}) > {number(HIGH_KILL_RATIO)}\nand on (persona)\n"
        f"count by (persona) ({killed}) >= {number(LEAST_KILLS)}\n"
    )
    facts = {"value": "{{ $value | humanizePercentage }}", "limit": f"{HIGH_KILL_RATIO:.0%}".removesuffix("%")}
    return _rule("HighVariantKillRatio", expr, {**facts, **_PERSONA}, spec)


def fatigue_rule(engagement: Engagement, spec: Spec) -> Rule:
    """A pattern that is worn out and still in use."""
    used = select("pattern_uses")
    expr = (
        f"max by (pattern, persona) ({select('pattern_fatigued')}) == 1\nand on (pattern, persona)\n"
        f"max by (pattern, persona) ({used}) > 0\n"
    )
    fatigue = engagement.fatigue
    facts = {
        "pattern": "{{ $labels.pattern }}",
        "uses": f"{fatigue.max_uses}",
        "window": format_duration(fatigue.window),
    }
    return _rule("PatternFatigued", expr, {**facts, **_PERSONA}, spec)


_PERSONA = {"persona": "{{ $labels.persona }}"}


def _rule(name: str, expr: str, facts: dict[str, str], spec: Spec) -> Rule:
    alert = ALERTS[name]
    return Rule(
        alert=alert,
        expr=expr,
        labels={"severity": str(alert.severity)},
        annotations=texts(alert, facts, dashboard_url(spec.links, "variants-live"), spec.links),
        keep=2 * interval(spec),
    )
