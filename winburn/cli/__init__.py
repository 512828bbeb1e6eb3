"""The command line. One module a command, imported when it runs, so that ``serve`` stays small and help is quick."""

from __future__ import annotations

import os
from difflib import get_close_matches
from importlib import import_module

import click

from winburn.version import VERSION

# Our arrays are small: threads of the linear algebra would only wait for each other, and cost twice the processor.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

COMMANDS = {
    "demo": "See winburn at work on this machine, from nothing.",
    "check": "Validate a spec; print every error with its file and line.",
    "serve": "Run the exporter.",
    "once": "Evaluate once and print the metrics.",
    "experiment": "List experiments; start, pause, stop, split or unkill.",
    "aa-test": "How often this spec would call what is not there.",
    "backtest": "What would have paged, when, and how much budget it cost.",
    "report": "A period in review: SLOs, experiments, money, what to do next.",
    "rules": "Write Prometheus rules, their unit tests and alertmanager.yml.",
    "silence": "Acknowledge an alert in every Alertmanager.",
    "dashboards": "Write Grafana dashboards and provisioning.",
    "convert": "Turn SLOs of Sloth, Pyrra, OpenSLO or slo-generator into a spec.",
}
"""Command -> what it does; each is the function of its name in the module of its name, with _ for -."""


class Commands(click.Group):
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

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """click's, and for a name that is none the nearest that is."""
        near = get_close_matches(args[0], COMMANDS, n=1, cutoff=0.7)
        if args[0] not in COMMANDS and near and not args[0].startswith("-"):
            ctx.fail(f"No such command {args[0]!r}; did you mean {near[0]!r}?")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """From the table, without importing what the commands need."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Start with `winburn demo`; `winburn COMMAND --help` explains each command.",
)
@click.version_option(VERSION, prog_name="winburn")
def main() -> None:
    """SLO burn rates and experiment win rates as Prometheus metrics, with the rules, routes and dashboards for them.

    Exit codes: 0 all is well; 1 the spec, a source or an output is not; 2 the command line is not.
    """
