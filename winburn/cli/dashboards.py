"""``winburn dashboards``."""

from __future__ import annotations

from pathlib import Path

import click

from dashboards import generate
from winburn.cli.output import write_or_check
from winburn.cli.spec_argument import SPEC, load_or_exit


@click.command()
@SPEC
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), required=True, metavar="DIR", help="Where to write to."
)
@click.option("--check", is_flag=True, help="Write nothing; show what differs and end with 1 if anything does. For CI.")
def dashboards(spec: Path, out: Path, check: bool) -> None:
    """Write the Grafana dashboards of a spec as JSON, and the provisioning of data sources and dashboards.

    The files are the same bytes for the same spec, so they can live in Git; uids never change.

    \b
    Examples:
      winburn dashboards winburn.yml --out grafana/
      winburn dashboards winburn.yml --out grafana/ --check
    """

    write_or_check(out, generate(load_or_exit(spec)), check=check, what="dashboards")
