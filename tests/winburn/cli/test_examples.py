"""The examples in the help of every command: all parse, and those that need nothing but a spec are run."""

import json
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from exporter.state import State
from tests.winburn.cli.spec_text import TEXT, written
from winburn.cli import main

SPEC = TEXT.replace("name: buttons", "name: checkout-button").replace("control: a", "control: blue")
SPEC = SPEC.replace("{a: 0.5, b: 0.5}", "{blue: 0.5, green: 0.5}").replace(
    "SELECT variant, n, successes FROM counts",
    "SELECT CASE variant WHEN 'a' THEN 'blue' ELSE 'green' END AS variant, n, successes FROM counts",
)
SLOTH = """\
version: prometheus/v1
service: shop
slos:
  - name: requests
    objective: 99.9
    sli:
      events:
        error_query: sum(rate(http_requests_total{code=~"5.."}[{{.window}}]))
        total_query: sum(rate(http_requests_total[{{.window}}]))
    alerting: {name: Shop}
"""
NOT_RUN = {
    "winburn demo": "tests/e2e run it",
    "winburn serve": "tests/e2e run it",
    "winburn silence": "tests/e2e run it, with an Alertmanager",
    "--push": "there is no Grafana",
    "--prometheus": "tests/winburn/report asks one",
    "unkill": "nothing is killed; tests/winburn/cli/test_experiment.py",
    "kubectl": "there is no Kubernetes",
    "--experiment checkout-button --step": "its query knows no past; tests/winburn/backtest replays one that does",
}


def commands(command: click.Command, path: str, ctx: click.Context) -> Iterator[tuple[str, click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        for name in command.list_commands(ctx):
            inner = command.get_command(ctx, name)
            assert inner is not None
            yield from commands(inner, f"{path} {name}", click.Context(inner, parent=ctx))


EVERY = dict(commands(main, "winburn", click.Context(main, **main.context_settings)))


def examples(command: click.Command) -> list[str]:
    """Whole command lines, with what follows a backslash or a pipe joined to them."""
    found = re.search(r"Examples?:\n(.*?)(?:\n\s*\n|\Z)", command.help or "", re.DOTALL)
    if not found:
        return []
    text = re.sub(r"\\\n\s*", "", found[1])
    text = re.sub(r"\|\n\s*", "| ", text)
    return [line.strip() for line in text.splitlines()]


def winburns(line: str) -> Iterator[list[str]]:
    """The words of each winburn of a command line, without what the shell reads."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars="|&<>")
    lexer.whitespace_split = True
    words: list[str] = []
    skip = False
    for word in [*lexer, "|"]:
        if word in {"|", "&&"}:
            if words[:1] == ["winburn"]:
                yield words[1:]
            words = []
        elif word in {">", ">>"}:
            skip = True
        elif skip:
            skip = False
        else:
            words.append(word)


@pytest.mark.parametrize("path", EVERY)
def test_every_command_has_examples_that_parse(path: str) -> None:
    lines = examples(EVERY[path])
    leaf = path.count(" ") == 2
    assert len(lines) >= (1 if leaf else 2)
    assert any(line.startswith(path) for line in lines)
    for line in lines:
        for words in winburns(line):
            command: click.Command = main
            context = click.Context(main, **main.context_settings)
            while isinstance(command, click.Group):
                inner = command.get_command(context, words.pop(0))
                assert inner is not None
                command = inner
            command.make_context("it", words, parent=context)


@pytest.mark.parametrize("path", EVERY)
def test_every_help_fits_80_columns(path: str) -> None:
    words = [*path.split()[1:], "--help"]
    done = CliRunner(env={"COLUMNS": "80"}).invoke(main, words, prog_name="winburn", terminal_width=80)
    assert [line for line in done.output.splitlines() if len(line) > 80] == []


@pytest.mark.parametrize("path", [path for path in EVERY if path.count(" ")])
def test_the_examples_work(path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = SPEC.replace("control: blue", "control: blue\n    status: draft") if path.endswith("start") else SPEC
    written(tmp_path, text)
    (tmp_path / "web.yml").write_text("http_server_config: {http2: false}\n")
    (tmp_path / "slos").mkdir()
    (tmp_path / "slos" / "sloth.yml").write_text(SLOTH)
    new_store(tmp_path)
    monkeypatch.chdir(tmp_path)
    for line in examples(EVERY[path]):
        if any(key in line for key in NOT_RUN):
            continue
        for words in winburns(line):
            if (tmp_path / "converted.yml").exists():
                words[:] = ["converted.yml" if word == "winburn.yml" else word for word in words]
            quick = ["--paths", "10"] if path == "winburn aa-test" else []
            done = CliRunner().invoke(main, [*words, *quick], prog_name="winburn")
            wanted = 1 if words[-1] == "--check" and not (tmp_path / words[words.index("--out") + 1]).exists() else 0
            assert done.exit_code == wanted, f"{line}\n{done.output}"
            if path == "winburn experiment stop":
                new_store(tmp_path)  # one may be ended only once
            if path == "winburn convert" and "--json" not in words and words[0] == "convert":
                (tmp_path / "converted.yml").write_text(done.stdout)
        if "| jq" in line:
            _jq(line, done.stdout)


def new_store(folder: Path) -> None:
    """A state store as serve makes it, in which nothing has happened yet."""
    for file in folder.glob("winburn-state.db*"):
        file.unlink()
    State(f"sqlite:///{folder}/winburn-state.db").close()


def _jq(line: str, stdout: str) -> None:
    json.loads(stdout)
    if shutil.which("jq"):
        words = shlex.split(line.partition("| ")[2])
        subprocess.run(words, input=stdout, text=True, check=True, capture_output=True)
