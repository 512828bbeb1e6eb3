"""Markdown: as it was, and nothing of a text is taken for markup."""

from __future__ import annotations

from tests.winburn.report.documents import document, empty
from tests.winburn.report.golden import same_as_golden
from winburn.report.as_markdown import markdown
from winburn.report.layout import page


def test_it_is_as_it_was() -> None:
    same_as_golden("report.md", markdown(page(document())))


def test_every_row_of_a_table_has_as_many_cells_as_its_head() -> None:
    width = 0
    for line in markdown(page(document())).splitlines():
        cells = line.replace("\\|", "").count("|")
        width = (width or cells) if line.startswith("|") else 0
        assert cells == width


def test_hostile_text_is_escaped() -> None:
    text = markdown(page(document()))
    assert r"\| \<b\>" in text
    assert "<b>" not in text.replace(r"\<b\>", "")


def test_nothing_is_a_report_too() -> None:
    assert "Nothing needs attention." in markdown(page(empty()))
