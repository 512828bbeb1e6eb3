"""``winburn once``."""

from __future__ import annotations

import contextlib
import math
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import click

from exporter.contract import Report, Sample
from exporter.render import Renderer, arrange, exposition, raise_duplicate
from exporter.spec import SecretError, Spec
from exporter.state import State, StateError
from winburn.assemble import assemble, open_state
from winburn.cli.shard_option import SHARD
from winburn.cli.spec_argument import SPEC, fail, load_or_exit
from winburn.shard import Shard, part

_LIKE = "write Unix seconds or 2026-11-22T10:00:00Z"


class Time(click.ParamType[float]):
    """Unix seconds, or an RFC 3339 time with its zone."""

    name = "time"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The Unix time, or click's error."""
        at = self._time(value, param, ctx)
        if not 0 < at < math.inf:
            self.fail(f"{value!r} is not a time; {_LIKE}", param, ctx)
        if at > time.time():
            self.fail(f"{value!r} lies in the future; Unix times are in seconds, not milliseconds", param, ctx)
        return at

    def _time(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> float:
        with contextlib.suppress(ValueError):
            return float(value)
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is not a time; {_LIKE}", param, ctx)
        if moment.tzinfo is None:
            self.fail(f"{value!r} has no zone; write 2026-11-22T10:00:00Z or +01:00", param, ctx)
        return moment.astimezone(UTC).timestamp()


@click.command()
@SPEC
@SHARD
@click.option("--at", type=Time(), metavar="TIME", help="Unix seconds or RFC 3339: the very end of every window.")
def once(spec: Path, shard: Shard | None, at: float | None) -> None:
    """Evaluate once and print the metrics.

    Without --at it evaluates now, as `serve` would, and keeps what it counted in the state store: run it from cron into
    the textfile collector of node_exporter. With --at it evaluates that moment from the sources' history and writes no
    state. Nothing is pushed and nothing applied to the outside: that is for `serve`. Errors go to stderr; what could be
    evaluated is printed all the same, and the exit code is 1.

    \b
    Examples:
      winburn once winburn.yml
      winburn once winburn.yml --at 2026-11-22T10:00:00Z | grep slo_burn_rate
    """
    loaded = load_or_exit(spec)
    sys.exit(_evaluate(part(loaded, shard), shard, at))


def _evaluate(spec: Spec, shard: Shard | None, at: float | None) -> int:

    try:
        if at is None:
            end = time.time() // spec.refresh * spec.refresh - spec.lag
            assembly = assemble(spec, open_state(spec), progress=_bar(), shard=shard)
        else:
            end = at
            # The grid of hours ends at this very moment, so that windows of a day and more are exact as well.
            assembly = assemble(spec, State("sqlite://"), origin=at % 3600, live=False, progress=_bar(), shard=shard)
        reports = [report for collector in assembly.collectors for report in collector.collect(end)]
    except (StateError, SecretError) as error:
        fail(str(error))
    samples = arrange([*_samples(reports), *assembly.health()], raise_duplicate)
    click.echo(exposition(Renderer(spec.tenant).blocks(samples)).text.decode(), nl=False)
    failed = [report for report in reports if report.error]
    for report in failed:
        click.echo(f"{report.entity}: {report.error}", err=True)
    return 1 if failed else 0


def _samples(reports: list[Report]) -> list[Sample]:
    return [sample for report in reports for sample in (*report.samples, *report.lasting)]


def _bar() -> Callable[[str, float], None]:
    """A progress line on a terminal, for the past of each SLO; nothing where nobody watches."""
    watched = sys.stderr.isatty()

    def progress(name: str, share: float) -> None:
        if watched:
            done = round(share * 30)
            end = "\n" if share >= 1 else ""
            click.echo(
                f"\rreading the past of {name:<40.40} [{'#' * done}{'-' * (30 - done)}]{end}", err=True, nl=False
            )

    return progress
