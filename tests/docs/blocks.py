"""The fenced blocks of README and docs, with the comments before them that say how they are tested.

- ``<!-- file: NAME -->``: the block is saved as NAME for the later blocks of its page; a spec is checked too
- ``<!-- fragment: KIND -->``: a part of a spec: slo, sli, experiment, metric, engagement, or spec: sections
- ``<!-- not a spec: WHAT -->``: the YAML is another program's; it must be YAML
- ``<!-- not run: WHY -->``: the shell block needs what a test has not
- ``<!-- background: URL -->``: the shell block is started and left running, once the address answers
- ``<!-- exit: N -->``: the shell block must end with this code
- ``<!-- output -->``: the text block is what the shell block before it printed; … stands for anything
- ``<!-- setup ... -->``: shell commands, on lines of their own, for what the page takes for granted; with ``until URL``
  they go on running
- ``<!-- tested by: FILE -->``, once on a page: its blocks have a test of their own, which names the page
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SHELL = ("bash", "sh", "console")

_FENCE = re.compile(
    r"^(?:<!-- (?P<mark>[a-z ]+?)(?:: (?P<said>[^\n]*?))? -->\n\n?)?"
    r"^(?P<fence>```+|:::+)(?P<language>[a-z]*)[^\n]*\n(?P<text>.*?)^(?P=fence)\s*$",
    re.DOTALL | re.MULTILINE,
)
_TESTED_BY = re.compile(r"^<!-- tested by: (\S+) -->$", re.MULTILINE)
_SETUP = re.compile(r"<!-- setup(?: until (\S+))?\n(.*?)-->", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block: the page and line where it begins, its language, text, and the comment before it."""

    page: Path
    line: int
    language: str
    text: str
    mark: str | None
    said: str

    @property
    def where(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def pages() -> list[Path]:
    """README, CONTRIBUTING and every page that is written by hand."""
    return [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


def own_tests(page: Path) -> list[str]:
    """The files, from the root, that test the page's blocks instead of the tests here."""
    return _TESTED_BY.findall(page.read_text(encoding="utf-8"))


def blocks(page: Path) -> Iterator[Block]:
    """The page's blocks in order; none where it has a test of its own."""
    if own_tests(page):
        return
    text = page.read_text(encoding="utf-8")
    for found in _FENCE.finditer(text):
        line = text.count("\n", 0, found.start("fence")) + 1
        yield Block(page, line, found["language"], found["text"], found["mark"], found["said"] or "")


def setup(page: Path) -> Iterator[Block]:
    """What the page's reader has behind him, as shell blocks."""
    for until, text in _SETUP.findall(page.read_text(encoding="utf-8")):
        yield Block(page, 1, "bash", text, "background" if until else None, until)


def all_blocks(*languages: str) -> list[Block]:
    """Those of every page in one of the languages."""
    return [block for page in pages() for block in blocks(page) if block.language in languages]
