"""Kills that fire by a snapshot."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from exporter.alert_texts import dashboard_address, kill_facts, variant_kill_facts
from exporter.alerts import ALERTS, VARIANT_KILL_ANNOUNCED
from exporter.notify.firing import Firing, fire, of_family
from exporter.snapshot import Snapshot
from exporter.spec import Experiment, Spec

KilledAt = Callable[[str, str], float | None]
"""Experiment, variant -> Unix time of its kill; None where it is not known."""


def experiment_kills(
    snapshot: Snapshot, experiments: Mapping[str, Experiment], spec: Spec, killed_at: KilledAt
) -> list[Firing]:
    """As the rule says: latched, unless the experiment is known not to run. ``experiments`` are those with a rule."""
    killed = [dict(s.labels) for s in of_family(snapshot.samples, "experiment_variant_early_kill") if s.value == 1]
    if not killed:
        return []
    running = {
        dict(s.labels)["experiment"]: s.value
        for s in of_family(snapshot.samples, "experiment_status")
        if ("status", "running") in s.labels
    }
    found = []
    for labels in killed:
        name, variant = labels["experiment"], labels["variant"]
        if name in experiments and running.get(name) != 0:
            found.append(_kill(experiments[name], variant, spec, killed_at(name, variant), snapshot.at))
    return found


def variant_kills(snapshot: Snapshot, spec: Spec) -> list[Firing]:
    """Content variants that were killed within the last hour: the gauge stays for longer, the message does not."""
    alert = ALERTS.get("VariantEarlyKill")
    if alert is None:
        return []
    times = {s.labels: s.value for s in of_family(snapshot.samples, "variant_killed_timestamp_seconds")}
    dashboard = dashboard_address(spec.links.grafana, "variants-live")
    killed = [s.labels for s in of_family(snapshot.samples, "variant_early_kill") if s.value == 1]
    news = [labels for labels in killed if times.get(labels, 0.0) > snapshot.at - VARIANT_KILL_ANNOUNCED]
    kill = spec.engagement.early_kill if spec.engagement else None
    judged = (kill.rule, kill.expected_ratio, kill.alpha) if kill else None
    return [
        fire(alert, labels, variant_kill_facts(**labels, judged=judged), dashboard, spec, times[x])
        for x in news
        for labels in (dict(x),)
    ]


def _kill(experiment: Experiment, variant: str, spec: Spec, killed: float | None, at: float) -> Firing:
    rule = experiment.early_kill
    if rule is None:
        raise ValueError(f"experiment {experiment.name} kills nothing")
    facts = kill_facts(
        experiment=experiment.name,
        variant=variant,
        control=experiment.control,
        metric=experiment.primary.name,
        margin=rule.margin,
        alpha=rule.alpha,
        guardrails=[guardrail.slo for guardrail in experiment.guardrails],
    )
    labels = {"experiment": experiment.name, "variant": variant, **experiment.labels}
    dashboard = dashboard_address(spec.links.grafana, "experiment-detail", experiment=experiment.name)
    since = at if killed is None else killed
    return fire(ALERTS["ExperimentEarlyKill"], labels, facts, dashboard, spec, since, experiment.runbook)
