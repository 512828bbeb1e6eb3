"""Screenshots of the dashboards at a phone's, a desk's and a wall's width, dark and light."""

from __future__ import annotations

import itertools
import math
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from tests.e2e.browser import BrowserError, Page, chromium

WIDTHS = (390, 1440, 1920)
THEMES = ("dark", "light")
_PART = 2400
"""Chromium leaves tables out of pictures that are much higher: a long page becomes several."""

_PANELS = "[...document.querySelectorAll('[data-panel]')]"
_ASKED = f"(all => all.length > 0 && all.every(one => one.dataset.ready === 'yes'))({_PANELS})"
_ROWS = (
    "[...document.querySelectorAll('[data-kind=table]')]"
    ".every(one => one.querySelector('[role=gridcell], [data-nothing], [data-problem]'))"
)
_PROBLEMS = (
    f"{_PANELS}.flatMap(one => [...one.querySelectorAll('[data-problem]')].map(p => one.dataset.panel + p.innerText))"
)
_EMPTY = f"{_PANELS}.filter(one => one.querySelector('[data-nothing]')).map(one => one.dataset.panel)"
_SETTLED = "document.fonts.ready.then(() => new Promise(done => setTimeout(() => done(true), 800)))"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which pictures: dashboards, widths, themes, and more of the page's address, such as variables."""

    uids: Sequence[str]
    widths: Sequence[int]
    themes: Sequence[str]
    more: Sequence[tuple[str, str]]


def take(address: str, folder: Path, wanted: Wanted) -> list[str]:
    """Write ``<uid>-<width>-<theme>-<part>.png`` into the folder; returns what went wrong in the pages."""
    folder.mkdir(parents=True, exist_ok=True)
    problems: list[str] = []
    with tempfile.TemporaryDirectory() as profile, chromium(Path(profile)) as page:
        for uid in wanted.uids:
            for width, theme in itertools.product(wanted.widths, wanted.themes):
                asked = urlencode([("uid", uid), ("theme", theme), *wanted.more])
                with suppress(BrowserError):  # on a busy machine the bundle may take longer than a page of a test
                    page.open(f"{address}/?{asked}", width=width)
                _parts(page, width, folder / f"{uid}-{width}-{theme}")
                problems += [f"{uid} at {width}: {problem}" for problem in page.run(_PROBLEMS)]
            print(f"{uid}: without data: {', '.join(page.run(_EMPTY)) or 'no panel'}", flush=True)
    return problems


def _parts(page: Page, width: int, path: Path) -> None:
    page.wait(_ASKED, 60)
    whole = page.run("document.documentElement.scrollHeight")
    page.size(width, min(whole, _PART))
    for number in range(math.ceil(whole / _PART)):
        page.run(f"window.scrollTo(0, {number * _PART})")
        page.wait(_ROWS, 30)
        page.run(_SETTLED)
        page.picture(path.with_name(f"{path.name}-{number + 1}.png"), whole=False)
