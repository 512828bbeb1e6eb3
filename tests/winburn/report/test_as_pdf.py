"""PDF: the same bytes twice, the date that it is given, and as many pages as it says."""

from __future__ import annotations

import re
import zlib

import pytest

from tests.winburn.report.documents import END, document, empty
from winburn.report import as_pdf
from winburn.report.as_pdf import PdfMissing, available, pdf
from winburn.report.layout import page

needs_pdf = pytest.mark.skipif(not available(), reason="needs the extra pdf: fpdf2 and matplotlib")


@needs_pdf
def test_it_is_deterministic_and_bears_the_end_of_its_period() -> None:
    made = pdf(page(document()), END)
    assert made == pdf(page(document()), END)
    assert made.startswith(b"%PDF-")
    assert b"D:20231120000000Z" in made
    assert made != pdf(page(document()), END + 60)


@needs_pdf
def test_it_has_pages_and_an_outline() -> None:
    made = pdf(page(document()), END)
    assert 2 <= len(re.findall(rb"/Type /Page\b", made)) <= 12
    assert b"/Outlines" in made
    packed = re.findall(rb"/FlateDecode[^>]*>>\nstream\n(.*?)\nendstream", made, re.DOTALL)
    streams = [zlib.decompress(each) for each in packed]
    assert any(b" Tj" in s or b" TJ" in s for s in streams)


@needs_pdf
def test_of_nothing_there_is_one_page() -> None:
    assert len(re.findall(rb"/Type /Page\b", pdf(page(empty()), END))) == 1


def test_without_the_packages_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(as_pdf, "find_spec", lambda _: None)
    assert not available()
    with pytest.raises(PdfMissing, match=r"pip install 'winburn\[pdf\]'"):
        pdf(page(empty()), END)
