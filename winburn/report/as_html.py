"""A page as HTML that needs nothing else: no script, no file, no network, and a policy that forbids all three."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from html import escape

from winburn.drawing.html import html_file
from winburn.report import words
from winburn.report.blocks import Block, Bullets, Chart, Page, Section, Table, Text, Tiles
from winburn.report.style import STYLE
from winburn.report.svg import draw

_DIGEST = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
POLICY = f"default-src 'none'; style-src 'sha256-{_DIGEST}'; base-uri 'none'; form-action 'none'"
"""What the page may do: nothing but its own style."""

_LONG = 14
"""Characters from which on a tile's value is set small."""


def html(page: Page) -> str:
    """The whole file."""
    links = "".join(f'<li><a href="#{s.anchor}">{escape(s.title)}</a></li>' for s in page.sections)
    body = (
        f"<header><h1>{escape(page.title)}</h1><p>{escape(page.subtitle)}</p>"
        f'<nav aria-label="Sections"><ul>{links}</ul></nav></header>\n<main>\n'
        f"{''.join(_section(section) for section in page.sections)}</main>\n"
    )
    return html_file(page.title, STYLE, POLICY, body)


def _section(section: Section) -> str:
    kind = "part" if section.level == 2 else "card"
    note = f'<p class="soft">{escape(section.note)}</p>' if section.note else ""
    inside = "".join(_blocks(section))
    return (
        f'<section class="{kind}" id="{section.anchor}" aria-labelledby="{section.anchor}-h">'
        f'<h{section.level} id="{section.anchor}-h">{escape(section.title)}</h{section.level}>'
        f"{note}{inside}</section>\n"
    )


def _blocks(section: Section) -> Iterator[str]:
    for i, block in enumerate(section.blocks):
        yield _block(block, f"{section.anchor}-{i}")


def _block(block: Block, name: str) -> str:
    match block:
        case Section():
            return _section(block)
        case Text():
            return f'<p class="soft">{escape(block.text)}</p>' if block.soft else f"<p>{escape(block.text)}</p>"
        case Bullets():
            return f"<ul>{''.join(f'<li>{escape(item)}</li>' for item in block.items)}</ul>"
        case Tiles():
            return f'<ul class="tiles">{"".join(_tile(*item) for item in block.items)}</ul>'
        case Table():
            return _table(block)
        case Chart():
            return draw(block, name)


def _tile(big: str, small: str, tone: str) -> str:
    long = ' class="long"' if len(big) > _LONG else ""
    return f'<li class="{tone}"><b{long}>{escape(big)}</b><span>{escape(small)}</span></li>'


def _table(table: Table) -> str:
    head = "".join(f'<th scope="col"{_right(table, i)}>{escape(text)}</th>' for i, text in enumerate(table.heads))
    body = "".join(f"<tr>{''.join(_cells(table, row))}</tr>" for row in table.rows)
    return (
        f"<table><caption>{escape(table.caption)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    )


def _cells(table: Table, row: tuple[str, ...]) -> Iterator[str]:
    yield f'<th scope="row">{escape(row[0])}</th>'
    for i, text in enumerate(row[1:], 1):
        empty = text in ("", words.DASH)
        kind = ' class="none n"' if empty and i in table.numbers else ' class="none"' if empty else _right(table, i)
        yield f'<td{kind} data-label="{escape(table.heads[i])}">{escape(text)}</td>'


def _right(table: Table, column: int) -> str:
    return ' class="n"' if column in table.numbers else ""
