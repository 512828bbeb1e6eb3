"""Every shell block of README and docs, page by page in a folder of its own, as a reader pastes them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.docs.blocks import ROOT, SHELL, Block, all_blocks, blocks, own_tests, pages, setup
from winburn.processes import Group, free_ports, start

PAGES = [page for page in pages() if any(b.language in SHELL and b.mark != "not run" for b in blocks(page))]
SKIPPED = [block for block in all_blocks(*SHELL) if block.mark == "not run"]
WHOLE_SECONDS = 600
# The port that `serve` listens on unless told otherwise may be somebody else's here.
_WINBURN = """\
#!/bin/sh
case "$1 $*" in
  serve*web.listen-address*|[!s]*|si*) exec "{python}" -m winburn "$@" ;;
  *) exec "{python}" -m winburn "$@" --web.listen-address=127.0.0.1:{port} ;;
esac
"""
_PORTS = ("10345", "10346", "9090", "9093")


@dataclass
class Reader:
    """Somebody who pastes: a folder, an environment, what runs in the background, and ports in place of those named."""

    folder: Path
    env: dict[str, str]
    running: Group
    ports: dict[str, str]
    last: str = ""
    started: int = field(default=0)

    def read(self, block: Block) -> None:
        """Do with a block what its page asks for."""
        if block.mark == "not run":
            return
        if block.mark == "file":
            (self.folder / block.said).write_text(self.here(block.text), encoding="utf-8")
        elif block.mark == "output":
            assert agrees(self.here(block.text), self.last), f"{block.where}: the output is\n{self.last}"
        elif block.mark == "background":
            self.begin(block)
        elif block.language in SHELL:
            self.paste(block)

    def paste(self, block: Block) -> None:
        script, expected = (
            commands(self.here(block.text)) if block.language == "console" else (self.here(block.text), "")
        )
        code, self.last = self.run(script)
        wanted = int(block.said) if block.mark == "exit" else 0
        assert code == wanted, f"{block.where}: exit code {code}\n{self.last}"
        assert not expected or agrees(expected, self.last), f"{block.where}: the output is\n{self.last}"

    def run(self, script: str) -> tuple[int, str]:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=self.folder,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=WHOLE_SECONDS,
            check=False,
        )
        return done.returncode, self.here(done.stdout.decode())

    def begin(self, block: Block) -> None:
        self.started += 1
        log = self.folder.parent / f"background-{self.started}.log"
        process = self.running.add(
            start(["bash", "-c", f"exec {self.here(block.text)}"], log, cwd=self.folder, env=self.env)
        )
        deadline = time.monotonic() + 300
        while not answers(self.here(block.said)):
            assert process.popen.poll() is None, f"{block.where} has ended: {process.tail()}"
            assert time.monotonic() < deadline, f"{block.where}: {process.tail()}"
            time.sleep(0.2)

    def here(self, text: str) -> str:
        """With free ports in place of the usual ones."""
        return re.sub(r"\b(" + "|".join(self.ports) + r")\b", lambda found: self.ports[found[1]], text)


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def commands(text: str) -> tuple[str, str]:
    """The script of a console block, and what it shows of the output."""
    lines = text.splitlines(keepends=True)
    script = "".join(line.removeprefix("$ ") for line in lines if line.startswith("$ "))
    return script, "".join(line for line in lines if not line.startswith("$ "))


def agrees(pattern: str, output: str) -> bool:
    """Whether the output is the text, where … stands for anything; spaces at the ends of lines do not count."""
    pattern, output = (re.sub(r"[ \t]+$", "", text, flags=re.MULTILINE).strip() for text in (pattern, output))
    return re.fullmatch(".*".join(re.escape(part) for part in pattern.split("…")), output, re.DOTALL) is not None


@pytest.fixture
def reader(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Reader]:
    folder, programs = tmp_path / "work", tmp_path / "bin"
    folder.mkdir()
    programs.mkdir()
    ports = dict(zip(_PORTS, map(str, free_ports(len(_PORTS))), strict=True))
    (programs / "winburn").write_text(_WINBURN.format(python=sys.executable, port=ports["10345"]))
    (programs / "winburn").chmod(0o755)
    servers = request.getfixturevalue("prometheus_folder")
    path = os.pathsep.join([str(programs), str(Path(sys.executable).parent), str(servers), os.environ["PATH"]])
    env = {
        **os.environ,
        "PATH": path,
        "PYTHONPATH": str(ROOT),
        "HOME": str(tmp_path),
        "NO_COLOR": "1",
        "COLUMNS": "120",
    }
    with Group() as running:
        yield Reader(folder, env, running, ports)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_a_page_shows_works_as_it_is_pasted(page: Path, reader: Reader) -> None:
    for block in (*setup(page), *blocks(page)):
        reader.read(block)


def test_what_is_not_run_says_why(capsys: pytest.CaptureFixture[str]) -> None:
    assert all(len(block.said.split()) > 2 for block in SKIPPED)
    with capsys.disabled():
        print(f"\nshell blocks of README and docs that no test runs: {len(SKIPPED)}")
        print("".join(f"  {block.where}: {block.said}\n" for block in SKIPPED))


@pytest.mark.parametrize("page", [page for page in pages() if own_tests(page)], ids=lambda page: page.name)
def test_a_page_with_a_test_of_its_own_has_it(page: Path) -> None:
    assert all(page.name in (ROOT / name).read_text(encoding="utf-8") for name in own_tests(page))


@pytest.mark.parametrize(
    ("pattern", "output", "same"),
    [("a … c\n", "a b\nb c", True), ("a … c", "a b d", False), ("a", "ab", False), ("a\nb", "a  \nb\n", True)],
)
def test_an_ellipsis_stands_for_anything_and_nothing_else_does(pattern: str, output: str, *, same: bool) -> None:
    assert agrees(pattern, output) is same
