"""A chart as inline SVG: lines stretch with the page, labels are text that keeps its size. No style attributes, so that
a page may forbid them."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from winburn.drawing.scales import Place, Points, flipped, linear, logarithmic
from winburn.report.blocks import Chart

WIDTH, HEIGHT, COLOURS = 1000, 100, 6


def draw(chart: Chart, name: str) -> str:
    """A figure; ``name`` is unique in the page."""
    return (
        f'<figure><figcaption>{escape(chart.title)}</figcaption><p class="soft">{escape(chart.text)}</p>'
        f'<div class="chart"><svg role="img" aria-labelledby="{name}-t {name}-d">'
        f'<title id="{name}-t">{escape(chart.title)}</title><desc id="{name}-d">{escape(chart.text)}</desc>'
        f"{_inside(chart)}</svg></div>{_legend(chart)}</figure>"
    )


def places(chart: Chart) -> tuple[Place, Place]:
    """Where a time lies from the left and a value from the top, 0 to 1."""
    scale = logarithmic if chart.logarithmic else linear
    return linear(chart.start, chart.end), flipped(scale(*chart.range))


def _inside(chart: Chart) -> str:
    x, y = places(chart)
    lines = "".join(_line(piece, x, y, line.kind) for line in chart.lines for piece in line.pieces)
    levels = "".join(_rule(y(level.value), "factor t0") for level in chart.levels)
    grid = "".join(_rule(y(value), "grid") for value, _ in chart.ticks)
    box = f'<rect class="frame" x="0" y="0" width="{WIDTH}" height="{HEIGHT}"/>'
    return (
        f'<svg class="in" viewBox="0 0 {WIDTH} {HEIGHT}" preserveAspectRatio="none">'
        f"{box}{grid}{''.join(_bands(chart, x))}{levels}{lines}</svg>{''.join(_labels(chart, x, y))}"
    )


def _labels(chart: Chart, x: Place, y: Place) -> Iterator[str]:
    for value, text in chart.ticks:
        yield f'<text class="y" x="0" dx="-8" y="{y(value):.2%}" dy="4">{escape(text)}</text>'
    for i, (time, text) in enumerate(chart.time_ticks):
        yield f'<text class="{"x odd" if i % 2 else "x"}" x="{x(time):.2%}" y="100%" dy="18">{escape(text)}</text>'
    for level in chart.levels:
        yield f'<text class="level" x="0" dx="6" y="{y(level.value):.2%}" dy="-4">{escape(level.name)}</text>'


def _bands(chart: Chart, x: Place) -> Iterator[str]:
    for band in chart.bands:
        left = min(x(band.since) * WIDTH, WIDTH - 3.0)
        # As wide as a line at least: a page of two minutes in a month is no less a page.
        width = max(3.0, x(band.until) * WIDTH - left)
        yield f'<rect class="band t0" x="{left:.1f}" y="0" width="{width:.1f}" height="{HEIGHT}"/>'


def _line(piece: Points, x: Place, y: Place, kind: int) -> str:
    points = [(x(time) * WIDTH, y(value) * HEIGHT) for time, value in piece]
    if len(points) == 1:
        points.append((points[0][0] + 2, points[0][1]))
    path = " ".join(f"{left:.1f},{top:.2f}" for left, top in points)
    return f'<polyline class="line k{kind % COLOURS}" points="{path}"/>'


def _rule(top: float, kind: str) -> str:
    return f'<line class="{kind}" x1="0" x2="{WIDTH}" y1="{top * HEIGHT:.2f}" y2="{top * HEIGHT:.2f}"/>'


def _legend(chart: Chart) -> str:
    named = chart.lines if len(chart.lines) > 1 else ()
    items = [f'<li><i class="k{line.kind % COLOURS}"></i>{escape(line.name)}</li>' for line in named]
    items += [f'<li><i class="shade"></i>{escape(chart.bands_name)}</li>'] if chart.bands_name else []
    return f'<ul class="legend">{"".join(items)}</ul>' if items else ""
