"""What the preview needs besides Python: node and npm to bundle it, Chromium to take pictures."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).resolve().parent
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
_OLDEST_NODE = 20


class ToolMissingError(RuntimeError):
    """A program is not here; the text says which, and how to get it."""


def check(which: Callable[[str], str | None] = shutil.which) -> None:
    """ToolMissingError where node, npm or Chromium is not on PATH, or node is too old."""
    for program in ("node", "npm"):
        if which(program) is None:
            raise ToolMissingError(
                f"The preview needs {program}, which is not on PATH. Debian and Ubuntu: apt-get install nodejs npm"
            )
    if not any(map(which, BROWSERS)):
        raise ToolMissingError(
            "The preview needs Chromium, which is not on PATH. Debian and Ubuntu: apt-get install chromium"
        )
    version = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    if int(version.lstrip("v").split(".")[0]) < _OLDEST_NODE:
        raise ToolMissingError(f"The preview needs node {_OLDEST_NODE} or newer; this is {version}.")


def bundle(folder: Path) -> None:
    """Install the pinned packages where they are not there yet, and write main.js and main.css into ``folder``."""
    stamp, lock = HERE / "node_modules" / ".package-lock.json", HERE / "package-lock.json"
    if not stamp.exists() or stamp.stat().st_mtime < lock.stat().st_mtime:
        print("Grafana's components are being fetched by npm (about 500 MB, once) ...", flush=True)
        _run("npm", "ci", "--ignore-scripts", "--omit=dev", "--no-audit", "--no-fund", "--loglevel=error")
    folder.mkdir(parents=True, exist_ok=True)
    _run("node", "build.mjs", str(folder.absolute()))


def _run(*command: str) -> None:
    done = subprocess.run(command, cwd=HERE, check=False)
    if done.returncode:
        raise ToolMissingError(
            f"`{' '.join(command[:2])}` failed in {HERE.name}/ with status {done.returncode}; see above."
        )
