"""What every format that is read by people is made of: sections of text, tiles, tables and charts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from winburn.drawing.scales import Points, Ticks

Tone = Literal["", "good", "warn", "bad"]


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph; ``soft`` is an aside."""

    text: str
    soft: bool = False


@dataclass(frozen=True, slots=True)
class Bullets:
    """A list of sentences."""

    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Tiles:
    """Large numbers, each with its name and how it is to be taken."""

    items: tuple[tuple[str, str, Tone], ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under their heads; the first cell of a row is its head. ``numbers`` are the columns that hold numbers."""

    caption: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a chart, in pieces; ``kind`` counts the colours."""

    name: str
    pieces: tuple[Points, ...]
    kind: int


@dataclass(frozen=True, slots=True)
class Level:
    """A horizontal line that is a limit."""

    name: str
    value: float


@dataclass(frozen=True, slots=True)
class Band:
    """A time that is shaded."""

    since: float
    until: float


@dataclass(frozen=True, slots=True)
class Chart:
    """Lines over time. ``text`` says in a sentence what is to be seen, for those who do not see it."""

    title: str
    text: str
    start: float
    end: float
    range: tuple[float, float]
    time_ticks: Ticks
    ticks: Ticks
    lines: tuple[Line, ...]
    levels: tuple[Level, ...] = ()
    bands: tuple[Band, ...] = ()
    bands_name: str = ""
    logarithmic: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what is below it; ``anchor`` is a name for links, unique in a page."""

    title: str
    anchor: str
    level: int
    blocks: tuple[Block, ...]
    note: str = ""


Block = Text | Bullets | Tiles | Table | Chart | Section


@dataclass(frozen=True, slots=True)
class Page:
    """The whole."""

    title: str
    subtitle: str
    sections: tuple[Section, ...]


def walk(sections: tuple[Section, ...]) -> Iterator[Section]:
    """Every section, each before those inside it."""
    for section in sections:
        yield section
        yield from walk(tuple(block for block in section.blocks if isinstance(block, Section)))
