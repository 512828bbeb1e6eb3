"""One experiment as samples: its parts in the order of the catalogue, and the totals over all experiments."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence

from exporter.collectors import (
    experiment_advice,
    experiment_money,
    experiment_progress,
    experiment_samples,
    experiment_segments,
)
from exporter.collectors.experiment_reading import Reading
from exporter.collectors.experiment_samples import STATUSES, defined
from exporter.collectors.experiment_track import ExperimentTrack
from exporter.contract import Sample, sample


def samples(reading: Reading, srm_p: float, srm_deviation: float, at: float) -> tuple[Sample, ...]:
    """All that one reading says; its recommendations stay in ``reading.advice``."""
    track = reading.track
    smallest = None if math.isnan(srm_p) else track.smallest_srm_p(srm_p)
    reading.advice = experiment_advice.advise(reading, smallest, srm_deviation, at)
    found = experiment_samples.traffic(track, reading.units())
    found += experiment_samples.split(track, smallest, srm_deviation)
    for name in reading.shown:
        found += experiment_samples.metric(track, name, track.metrics[name].last or {}, reading.results[name])
        found += _clusters_and_trend(reading, name)
    found += experiment_segments.samples(reading)
    found += experiment_progress.samples(reading)
    found += experiment_money.samples(reading)
    found += experiment_advice.samples(reading.advice)
    if track.is_running:
        found += defined("experiment_last_participant_timestamp_seconds", track.pace.last_grown, track.experiment.name)
    return tuple(found)


def _clusters_and_trend(reading: Reading, name: str) -> Iterable[Sample]:
    of = reading.experiment.name
    if name in reading.track.windows:
        yield from defined("experiment_design_effect", reading.design_effect(name), of, name)
    for variant, trend in zip(reading.track.variants, reading.trends.get(name, ()), strict=False):
        yield from defined("experiment_variant_trend", trend, of, variant, name)


def by_status(tracks: Iterable[ExperimentTrack]) -> tuple[Sample, ...]:
    """How many experiments have each status: true whatever the sources do."""
    counts: Counter[str] = Counter(track.experiment.status for track in tracks)
    return tuple(sample("experiments", counts[status], status=status) for status in STATUSES)


def totals_of_results(readings: Sequence[Reading]) -> tuple[Sample, ...]:
    """The mean win rate of the best variants of the experiments that run, and what they cost beyond control."""
    best, weights = 0.0, 0.0
    for reading in readings:
        if not reading.answered:
            continue
        win = reading.results[reading.experiment.primary.name].win[1:]
        if reading.track.is_running and not (win != win).any():  # noqa: PLR0124 - nan is not itself
            units = sum(reading.units().values())
            best, weights = best + float(win.max()) * units, weights + units
    mean = defined("experiments_win_ratio_mean", best / weights) if weights else ()
    return (*mean, *experiment_money.totals(readings))
