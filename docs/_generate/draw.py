"""Small line pictures as SVG text: the same bytes each time, no fonts and no scripts in them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

BLUE, ORANGE, GREEN, GREY, INK = "#0067a5", "#b8460b", "#00704f", "#5f6368", "#1f2328"
"""Told apart by readers with any kind of colour vision, and 4.5 to 1 against white."""
LEFT, TOP, WIDTH, HEIGHT = 64, 34, 600, 260


@dataclass(frozen=True, slots=True)
class Axis:
    """From data to pixels: the ends of the data, their places, and whether the scale is logarithmic."""

    low: float
    high: float
    begin: float
    end: float
    log: bool = False

    def at(self, value: float) -> float:
        """Where a value is, to a tenth of a pixel; values beyond the ends are put at the ends."""
        value = min(max(value, self.low), self.high)
        scale = math.log if self.log else float
        share = (scale(value) - scale(self.low)) / (scale(self.high) - scale(self.low))
        return round(self.begin + share * (self.end - self.begin), 1)


@dataclass(frozen=True, slots=True)
class Line:
    """One line with its name, drawn at the name's place (x, y in data)."""

    name: str
    colour: str
    xs: Sequence[float]
    ys: Sequence[float]
    named_at: tuple[float, float]
    dashed: bool = False


def words(x: float, y: float, text: str, *, colour: str = INK, size: int = 16, anchor: str = "start") -> str:
    """Text whose baseline is at y."""
    return f'<text x="{x:g}" y="{y:g}" fill="{colour}" font-size="{size}" text-anchor="{anchor}">{escape(text)}</text>'


def rule(x1: float, y1: float, x2: float, y2: float, *, colour: str = GREY, more: str = "") -> str:
    """A straight line."""
    return f'<line x1="{x1:g}" y1="{y1:g}" x2="{x2:g}" y2="{y2:g}" stroke="{colour}"{more}/>'


def box(x: float, y: float, width: float, height: float, *, fill: str, stroke: str = "none") -> str:
    """A rectangle with soft corners."""
    return f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="4" fill="{fill}" stroke="{stroke}"/>'


def picture(title: str, parts: Iterable[str], *, width: int = 720, height: int = 360) -> str:
    """The document: on white, so that it can be read in a dark page too."""
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" font-family="sans-serif">'
    )
    body = "\n".join((f"<title>{escape(title)}</title>", box(0, 0, width, height, fill="#ffffff"), *parts))
    return f"{head}\n{body}\n</svg>\n"


def chart(
    title: str,
    x: Axis,
    y: Axis,
    lines: Iterable[Line],
    *,
    x_ticks: Sequence[tuple[float, str]],
    y_ticks: Sequence[tuple[float, str]],
    x_name: str,
    more: Iterable[str] = (),
) -> str:
    """Lines over two axes; ``more`` is drawn last."""
    foot = TOP + HEIGHT
    parts = [words(LEFT - 50, 20, title)]
    for value, text in y_ticks:
        parts.append(rule(LEFT, y.at(value), LEFT + WIDTH, y.at(value), colour="#d8dbdf"))
        parts.append(words(LEFT - 8, y.at(value) + 4, text, colour=GREY, anchor="end"))
    parts += [words(x.at(value), foot + 20, text, colour=GREY, anchor="middle") for value, text in x_ticks]
    parts.append(words(LEFT + WIDTH / 2, foot + 42, x_name, colour=GREY, anchor="middle"))
    for line in lines:
        points = " ".join(f"{x.at(a):g},{y.at(b):g}" for a, b in zip(line.xs, line.ys, strict=True))
        dash = ' stroke-dasharray="6 4"' if line.dashed else ""
        parts.append(f'<polyline points="{points}" fill="none" stroke="{line.colour}" stroke-width="2.5"{dash}/>')
        parts.append(words(x.at(line.named_at[0]), y.at(line.named_at[1]), line.name, colour=line.colour))
    return picture(title, [*parts, *more])


def across(low: float, high: float, *, log: bool = False) -> Axis:
    """The horizontal axis."""
    return Axis(low, high, LEFT, LEFT + WIDTH, log)


def upright(low: float, high: float, *, log: bool = False) -> Axis:
    """The vertical axis."""
    return Axis(low, high, TOP + HEIGHT, TOP, log)
