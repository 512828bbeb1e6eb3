"""How far an experiment is from knowing: what is missing until its minimum lift is decided, and how to give traffic."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from exporter.collectors.experiment_reading import Reading
from exporter.collectors.experiment_samples import defined
from exporter.contract import Sample
from exporter.stats import allocation, progress

_DAY = 86400.0
FLOOR = 0.01
"""Least share of the traffic that an arm of a bandit gets."""


class _Ahead(NamedTuple):
    """What decides how many units one variant still needs; ``whole`` are those of all arms for each unit of the two."""

    seen: float
    variance: float
    control: float
    minimum_lift: float
    share: float
    whole: float


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


def look_ahead(readings: Iterable[Reading]) -> None:
    """Fill ``remaining`` of all analysed readings, in one batch: one search each took longer than all the analysis."""
    levels: dict[float, list[tuple[Reading, str, _Ahead]]] = defaultdict(list)
    for reading in readings:
        reading.remaining = _settled(reading)
        for variant, ahead in _wanted(reading):
            levels[reading.experiment.alpha].append((reading, variant, ahead))
    for alpha, rows in levels.items():
        seen, variance, control, lift, share, _ = np.array([ahead for _, _, ahead in rows]).T
        needed = np.asarray(progress.remaining_units(seen, variance, control, lift, share, alpha)).tolist()
        for (reading, variant, ahead), units in zip(rows, needed, strict=True):
            if not math.isnan(units):
                reading.remaining[variant] = float(math.ceil(units * ahead.whole))


def remaining_participants(reading: Reading) -> float | None:
    """Units of all arms still to come at the present split until the slowest variant's minimum lift would be decided.

    A variant that is decided or killed needs none, and one that is planned to get no traffic is not waited for. None
    where nothing can be said: no minimum lift, no units yet.
    """
    waited_for = [v for v in reading.track.variants if reading.experiment.variants[v] > 0]
    needed = [reading.remaining.get(variant) for variant in waited_for]
    known = [units for units in needed if units is not None]
    return max(known) if known and len(known) == len(needed) else None


def _settled(reading: Reading) -> dict[str, float]:
    """0 for every variant that needs no more units."""
    if reading.experiment.primary.minimum_lift is None:
        return {}
    verdicts = reading.results[reading.experiment.primary.name].verdict.tolist()
    return {
        variant: 0.0
        for variant, verdict in zip(reading.track.variants, verdicts, strict=True)
        if variant in reading.track.killed or verdict in {-1.0, 1.0}
    }


def _wanted(reading: Reading) -> Iterable[tuple[str, _Ahead]]:
    """The other variants that have units to judge by."""
    metric = reading.experiment.primary
    if metric.minimum_lift is None:
        return
    result, units = reading.results[metric.name], reading.units()
    total, at_control = sum(units.values()), units[reading.experiment.control]
    control, variance = float(result.mean[0]), float(result.variance[0])
    for variant, seen in zip(reading.track.variants, result.units.tolist(), strict=True):
        if variant in reading.remaining or not (at_control and units[variant]):
            continue
        share = units[variant] / (at_control + units[variant])
        # Units divided by the design effect are what evidence counts; the variance of the mean knows it already.
        each = variance * seen * (1.0 - share)
        if seen > 0 and each > 0:
            yield variant, _Ahead(seen, each, control, metric.minimum_lift, share, total / seen)


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
