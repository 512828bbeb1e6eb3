"""The built site: without warnings, the same each time, complete in its reference, and open to everybody."""

from __future__ import annotations

import html
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from docs._generate import commands, functions, http, spec
from docs._generate.stage import GENERATED
from exporter.alerts import ALERTS
from exporter.contract import FAMILIES
from tests.docs.blocks import ROOT
from tests.e2e.axe import axe_script
from tests.e2e.browser import Page, chromium

pytestmark = pytest.mark.xdist_group("docs")

LOOKED_AT = ["index", "reference/alerts", "explanation/watching"]


def words(page: Path) -> str:
    """The page's text, without markup."""
    body = page.read_text(encoding="utf-8").split("<article", 1)[1].split("</article>", 1)[0]
    return html.unescape(re.sub(r"<[^>]*>", "", body))


def test_every_family_is_in_the_reference(site: Path) -> None:
    text = words(site / "reference" / "metrics.html")
    assert [name for name in FAMILIES if not re.search(rf"\b{name}\b", text)] == []


def test_every_alert_is_in_the_reference_with_its_runbook(site: Path) -> None:
    text = words(site / "reference" / "alerts.html")
    assert [name for name in ALERTS if name not in text] == []
    assert [name for name in ALERTS if not (site / "reference" / "runbooks" / f"{name}.html").exists()] == []


def test_every_key_of_the_spec_is_in_the_reference(site: Path) -> None:
    page = (site / "reference" / "spec.html").read_text(encoding="utf-8")
    sections = dict(re.findall(r'<section id="([^"]+)">(.*?)(?=<section id=|</article>)', page, re.DOTALL))
    missing = []
    for model, key in sorted(spec.keys()):
        section = sections.get(spec.anchor(model), "")
        if f'<span class="pre">{html.escape(key)}</span>' not in section:
            missing.append(f"{model}.{key}")
    assert missing == []


def test_every_command_and_option_is_in_the_reference(site: Path) -> None:
    text = words(site / "reference" / "commands.html")
    options = [(path, option) for path, command, _ in commands.every() for p in command.params for option in p.opts]
    assert len(options) > 40
    assert [pair for pair in options if pair[0] not in text or (pair[1].startswith("-") and pair[1] not in text)] == []


def test_every_function_is_in_the_reference(site: Path) -> None:
    page = (site / "reference" / "functions.html").read_text(encoding="utf-8")
    names = [f"exporter.stats.{module}.{name}" for module, found in functions.modules().items() for name in found]
    assert len(names) > 40
    assert [name for name in names if f'id="{name}"' not in page] == []


def test_every_endpoint_says_what_it_answers(site: Path) -> None:
    text = words(site / "reference" / "http.html")
    assert [path for path in http.paths() if path not in http.ANSWERS or path not in text] == []


def test_the_reference_is_the_same_each_time() -> None:
    assert [path for path, make in GENERATED.items() if make() != make()] == []


def test_no_page_says_a_machine_path_or_a_date(site: Path) -> None:
    pages = {path: path.read_text(encoding="utf-8") for path in site.rglob("*.html")}
    assert [path.name for path, text in pages.items() if str(ROOT) in text or "Last updated" in text] == []


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    if not shutil.which("chromium"):
        pytest.skip("needs Debian's package chromium")
    with chromium(tmp_path_factory.mktemp("chromium")) as page:
        yield page


@pytest.fixture(scope="module")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The script of axe-core, by npm, kept in the cache."""
    return axe_script(tmp_path_factory.mktemp("axe"))


@pytest.mark.parametrize("name", LOOKED_AT)
@pytest.mark.parametrize("width", [390, 1440])
def test_axe_finds_nothing_serious_and_nothing_is_wider_than_the_page(
    browser: Page, site: Path, axe: str, name: str, width: int
) -> None:
    browser.problems.clear()
    scheme = "dark" if width == 390 else "light"
    browser.open((site / f"{name}.html").as_uri(), width=width, scheme=scheme)
    assert browser.run("document.documentElement.scrollWidth") <= width
    assert browser.problems == []
    browser.run(f"{axe}; 0")
    seen = "r.passes.length, r.violations.map((v) => [v.impact, v.id, v.nodes[0].html])"
    found = browser.run(f"axe.run({{preload: false}}).then((r) => [{seen}])")
    assert found[0] > 10
    assert [each for each in found[1] if each[0] in ("serious", "critical")] == []
