"""A page as PDF, by fpdf2, which is an optional extra: pure Python, no system libraries; the same bytes for the same
page and release. The letters are those of DejaVu, which comes with matplotlib: it has what names in most scripts need.
"""

from __future__ import annotations

from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from winburn.report.blocks import Block, Bullets, Chart, Page, Section, Table, Text, Tiles
from winburn.report.pdf_chart import draw

if TYPE_CHECKING:
    from fpdf import FPDF

MISSING = "a PDF needs the packages fpdf2 and matplotlib (for its letters): pip install 'winburn[pdf]'"

_FONT, _SIZE = "DejaVu", 8.5
_SMALL, _TABLE = 7.5, 6.5
_INK, _SOFT, _LINE = (23, 27, 34), (74, 82, 96), (207, 213, 222)
_TONES = {"good": (11, 107, 63), "warn": (138, 82, 0), "bad": (180, 35, 24), "": _INK}
_HEADINGS = {2: 13.0, 3: 10.5}
_BOTTOM, _PADDING = 16.0, 1.5  # mm


class PdfMissing(Exception):  # noqa: N818 - says what is missing; nothing went wrong
    """An optional package is not installed; the message says which, and how to get it."""


def available() -> bool:
    """Whether a PDF can be made."""
    return find_spec("fpdf") is not None and _letters() is not None


def pdf(page: Page, created: float) -> bytes:
    """The bytes of the file; ``created`` (Unix seconds) is the date that it bears. PdfMissing where a package is."""
    folder = _letters()
    if find_spec("fpdf") is None or folder is None:
        raise PdfMissing(MISSING)
    from fpdf import FPDF  # noqa: PLC0415 - an optional extra

    class Paper(FPDF):  # type: ignore[misc, unused-ignore] # untyped where it is not installed
        """A4 with the page's number at its foot."""

        def footer(self) -> None:
            """Called by fpdf2 for each page."""
            self.set_y(-12)
            self.set_font(_FONT, size=_TABLE)
            self.set_text_color(*_SOFT)
            self.cell(0, 5, f"{page.title}, page {self.page_no()} of {{nb}}", align="C")

    paper = Paper(format="A4")
    paper.set_creation_date(datetime.fromtimestamp(created, UTC))
    paper.set_title(f"{page.title}: {page.subtitle}")
    paper.set_lang("en")
    paper.set_margins(13, 13)
    paper.set_auto_page_break(auto=True, margin=_BOTTOM)
    paper.add_font(_FONT, "", str(folder / "DejaVuSans.ttf"))
    paper.add_font(_FONT, "B", str(folder / "DejaVuSans-Bold.ttf"))
    paper.add_page()
    _heading(paper, page.title, 18)
    _paragraph(paper, page.subtitle, _SIZE, _SOFT)
    for section in page.sections:
        _section(paper, section)
    return bytes(paper.output())


def _letters() -> Path | None:
    """The folder of the fonts, found without loading the library that they come with."""
    spec = find_spec("matplotlib")
    for place in (spec.submodule_search_locations or ()) if spec else ():
        folder = Path(place) / "mpl-data" / "fonts" / "ttf"
        if (folder / "DejaVuSans.ttf").exists():
            return folder
    return None


def _section(paper: FPDF, section: Section) -> None:
    # A heading at the foot of a page, with what it heads on the next, is lost.
    _room(paper, 105 if any(isinstance(block, Chart) for block in section.blocks) else 45)
    if section.level > 2:
        paper.set_draw_color(*_LINE)
        paper.line(paper.l_margin, paper.get_y() + 1, paper.w - paper.r_margin, paper.get_y() + 1)
        paper.ln(2.5)
    paper.start_section(section.title, level=section.level - 2)
    _heading(paper, section.title, _HEADINGS.get(section.level, _SIZE))
    if section.note:
        _paragraph(paper, section.note, _SMALL, _SOFT)
    for block in section.blocks:
        _block(paper, block)


def _block(paper: FPDF, block: Block) -> None:
    match block:
        case Section():
            _section(paper, block)
        case Text():
            _paragraph(paper, block.text, _SMALL if block.soft else _SIZE, _SOFT if block.soft else _INK)
        case Bullets():
            for item in block.items:
                _paragraph(paper, f"•  {item}", _SIZE, _INK, indent=3)
        case Tiles():
            _tiles(paper, block)
        case Table():
            _table(paper, block)
        case Chart():
            _chart(paper, block)


def _heading(paper: FPDF, text: str, size: float) -> None:
    paper.set_font(_FONT, "B", size)
    paper.set_text_color(*_INK)
    paper.multi_cell(0, size * 0.5, text, align="L", new_x="LMARGIN", new_y="NEXT")
    paper.ln(1)


def _paragraph(paper: FPDF, text: str, size: float, colour: tuple[int, int, int], indent: float = 0.0) -> None:
    paper.set_font(_FONT, "", size)
    paper.set_text_color(*colour)
    paper.set_x(paper.l_margin + indent)
    paper.multi_cell(paper.epw - indent, size * 0.5, text, align="L", new_x="LMARGIN", new_y="NEXT")
    paper.ln(1)


