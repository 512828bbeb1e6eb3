"""Screenshots of every dashboard at a phone's, a desk's and a wall's width, dark and light."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlencode

from tests.e2e.browser import Page, chromium

WIDTHS = (390, 1440, 1920)
THEMES = ("dark", "light")
_DRAWN = "(all => all.length > 0 && all.every(one => one.dataset.ready === 'yes'))([...document.querySelectorAll('[data-panel]')])"
_ROWS = "[...document.querySelectorAll('[data-kind=table]')].every(one => one.querySelector('[role=row], [data-nothing], [data-problem]'))"
_PROBLEMS = "[...document.querySelectorAll('[data-problem]')].map(one => one.closest('[data-panel]').dataset.panel + ': ' + one.textContent)"
_EMPTY = "[...document.querySelectorAll('[data-nothing]')].map(one => one.closest('[data-panel]').dataset.panel)"
_SETTLED = "new Promise(done => setTimeout(() => done(true), 700))"


def take(address: str, folder: Path, uids: Sequence[str], widths: Sequence[int], themes: Sequence[str], since: str | None, more: Sequence[tuple[str, str]] = ()) -> list[str]:
    """Write ``<uid>-<width>-<theme>.png`` into the folder; returns what went wrong in the pages."""
    folder.mkdir(parents=True, exist_ok=True)
    problems: list[str] = []
    with tempfile.TemporaryDirectory() as profile, chromium(Path(profile)) as page:
        for uid in uids:
            for width in widths:
                for theme in themes:
                    asked = [("uid", uid), ("theme", theme), *([("from", since)] if since else ()), *more]
                    _one(page, f"{address}/?{urlencode(asked)}", width, folder / f"{uid}-{width}-{theme}.png")
                    problems += [f"{uid} at {width}: {problem}" for problem in page.run(_PROBLEMS)]
            print(f"{uid}: without data: {', '.join(page.run(_EMPTY)) or 'no panel'}", flush=True)
    return problems


def _one(page: Page, url: str, width: int, path: Path) -> None:
    page.open(url, width=width, height=900)
    page.wait(_DRAWN, 60)
    page.size(width, page.run("document.documentElement.scrollHeight"))  # what is not in sight is not drawn
    page.wait(_ROWS, 30)
    page.run(_SETTLED)
    page.picture(path)
