"""Build the site: `python -m docs._generate [FOLDER]`; the folder is build/docs unless given. Warnings are errors."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from docs._generate.stage import ROOT, stage


def build(out: Path, *, builder: str = "html") -> int:
    """Stage the sources beside ``out`` and run Sphinx; its exit code."""
    sources = out.parent / f"{out.name}-sources"
    stage(sources)
    command = [sys.executable, "-m", "sphinx", "-b", builder, "-E", "-W", "--keep-going", "-q", "-d"]
    command += [str(out.parent / f"{out.name}-cache"), str(sources), str(out)]
    return subprocess.run(command, cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    given = [word for word in sys.argv[1:] if not word.startswith("-")]
    target = Path(given[0] if given else ROOT / "build" / "docs").absolute()
    sys.exit(build(target, builder="linkcheck" if "--links" in sys.argv else "html"))
