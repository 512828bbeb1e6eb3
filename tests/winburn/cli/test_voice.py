"""What commands say: quiet, verbose, colour only where it is wanted."""

import logging
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.winburn.cli.spec_text import TEXT, written
from winburn.cli import main


def said(*words: str | Path) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words], prog_name="winburn")


def test_quiet_says_nothing_of_a_good_spec(tmp_path: Path) -> None:
    path = written(tmp_path, TEXT.replace("period: 30d", "period: 7d"))
    assert "warning:" in said("check", path).stderr
    done = said("check", "--quiet", path)
    assert (done.exit_code, done.stdout, done.stderr) == (0, "", "")


def test_quiet_tells_errors_all_the_same(tmp_path: Path) -> None:
    path = written(tmp_path, TEXT.replace("objective: 99", "objective: 990"))
    done = said("check", "-q", path)
    assert done.exit_code == 1
    assert "objective" in done.stderr


def test_quiet_does_not_last_into_the_next_command(tmp_path: Path) -> None:
    path = written(tmp_path)
    said("check", "-q", path)
    assert said("check", path).stdout.endswith("OK\n")


def test_verbose_tells_once_whoever_else_listens(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    done = said("check", "-v", written(tmp_path))
    assert done.stderr.count("read in") == 1

    def heard() -> list[str]:
        return [record.getMessage() for record in caplog.records if record.name.startswith("winburn")]

    assert heard() == []
    logging.getLogger("winburn").debug("unsaid")
    logging.getLogger("winburn").warning("after it")
    assert heard() == ["after it"]  # it does not last into the next command


def test_verbose_tells_on_stderr_what_was_read_and_evaluated(tmp_path: Path) -> None:
    path = written(tmp_path)
    done = subprocess.run(
        [sys.executable, "-m", "winburn", "once", "-v", str(path)], capture_output=True, text=True, check=True
    )
    assert f"{path}: sources 1, SLOs 1, experiments 1; read in " in done.stderr
    assert "checkout: evaluated in " in done.stderr
    assert "evaluated in" not in done.stdout


@pytest.mark.parametrize(
    ("given", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False), ({"NO_COLOR": ""}, True)]
)
def test_colour_is_for_terminals_that_want_it(tmp_path: Path, given: dict[str, str], *, coloured: bool) -> None:
    env = {**{k: v for k, v in os.environ.items() if k != "NO_COLOR"}, "TERM": "xterm", **given}
    assert (b"\x1b[" in _on_a_terminal(["experiment", "list", str(written(tmp_path))], env)) is coloured


def test_no_colour_goes_into_a_pipe(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "winburn", "experiment", "list", str(written(tmp_path))]
    done = subprocess.run(words, capture_output=True, check=True, env={**os.environ, "TERM": "xterm"})
    assert b"\x1b[" not in done.stdout


def _on_a_terminal(words: list[str], env: dict[str, str]) -> bytes:
    ours, theirs = pty.openpty()
    with subprocess.Popen([sys.executable, "-m", "winburn", *words], stdout=theirs, env=env) as child:
        os.close(theirs)
        found = b""
        try:
            while more := os.read(ours, 65536):
                found += more
        except OSError:  # Linux' way of saying that the other end is closed
            pass
        assert child.wait() == 0
    os.close(ours)
    return found
