"""The HTML report in a real browser: nothing is forbidden by its own policy, nothing overflows, axe-core is content."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.browser import Page, chromium
from tests.e2e.test_live import axe
from tests.winburn.report.documents import document, empty
from winburn.report.as_html import html
from winburn.report.layout import page as laid_out

pytestmark = pytest.mark.e2e
SIZES = [(1440, "light"), (390, "dark")]

__all__ = ["axe"]  # the fixture


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    if not shutil.which("chromium"):
        pytest.skip("needs Debian's package chromium")
    with chromium(tmp_path_factory.mktemp("chromium")) as found:
        yield found


@pytest.mark.parametrize(("width", "scheme"), SIZES)
def test_it_fits_and_nothing_is_refused(tab: Page, tmp_path: Path, width: int, scheme: str) -> None:
    file = tmp_path / "report.html"
    file.write_text(html(laid_out(document())), encoding="utf-8")
    tab.open(file.as_uri(), width=width, scheme=scheme)
    assert tab.run("document.documentElement.scrollWidth") <= width
    # The style is in force, so the policy knows its digest.
    dark = tab.run("getComputedStyle(document.body).backgroundColor") == "rgb(15, 18, 22)"
    assert dark is (scheme == "dark")
    assert tab.run("document.querySelectorAll('.chart svg.in polyline').length") == 4
    assert tab.run("[...document.querySelectorAll('.chart')].every((c) => c.getBoundingClientRect().height > 100)")
    assert tab.problems == []


@pytest.mark.parametrize(("width", "scheme"), SIZES)
def test_axe_finds_nothing_serious(tab: Page, axe: str, tmp_path: Path, width: int, scheme: str) -> None:
    for name, of in (("all", document()), ("nothing", empty())):
        file = tmp_path / f"{name}.html"
        file.write_text(html(laid_out(of)), encoding="utf-8")
        tab.call("Page.setBypassCSP", enabled=True)  # or the page would refuse axe itself
        tab.open(file.as_uri(), width=width, scheme=scheme)
        tab.run(f"{axe}; 0")
        found = tab.run(
            "axe.run().then((r) => [r.passes.length, r.violations.map((v) => [v.impact, v.id, v.nodes[0].html])])"
        )
        assert found[0] > 15
        assert [each for each in found[1] if each[0] in ("serious", "critical")] == []


def test_printed_it_is_light_and_has_pages(tab: Page, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    file.write_text(html(laid_out(document())), encoding="utf-8")
    tab.open(file.as_uri(), width=1440, scheme="dark")
    tab.call("Emulation.setEmulatedMedia", media="print", features=[{"name": "prefers-color-scheme", "value": "dark"}])
    assert tab.run("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert tab.run("getComputedStyle(document.querySelector('nav')).display") == "none"
    tab.call("Emulation.setEmulatedMedia", media="")
