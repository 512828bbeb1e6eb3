"""``winburn rules``."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import click

from alert_rules import generate
from alert_rules.compat import KINDS, Kind
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
@click.option(
    "--compat",
    type=click.Choice(list(KINDS)),
    multiple=True,
    help="Also record the series names of Sloth or Pyrra, so that their dashboards go on working; give it twice for "
    "both.",
)
@click.option("--check", is_flag=True, help="Write nothing; show what differs and end with 1 if anything does. For CI.")
def rules(spec: Path, out: Path, layout: str, compat: Iterable[Kind], check: bool) -> None:  # noqa: ARG001 - one layout so far
    """Write the Prometheus rules of a spec, their unit tests, and an Alertmanager configuration.

    \b
    winburn.rules.yml       alerts: put it under rule_files of Prometheus
    winburn.rules.test.yml  run by `promtool test rules winburn.rules.test.yml`
    alertmanager.yml        routes, inhibition and receivers; a start, or all you need

    \b
    With --compat, recording rules for dashboards of others, to put under rule_files too:
    winburn.compat-sloth.rules.yml  slo:sli_error:ratio_rate5m and the like, sloth_slo_info
    winburn.compat-pyrra.rules.yml  pyrra_objective, pyrra_availability and the like

    The files are the same bytes for the same spec, so they can live in Git.

    \b
    Examples:
      winburn rules winburn.yml --out rules/
      winburn rules winburn.yml --out rules/ --check
      winburn rules winburn.yml --out rules/ --compat sloth
    """

    write_or_check(out, generate(load_or_exit(spec), compat), check=check, what="rules")
