"""Rules of one experiment: harm, a broken split, and what is decided."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from alert_rules.experiment_watch_rules import watch_rules
from alert_rules.rule import Group, Rule, dashboard_url, interval, literal, number, static_labels, texts
from exporter.alert_texts import kill_facts, percent
from exporter.alerts import ALERTS, Alert
from exporter.contract import select
from exporter.spec import EarlyKill, Experiment, Spec

MISMATCH_P_VALUE = 0.001
MISMATCH_DEVIATION = 0.005
"""A split is broken where the p-value is below the one and a share is off by at least the other."""

VERDICTS = {"better": 1, "worse": -1}
"""Word for a verdict, and value of the label verdict -> value of experiment_variant_verdict."""


def experiment_group(experiment: Experiment, spec: Spec) -> Group:
    """All rules of the experiment, in the order of the table."""
    rules = tuple(rule for make in RULES for rule in make(experiment, spec))
    off = "off." if experiment.early_kill is None else "on."
    about = f"{experiment.name}: {experiment.primary.name} against {experiment.control}. Early kill: {off}"
    return Group(f"winburn-experiment-{experiment.name}", about, interval(spec), rules)


def mismatch_rule(experiment: Experiment, spec: Spec) -> Rule:
    """The observed split is not the planned one; the value is the largest difference of a share.

    Both comparisons are of one exporter (they match by all labels), and inside of the aggregation.
    """
    alert = ALERTS["ExperimentSampleRatioMismatch"]
    deviation = select("experiment_srm_deviation_ratio", experiment=experiment.name)
    p_value = select("experiment_srm_p_value", experiment=experiment.name)
    broken = f"{deviation} >= {number(MISMATCH_DEVIATION)}\n  and {p_value} < {number(MISMATCH_P_VALUE)}"
    facts = {"experiment": experiment.name, "value": "{{ $value | humanizePercentage }}"}
    return _rule(alert, f"max by (experiment) (\n  {broken}\n)\n", {"severity": "ticket"}, facts, experiment, spec)


def decided_rules(experiment: Experiment, spec: Spec) -> Iterator[Rule]:
    """A verdict that has held, a rule for each word: the texts then need no template that chooses."""
    alert = ALERTS["ExperimentDecided"]
    verdict = select("experiment_variant_verdict", experiment=experiment.name)
    for word, value in VERDICTS.items():
        facts = {
            "experiment": experiment.name,
            "variant": "{{ $labels.variant }}",
            "control": literal(experiment.control),
            "metric": "{{ $labels.metric }}",
            "verdict": word,
            "alpha": percent(experiment.alpha),
        }
        expr = f"max by (experiment, variant, metric) ({verdict} == {value})\n"
        yield _rule(alert, expr, {"severity": "info", "verdict": word}, facts, experiment, spec)


def kill_rule(experiment: Experiment, kill: EarlyKill, spec: Spec) -> Rule:
    """The latched kill, for as long as the experiment runs.

    The latch never opens by itself: somebody must take the variant's traffic away, so the alert stays until the
    experiment is paused or ends. Whether it runs is asked of the exporter and not of the spec, so that the alert ends
    without new rules; where the status is missing the kill is announced.
    """
    alert = ALERTS["ExperimentEarlyKill"]
    killed = select("experiment_variant_early_kill", experiment=experiment.name)
    expr = f"max by (experiment, variant) ({killed}) == 1\n"
    return _rule(alert, expr, {"severity": "page"}, _facts(experiment, kill), experiment, spec)


def _rule(
    alert: Alert, expr: str, own: Mapping[str, str], facts: Mapping[str, str], experiment: Experiment, spec: Spec
) -> Rule:
    """A rule that is silent once the experiment stops; ``own`` labels tell it from the others of its name."""
    stopped = f"max by (experiment) ({select('experiment_status', experiment=experiment.name, status='running')}) == 0"
    dashboard = dashboard_url(spec.links, "experiment-detail", experiment=experiment.name)
    return Rule(
        alert=alert,
        expr=f"{expr}unless on (experiment)\n{stopped}\n",
        labels={**own, "experiment": experiment.name, **static_labels(experiment.labels)},
        annotations=texts(alert, facts, dashboard, spec.links, experiment.runbook),
        keep=2 * interval(spec),
    )


def _facts(experiment: Experiment, kill: EarlyKill) -> dict[str, str]:
    return kill_facts(
        experiment=experiment.name,
        variant="{{ $labels.variant }}",
        control=literal(experiment.control),
        metric=experiment.primary.name,
        margin=kill.margin,
        alpha=kill.alpha,
        guardrails=[guardrail.slo for guardrail in experiment.guardrails],
    )


RULES: tuple[Callable[[Experiment, Spec], Iterable[Rule]], ...] = (
    lambda experiment, spec: () if (kill := experiment.early_kill) is None else (kill_rule(experiment, kill, spec),),
    lambda experiment, spec: (mismatch_rule(experiment, spec),),
    decided_rules,
    watch_rules,
)
"""What makes the rules of an experiment, in order."""
