"""The one document that every format shows. Times are Unix seconds, shares 0..1; what is undefined says why."""

from __future__ import annotations

from dataclasses import dataclass

from winburn.report.content_review import Content
from winburn.report.experiment_review import ExperimentReview
from winburn.report.slo_review import SloReview
from winburn.report.values import Decision, Missing, Period


@dataclass(frozen=True, slots=True)
class Document:
    """Everything. ``failures`` are sentences about what did not answer, ``notes`` about what else could not be had."""

    period: Period
    slos: tuple[SloReview, ...]
    experiments: tuple[ExperimentReview, ...]
    content: Content | Missing
    decisions: tuple[Decision, ...]
    failures: tuple[str, ...]
    notes: tuple[str, ...]