def _tiles(paper: FPDF, tiles: Tiles) -> None:
    """In rows of at most five boxes."""
    count = min(5, len(tiles.items))
    width, height = paper.epw / max(count, 1), 13.0
    for first in range(0, len(tiles.items), max(count, 1)):
        _room(paper, height + 3)
        top = paper.get_y()
        for i, (big, small, tone) in enumerate(tiles.items[first : first + count]):
            left = paper.l_margin + i * width
            paper.set_draw_color(*_LINE)
            paper.rect(left, top, width - 2, height)
            paper.set_text_color(*_TONES[tone])
            paper.set_font(_FONT, "B", _fitting(paper, big, width - 5))
            paper.set_xy(left + 1, top + 1.2)
            paper.cell(width - 4, 6, _cut(paper, big, width - 5))
            paper.set_text_color(*_SOFT)
            paper.set_font(_FONT, "", 6)
            paper.set_xy(left + 1, top + 7.2)
            paper.multi_cell(width - 4, 2.6, small, align="L", max_line_height=2.6)
        paper.set_xy(paper.l_margin, top + height + 3)


def _fitting(paper: FPDF, text: str, width: float) -> float:
    """The largest of three sizes at which the text fits."""
    for size in (12.0, 9.0):
        paper.set_font(_FONT, "B", size)
        if paper.get_string_width(text) <= width:
            return size
    return 6.0


def _cut(paper: FPDF, text: str, width: float) -> str:
    """As much of the text as fits on a line, in the font that is set."""
    if paper.get_string_width(text) <= width:
        return text
    while text and paper.get_string_width(f"{text}...") > width:
        text = text[:-1]
    return f"{text}..."


def _table(paper: FPDF, table: Table) -> None:
    _room(paper, 22)
    _paragraph(paper, table.caption, _SMALL, _SOFT)
    paper.set_font(_FONT, "", _TABLE)
    paper.set_text_color(*_INK)
    paper.set_draw_color(*_LINE)
    aligns = ["RIGHT" if i in table.numbers else "LEFT" for i in range(len(table.heads))]
    rows = (table.heads, *table.rows)
    with paper.table(
        col_widths=_widths(paper, rows),
        text_align=tuple(aligns),
        line_height=3.3,
        padding=(0.9, _PADDING),
        borders_layout="HORIZONTAL_LINES",
        headings_style=_head_style(),
        width=paper.epw,
    ) as drawn:
        for row in rows:
            cells = drawn.row()
            for text in row:
                cells.cell(text)
    paper.ln(2.5)


def _head_style() -> Any:
    from fpdf.fonts import FontFace  # noqa: PLC0415 - an optional extra

    return FontFace(emphasis="BOLD", color=_SOFT)


def _widths(paper: FPDF, rows: tuple[tuple[str, ...], ...]) -> tuple[float, ...]:
    """Columns as wide as their texts, long ones bounded, none narrower than its longest word if that can be."""
    natural, least = [], []
    for i in range(len(rows[0])):
        texts = [row[i] for row in rows]
        natural.append(min(70.0, max(paper.get_string_width(text) for text in texts) + 2 * _PADDING + 0.8))
        longest = max((paper.get_string_width(word) for text in texts for word in text.split()), default=0.0)
        least.append(min(36.0, longest + 2 * _PADDING + 0.8))
    spare = paper.epw - sum(least)
    if spare <= 0:
        return tuple(least)
    wanted = [max(0.0, n - x) for n, x in zip(natural, least, strict=True)]
    part = min(1.0, spare / sum(wanted)) if sum(wanted) else 0.0
    found = [x + w * part for x, w in zip(least, wanted, strict=True)]
    # What is left over is everybody's, in proportion.
    return tuple(width * paper.epw / sum(found) for width in found)


def _chart(paper: FPDF, chart: Chart) -> None:
    height = 36.0
    _room(paper, height + 24)
    paper.set_font(_FONT, "B", _SMALL)
    paper.set_text_color(*_SOFT)
    paper.cell(0, 4, chart.title, new_x="LMARGIN", new_y="NEXT")
    _paragraph(paper, chart.text, _TABLE, _SOFT)
    top = paper.get_y()
    draw(paper, chart, (paper.l_margin + 14, top, paper.epw - 20, height), _FONT)
    paper.set_xy(paper.l_margin, top + height + 6)
    names = [line.name for line in chart.lines] if len(chart.lines) > 1 else []
    names += [f"shaded: {chart.bands_name}"] if chart.bands_name else []
    if names:
        _paragraph(paper, "; ".join(names), _TABLE, _SOFT)
    paper.ln(1)


def _room(paper: FPDF, height: float) -> None:
    """A new page where less than this is left on the present one."""
    if paper.get_y() + height > paper.h - _BOTTOM and paper.get_y() > paper.t_margin + 1:
        paper.add_page()
