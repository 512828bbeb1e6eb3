"""reference/commands.md and reference/exit-codes.md: every command with all of its options, from click."""

from __future__ import annotations

import re
from collections.abc import Iterator

import click

from docs._generate.text import block, code, prose, table
from winburn.cli import main

_HEAD = """\
# Commands

`winburn --help` says the same on the terminal; `winburn COMMAND --help` explains each command.

"""

_CODES = """\
# Exit codes

| code | meaning |
|---|---|
| 0 | all is well |
| 1 | the spec, a source, a server or an output is not; stderr says which and why |
| 2 | the command line is not: an unknown command or option, or a value that is none |

Warnings go to stderr and do not change the code, unless an option such as `--strict` or `--check` says so. What the
commands say of theirs:

"""


def page() -> str:
    """The page of commands."""
    return _HEAD + "".join(_section(path, command, ctx) for path, command, ctx in every())


def exit_codes() -> str:
    """The page of exit codes."""
    rows = [(code(path), prose(text)) for path, command, _ in every() if (text := _sentences(command))]
    return _CODES + table(("command", "what its help says"), rows)


def every() -> Iterator[tuple[str, click.Command, click.Context]]:
    """``winburn experiment pause`` and so on, with a context for the help texts."""
    yield from _walk(main, click.Context(main, info_name="winburn", **main.context_settings))


def _walk(command: click.Command, ctx: click.Context) -> Iterator[tuple[str, click.Command, click.Context]]:
    if not command.hidden:
        yield ctx.command_path, command, ctx
    if isinstance(command, click.Group):
        for name in command.list_commands(ctx):
            inner = command.get_command(ctx, name)
            if inner is not None:
                yield from _walk(inner, click.Context(inner, info_name=name, parent=ctx))


def _section(path: str, command: click.Command, ctx: click.Context) -> str:
    level = "###" if path.count(" ") > 1 else "##"
    usage = " ".join([path, *command.collect_usage_pieces(ctx)])
    records = [record for param in command.get_params(ctx) if (record := param.get_help_record(ctx))]
    rows = [(code(name), prose(text)) for name, text in records]
    return (
        f"{level} {path}\n\n{block('text', usage)}\n{_help(command.help or '')}\n{table(('option', 'meaning'), rows)}\n"
    )


def _help(text: str) -> str:
    paragraphs = re.split(r"\n\s*\n", text.replace("\f", "").strip())
    return "".join(
        f"{block('text', paragraph.lstrip().removeprefix(chr(8)).strip(chr(10)))}\n"
        if paragraph.lstrip(" ").startswith("\b")
        else f"{prose(paragraph)}\n\n"
        for paragraph in paragraphs
    )


def _sentences(command: click.Command) -> str:
    text = " ".join((command.help or "").replace("\b", "").split())
    return " ".join(sentence for sentence in re.split(r"(?<=\.) (?=[A-Z])", text) if "xit code" in sentence)
