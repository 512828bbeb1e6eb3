"""``winburn once``."""

from __future__ import annotations

import contextlib
import json
import logging
import math
import sys
import time
from collections.abc import Mapping, Sequence
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
from winburn.cli.voice import progress, voice
from winburn.keeping import Keeper
from winburn.shard import Shard, part

_LOG = logging.getLogger("winburn")
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
@click.option("--json", "as_json", is_flag=True, help="Print JSON, one object a series, for programs.")
@voice
def once(spec: Path, shard: Shard | None, at: float | None, as_json: bool) -> None:
    """Evaluate once and print the metrics.

    Without --at it evaluates now, as `serve` would, and keeps what it counted in the state store: run it from cron into
    the textfile collector of node_exporter. With --at it evaluates that moment from the sources' history and writes no
    state. Nothing is pushed and nothing applied to the outside: that is for `serve`. Errors go to stderr; what could be
    evaluated is printed all the same, and the exit code is 1.

    With --json: [{"name", "labels": {}, "value"}], in the order of the exposition; what is undefined is absent.

    \b
    Examples:
      winburn once winburn.yml
      winburn once winburn.yml --at 2026-11-01T10:00:00Z | grep slo_burn_rate
      winburn once winburn.yml --json | jq '.[] | select(.name == "slo_status")'
    """
    loaded = load_or_exit(spec)
    sys.exit(_evaluate(part(loaded, shard), shard, at, as_json=as_json))


def _evaluate(spec: Spec, shard: Shard | None, at: float | None, *, as_json: bool) -> int:
    try:
        reports, samples = _evaluated(spec, shard, at)
    except (StateError, SecretError) as error:
        fail(str(error))
    if as_json:
        click.echo(_json(samples, spec.tenant))
    else:
        click.echo(exposition(Renderer(spec.tenant).blocks(samples)).text.decode(), nl=False)
    failed = [report for report in reports if report.error]
    for report in failed:
        click.echo(f"{report.entity}: {report.error}", err=True)
    return 1 if failed else 0


def _evaluated(
    spec: Spec, shard: Shard | None, at: float | None
) -> tuple[list[Report], Mapping[str, Sequence[Sample]]]:
    with progress("reading the past of") as told:
        if at is None:
            end = time.time() // spec.refresh * spec.refresh - spec.lag
            state = open_state(spec)
            Keeper(state).follow(spec, time.time())
            assembly = assemble(spec, state, progress=told, shard=shard)
        else:
            end = at
            # The grid of hours ends at this very moment, so that windows of a day and more are exact as well.
            assembly = assemble(spec, State("sqlite://"), origin=at % 3600, live=False, progress=told, shard=shard)
        reports: list[Report] = []
        for collector in assembly.collectors:
            begun = time.monotonic()
            found = collector.collect(end)
            names = ", ".join(sorted({report.entity for report in found}))
            _LOG.debug("%s: evaluated in %.2f s", names or "nothing", time.monotonic() - begun)
            reports.extend(found)
    return reports, arrange([*_samples(reports), *assembly.health()], raise_duplicate)


def _json(samples: Mapping[str, Sequence[Sample]], tenant: str | None) -> str:
    own = {} if tenant is None else {"tenant": tenant}
    series = [
        {"name": s.name, "labels": {**own, **dict(s.labels)}, "value": s.value}
        for found in samples.values()
        for s in found
    ]
    return json.dumps(series, indent=2, ensure_ascii=False)


def _samples(reports: Sequence[Report]) -> list[Sample]:
    return [sample for report in reports for sample in (*report.samples, *report.lasting)]
