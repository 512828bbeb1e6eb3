"""docs/deployment.md: the commands that need neither a cluster nor a container engine, as they stand there."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from exporter.state import State
from tests.deploy.tools import DEPLOY, ROOT, check, documents, program

PAGE = (ROOT / "docs" / "deployment.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"(?:^<!-- not run: (?P<why>.+?) -->\n)?^```sh\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)
FOLDERS = re.compile(r"(?<!tests/)\bdeploy/[\w./-]+")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as the page's reader has it, with a command `winburn`, a spec and a state store."""
    folder = tmp_path_factory.mktemp("reader")
    shutil.copytree(DEPLOY, folder / "deploy", ignore=shutil.ignore_patterns("runbooks"))
    shutil.copy(DEPLOY / "kubernetes" / "base" / "winburn.yml", folder)
    (folder / "bin").mkdir()
    shim = folder / "bin" / "winburn"
    shim.write_text(f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" -m winburn "$@"\n')
    shim.chmod(0o755)
    State(f"sqlite:///{folder / 'state.db'}").close()
    return folder


def run_block(text: str, place: Path) -> None:
    search = [str(place / "bin"), str(Path(sys.executable).parent), os.environ["PATH"]]
    env = {**os.environ, "PATH": os.pathsep.join(search)}
    done = subprocess.run(["sh", "-euc", text], cwd=place, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]


def test_what_can_be_run_here_works(place: Path) -> None:
    program("helm")
    tried = [found["text"] for found in BLOCK.finditer(PAGE) if not found["why"]]
    assert len(tried) == 3
    for text in tried:
        run_block(text, place)
    for name, parts in (("rendered.yaml", 1), ("sharded.yaml", 3)):
        made = documents((place / name).read_text(encoding="utf-8"))
        kinds = [each["kind"] for each in made]
        assert kinds.count("StatefulSet") == parts
        assert kinds.count("PrometheusRule") == 1
        check(each for each in made if each["kind"] == "StatefulSet")
    with closing(sqlite3.connect(place / "state-backup.db")) as backup:
        assert backup.execute("SELECT COUNT(*) FROM winburn_schema").fetchone() == (1,)


def test_every_other_block_says_why_and_is_shell(place: Path) -> None:
    for found in BLOCK.finditer(PAGE):
        subprocess.run(["sh", "-n", "-c", found["text"]], cwd=place, check=True)
    others = re.findall(r"^```(?!sh$)(\w+)$", PAGE, re.MULTILINE)
    assert others == ["yaml"], "tried by tests/deploy/test_kubernetes.py"
    assert len(re.findall(r"^```sh$", PAGE, re.MULTILINE)) == len(list(BLOCK.finditer(PAGE)))


def test_what_it_names_is_there() -> None:
    made_by_the_reader = "deploy/compose/secrets"
    for name in FOLDERS.findall(PAGE):
        if not name.startswith(made_by_the_reader):
            assert (ROOT / name.rstrip(".")).exists(), name
