"""The charts of a document: what was left of a budget over time, and the evidence of an experiment."""

from __future__ import annotations

import math
from zoneinfo import ZoneInfo

from winburn.drawing.scales import Points, Ticks, even_ticks, time_ticks
from winburn.report import words
from winburn.report.blocks import Band, Chart, Level, Line
from winburn.report.experiment_review import ExperimentReview
from winburn.report.slo_review import SloReview
from winburn.report.values import Missing, Period

_LEAST = 1e-2
"""e-values below this are drawn as this."""

_MOST = 1e40
"""As above, from above: beyond it a line says nothing more."""


def budget_chart(slo: SloReview, period: Period) -> Chart | None:
    """What was left of the SLO's error budget; None where nothing is known."""
    values = [value for piece in slo.budget for _, value in piece]
    if not values:
        return None
    low = min(0.0, min(values) * 1.05)
    pages = () if isinstance(slo.paging, Missing) else slo.paging.pages
    first, last = slo.budget[0][0][1], slo.budget[-1][-1][1]
    least = words.share(min(values))
    paged = f"; {words.plural(len(pages), 'page')}" if pages else ""
    return Chart(
        "Error budget left",
        f"{words.share(first)} at the beginning, {words.share(last)} at the end, least {least}{paged}.",
        period.start,
        period.end,
        (low, 1.0),
        _times(period),
        tuple((value, f"{value * 100:.0f} %") for value in even_ticks(low, 1.0)),
        (Line("left", slo.budget, 0),),
        (Level("nothing left", 0.0),) if low < 0 else (),
        tuple(Band(page.since, page.until) for page in pages),
        "paged" if pages else "",
    )


def evidence_chart(experiment: ExperimentReview, period: Period) -> Chart | None:
    """The e-values of the variants with the boundary at which they decide; None where nothing is known."""
    found = experiment.evidence
    if isinstance(found, Missing):
        return None
    lines = tuple(
        Line(name, tuple(_bounded(piece) for piece in pieces), i)
        for i, (name, pieces) in enumerate(found.lines)
        if pieces
    )
    values = [value for line in lines for piece in line.pieces for _, value in piece]
    if not values:
        return None
    high = max(max(values) * 2, found.boundary * 5)
    last = [(name, pieces[-1][-1][1]) for name, pieces in found.lines if pieces]
    ends = ", ".join(f"{name} ends at {words.evidence(value)}" for name, value in last)
    start = min(piece[0][0] for line in lines for piece in line.pieces)
    end = max(piece[-1][0] for line in lines for piece in line.pieces)
    # An experiment of minutes in a report of weeks would be a stroke at its edge.
    whole = end - start > 0.25 * period.seconds or end <= start
    inside = period if whole else Period(start, end, period.label, period.timezone)
    capped = "; drawn up to 1e40" if max(value for _, value in last) > _MOST else ""
    return Chart(
        f"Evidence that {experiment.metric} differs from {experiment.control}",
        f"e-values; {ends}; from {words.evidence(found.boundary)} on they decide on their own{capped}.",
        inside.start,
        inside.end,
        (_LEAST, high),
        _times(inside),
        _powers(high),
        lines,
        (Level(f"decides at {words.number(found.boundary)}", found.boundary),),
        logarithmic=True,
    )


def _times(period: Period) -> Ticks:
    return time_ticks(period.start, period.end, 7, ZoneInfo(period.timezone))


def _bounded(piece: Points) -> Points:
    return tuple((time, min(max(value, _LEAST), _MOST)) for time, value in piece)


def _powers(high: float) -> Ticks:
    """At most about six powers of ten from 0.01 to ``high``."""
    last = math.floor(math.log10(high))
    every = max(1, math.ceil((last + 2) / 6))
    return tuple((10.0**i, f"{10.0**i:g}" if i < 5 else f"1e{i}") for i in range(-2, last + 1, every))
