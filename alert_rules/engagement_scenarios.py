"""Unit tests of the rules of content variants: series in, alerts out."""

from __future__ import annotations

from alert_rules.engagement_rules import fatigue_rule, kill_rule, ratio_rule
from alert_rules.scenario import PHASE, STEP, Firing, Scenario, held
from exporter.alerts import VARIANT_KILL_ANNOUNCED
from exporter.spec import Spec

_PERSONA = {"persona": "ann"}


def engagement_scenarios(spec: Spec) -> list[Scenario]:
    """None where the spec has no ``engagement``."""
    return [_killed(spec), _many_killed(spec), _tired(spec)] if spec.engagement else []


def _killed(spec: Spec) -> Scenario:
    """Phases: alive; killed, though exporter b does not know yet; the same an hour later."""
    scenario = Scenario("a variant is killed: announced for an hour")
    kill, end = PHASE * STEP, int((PHASE * STEP + VARIANT_KILL_ANNOUNCED) / STEP) + PHASE
    for name in ("dead", "well"):
        dead = "1" if name == "dead" else "0"
        phases = [[("0", PHASE), (now, PHASE), (dead, end)] for now in (dead, "0")]
        scenario.replicas("variant_early_kill", phases, variant=name, **_PERSONA)
    since = [[("_", PHASE), (f"{kill:g}", end)], [("_", 2 * PHASE), (f"{kill:g}", end)]]
    scenario.replicas("variant_killed_timestamp_seconds", since, variant="dead", **_PERSONA)
    firing = [Firing(kill_rule(spec.engagement, spec), {"variant": "dead", **_PERSONA})] if spec.engagement else []
    scenario.check(PHASE - 1, "VariantEarlyKill")
    scenario.check(2 * PHASE - 1, "VariantEarlyKill", firing)
    scenario.check(end - PHASE - 1, "VariantEarlyKill", firing)
    scenario.check(end + PHASE, "VariantEarlyKill")
    return scenario


def _many_killed(spec: Spec) -> Scenario:
    """Persona ann has three kills of eight, bob two of two, eve three of twelve."""
    scenario = Scenario("too many kills: from three on, above 30 %")
    hold = held("HighVariantKillRatio")
    for persona, kills, ratio in (("ann", 3, "0.375"), ("bob", 2, "1"), ("eve", 3, "0.25")):
        scenario.replicas("variant_kill_ratio", [[(ratio, hold + PHASE)]] * 2, persona=persona)
        for i in range(kills):
            of = {"variant": f"{persona}-{i}", "persona": persona}
            scenario.replicas("variant_early_kill", [[("1", hold + PHASE)]] * 2, **of)
    scenario.check(hold - 1, "HighVariantKillRatio")
    scenario.check(hold + 1, "HighVariantKillRatio", [Firing(ratio_rule(spec), _PERSONA, 0.375)])
    return scenario


def _tired(spec: Spec) -> Scenario:
    """One pattern is fresh, one worn out, one worn out but not used any more."""
    scenario = Scenario("a pattern is worn out: told while it is in use")
    hold = held("PatternFatigued")
    for pattern, tired, uses in (("fresh", "0", "1"), ("worn", "1", "9"), ("rests", "1", "0")):
        scenario.replicas("pattern_fatigued", [[(tired, hold + PHASE)]] * 2, pattern=pattern, **_PERSONA)
        scenario.replicas("pattern_uses", [[(uses, hold + PHASE)]] * 2, pattern=pattern, **_PERSONA)
    firing = [Firing(fatigue_rule(spec.engagement, spec), {"pattern": "worn", **_PERSONA})] if spec.engagement else []
    scenario.check(hold - 1, "PatternFatigued")
    scenario.check(hold + 1, "PatternFatigued", firing)
    return scenario
