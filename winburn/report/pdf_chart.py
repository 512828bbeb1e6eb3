"""A chart drawn on a PDF's page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from winburn.report.blocks import Chart
from winburn.report.svg import COLOURS, places

if TYPE_CHECKING:
    from fpdf import FPDF

_LINES = ((11, 107, 171), (178, 106, 0), (10, 125, 90), (138, 62, 168), (192, 52, 29), (93, 102, 117))
_DASHES = ((0.0, 0.0), (2.0, 0.8), (0.8, 0.8), (3.0, 1.0), (1.4, 1.4), (0.5, 1.2))
_GRID, _SOFT, _LEVEL, _BAND = (225, 229, 235), (74, 82, 96), (180, 35, 24), (246, 225, 220)
_SIZE = 6.0

Box = tuple[float, float, float, float]
"""Left, top, width and height in mm."""


def draw(paper: FPDF, chart: Chart, box: Box, font: str) -> None:
    """The chart with its labels around the box."""
    left, top, width, height = box
    x, y = places(chart)
    for band in chart.bands:
        paper.set_fill_color(*_BAND)
        begin = min(max(0.0, x(band.since)) * width, width - 0.5)
        paper.rect(left + begin, top, max(0.5, min(1.0, x(band.until)) * width - begin), height, style="F")
    paper.set_line_width(0.15)
    paper.set_draw_color(*_GRID)
    for value, _ in chart.ticks:
        paper.line(left, top + y(value) * height, left + width, top + y(value) * height)
    paper.rect(left, top, width, height)
    _labels(paper, chart, box, font)
    _levels(paper, chart, box, font)
    _lines(paper, chart, box)
    # What follows, tables too, would go on in these.
    paper.set_dash_pattern()
    paper.set_line_width(0.2)
    paper.set_fill_color(255)


def _labels(paper: FPDF, chart: Chart, box: Box, font: str) -> None:
    left, top, width, height = box
    x, y = places(chart)
    paper.set_font(font, "", _SIZE)
    paper.set_text_color(*_SOFT)
    for value, text in chart.ticks:
        paper.text(left - 1.5 - paper.get_string_width(text), top + y(value) * height + 0.8, text)
    for time, text in chart.time_ticks:
        paper.text(left + x(time) * width - paper.get_string_width(text) / 2, top + height + 3.4, text)


def _levels(paper: FPDF, chart: Chart, box: Box, font: str) -> None:
    left, top, width, height = box
    _, y = places(chart)
    paper.set_draw_color(*_LEVEL)
    paper.set_text_color(*_LEVEL)
    paper.set_font(font, "", _SIZE)
    for level in chart.levels:
        at = top + y(level.value) * height
        paper.set_dash_pattern(dash=1.2, gap=0.9)
        paper.line(left, at, left + width, at)
        paper.set_dash_pattern()
        paper.text(left + 1.2, at - 0.8, level.name)


def _lines(paper: FPDF, chart: Chart, box: Box) -> None:
    left, top, width, height = box
    x, y = places(chart)
    paper.set_line_width(0.35)
    for line in chart.lines:
        paper.set_draw_color(*_LINES[line.kind % COLOURS])
        dash, gap = _DASHES[line.kind % COLOURS]
        paper.set_dash_pattern(dash=dash, gap=gap)
        for piece in line.pieces:
            points = [(left + x(time) * width, top + y(value) * height) for time, value in piece]
            if len(points) == 1:
                points.append((points[0][0] + 0.6, points[0][1]))
            paper.polyline(points)
