"""A folder with all sources of the site: the written pages, and beside them those that come from the code."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from docs._generate import alerts, commands, functions, http, metrics, spec

ROOT = Path(__file__).resolve().parents[2]

GENERATED = {
    "reference/spec.md": spec.page,
    "reference/metrics.md": metrics.page,
    "reference/alerts.md": alerts.page,
    "reference/commands.md": commands.page,
    "reference/exit-codes.md": commands.exit_codes,
    "reference/http.md": http.page,
    "reference/functions.md": functions.page,
}
"""Page -> what makes its text."""

_OUTWARDS = re.compile(r"(?<!!)\[(?P<words>[^\]\n]+)\]\((?P<path>\.\./[^)#\s]+)(?:#[^)\s]*)?\)")
_PATTERN = re.compile(r"[a-z/-]+\*\n")
_RUNBOOKS = """\
# Runbooks

One for each alert: what it means, what to check first, when to ignore it.

```{toctree}
:glob:

*
```
"""
_COPIED = {"CHANGELOG.md": "changelog.md", "CONTRIBUTING.md": "contributing.md", "SECURITY.md": "security-policy.md"}


def stage(folder: Path) -> None:
    """Fill the folder; what was there before is gone, so that a page that was removed leaves the site."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(ROOT / "docs", folder, ignore=shutil.ignore_patterns("_generate", "__pycache__"))
    (folder / "reference" / "runbooks").mkdir(parents=True, exist_ok=True)
    for path, make in GENERATED.items():
        (folder / path).write_text(make(), encoding="utf-8")
    for runbook in sorted((ROOT / "deploy" / "runbooks").glob("*.md")):
        shutil.copy(runbook, folder / "reference" / "runbooks" / runbook.name)
    (folder / "reference" / "runbooks" / "index.md").write_text(_RUNBOOKS, encoding="utf-8")
    _drop_missing(folder / "index.md")
    for written in sorted((ROOT / "docs").rglob("*.md")):
        page = folder / written.relative_to(ROOT / "docs")
        page.write_text(_links_outwards(page.read_text(encoding="utf-8"), written), encoding="utf-8")
    for name, copy in _COPIED.items():
        text = (ROOT / name).read_text(encoding="utf-8")
        (folder / copy).write_text(_links_from_docs(text), encoding="utf-8")


def _drop_missing(page: Path) -> None:
    """Leave out patterns of the page's trees that no page fits yet: Sphinx warns of them, and cannot be told not to."""
    lines = page.read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [line for line in lines if not _PATTERN.fullmatch(line) or any(page.parent.glob(f"{line.strip()}.md"))]
    page.write_text("".join(kept), encoding="utf-8")


def _links_outwards(text: str, written: Path) -> str:
    """Links of a page to files outside of docs/: to their page of the site, or just their words where there is none."""

    def shown(found: re.Match[str]) -> str:
        target = (written.parent / found["path"]).resolve()
        if target.is_relative_to(ROOT / "docs") or not target.exists():
            return found[0]
        page = {"README.md": "index.md", **_COPIED}.get(str(target.relative_to(ROOT)))
        up = "../" * (len(written.relative_to(ROOT / "docs").parts) - 1)
        return f"[{found['words']}]({up}{page})" if page else found["words"]

    return _OUTWARDS.sub(shown, text)


def _links_from_docs(text: str) -> str:
    """Links that start at the root, as seen from docs/."""
    names = "|".join(re.escape(name) for name in _COPIED)
    text = re.sub(rf"\]\(({names})\)", lambda found: f"]({_COPIED[found[1]]})", text)
    return text.replace("](docs/", "](")
