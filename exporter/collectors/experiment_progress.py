"""How far an experiment is from knowing: what is missing until its minimum lift is decided, and how to give traffic."""

from __future__ import annotations

import math

import numpy as np

from exporter.collectors.experiment_reading import Reading
from exporter.collectors.experiment_samples import defined
from exporter.contract import Sample
from exporter.stats import allocation, progress

_DAY = 86400.0
FLOOR = 0.01
"""Least share of the traffic that an arm of a bandit gets."""


def samples(reading: Reading) -> list[Sample]:
    """Progress and recommended traffic."""
    name = reading.experiment.name
    found: list[Sample] = []
    if reading.track.is_running:
        remaining = remaining_participants(reading)
        found += defined("experiment_remaining_participants", remaining, name)
        found += defined("experiment_remaining_seconds", remaining_seconds(reading, remaining), name)
    for variant, share in (recommended(reading) or {}).items():
        found += defined("experiment_variant_traffic_recommended_ratio", share, name, variant)
    return found


def remaining_participants(reading: Reading) -> float | None:
    """Units of all arms still to come at the present split until the slowest variant's minimum lift would be decided.

    A variant that is decided or killed needs none. None where nothing can be said: no minimum lift, no units yet.
    """
    metric = reading.experiment.primary
    if metric.minimum_lift is None:
        return None
    result = reading.results[metric.name]
    units = reading.units()
    total, at_control = sum(units.values()), units[reading.experiment.control]
    most = 0.0
    for i, variant in enumerate(reading.track.variants):
        if variant in reading.track.killed or result.verdict[i] in {-1.0, 1.0}:
            continue
        both = at_control + units[variant]
        if not at_control or not units[variant]:
            return None
        # Units divided by the design effect are what evidence counts; the variance of the mean knows it already.
        seen = float(result.units[i])
        control, share = float(result.mean[0]), units[variant] / both
        spread = float(result.variance[0]) * seen * (1.0 - share)
        if not spread > 0:
            return None
        needed = progress.remaining_units(seen, spread, control, metric.minimum_lift, share, reading.experiment.alpha)
        if math.isnan(needed) or not seen:
            return None
        most = max(most, float(needed) / seen * total)
    return float(np.ceil(most))


def remaining_seconds(reading: Reading, participants: float | None) -> float | None:
    """How long they take at the rate of the last day; None where nobody comes."""
    per_day = reading.track.pace.per_day()
    if participants is None or not per_day:
        return 0.0 if participants == 0 else None
    return participants / per_day * _DAY


def recommended(reading: Reading) -> dict[str, float] | None:
    """Thompson's shares for a bandit: the probability of being best above a floor; nothing for killed variants."""
    if reading.experiment.kind != "bandit":
        return None
    win = dict(zip(reading.track.arms, reading.results[reading.experiment.primary.name].win.tolist(), strict=True))
    alive = [arm for arm in reading.track.arms if arm not in reading.track.killed]
    total = sum(win[arm] for arm in alive)
    if math.isnan(total) or total <= 0:
        return None
    floor = min(FLOOR, 1.0 / len(alive))
    weights = allocation.thompson_weights([win[arm] / total for arm in alive], floor)
    return {**dict.fromkeys(reading.track.arms, 0.0), **dict(zip(alive, np.asarray(weights).tolist(), strict=True))}
