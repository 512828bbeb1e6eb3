"""The file of Prometheus rules."""

from __future__ import annotations

from alert_rules import freeze
from alert_rules.engagement_rules import engagement_groups
from alert_rules.experiment_rules import experiment_group
from alert_rules.health_rules import health_group
from alert_rules.rule import Group, interval
from alert_rules.slo_rules import slo_group
from alert_rules.yaml_text import HEADER, comment, dump
from exporter.promql import format_duration
from exporter.spec import Spec

RULES_FILE = "winburn.rules.yml"

_ABOUT = """\
For Prometheus 2.42 and later (keep_firing_for). Each SLO and each experiment has a group of its own: its rules see
one instant, and a group that fails or is slow leaves the others alone. All are evaluated once in a refresh.
"""


def rule_groups(spec: Spec) -> tuple[Group, ...]:
    """winburn itself first, then the SLOs and the experiments by name."""
    return (
        health_group(spec),
        *(slo_group(slo, spec) for slo in sorted(spec.slos, key=lambda slo: slo.name)),
        *(experiment_group(each, spec) for each in sorted(spec.experiments, key=lambda each: each.name)),
        *engagement_groups(spec),
    )


def rules_text(spec: Spec) -> str:
    """``winburn.rules.yml``: deterministic, every SLO and experiment named even where it has no rule."""
    every = format_duration(interval(spec))
    return (
        HEADER
        + comment(_ABOUT)
        + comment(freeze.ABOUT)
        + "groups:\n"
        + "".join(_group_text(group, every) for group in rule_groups(spec))
    )


def _group_text(group: Group, every: str) -> str:
    about = "\n" + comment(group.about)
    if not group.rules:
        return about
    return about + dump([{"name": group.name, "interval": every, "rules": [rule.as_dict() for rule in group.rules]}])
