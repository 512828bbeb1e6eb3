"""A page as Markdown, with tables as GitHub has them; charts are their sentences."""

from __future__ import annotations

import re
from collections.abc import Iterator

from winburn.report.blocks import Block, Bullets, Chart, Page, Section, Table, Text, Tiles

_MARKS = re.compile(r"([\\`*_{}\[\]<>#|])")


def markdown(page: Page) -> str:
    """The whole file."""
    parts = [f"# {_plain(page.title)}", _plain(page.subtitle)]
    for section in page.sections:
        parts += _section(section)
    return "\n\n".join(parts) + "\n"


def _section(section: Section) -> Iterator[str]:
    yield f"{'#' * section.level} {_plain(section.title)}"
    if section.note:
        yield f"*{_plain(section.note)}*"
    for block in section.blocks:
        yield from _block(block)


def _block(block: Block) -> Iterator[str]:
    match block:
        case Section():
            yield from _section(block)
        case Text():
            yield _plain(block.text)
        case Bullets():
            yield "\n".join(f"- {_plain(item)}" for item in block.items)
        case Tiles():
            yield "\n".join(f"- **{_plain(big)}** {_plain(small)}" for big, small, _ in block.items)
        case Table():
            yield f"**{_plain(block.caption)}**"
            yield _table(block)
        case Chart():
            yield f"{_plain(block.title)}: {_plain(block.text)}"


def _table(table: Table) -> str:
    rule = ["---:" if i in table.numbers else "---" for i in range(len(table.heads))]
    lines = [[_plain(head) for head in table.heads], rule, *([_plain(cell) for cell in row] for row in table.rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _plain(text: str) -> str:
    """Text that means itself, on one line."""
    return _MARKS.sub(r"\\\1", " ".join(text.split()))
