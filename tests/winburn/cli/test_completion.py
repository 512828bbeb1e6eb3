"""Completion, asked as shells ask, and by a real bash; by zsh and fish where they are installed."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.shell_completion import BashComplete
from click.testing import CliRunner

from tests.winburn.cli.spec_text import TEXT, written
from winburn.cli import COMMANDS, main
from winburn.cli.completion import SHELLS


def offered(*words: str | Path) -> list[str]:
    *before, incomplete = map(str, words)
    found = BashComplete(main, {}, "winburn", "_WINBURN_COMPLETE").get_completions(before, incomplete)
    return [item.value if item.type == "plain" else item.type for item in found]


def test_commands_and_options() -> None:
    assert offered("") == list(COMMANDS)
    assert offered("ch") == ["check"]
    assert offered("experiment", "st") == ["start", "stop"]
    assert "--json" in offered("check", "--")
    assert offered("report", "x.yml", "--format", "h") == ["html"]
    assert "SLOErrorBudgetBurn" in offered("silence", "SLOError")


def test_files_where_a_spec_is_wanted() -> None:
    assert offered("check", "win") == ["file"]
    assert offered("serve", "--config.file", "win") == ["file"]


def test_names_of_the_spec_that_is_named_already(tmp_path: Path) -> None:
    spec = written(tmp_path)
    assert offered("report", spec, "--slo", "") == ["checkout"]
    assert offered("aa-test", spec, "--experiment", "b") == ["buttons"]
    assert offered("silence", "--spec", spec, "SLOErrorBudgetBurn", "--slo", "c") == ["checkout"]
    assert offered("experiment", "unkill", spec, "buttons", "") == ["a", "b"]
    assert offered("report", spec, "--slo", "x") == []


def test_names_of_a_spec_with_mistakes_and_of_none(tmp_path: Path) -> None:
    spec = written(tmp_path, TEXT.replace("objective: 99", "objektive: 99"))
    assert offered("report", spec, "--slo", "") == ["checkout"]
    assert offered("report", tmp_path / "none.yml", "--slo", "") == []
    spec.write_text("slos: [")
    assert offered("report", spec, "--slo", "") == []


@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_is_the_shells_own(shell: str) -> None:
    done = CliRunner().invoke(main, ["completion", shell])
    assert done.exit_code == 0
    assert f"_WINBURN_COMPLETE={shell}_complete" in done.stdout
    if program := shutil.which(shell):
        subprocess.run([program, "-n"], input=done.stdout, text=True, check=True)


def test_a_real_bash_completes(tmp_path: Path) -> None:
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("there is no bash")
    (tmp_path / "winburn").write_text(f'#!/bin/sh\nexec {sys.executable} -m winburn "$@"\n')
    (tmp_path / "winburn").chmod(0o755)
    spec = written(tmp_path)
    ask = f"""
    eval "$(winburn completion bash)"
    COMP_WORDS=(winburn report {spec} --slo ch); COMP_CWORD=4
    _winburn_completion winburn; echo "${{COMPREPLY[@]}}"
    complete -p winburn
    """
    env = {
        **os.environ,
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "PYTHONPATH": str(Path(__file__).resolve().parents[3]),
    }
    done = subprocess.run([bash, "--norc", "-c", ask], capture_output=True, text=True, check=True, env=env)
    assert done.stdout.splitlines()[0] == "checkout"
    assert "_winburn_completion" in done.stdout.splitlines()[1]
    assert done.stderr == ""


def test_completing_is_quick_because_it_imports_no_command() -> None:
    program = (
        "import sys; import winburn.cli\n"
        "try: winburn.cli.main(prog_name='winburn')\n"
        "except SystemExit: print([name for name in ('numpy', 'pydantic', 'requests') if name in sys.modules])"
    )
    env = {**os.environ, "_WINBURN_COMPLETE": "bash_complete", "COMP_WORDS": "winburn ch", "COMP_CWORD": "1"}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env=env)
    assert done.stdout.splitlines() == ["plain,check", "[]"]
