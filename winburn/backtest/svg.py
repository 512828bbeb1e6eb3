"""The picture as SVG and HTML: lines stretch with the page, labels are text that keeps its size."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from winburn.backtest.picture import Picture, Tiered
from winburn.backtest.text import number
from winburn.drawing.scales import Place, Points, Ticks, flipped, linear, logarithmic

WIDTH, HEIGHT = 1000, 100


def draw(picture: Picture) -> str:
    """Three plots one above the other, and a legend."""
    x = linear(picture.start, picture.end)
    low, high = picture.budget_range
    budget, burn = flipped(linear(low, high)), flipped(logarithmic(*picture.burn_range))
    bands = "".join(_bands(picture, x))
    zero = [_level(budget(0.0), "zero")] if low < 0 else []
    lines = "".join([bands, *zero, *(_line(run, x, budget, "budget") for run in picture.budget)])
    factors = "".join(
        [
            bands,
            *(_level(burn(tier.factor), f"factor t{i % 6}") for i, tier in enumerate(picture.tiers)),
            *(_line(run, x, burn, f"t{i % 6}") for i, tier in enumerate(picture.tiers) for run in tier.runs),
        ]
    )
    return "".join(
        [
            _plot("Error budget left", lines, picture, x, picture.budget_ticks, budget),
            _plot("Burn rate of each tier's long window", factors, picture, x, picture.burn_ticks, burn),
            _legend(picture.tiers),
            _lanes(picture, x),
        ]
    )


def _plot(title: str, inside: str, picture: Picture, x: Place, ticks: Ticks, y: Place) -> str:
    grid = "".join(_level(y(value), "grid") for value, _ in ticks)
    labels = "".join(f'<span class="y" style="top:{y(value):.2%}">{escape(text)}</span>' for value, text in ticks)
    return (
        f'<figure><figcaption>{escape(title)}</figcaption><div class="plot">{labels}'
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" preserveAspectRatio="none" role="img" aria-label="{escape(title)}">'
        f"{grid}{inside}</svg>{_times(picture, x)}</div></figure>"
    )


def _times(picture: Picture, x: Place) -> str:
    return "".join(
        f'<span class="{"x odd" if i % 2 else "x"}" style="left:{x(time):.2%}">{escape(text)}</span>'
        for i, (time, text) in enumerate(picture.time_ticks)
    )


def _lanes(picture: Picture, x: Place) -> str:
    """One lane for each tier, with a bar for each time that it fired."""
    rows = []
    for i, tier in enumerate(picture.tiers):
        bars = "".join(
            # As wide as a line at least: a page of two minutes in a month is no less a page.
            f'<i class="t{i % 6}" style="left:{x(since):.3%};width:max(3px,{x(until) - x(since):.3%})"></i>'
            for since, until in tier.fired
        )
        name = f"{tier.name} ({tier.severity}): {len(tier.fired)}"
        rows.append(f'<div class="lane"><span>{escape(name)}</span><div>{bars}</div></div>')
    return f"<figure><figcaption>Alerts firing</figcaption>{''.join(rows)}</figure>" if rows else ""


def _legend(tiers: Sequence[Tiered]) -> str:
    items = "".join(
        f'<li><i class="t{i % 6}"></i>{escape(tier.name)}: last {escape(tier.window)}, '
        f"fires above {number(tier.factor)}</li>"
        for i, tier in enumerate(tiers)
    )
    return f'<ul class="legend">{items}</ul>' if items else ""


def _bands(picture: Picture, x: Place) -> Iterator[str]:
    for i, tier in enumerate(picture.tiers):
        for since, until in tier.fired:
            left, width = x(since) * WIDTH, max(1.0, (x(until) - x(since)) * WIDTH)
            yield f'<rect class="band t{i % 6}" x="{left:.1f}" y="0" width="{width:.1f}" height="{HEIGHT}"/>'


def _line(run: Points, x: Place, y: Place, kind: str) -> str:
    points = [(x(time) * WIDTH, y(value) * HEIGHT) for time, value in run]
    if len(points) == 1:
        points.append((points[0][0] + 0.5, points[0][1]))
    path = " ".join(f"{left:.1f},{top:.2f}" for left, top in points)
    return f'<polyline class="line {kind}" points="{path}"/>'


def _level(top: float, kind: str) -> str:
    return f'<line class="{kind}" x1="0" x2="{WIDTH}" y1="{top * HEIGHT:.2f}" y2="{top * HEIGHT:.2f}"/>'
