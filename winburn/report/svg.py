"""A chart as inline SVG: lines stretch with the page, labels are text that keeps its size. No style attributes, so that
a page may forbid them."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from winburn.drawing.scales import Place, flipped, linear, logarithmic
from winburn.drawing.svg import HEIGHT, WIDTH, band, level, line
from winburn.report.blocks import Chart

COLOURS = 6


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
    lines = "".join(line(p, x, y, f"k{each.kind % COLOURS}", least=2) for each in chart.lines for p in each.pieces)
    levels = "".join(level(y(each.value), "factor t0") for each in chart.levels)
    grid = "".join(level(y(value), "grid") for value, _ in chart.ticks)
    bands = "".join(band(each.since, each.until, x, "t0", least=3) for each in chart.bands)
    box = f'<rect class="frame" x="0" y="0" width="{WIDTH}" height="{HEIGHT}"/>'
    return (
        f'<svg class="in" viewBox="0 0 {WIDTH} {HEIGHT}" preserveAspectRatio="none">'
        f"{box}{grid}{bands}{levels}{lines}</svg>{''.join(_labels(chart, x, y))}"
    )


def _labels(chart: Chart, x: Place, y: Place) -> Iterator[str]:
    for value, text in chart.ticks:
        yield f'<text class="y" x="0" dx="-8" y="{y(value):.2%}" dy="4">{escape(text)}</text>'
    for i, (time, text) in enumerate(chart.time_ticks):
        yield f'<text class="{"x odd" if i % 2 else "x"}" x="{x(time):.2%}" y="100%" dy="18">{escape(text)}</text>'
    for each in chart.levels:
        yield f'<text class="level" x="0" dx="6" y="{y(each.value):.2%}" dy="-4">{escape(each.name)}</text>'


def _legend(chart: Chart) -> str:
    named = chart.lines if len(chart.lines) > 1 else ()
    items = [f'<li><i class="k{each.kind % COLOURS}"></i>{escape(each.name)}</li>' for each in named]
    items += [f'<li><i class="shade"></i>{escape(chart.bands_name)}</li>'] if chart.bands_name else []
    return f'<ul class="legend">{"".join(items)}</ul>' if items else ""
