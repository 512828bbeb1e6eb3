"""Early kills: whom the evidence condemns, and what is written down of it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from exporter.collectors.experiment_counts import Counts, plus
from exporter.collectors.experiment_reading import Reading
from exporter.collectors.experiment_samples import e_value
from exporter.spec import KINDS
from exporter.state import Latch, Lifted

Floors = Mapping[tuple[str, str], Lifted]
"""Experiment and variant -> the last lifting of its kill."""


def condemned(reading: Reading, floors: Floors) -> Iterable[tuple[str, float]]:
    """Variants to kill now, with their log e-values.

    A variant that somebody has spared needs evidence beyond what there was then.
    """
    rule = reading.experiment.early_kill
    if rule is None or not reading.track.is_running or not reading.answered:
        return
    evidence = reading.results[reading.experiment.primary.name].kill_log_e.tolist()
    for variant, log_e in zip(reading.track.variants, evidence, strict=True):
        spared = floors.get((reading.experiment.name, variant))
        needed = -math.log(rule.alpha) if spared is None else spared.threshold(rule.alpha)
        if variant not in reading.track.killed and needed is not None and log_e >= needed:
            yield variant, log_e


def unknown_floors(reading: Reading, floors: Floors) -> Iterable[tuple[Lifted, float]]:
    """Liftings that nobody has looked at since, with the log e-value now: the floor."""
    if not reading.answered:
        return
    evidence = reading.results[reading.experiment.primary.name].kill_log_e.tolist()
    for variant, log_e in zip(reading.track.variants, evidence, strict=True):
        spared = floors.get((reading.experiment.name, variant))
        if spared is not None and spared.floor is None and not math.isnan(log_e):
            yield spared, log_e


def latch(reading: Reading, variant: str, log_e: float, at: float) -> Latch:
    """The kill of a variant, with the numbers behind it."""
    track, experiment = reading.track, reading.experiment
    rule, metric = experiment.early_kill, experiment.primary
    if rule is None:
        raise ValueError(f"experiment {experiment.name} kills nothing")
    evidence = e_value(log_e)
    margin = f" by more than {rule.margin:.4g} of its rate" if rule.margin else ""
    reason = (
        f"{metric.name}: {variant} is worse than {experiment.control}{margin}, "
        f"e-value {evidence:.4g} >= {1 / rule.alpha:.4g}"
    )
    epochs = track.metrics[metric.name].epochs()
    facts = {
        "kind": "evidence",
        "metric": metric.name,
        "direction": metric.direction,
        "epoch": track.epoch,
        "e_value": evidence,
        "alpha": rule.alpha,
        "margin": rule.margin,
        "control": {"variant": experiment.control, **_sums(metric.kind, experiment.control, epochs)},
        "killed": {"variant": variant, **_sums(metric.kind, variant, epochs)},
    }
    return track.latch(variant, at, reason, facts)


def _sums(kind: str, arm: str, epochs: Iterable[Counts]) -> dict[str, Any]:
    total = [0.0] * len(KINDS[kind].every)
    for epoch in epochs:
        total = list(plus(total, epoch.get(arm, [0.0] * len(total))))
    return {name: value for name, value in zip(KINDS[kind].every, total, strict=True) if not math.isnan(value)}
