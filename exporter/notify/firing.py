"""Which alerts fire by a snapshot, of those where seconds count: the very alerts that the generated rules raise.

A rule of Prometheus looks at the same gauges a scrape and an evaluation later. Label by label its alert must be ours,
or people are paged twice; tests compare the two.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from exporter.alerts import ALERTS, Alert, dashboard_address, kill_facts, message, runbook_address
from exporter.contract import Sample
from exporter.snapshot import Snapshot
from exporter.spec import Experiment, Links, Spec

KilledAt = Callable[[str, str], float | None]
"""Experiment, variant -> Unix time of its kill; None where it is not known."""

Labels = tuple[tuple[str, str], ...]

NAMES = ("ExperimentEarlyKill", "VariantEarlyKill")
"""The alerts that are told at once."""


@dataclass(frozen=True, slots=True)
class Firing:
    """An alert that fires: labels sorted by name (its identity), what it says, where it comes from, since when."""

    labels: Labels
    annotations: Mapping[str, str] = field(compare=False)
    generator: str = field(compare=False)
    since: float = field(compare=False)

    @property
    def title(self) -> str:
        """The alert for a log line: its name and what it is about."""
        labels = dict(self.labels)
        alert = ALERTS[labels["alertname"]]
        return f"{alert.name} ({', '.join(labels[name] for name in alert.identity if name in labels)})"


def watch(spec: Spec, killed_at: KilledAt) -> Callable[[Snapshot], list[Firing]]:
    """The function from a snapshot to what fires by it.

    ``alerting.external_labels`` are added where the alert has no such label, as Prometheus does.
    """
    experiments = {each.name: each for each in spec.experiments if each.early_kill is not None}

    def firing(snapshot: Snapshot) -> list[Firing]:
        return [
            *_experiment_kills(snapshot, experiments, spec, killed_at),
            *_variant_kills(snapshot, spec),
        ]

    return firing


def of_family(samples: Sequence[Sample], name: str) -> Sequence[Sample]:
    """The samples of one family; ``samples`` are sorted by family, as those of a snapshot are."""
    return samples[bisect_left(samples, name, key=_name) : bisect_right(samples, name, key=_name)]


def _experiment_kills(
    snapshot: Snapshot, experiments: Mapping[str, Experiment], spec: Spec, killed_at: KilledAt
) -> list[Firing]:
    """As the rule says: latched, unless the experiment is known not to run."""
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
    )
    labels = {"experiment": experiment.name, "variant": variant, **experiment.labels}
    dashboard = dashboard_address(spec.links.grafana, "experiments", experiment=experiment.name)
    alert = ALERTS["ExperimentEarlyKill"]
    return _firing(alert, labels, facts, dashboard, spec, at if killed is None else killed, experiment.runbook)


def _variant_kills(snapshot: Snapshot, spec: Spec) -> list[Firing]:
    alert = ALERTS.get("VariantEarlyKill")
    if alert is None:
        return []
    times = {s.labels: s.value for s in of_family(snapshot.samples, "variant_killed_timestamp_seconds")}
    found = []
    for killed in of_family(snapshot.samples, "variant_early_kill"):
        if killed.value == 1:
            labels = dict(killed.labels)
            dashboard = dashboard_address(spec.links.grafana, "variants-live")
            since = times.get(killed.labels, snapshot.at)
            found.append(_firing(alert, labels, _Known(labels), dashboard, spec, since))
    return found


def _firing(
    alert: Alert,
    labels: Mapping[str, str],
    facts: Mapping[str, str],
    dashboard: str,
    spec: Spec,
    since: float,
    runbook: str | None = None,
) -> Firing:
    own = {"alertname": alert.name, "severity": alert.severity or "page", **labels}
    every = {**spec.alerting.external_labels, **own}
    return Firing(
        # To Prometheus an empty value is no label.
        tuple(sorted((name, value) for name, value in every.items() if value)),
        message(alert, facts, runbook_address(alert, spec.links.runbooks, runbook), dashboard),
        _generator(dashboard, spec.links),
        since,
    )


def _generator(dashboard: str, links: Links) -> str:
    """Where the alert comes from, as far as Alertmanager takes it: an address."""
    return dashboard if links.grafana.startswith(("http://", "https://")) else ""


def _name(sample: Sample) -> str:
    return sample.name


class _Known(dict[str, str]):
    """Facts of which some may be missing: a text with a gap is better than no page."""

    def __missing__(self, key: str) -> str:
        return "?"
