"""The picture as SVG and HTML: lines stretch with the page, labels are text that keeps its size."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from winburn.backtest.picture import Picture, Tiered
from winburn.backtest.text import number
from winburn.drawing.scales import Place, Ticks, flipped, linear, logarithmic
from winburn.drawing.svg import HEIGHT, WIDTH, band, level, line


def draw(picture: Picture) -> str:
    """Three plots one above the other, and a legend."""
    x = linear(picture.start, picture.end)
    low, high = picture.budget_range
    budget, burn = flipped(linear(low, high)), flipped(logarithmic(*picture.burn_range))
    bands = "".join(_bands(picture, x))
    zero = [level(budget(0.0), "zero")] if low < 0 else []
    lines = "".join([bands, *zero, *(line(run, x, budget, "budget", least=0.5) for run in picture.budget)])
    factors = "".join(
        [
            bands,
            *(level(burn(tier.factor), f"factor t{i % 6}") for i, tier in enumerate(picture.tiers)),
            *(line(run, x, burn, f"t{i % 6}", least=0.5) for i, tier in enumerate(picture.tiers) for run in tier.runs),
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
    grid = "".join(level(y(value), "grid") for value, _ in ticks)
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
            yield band(since, until, x, f"t{i % 6}", least=1)
