"""From results to the samples of one metric, and what is true of an experiment whatever its sources do.

experiment_variant_win_ratio{experiment="checkout-button",variant="green",metric="conversion"} 0.93

Participants and events are totals; whatever is compared between the arms (means, lift, evidence, win rate) is combined
over allocation epochs, each compared within itself, because numbers pooled over different splits do not compare. Shares
of traffic are of the present epoch.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import get_args

from exporter.collectors.experiment_analysis import BY_VARIANT, Result
from exporter.collectors.experiment_counts import Counts, parts
from exporter.collectors.experiment_track import ExperimentTrack
from exporter.contract import E_VALUE_CAP, FAMILIES, Sample, family, sample
from exporter.spec import KINDS, Experiment

STATUSES: tuple[str, ...] = get_args(Experiment.model_fields["status"].annotation)
_LOG_CAP = math.log(E_VALUE_CAP)


def e_value(log_e: float) -> float:
    """The e-value of its logarithm, capped at what is exported; nan for nan."""
    return E_VALUE_CAP if log_e >= _LOG_CAP else math.exp(log_e)


def lasting(track: ExperimentTrack) -> tuple[Sample, ...]:
    """The samples that are true whatever the sources do."""
    experiment, name = track.experiment, track.experiment.name
    info = {
        "experiment": name,
        "kind": experiment.kind,
        "control": experiment.control,
        "primary_metric": experiment.primary.name,
    }
    samples = [sample("experiment_info", 1, **info, **experiment.labels)]
    for status in STATUSES:
        samples += defined("experiment_status", status == experiment.status, name, status)
    for variant, share in experiment.variants.items():
        samples += defined("experiment_variant_traffic_planned_ratio", share, name, variant)
    if experiment.early_kill and not track.is_draft:
        for variant in track.variants:
            samples += defined("experiment_variant_early_kill", variant in track.killed, name, variant)
    if experiment.cost and experiment.cost.limit is not None:
        currency = experiment.cost.currency or (experiment.value.currency if experiment.value else "")
        samples += defined("experiment_cost_limit", experiment.cost.limit, name, currency)
    samples += defined("experiment_stalled_after_seconds", experiment.stalled_after, name)
    return tuple(samples)


def traffic(track: ExperimentTrack, units: Mapping[str, float]) -> list[Sample]:
    """Who was shown what; shares are of all units of the present epoch, those included that the plan does not know."""
    name = track.experiment.name
    present = {of: sums[0] for of, sums in track.primary.present().items() if not parts(of)[1]}
    total = sum(present.values())
    samples = [*defined("experiment_epochs", track.epoch, name)]
    for variant in track.arms:
        share = present.get(variant, 0.0) / total if total else None
        samples += defined("experiment_variant_participants", units[variant], name, variant)
        samples += defined("experiment_variant_traffic_ratio", share, name, variant)
    return samples


def split(track: ExperimentTrack, smallest: float | None, deviation: float) -> list[Sample]:
    """The sample ratio mismatch, with its smallest p-value so far; absent while there is no unit."""
    name = track.experiment.name
    return [
        *defined("experiment_srm_p_value", smallest, name),
        *defined("experiment_srm_deviation_ratio", deviation, name),
    ]


def metric(track: ExperimentTrack, name: str, totals: Counts, result: Result) -> list[Sample]:
    """What one metric says of each arm; ``totals`` are its counts over all time."""
    samples: list[Sample] = []
    kind = KINDS[track.metrics[name].metric.kind]
    events = kind.every.index(kind.events)
    win, mean = result.win.tolist(), result.mean.tolist()
    for arm, variant in enumerate(track.arms):
        of = (track.experiment.name, variant, name)
        samples += defined("experiment_variant_events", totals[variant][events] if variant in totals else 0.0, *of)
        samples += defined("experiment_variant_metric_value", mean[arm], *of)
        samples += defined("experiment_variant_win_ratio", win[arm], *of)
    for variant, row in zip(track.variants, by_variant(result), strict=True):
        samples += _against_control(track, variant, name, row)
    return samples


def by_variant(result: Result) -> Iterable[dict[str, float]]:
    """The fields that have one entry a variant, for each variant."""
    columns = [getattr(result, name).tolist() for name in BY_VARIANT]
    return (dict(zip(BY_VARIANT, row, strict=True)) for row in zip(*columns, strict=True))


def _against_control(track: ExperimentTrack, variant: str, name: str, row: Mapping[str, float]) -> list[Sample]:
    of = (track.experiment.name, variant, name)
    log_e, lower = row["log_e"], row["lower"]
    p = None if math.isnan(log_e) else math.exp(-track.largest_log_e(name, variant, log_e))
    return [
        *defined("experiment_variant_beats_control_ratio", row["beats"], *of),
        *defined("experiment_variant_expected_loss_ratio", row["loss"], *of),
        *defined("experiment_variant_lift_ratio", row["lift"], *of),
        # Nothing is less than -1: as a bound it says nothing.
        *defined("experiment_variant_lift_lower_ratio", lower if lower > -1 else None, *of),
        *defined("experiment_variant_lift_upper_ratio", row["upper"], *of),
        *defined("experiment_variant_e_value", e_value(log_e), *of),
        *defined("experiment_variant_p_value", p, *of),
        *defined("experiment_variant_verdict", row["verdict"], *of),
        *defined("experiment_variant_kill_e_value", e_value(row["kill_log_e"]), *of[:2]),
    ]


def defined(name: str, value: float | None, *of: str) -> tuple[Sample, ...]:
    """As :func:`exporter.contract.optional`, with the values of the family's labels in their order."""
    if value is None or not math.isfinite(value):
        return ()
    return (Sample(name, _labels(_LIKE[name], *of), float(value)),)


def _alike() -> dict[str, str]:
    first: dict[tuple[str, ...], str] = {}
    return {each.name: first.setdefault(each.labels, each.name) for each in FAMILIES.values()}


_LIKE = _alike()
"""Family -> the first one with the same labels: what is kept of them need be kept once."""


@lru_cache(maxsize=2**20)
def _labels(name: str, *of: str) -> tuple[tuple[str, str], ...]:
    """Checked against the catalogue once a series and not once a refresh: that was half of the refresh."""
    return sample(name, 0.0, **dict(zip(family(name).labels, of, strict=True))).labels
