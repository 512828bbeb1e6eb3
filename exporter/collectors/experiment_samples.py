"""From counts and results to the samples of an experiment.

experiment_variant_win_ratio{experiment="checkout-button",variant="green",metric="conversion"} 0.93

Participants and events are totals; whatever is compared between the arms (rates, shares of traffic, lift, evidence, win
rate) is of the present allocation epoch, because rates pooled over different splits do not compare.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import get_args

from exporter.collectors.experiment_analysis import Result
from exporter.collectors.experiment_counters import Counts
from exporter.collectors.experiment_track import ExperimentTrack
from exporter.contract import E_VALUE_CAP, Sample, optional, sample
from exporter.spec import Experiment

STATUSES: tuple[str, ...] = get_args(Experiment.model_fields["status"].annotation)
_LOG_CAP = math.log(E_VALUE_CAP)


def e_value(log_e: float) -> float:
    """The e-value of its logarithm, capped at what is exported; nan for nan."""
    return E_VALUE_CAP if log_e >= _LOG_CAP else math.exp(log_e)


def by_status(experiments: Iterable[Experiment]) -> tuple[Sample, ...]:
    """How many experiments have each status."""
    counts: Counter[str] = Counter(experiment.status for experiment in experiments)
    return tuple(sample("experiments", counts[status], status=status) for status in STATUSES)


def lasting(track: ExperimentTrack) -> tuple[Sample, ...]:
    """The samples that are true whatever the sources do."""
    experiment = track.experiment
    name = experiment.name
    info = {
        "experiment": name,
        "kind": experiment.kind,
        "control": experiment.control,
        "primary_metric": experiment.primary.name,
    }
    samples = [sample("experiment_info", 1, **info, **experiment.labels)]
    samples += [
        sample("experiment_status", float(status == experiment.status), experiment=name, status=status)
        for status in STATUSES
    ]
    samples += [
        sample("experiment_variant_traffic_planned_ratio", share, experiment=name, variant=variant)
        for variant, share in experiment.variants.items()
    ]
    if experiment.early_kill and not track.is_draft:
        samples += [
            sample("experiment_variant_early_kill", float(v in track.killed), experiment=name, variant=v)
            for v in track.variants
        ]
    return tuple(samples)


def traffic(track: ExperimentTrack, totals: Counts, epoch: Counts) -> list[Sample]:
    """Who was shown what: of all units, those under labels that the plan does not know included."""
    name = track.experiment.name
    units = sum(n for n, _ in epoch.values())
    samples = [sample("experiment_epochs", track.epoch, experiment=name)]
    for variant in track.arms:
        total, now = (counts.get(variant, (0.0, 0.0))[0] for counts in (totals, epoch))
        labels = {"experiment": name, "variant": variant}
        samples.append(sample("experiment_variant_participants", total, **labels))
        samples += optional("experiment_variant_traffic_ratio", now / units if units else None, **labels)
    return samples


def split(track: ExperimentTrack, p: float, deviation: float) -> list[Sample]:
    """The sample ratio mismatch; absent while there is no unit."""
    name = track.experiment.name
    smallest = None if math.isnan(p) else track.smallest_srm_p(p)
    return [
        *optional("experiment_srm_p_value", smallest, experiment=name),
        *optional("experiment_srm_deviation_ratio", deviation, experiment=name),
    ]


def metric(
    track: ExperimentTrack, name: str, totals: Counts, epoch: Mapping[str, tuple[float, float]], result: Result
) -> list[Sample]:
    """What one metric says of each arm."""
    samples: list[Sample] = []
    for i, variant in enumerate(track.arms):
        labels = {"experiment": track.experiment.name, "variant": variant, "metric": name}
        n, successes = epoch.get(variant, (0.0, 0.0))
        total = totals.get(variant, (0.0, 0.0))[1]
        samples.append(sample("experiment_variant_events", total, **labels))
        samples += optional("experiment_variant_metric_value", successes / n if n else None, **labels)
        samples += optional("experiment_variant_win_ratio", result.win[i], **labels)
        if i:
            samples += _against_control(track, labels, result, i - 1)
    return samples


def _against_control(track: ExperimentTrack, labels: dict[str, str], result: Result, i: int) -> list[Sample]:
    log_e, kill_log_e, lower = float(result.log_e[i]), float(result.kill_log_e[i]), float(result.lower[i])
    samples = [
        *optional("experiment_variant_beats_control_ratio", result.beats[i], **labels),
        *optional("experiment_variant_expected_loss_ratio", result.loss[i], **labels),
        *optional("experiment_variant_lift_ratio", result.lift[i], **labels),
        # Nothing is less than -1: as a bound it says nothing.
        *optional("experiment_variant_lift_lower_ratio", lower if lower > -1 else None, **labels),
        *optional("experiment_variant_lift_upper_ratio", result.upper[i], **labels),
        *optional("experiment_variant_e_value", e_value(log_e), **labels),
        *optional("experiment_variant_verdict", result.verdict[i], **labels),
    ]
    if not math.isnan(log_e):
        largest = track.largest_log_e(labels["metric"], labels["variant"], log_e)
        samples.append(sample("experiment_variant_p_value", math.exp(-largest), **labels))
    of_variant = {"experiment": labels["experiment"], "variant": labels["variant"]}
    return [*samples, *optional("experiment_variant_kill_e_value", e_value(kill_log_e), **of_variant)]
