"""From counts and results to the samples of an experiment.

experiment_variant_win_ratio{experiment="checkout-button",variant="green",metric="conversion"} 0.93

Participants and events are totals; whatever is compared between the arms (rates, shares of traffic, lift, evidence, win
rate) is of the present allocation epoch, because rates pooled over different splits do not compare.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import get_args

from exporter.collectors.experiment_analysis import Result
from exporter.collectors.experiment_counters import Counts
from exporter.collectors.experiment_track import ExperimentTrack
from exporter.contract import E_VALUE_CAP, Sample, family, sample
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


def lasting(track: ExperimentTrack, of_spec: Iterable[Sample]) -> tuple[Sample, ...]:
    """The samples that are true whatever the sources do; ``of_spec`` is what :func:`of_spec` gives."""
    experiment = track.experiment
    name = experiment.name
    samples = list(of_spec)
    if experiment.early_kill and not track.is_draft:
        for variant in track.variants:
            samples += _defined("experiment_variant_early_kill", variant in track.killed, name, variant)
    return tuple(samples)


def of_spec(experiment: Experiment) -> tuple[Sample, ...]:
    """What the spec alone says."""
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
    return tuple(samples)


def traffic(track: ExperimentTrack, totals: Counts, epoch: Counts) -> list[Sample]:
    """Who was shown what: of all units, those under labels that the plan does not know included."""
    name = track.experiment.name
    units = sum(n for n, _ in epoch.values())
    samples = [*_defined("experiment_epochs", track.epoch, name)]
    for variant in track.arms:
        total, now = (counts.get(variant, (0.0, 0.0))[0] for counts in (totals, epoch))
        samples += _defined("experiment_variant_participants", total, name, variant)
        samples += _defined("experiment_variant_traffic_ratio", now / units if units else None, name, variant)
    return samples


def split(track: ExperimentTrack, p: float, deviation: float) -> list[Sample]:
    """The sample ratio mismatch; absent while there is no unit."""
    name = track.experiment.name
    smallest = None if math.isnan(p) else track.smallest_srm_p(p)
    return [
        *_defined("experiment_srm_p_value", smallest, name),
        *_defined("experiment_srm_deviation_ratio", deviation, name),
    ]


def metric(track: ExperimentTrack, name: str, totals: Counts, epoch: Counts, result: Result) -> list[Sample]:
    """What one metric says of each arm."""
    samples: list[Sample] = []
    win = result.win.tolist()
    for arm, variant in enumerate(track.arms):
        of = (track.experiment.name, variant, name)
        n, successes = epoch.get(variant, (0.0, 0.0))
        samples += _defined("experiment_variant_events", totals.get(variant, (0.0, 0.0))[1], *of)
        samples += _defined("experiment_variant_metric_value", successes / n if n else None, *of)
        samples += _defined("experiment_variant_win_ratio", win[arm], *of)
    for variant, row in zip(track.variants, _by_variant(result), strict=True):
        samples += _against_control(track, variant, name, row)
    return samples


def _by_variant(result: Result) -> Iterable[dict[str, float]]:
    names = [name for name in Result.__slots__ if name != "win"]
    columns = [getattr(result, name).tolist() for name in names]
    return (dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True))


def _against_control(track: ExperimentTrack, variant: str, name: str, row: Mapping[str, float]) -> list[Sample]:
    of = (track.experiment.name, variant, name)
    log_e, lower = row["log_e"], row["lower"]
    p = None if math.isnan(log_e) else math.exp(-track.largest_log_e(name, variant, log_e))
    return [
        *_defined("experiment_variant_beats_control_ratio", row["beats"], *of),
        *_defined("experiment_variant_expected_loss_ratio", row["loss"], *of),
        *_defined("experiment_variant_lift_ratio", row["lift"], *of),
        # Nothing is less than -1: as a bound it says nothing.
        *_defined("experiment_variant_lift_lower_ratio", lower if lower > -1 else None, *of),
        *_defined("experiment_variant_lift_upper_ratio", row["upper"], *of),
        *_defined("experiment_variant_e_value", e_value(log_e), *of),
        *_defined("experiment_variant_p_value", p, *of),
        *_defined("experiment_variant_verdict", row["verdict"], *of),
        *_defined("experiment_variant_kill_e_value", e_value(row["kill_log_e"]), *of[:2]),
    ]


def _defined(name: str, value: float | None, *of: str) -> tuple[Sample, ...]:
    """As :func:`exporter.contract.optional`, with the values of the family's labels in their order."""
    if value is None or not math.isfinite(value):
        return ()
    return (Sample(name, _labels(name, *of), float(value)),)


@lru_cache(maxsize=2**20)
def _labels(name: str, *of: str) -> tuple[tuple[str, str], ...]:
    """Checked against the catalogue once a series and not once a refresh: that was half of the refresh."""
    return sample(name, 0.0, **dict(zip(family(name).labels, of, strict=True))).labels
