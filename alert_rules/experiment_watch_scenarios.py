"""Unit tests of the rules that watch over experiments: guardrails, costs, units that stay away."""

from __future__ import annotations

from collections.abc import Iterator

from alert_rules.experiment_watch_rules import harmed_rules, overrun_rules, stalled_rules
from alert_rules.rule import number
from alert_rules.scenario import PHASE, STEP, Firing, Scenario, held
from exporter.spec import Experiment, Spec

_STOPPED = ("1", "1", "0", None)
"""experiment_status of running, by phase; unknown in the last."""


def watch_scenarios(spec: Spec) -> list[Scenario]:
    """Those of which the spec has a rule. Phases: well; the condition holds, at exporter a alone where that is enough;
    the experiment stopped; its status is not known."""
    experiments = sorted(spec.experiments, key=lambda each: each.name)
    found = []
    if any(True for each in experiments for _ in harmed_rules(each, spec)):
        found.append(_harmed(experiments, spec))
    if any(True for each in experiments for _ in overrun_rules(each, spec)):
        found.append(_overrun(experiments, spec))
    return [*found, _stalled(experiments, spec)] if experiments else found


def _harmed(experiments: list[Experiment], spec: Spec) -> Scenario:
    scenario, alerts = Scenario("guardrails: a page for each variant that harms one"), []
    for experiment in experiments:
        rules = {rule.labels["guardrail"]: rule for rule in harmed_rules(experiment, spec)}
        variants = [name for name in sorted(experiment.variants) if name != experiment.control]
        for name, variant, family, well, harmed in _series(experiment, variants):
            named = {"experiment": experiment.name, "variant": variant}
            kind = "metric" if family == "experiment_variant_verdict" else "slo"
            value = harmed if variant == variants[0] else well
            scenario.phases(family, (well, value, value, value), {1: well}, **named, **{kind: name})
            if variant == variants[0]:
                alerts.append(Firing(rules[name], named, float(harmed)))
        _status(scenario, experiment)
    for phase, firing in enumerate(([], alerts, [], alerts)):
        scenario.check_phase(phase, "ExperimentGuardrailHarmed", firing)
    return scenario


def _series(experiment: Experiment, variants: list[str]) -> Iterator[tuple[str, str, str, str, str]]:
    """Guardrail, variant, family, and the family's values where all is well and where it is harmed."""
    for variant in variants:
        for metric in experiment.metrics:
            if metric.role == "guardrail":
                yield metric.name, variant, "experiment_variant_verdict", "0", "-1"
        for guardrail in experiment.guardrails:
            yield guardrail.slo, variant, "experiment_variant_slo_breach", "0", "1"


def _overrun(experiments: list[Experiment], spec: Spec) -> Scenario:
    """Two variants cost a third of the limit each, and then more than all of it each."""
    scenario, alerts = Scenario("costs above the limit: both exporters' costs are the same money"), []
    hold = held("ExperimentCostOverrun") + PHASE
    for experiment in experiments:
        for rule in overrun_rules(experiment, spec):
            cost, named = experiment.cost, {"experiment": experiment.name}
            limit = (cost.limit if cost else None) or 0.0
            money = {**named, "currency": _currency(experiment)}
            for variant in sorted(experiment.variants)[:2]:
                of = {**money, "variant": variant, "category": "other"}
                runs = [(number(limit / 3), hold), (number(limit + 1), hold + PHASE)]
                scenario.replicas("experiment_variant_cost", [runs, runs], **of)
            scenario.replicas("experiment_cost_limit", [[(number(limit), 2 * hold + PHASE)]] * 2, **money)
            running = [("1", 2 * hold), ("0", PHASE)]
            scenario.replicas("experiment_status", [running, running], **named, status="running")
            alerts.append(Firing(rule, money, 2 * (limit + 1)))
    scenario.check(hold - 1, "ExperimentCostOverrun")
    scenario.check(2 * hold - 1, "ExperimentCostOverrun", alerts)
    scenario.check(2 * hold + PHASE - 1, "ExperimentCostOverrun")
    return scenario


def _stalled(experiments: list[Experiment], spec: Spec) -> Scenario:
    """The tests' time begins at 0, so a unit that came long ago came before that."""
    scenario, alerts = Scenario("stalled: a running experiment without new units"), []
    hold = held("ExperimentStalled") + PHASE
    for experiment in experiments:
        (rule,), named = stalled_rules(experiment, spec), {"experiment": experiment.name}
        after = experiment.stalled_after
        last = [(f"0+{number(STEP)}", hold), (number(-after), hold + PHASE)]
        scenario.replicas("experiment_last_participant_timestamp_seconds", [last, last], **named)
        scenario.replicas("experiment_stalled_after_seconds", [[(number(after), 2 * hold + PHASE)]] * 2, **named)
        running = [("1", 2 * hold), ("0", PHASE)]
        scenario.replicas("experiment_status", [running, running], **named, status="running")
        alerts.append(Firing(rule, named, after + (2 * hold - 1) * STEP))
    scenario.check(hold - 1, "ExperimentStalled")
    scenario.check(2 * hold - 1, "ExperimentStalled", alerts)
    scenario.check(2 * hold + PHASE - 1, "ExperimentStalled")
    return scenario


def _status(scenario: Scenario, experiment: Experiment) -> None:
    scenario.phases("experiment_status", _STOPPED, experiment=experiment.name, status="running")


def _currency(experiment: Experiment) -> str:
    if experiment.cost and experiment.cost.currency:
        return experiment.cost.currency
    return experiment.value.currency if experiment.value else ""
