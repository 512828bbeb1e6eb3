"""``winburn demo``."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from exporter.promql import parse_duration
from winburn.demo.run import DEFAULT_SEED, run


class Seconds(click.ParamType[float]):
    """A duration such as 90s or 5m."""

    name = "duration"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Seconds, or click's error."""

        try:
            seconds = parse_duration(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)
        if seconds <= 0:
            self.fail("it must be longer than 0s", param, ctx)
        return seconds


@click.command()
@click.option("--for", "seconds", type=Seconds(), metavar="DURATION", help="End by itself after this long, like 90s.")
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("demo"),
    show_default=True,
    help="Where the demo keeps its shop, spec and generated files.",
)
@click.option(
    "--seed", type=int, default=DEFAULT_SEED, show_default=True, help="The shop's visitors are the same for a seed."
)
def demo(seconds: float | None, folder: Path, seed: int) -> None:
    """See winburn at work on this machine, from nothing: a small shop with thirty days behind it, the exporter, and
    Prometheus and Alertmanager where they can be had.

    It prints the addresses, what to look at, and what will happen when. Ctrl-C ends everything it started.

    \b
    Examples:
      winburn demo
      winburn demo --for 120s
      winburn demo --folder /tmp/shop --seed 7
    """

    sys.exit(run(folder, seconds=seconds, seed=seed, out=sys.stdout, env=os.environ))
