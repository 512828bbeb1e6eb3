"""What every chart as SVG is drawn with: lines, levels and bands on one canvas that stretches with its page."""

from __future__ import annotations

from winburn.drawing.scales import Place, Points

WIDTH, HEIGHT = 1000, 100
"""The canvas: places of 0 to 1 times these."""


def line(piece: Points, x: Place, y: Place, kind: str, *, least: float) -> str:
    """A piece of a line; one of a single point is ``least`` wide, to be seen."""
    points = [(x(time) * WIDTH, y(value) * HEIGHT) for time, value in piece]
    if len(points) == 1:
        points.append((points[0][0] + least, points[0][1]))
    path = " ".join(f"{left:.1f},{top:.2f}" for left, top in points)
    return f'<polyline class="line {kind}" points="{path}"/>'


def level(top: float, kind: str) -> str:
    """A horizontal line from edge to edge; ``top`` is its place from above."""
    return f'<line class="{kind}" x1="0" x2="{WIDTH}" y1="{top * HEIGHT:.2f}" y2="{top * HEIGHT:.2f}"/>'


def band(since: float, until: float, x: Place, kind: str, *, least: float) -> str:
    """A shaded time, at least so wide: a page of two minutes in a month is no less a page."""
    left = min(x(since) * WIDTH, WIDTH - least)
    width = max(least, x(until) * WIDTH - left)
    return f'<rect class="band {kind}" x="{left:.1f}" y="0" width="{width:.1f}" height="{HEIGHT}"/>'
