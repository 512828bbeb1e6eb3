"""How a command ends when somebody interrupts it, or nobody reads on."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.winburn.cli.spec_text import written
from winburn.cli import main
from winburn.cli.group import INTERRUPTED, NOBODY_READS

WINBURN = [sys.executable, "-m", "winburn"]
_HEAR = "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_DFL); os.execv(sys.argv[1], sys.argv[1:])"
HEARING = [sys.executable, "-c", _HEAR]
"""Tests that a shell has put into the background ignore Ctrl-C, and what they start inherits that."""


@pytest.mark.parametrize("words", [["check", "--schema"], ["experiment", "list"], ["once"]])
def test_a_reader_who_goes_ends_it_without_a_word(tmp_path: Path, words: list[str]) -> None:
    path = [] if "--schema" in words else [str(written(tmp_path))]
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as pipe:
        done = subprocess.run([*WINBURN, *words, *path], stdout=pipe, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (NOBODY_READS, "")


def test_ctrl_c_ends_with_130_and_no_traceback(tmp_path: Path) -> None:
    spec = tmp_path / "spec.yml"
    os.mkfifo(spec)  # reading it waits for a writer
    with (
        subprocess.Popen(
            [*HEARING, *WINBURN, "check", str(spec)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as child,
        spec.open("w"),  # opened by both: it has begun to read
    ):
        child.send_signal(signal.SIGINT)
        out, err = child.communicate(timeout=60)
    assert (child.returncode, out, err) == (INTERRUPTED, b"", b"")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["experiment", "strat"], "did you mean 'start'?"),
        (["check", "--jsn", "x"], "--json"),
        (["rules", "x", "--out", "y", "--format", "promtheus"], "prometheus"),
    ],
)
def test_what_was_perhaps_meant(words: list[str], sentence: str) -> None:
    done = CliRunner().invoke(main, words, prog_name="winburn")
    assert done.exit_code == 2
    assert sentence in done.stderr
