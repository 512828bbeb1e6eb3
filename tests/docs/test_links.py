"""Links of README and docs: files and anchors exist. Foreign addresses are asked by hand: `make docs-links`."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from tests.docs.blocks import ROOT, pages

pytestmark = pytest.mark.xdist_group("docs")

_LINK = re.compile(r"(?<!`)\]\(([^()\s]+)\)")
_FENCED = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)


class Page(HTMLParser):
    """What a built page names and where it leads."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.ids |= {given[name] for name in ("id", "name") if name in given}
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        if tag in ("script", "img", "link", "iframe", "source"):
            self.loaded += [given[name] for name in ("src", "href") if name in given]


def read(folder: Path) -> dict[Path, Page]:
    return {path: Page(path.read_text(encoding="utf-8")) for path in sorted(folder.rglob("*.html"))}


def test_every_link_of_the_built_pages_leads_somewhere(site: Path) -> None:
    built, broken = read(site), []
    for path, page in built.items():
        for link in (*page.links, *page.loaded):
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            there = target.exists() and (
                not parts.fragment or target not in built or unquote(parts.fragment) in built[target].ids
            )
            if not there and parts.path + parts.fragment:
                broken.append(f"{path.relative_to(site)}: {link}")
    assert broken == []


def test_nothing_is_loaded_from_elsewhere(site: Path) -> None:
    assert [link for page in read(site).values() for link in page.loaded if urlsplit(link).netloc] == []
    styles = "".join(path.read_text(encoding="utf-8") for path in site.rglob("*.css"))
    assert re.findall(r"(?:url\(|@import)\s*['\"]?(https?:[^)'\"]+)", styles) == []


def test_every_page_is_reachable_from_the_first(site: Path) -> None:
    built = read(site)
    seen, waiting = set(), [site / "index.html"]
    while waiting:
        path = waiting.pop()
        if path in seen or path not in built:
            continue
        seen.add(path)
        links = (urlsplit(link) for link in built[path].links)
        waiting += [(path.parent / unquote(link.path)).resolve() for link in links if link.path and not link.netloc]
    own = {"genindex.html", "search.html", "py-modindex.html"}
    assert [path.name for path in sorted(built.keys() - seen) if path.name not in own] == []


@pytest.mark.parametrize("name", ["README.md", "CHANGELOG.md", "CONTRIBUTING.md"])
def test_links_of_the_front_pages_lead_to_files(name: str, site: Path) -> None:
    text = _FENCED.sub("", (ROOT / name).read_text(encoding="utf-8"))
    sources = site.parent / f"{site.name}-sources"
    broken = [
        link
        for link in _LINK.findall(text)
        if not urlsplit(link).scheme and (path := urlsplit(link).path)
        # The reference is there after `make docs` only.
        if not (ROOT / path).exists() and not (sources / path.removeprefix("docs/")).exists()
    ]
    assert broken == []


_NAMED = re.compile(r"`((?:exporter|winburn|alert_rules|dashboards|deploy|tests|docs|benchmarks)/[\w./-]+)`")
_INVENTED = {"deploy/runbooks/NAME.md", "exporter/sources/redis.py", "winburn/sql"}
"""Files of the worked examples, and what an installed winburn has elsewhere."""


def test_every_file_that_the_pages_name_is_there() -> None:
    named = {(page.name, path) for page in pages() for path in _NAMED.findall(page.read_text(encoding="utf-8"))}
    assert len(named) > 40
    assert sorted(pair for pair in named if pair[1] not in _INVENTED and not (ROOT / pair[1]).exists()) == []
