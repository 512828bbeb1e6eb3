"""A spec with one SLO and one experiment of each kind: unit tests of these show what those of all would."""

from __future__ import annotations

from alert_rules.experiment_rules import experiment_group
from alert_rules.rule import Group
from alert_rules.slo_rules import slo_group
from exporter.promql import quote
from exporter.spec import Spec

Kind = tuple[tuple[str, str, str, float], ...]


def sample(spec: Spec) -> Spec:
    """The spec with those SLOs and experiments only that come first, by name, among all with the same rules.

    Rules are the same if they differ in nothing but the name that they are for, static labels and texts. Two factors
    are two kinds, because they stand in the rules; two selectors are none, because tests feed what is made of them.
    """
    slos = {
        _kind(slo_group(slo, spec), "slo", slo.name): slo
        for slo in sorted(spec.slos, key=lambda slo: slo.name, reverse=True)
    }
    experiments = {
        _kind(experiment_group(each, spec), "experiment", each.name): each
        for each in sorted(spec.experiments, key=lambda each: each.name, reverse=True)
    }
    return spec.model_copy(update={"slos": tuple(slos.values()), "experiments": tuple(experiments.values())})


def _kind(group: Group, label: str, name: str) -> Kind:
    own = f"{label}={quote(name)}"
    return tuple(
        (rule.alert.name, rule.expr.replace(own, label), rule.labels["severity"], rule.keep) for rule in group.rules
    )
