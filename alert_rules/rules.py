"""The file of Prometheus rules."""

from __future__ import annotations

from alert_rules import freeze, tenant
from alert_rules.engagement_rules import engagement_groups
from alert_rules.experiment_rules import experiment_group
from alert_rules.health_rules import health_group
from alert_rules.native import ABOUT as NATIVE_ABOUT
from alert_rules.native import native_group
from alert_rules.rule import Group
from alert_rules.slo_rules import slo_group
from alert_rules.yaml_text import HEADER, comment, dump
from exporter.promql import format_duration
from exporter.spec import Slo, Spec, is_native

RULES_FILE = "winburn.rules.yml"

_ABOUT = """\
For Prometheus 2.42 and later (keep_firing_for). Each SLO and each experiment has a group of its own: its rules see
one instant, and a group that fails or is slow leaves the others alone. All are evaluated once in a refresh.
"""


def rule_groups(spec: Spec) -> tuple[Group, ...]:
    """winburn itself first, then the SLOs and the experiments by name."""
    groups = (
        health_group(spec),
        *(group for slo in sorted(spec.slos, key=lambda slo: slo.name) for group in _groups(slo, spec)),
        *(experiment_group(each, spec) for each in sorted(spec.experiments, key=lambda each: each.name)),
        *engagement_groups(spec),
    )
    return tenant.of_groups(groups, spec.tenant)


def rules_text(spec: Spec) -> str:
    """``winburn.rules.yml``: deterministic, every SLO and experiment named even where it has no rule."""
    native = any(is_native(slo, spec) for slo in spec.slos)
    return (
        HEADER
        + comment(_ABOUT)
        + comment(freeze.ABOUT)
        + (comment(NATIVE_ABOUT) if native else "")
        + "groups:\n"
        + "".join(_group_text(group) for group in rule_groups(spec))
    )


def _groups(slo: Slo, spec: Spec) -> tuple[Group, ...]:
    return (*((native_group(slo),) if is_native(slo, spec) else ()), slo_group(slo, spec))


def _group_text(group: Group) -> str:
    about = "\n" + comment(group.about)
    rules = [record.as_dict() for record in group.records] + [rule.as_dict() for rule in group.rules]
    if not rules:
        return about
    head = {"name": group.name, "interval": format_duration(group.every)}
    return about + dump([{**head, "rules": rules}])
