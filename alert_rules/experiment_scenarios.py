"""Unit tests of the alerts about broken splits and about verdicts."""

from __future__ import annotations

from alert_rules.experiment_rules import (
    MISMATCH_DEVIATION,
    MISMATCH_P_VALUE,
    VERDICTS,
    decided_rules,
    mismatch_rule,
)
from alert_rules.rule import number
from alert_rules.scenario import PHASE, Firing, Scenario, held
from exporter.spec import Experiment, Spec


def mismatch_scenario(spec: Spec) -> Scenario:
    """Phases: surely off, but by little; off by much and not surely in one exporter, the other way round in the other;
    broken, though exporter b does not know yet; the experiment stopped."""
    scenario = Scenario("broken split: fires when the shares are surely and clearly off, while the experiment runs")
    alert, hold = "ExperimentSampleRatioMismatch", held("ExperimentSampleRatioMismatch")
    long = hold + PHASE
    little, much = number(MISMATCH_DEVIATION * 0.98), number(MISMATCH_DEVIATION)
    sure, unsure = number(MISMATCH_P_VALUE * 0.98), number(MISMATCH_P_VALUE)
    firing = []
    for experiment in _ordered(spec):
        named = {"experiment": experiment.name}
        deviation = [(little, long), (much, 2 * long + PHASE)], [(little, 2 * long), (much, long + PHASE)]
        p_value = [(sure, long), (unsure, long), (sure, long + PHASE)], [(sure, 2 * long), (unsure, long + PHASE)]
        scenario.replicas("experiment_srm_deviation_ratio", deviation, **named)
        scenario.replicas("experiment_srm_p_value", p_value, **named)
        _status(scenario, experiment, 3 * long)
        firing.append(Firing(mismatch_rule(experiment, spec), named, MISMATCH_DEVIATION))
    scenario.check(long - 1, alert)
    scenario.check(2 * long - 1, alert)
    scenario.check(2 * long + hold - 1, alert)
    scenario.check(2 * long + hold, alert, firing)
    scenario.check(3 * long + PHASE - 1, alert)
    return scenario


def decided_scenario(spec: Spec, word: str) -> Scenario:
    """Phases: undecided; one variant decided, though exporter b does not know yet; decided long enough; the experiment
    stopped."""
    scenario = Scenario(f"a verdict ({word}): told once it has held, while the experiment runs")
    hold, verdict, firing = held("ExperimentDecided"), number(VERDICTS[word]), []
    for experiment in _ordered(spec):
        metric = experiment.primary.name
        variants = [name for name in sorted(experiment.variants) if name != experiment.control]
        for name in variants:
            decided = verdict if name == variants[0] else "0"
            phases = [[("0", PHASE), (now, PHASE), (decided, hold + PHASE)] for now in (decided, "0")]
            labels = {"experiment": experiment.name, "variant": name, "metric": metric}
            scenario.replicas("experiment_variant_verdict", phases, **labels)
        _status(scenario, experiment, PHASE + hold + 1)
        rule = next(rule for rule in decided_rules(experiment, spec) if rule.labels["verdict"] == word)
        firing.append(Firing(rule, {"experiment": experiment.name, "variant": variants[0], "metric": metric}))
    scenario.check(PHASE + hold - 1, "ExperimentDecided")
    scenario.check(PHASE + hold, "ExperimentDecided", firing)
    scenario.check(PHASE + hold + PHASE, "ExperimentDecided")
    return scenario


def _status(scenario: Scenario, experiment: Experiment, running: int) -> None:
    phases = [("1", running), ("0", PHASE)]
    named = {"experiment": experiment.name, "status": "running"}
    scenario.replicas("experiment_status", [phases, phases], **named)


def _ordered(spec: Spec) -> list[Experiment]:
    return sorted(spec.experiments, key=lambda each: each.name)
