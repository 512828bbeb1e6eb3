"""Rules of one experiment: a variant that does harm is announced."""

from __future__ import annotations

from decimal import Decimal

from alert_rules.rule import Group, Rule, dashboard_url, interval, literal, static_labels, texts
from exporter.alerts import ALERTS
from exporter.contract import select
from exporter.spec import EarlyKill, Experiment, Spec


def experiment_group(experiment: Experiment, spec: Spec) -> Group:
    """All rules of the experiment; none where it has no ``early_kill``."""
    kill = experiment.early_kill
    rules = () if kill is None else (kill_rule(experiment, kill, spec),)
    about = f"{experiment.name}: {experiment.primary.name} against {experiment.control}. Early kill: "
    about += "off." if kill is None else "on."
    return Group(f"winburn-experiment-{experiment.name}", about, interval(spec), rules)


def kill_rule(experiment: Experiment, kill: EarlyKill, spec: Spec) -> Rule:
    """The latched kill, for as long as the experiment runs.

    The latch never opens by itself: somebody must take the variant's traffic away, so the alert stays until the
    experiment is paused or ends. Whether it runs is asked of the exporter and not of the spec, so that the alert ends
    without new rules; where the status is missing the kill is announced.
    """
    alert = ALERTS["ExperimentEarlyKill"]
    stopped = f"max by (experiment) ({select('experiment_status', experiment=experiment.name, status='running')}) == 0"
    dashboard = dashboard_url(spec.links, "experiments", experiment=experiment.name)
    killed = select("experiment_variant_early_kill", experiment=experiment.name)
    return Rule(
        alert=alert,
        expr=f"max by (experiment, variant) ({killed}) == 1\nunless on (experiment)\n{stopped}\n",
        labels={"severity": "page", "experiment": experiment.name, **static_labels(experiment.labels)},
        annotations=texts(alert, _facts(experiment, kill), dashboard, spec.links, experiment.runbook),
        keep=2 * interval(spec),
    )


def _facts(experiment: Experiment, kill: EarlyKill) -> dict[str, str]:
    return {
        "experiment": experiment.name,
        "variant": "{{ $labels.variant }}",
        "control": literal(experiment.control),
        "metric": experiment.primary.name,
        "margin": f"by more than {_percent(kill.margin)} % " if kill.margin else "",
        "alpha": _percent(kill.alpha),
    }


def _percent(share: float) -> str:
    # By way of the decimal text: 0.07 * 100 is 7.000000000000001.
    return f"{(Decimal(repr(share)) * 100).normalize():f}"
