"""What a newcomer sees first: help, and what is said to a command line that is wrong."""

import subprocess
import sys

import click
import pytest
from click.testing import CliRunner, Result

from winburn.cli import COMMANDS, main


def said(*words: str) -> Result:
    return CliRunner().invoke(main, words, prog_name="winburn")


def test_help_names_every_command_with_what_it_does() -> None:
    for words in (["--help"], ["-h"]):
        result = said(*words)
        assert result.exit_code == 0
        for name, what in COMMANDS.items():
            assert f"{name} " in result.output
            assert what in result.output
        assert "winburn demo" in result.output


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_explains_itself_and_every_option(name: str) -> None:
    result = said(name, "--help")
    assert result.exit_code == 0
    assert result.output.startswith(f"Usage: winburn {name} ")
    command = main.get_command(click.Context(main, **main.context_settings), name)
    assert command is not None
    for option in command.params:
        if isinstance(option, click.Option):
            assert option.help
            assert option.opts[0] in result.output


def test_no_words_are_a_request_for_help() -> None:
    result = said()
    assert result.exit_code == 2
    assert result.output.startswith("Usage: winburn ")


def test_the_version() -> None:
    result = said("--version")
    assert result.exit_code == 0
    assert result.output.startswith("winburn, version ")


@pytest.mark.parametrize(("typed", "meant"), [("chekc", "check"), ("server", "serve"), ("dashboard", "dashboards")])
def test_a_misspelt_command_is_told_the_right_one(typed: str, meant: str) -> None:
    result = said(typed)
    assert result.exit_code == 2
    assert f"No such command '{typed}'; did you mean '{meant}'?" in result.stderr


@pytest.mark.parametrize("typed", ["backup", "x", "--bogus", "-x"])
def test_a_word_that_is_like_no_command_gets_no_suggestion(typed: str) -> None:
    result = said(typed)
    assert result.exit_code == 2
    assert typed[:2] in result.stderr
    assert "did you mean" not in result.stderr.lower()
    assert "--help" in result.stderr


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["check"], "the spec to validate, or give --web.config.file or --schema"),
        (["once"], "Missing argument 'FILE'"),
        (["rules", "x.yml"], "Missing option '--out'"),
        (["serve"], "Missing option '--config.file'"),
        (["serve", "x.yml"], "The spec is an option here: winburn serve --config.file x.yml"),
        (["silence", "SLOErrorBudgetBurn", "--spec", "/no/such.yml"], "A silence needs --for and --comment"),
        (["report", "x.yml", "--period", "yesterday"], "Error: 'yesterday' is no period; write one of this-week"),
        (["serve", "--config.file", "x", "--web.listen-address", "10345"], "expected host:port"),
        (["serve", "--config.file", "x", "--web.listen-address", ":70000"], "the highest is 65535"),
        (["serve", "--config.file", "x", "--web.telemetry-path", "metrics"], "write it like /metrics"),
        (["serve", "--config.file", "x", "--web.telemetry-path", "/{a}"], "write it like /metrics"),
        (["serve", "--config.file", "x", "--web.telemetry-path", "/config"], "choose another path"),
        (["demo", "--for", "0s"], "longer than 0s"),
        (["demo", "--for", "soon"], "write it like 30s"),
    ],
)
def test_a_wrong_command_line_ends_with_2_and_says_what_would_be_right(words: list[str], sentence: str) -> None:
    result = said(*words)
    assert result.exit_code == 2
    assert sentence in " ".join(result.stderr.split())
    assert result.stdout == ""


def test_help_is_quick_because_it_imports_no_command() -> None:
    program = (
        "import sys; sys.argv = ['winburn', '--help']\n"
        "import winburn.cli\n"
        "try: winburn.cli.main()\n"
        "except SystemExit: print([name for name in ('numpy', 'pydantic', 'requests') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
