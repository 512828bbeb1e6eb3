"""The HTML stands alone, is well formed, escapes what it shows, and forbids itself everything but its style."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser

import pytest

from tests.winburn.report.documents import HOSTILE, document, empty
from tests.winburn.report.golden import same_as_golden
from winburn.report.as_html import POLICY, html
from winburn.report.document import Document
from winburn.report.layout import page

VOID = {"meta", "line", "rect", "polyline"}


class Tags(HTMLParser):
    """Checks that every tag is closed in order; keeps identities, references to them, and texts."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.ids: list[str] = []
        self.wanted: list[str] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        for name, value in attrs:
            assert name != "style", "the policy forbids it"
            assert not name.startswith("on")
            if name == "id":
                self.ids.append(value or "")
            if name == "href":
                assert (value or "").startswith("#")
                self.wanted.append((value or "")[1:])
            if name == "aria-labelledby":
                self.wanted += (value or "").split()
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def parsed(of: Document) -> Tags:
    tags = Tags()
    tags.feed(html(page(of)))
    tags.close()
    assert tags.open == []
    return tags


def test_it_is_as_it_was() -> None:
    same_as_golden("report.html", html(page(document())))


@pytest.mark.parametrize("of", [document(), empty()])
def test_it_is_well_formed_and_every_name_is_unique_and_there(of: Document) -> None:
    tags = parsed(of)
    assert len(tags.ids) == len(set(tags.ids))
    assert set(tags.wanted) <= set(tags.ids)
    assert tags.seen.count("h1") == 1
    assert {"script", "link", "img", "iframe"}.isdisjoint(tags.seen)


def test_it_refers_to_nothing_outside() -> None:
    text = html(page(document()))
    assert not re.search(r"https?:|//|@import|url\(", text)


def test_the_policy_has_the_digest_of_the_style() -> None:
    text = html(page(document()))
    (style,) = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
    assert f"'sha256-{base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()}'" in POLICY
    assert f'http-equiv="Content-Security-Policy" content="{POLICY}"' in text
    assert "unsafe" not in POLICY


def test_text_is_text() -> None:
    assert HOSTILE in parsed(document()).texts


def test_each_chart_has_a_title_and_a_description() -> None:
    text = html(page(document()))
    assert text.count('role="img"') == text.count("<desc id=") == text.count("<title id=") == 2


def test_the_same_document_gives_the_same_bytes() -> None:
    assert html(page(document())) == html(page(document()))
