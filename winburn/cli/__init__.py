"""The command line. One module a command, imported when it runs, so that ``serve`` stays small and help is quick."""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING

import click

from winburn.cli.group import Group
from winburn.version import VERSION

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

# Our arrays are small: threads of the linear algebra would only wait for each other, and cost twice the processor.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

JOURNEY: dict[str, dict[str, str]] = {
    "See it": {
        "demo": "See winburn at work on this machine, from nothing.",
    },
    "Write a spec, and try it on the past": {
        "convert": "Turn SLOs of Sloth, Pyrra, OpenSLO or slo-generator into a spec.",
        "check": "Validate a spec; print every error with its file and line.",
        "once": "Evaluate once and print the metrics.",
        "backtest": "What would have paged, when, and how much budget it cost.",
        "aa-test": "How often this spec would call what is not there.",
    },
    "Put it to work": {
        "rules": "Write Prometheus rules, their unit tests and alertmanager.yml.",
        "dashboards": "Write Grafana dashboards and provisioning.",
        "serve": "Run the exporter.",
        "completion": "Teach bash, zsh or fish to complete commands and names.",
    },
    "Every day": {
        "experiment": "List experiments; start, pause, stop, split or unkill.",
        "silence": "Acknowledge an alert in every Alertmanager.",
        "report": "A period in review: SLOs, experiments, money, what to do next.",
    },
}
"""What somebody wants -> command -> what it does, in the order of a first month with winburn."""

COMMANDS = {name: what for commands in JOURNEY.values() for name, what in commands.items()}
"""Each command is the function of its name in the module of its name, with _ for -."""


class Commands(Group):
    """A group whose commands live in modules of their own."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """In the order of a first day with winburn."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """The command, imported now."""
        if name not in COMMANDS:
            return None
        module = name.replace("-", "_")
        command: click.Command = getattr(import_module(f"winburn.cli.{module}"), module)
        return command

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """From the table: click would import every command at each press of the tabulator."""
        from click.shell_completion import CompletionItem  # only where a shell asks  # noqa: PLC0415

        names = [CompletionItem(n, help=what) for n, what in COMMANDS.items() if n.startswith(incomplete)]
        return names or click.Command.shell_complete(self, ctx, incomplete)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """From the table, without importing what the commands need."""
        width = max(map(len, COMMANDS))
        for title, commands in JOURNEY.items():
            with formatter.section(title):
                formatter.write_dl([(name.ljust(width), what) for name, what in commands.items()])


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Start with `winburn demo`; `winburn COMMAND --help` explains each command.",
)
@click.version_option(VERSION, prog_name="winburn")
def main() -> None:
    """SLO burn rates and experiment win rates as Prometheus metrics, with the rules, routes and dashboards for them.

    \b
    Examples:
      winburn demo
      winburn check winburn.yml
      winburn serve --config.file winburn.yml

    Exit codes: 0 all is well; 1 the spec, a source or an output is not; 2 the command line is not; 130 Ctrl-C.
    """
