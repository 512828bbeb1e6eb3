"""The spelling of README and docs, by codespell with a list of words of ours."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.docs.blocks import pages

WORDS = Path(__file__).parent / "words.txt"


def spelled(*paths: Path) -> str:
    command = [sys.executable, "-m", "codespell_lib", "-I", str(WORDS), "--builtin", "clear,rare", *map(str, paths)]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def test_nothing_is_misspelled() -> None:
    assert spelled(*pages()) == ""


def test_a_misspelling_would_be_found(tmp_path: Path) -> None:
    (tmp_path / "page.md").write_text("It recieves what was sent.\n")
    assert "receives" in spelled(tmp_path / "page.md")
