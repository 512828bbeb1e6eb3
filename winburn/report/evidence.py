"""Evidence over time from the counts that the state store keeps: the blocks of an experiment's present epoch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from exporter.collectors.experiment_analysis import analyse
from exporter.collectors.experiment_reading import Reading
from exporter.collectors.experiment_samples import e_value
from exporter.collectors.experiment_track import ExperimentTrack
from exporter.spec import Experiment
from winburn.report.experiment_review import Evidence
from winburn.report.values import Missing, Period

_ALONE = "counts over time are kept of the present split only; a Prometheus keeps the evidence (--prometheus)"


def of_counts(experiment: Experiment, document: Mapping[str, Any] | None, period: Period) -> Evidence | Missing:
    """The e-values of the primary metric at the ends of the blocks that lie in the period."""
    if document is None:
        return Missing("the state store knows nothing of it yet")
    reading = Reading(ExperimentTrack(experiment, document, ()))
    course = [(at, case) for at, case in reading.course() if at <= period.end]
    try:
        results = analyse([case for _, case in course])
    except ValueError as error:
        return Missing(f"its counts cannot be analysed: {error}")
    lines = []
    for i, variant in enumerate(reading.track.variants):
        found = [(at, e_value(float(r.log_e[i]))) for (at, _), r in zip(course, results, strict=True)]
        points = tuple((at, value) for at, value in found if at >= period.start and value == value)  # noqa: PLR0124 - nan is not itself
        lines.append((variant, (points,) if points else ()))
    if not any(pieces for _, pieces in lines):
        return Missing(_ALONE)
    return Evidence("counts", 1 / experiment.alpha, tuple(lines))
