"""``winburn rules``."""

from __future__ import annotations

from pathlib import Path

import click

from alert_rules import generate
from winburn.cli.output import write_or_check
from winburn.cli.spec_argument import SPEC, load_or_exit


@click.command()
@SPEC
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), required=True, metavar="DIR", help="Where to write to."
)
@click.option(
    "--format",
    "layout",
    type=click.Choice(["prometheus"]),
    default="prometheus",
    show_default=True,
    help="Layout of the files; operator and mimir are not supported yet.",
)
@click.option("--check", is_flag=True, help="Write nothing; show what differs and end with 1 if anything does. For CI.")
def rules(spec: Path, out: Path, layout: str, check: bool) -> None:  # noqa: ARG001 - one layout so far
    """Write the Prometheus rules of a spec, their unit tests, and an Alertmanager configuration.

    \b
    winburn.rules.yml       alerts: put it under rule_files of Prometheus
    winburn.rules.test.yml  run by `promtool test rules winburn.rules.test.yml`
    alertmanager.yml        routes, inhibition and receivers; a start, or all you need

    The files are the same bytes for the same spec, so they can live in Git.

    \b
    Examples:
      winburn rules winburn.yml --out rules/
      winburn rules winburn.yml --out rules/ --check
    """

    write_or_check(out, generate(load_or_exit(spec)), check=check, what="rules")
