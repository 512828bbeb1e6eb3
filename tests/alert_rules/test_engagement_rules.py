from __future__ import annotations

from alert_rules.engagement_rules import engagement_groups, fatigue_rule, kill_rule, ratio_rule
from alert_rules.rule import Rule
from exporter.spec import Engagement
from tests.alert_rules.example import EMPTY, FULL, spec


def rule_of(**engagement: object) -> Rule:
    given = spec(engagement={"source": "shop", **engagement})
    assert given.engagement is not None
    return kill_rule(given.engagement, given)


def test_no_engagement_no_rules() -> None:
    assert engagement_groups(EMPTY) == ()
    (group,) = engagement_groups(FULL)
    assert [rule.alert.name for rule in group.rules] == ["VariantEarlyKill", "HighVariantKillRatio", "PatternFatigued"]


def test_a_kill_is_announced_for_an_hour() -> None:
    assert rule_of().expr == (
        "max by (variant, persona) (variant_early_kill) == 1\nand on (variant, persona)\n"
        "max by (variant, persona) (variant_killed_timestamp_seconds) > time() - 3600\n"
    )


def test_the_text_says_which_rule_killed_and_what_it_promises() -> None:
    evidence = rule_of(early_kill={"expected_ratio": 0.55, "alpha": 0.005}).annotations["description"]
    assert "below 55 % of what was predicted" in evidence
    assert "at most 0.5 % are ever killed by winburn" in evidence
    assert "has no error rate" in rule_of(early_kill={"rule": "threshold"}).annotations["description"]
    assert "wrote down" in rule_of(early_kill=None).annotations["description"]


def test_a_high_ratio_needs_three_kills() -> None:
    expr = ratio_rule(FULL).expr
    assert "max by (persona) (variant_kill_ratio) > 0.3\n" in expr
    assert "count by (persona) (max by (variant, persona) (variant_early_kill) == 1) >= 3\n" in expr


def test_a_tired_pattern_is_told_with_the_spec_s_numbers() -> None:
    assert isinstance(FULL.engagement, Engagement)
    rule = fatigue_rule(FULL.engagement, FULL)
    assert "used 5 times or more in the last 14d" in rule.annotations["description"]
    assert rule.labels == {"severity": "info"}
