"""``winburn backtest``."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import cast

import click

from alert_rules.rule import interval
from exporter.ledger import MIDDLE_WIDTH
from exporter.promql import format_duration, parse_duration
from exporter.sources.base import CounterSource, SlotSource, SourceError
from exporter.spec import SecretError, Slo, Spec
from exporter.state import State
from winburn.assemble import AnySource, assemble
from winburn.backtest.document import document
from winburn.backtest.increments import NotYet
from winburn.backtest.output import write
from winburn.backtest.past import Span
from winburn.backtest.run import Backtest
from winburn.backtest.run import backtest as replay
from winburn.backtest.summary import what_ifs
from winburn.backtest.text import table
from winburn.cli.names import check_names, completing
from winburn.cli.once import Time
from winburn.cli.spec_argument import SPEC, fail, load_or_exit
from winburn.cli.voice import note, progress, voice


class Objective(click.ParamType[Decimal]):
    """A percentage of good events."""

    name = "objective"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> Decimal:
        """The exact number, or click's error."""
        try:
            objective = Decimal(value)
        except InvalidOperation:
            self.fail(f"{value!r} is not a number; write the percentage of good events, like 99.9", param, ctx)
        if not objective.is_finite() or not 0 < objective < 100:
            self.fail(f"{value} is not between 0 and 100, both excluded; write a percentage like 99.9", param, ctx)
        return objective


class Length(click.ParamType[float]):
    """A duration; ``least`` and ``divides`` (seconds) say which are allowed."""

    name = "duration"

    def __init__(self, *, least: float = 0.0, divides: float | None = None) -> None:
        self._least, self._divides = least, divides

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Seconds, or click's error."""
        try:
            seconds = parse_duration(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)
        if seconds <= 0 or seconds < self._least:
            self.fail(f"{value} is too short" + (f"; at least {format_duration(self._least)}" if self._least else ""))
        if self._divides and round(self._divides * 1000) % round(seconds * 1000):
            self.fail(f"{format_duration(self._divides)} is not a whole number of {value}; write 15s, 1m or 5m")
        return seconds


class Gate(click.ParamType[str]):
    """A level of the low-traffic gate, or off."""

    name = "gate"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The text, checked; `_gate` reads it, because click takes None for an option that was not given."""
        try:
            level = _gate(value)
        except ValueError:
            level = 0.0
        if level is not None and not 0 < level < 1:
            self.fail(f"{value!r} is neither off nor a probability between 0 and 1, like 1e-4", param, ctx)
        return value


def _gate(text: str) -> float | None:
    return None if text == "off" else float(text)


@click.command()
@SPEC
@click.option(
    "--slo",
    "names",
    multiple=True,
    metavar="NAME",
    shell_complete=completing("slos"),
    help="Only this SLO; may be given several times.",
)
@click.option("--experiment", metavar="NAME", help="Not yet: experiments come later.")
@click.option("--from", "start", type=Time(), required=True, metavar="TIME", help="Unix seconds or RFC 3339.")
@click.option("--to", "end", type=Time(), metavar="TIME", help="Unix seconds or RFC 3339; now, if not given.")
@click.option(
    "--step", type=Length(divides=MIDDLE_WIDTH), default="1m", show_default=True, help="How often alerts are evaluated."
)
@click.option(
    "--objective", "objectives", type=Objective(), multiple=True, metavar="PERCENT", help="What if it were this?"
)
@click.option(
    "--period", "periods", type=Length(least=3600), multiple=True, metavar="DURATION", help="What if it were this?"
)
@click.option("--gate", "gates", type=Gate(), multiple=True, metavar="off|P", help="What if the gate were this?")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="FOLDER",
    help="Also write backtest.html, and a PNG for each SLO.",
)
@click.option(
    "--format", "layout", type=click.Choice(["table", "json"]), default="table", show_default=True, help="On stdout."
)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json: for programs.")
@voice
def backtest(  # noqa: PLR0913, PLR0917 - one argument an option
    spec: Path,
    names: tuple[str, ...],
    experiment: str | None,
    start: float,
    end: float | None,
    step: float,
    objectives: tuple[Decimal, ...],
    periods: tuple[float, ...],
    gates: tuple[str, ...],
    out: Path | None,
    layout: str,
    as_json: bool,
) -> None:
    """What would have paged, when, and how much budget it cost: replays the past of the sources through the very same
    conditions as the generated alerts.

    Per SLO: every firing of every tier; the span in numbers; the same with --objective, --period or --gate changed, one
    at a time; and how long each tier takes to detect and to clear steady errors, by formula.

    \b
    detected in  from the first bad slot of the run of burn > 1 (in the tier's
                 short or long window) that led to the alert, to the alert; live
                 alerts come later by the spec's lag and up to a refresh and an
                 evaluation
    spent        share of the period's error budget that went since then: when
                 it fired, and when it cleared
    pages        tiers of one severity that fire together are one notification

    --from is taken back to a multiple of 5 minutes. One period before it is read too, so that the first windows are
    whole, as far as the source has data; what is before a service was first measured counts as ordinary traffic without
    errors, as it does in the exporter.

    \b
    Examples:
      winburn backtest winburn.yml --from 2026-10-01T00:00:00Z \\
          --to 2026-11-01T00:00:00Z
      winburn backtest winburn.yml --slo checkout --from 2026-10-01T00:00:00Z \\
          --objective 99.5 --gate off --out report/
      winburn backtest winburn.yml --from 2026-11-01T00:00:00Z --json

    Exit codes: 0 replayed; 1 the spec is not right, or an SLO could not be replayed (the others are); 2 the command
    line is not right.
    """
    if experiment is not None:
        raise click.UsageError("--experiment: experiments cannot be backtested yet, only SLOs; this will come later.")
    now = time.time()
    span = _span(start, now if end is None else end, step)
    loaded = load_or_exit(spec)
    slos = _chosen(loaded, names)
    changes = (objectives, periods, [_gate(text) for text in gates])
    results, errors = _replay_all(loaded, slos, span, lambda slo: what_ifs(slo, *changes), now)
    if as_json or layout == "json":
        click.echo(json.dumps([document(result) for result in results], indent=2))
    else:
        click.echo("".join(table(result) for result in results), nl=False)
    if out is not None:
        for line in _written(out, results):
            note(line, err=True)
    for error in errors:
        click.echo(error, err=True)
    sys.exit(1 if errors else 0)


def _span(start: float, end: float, step: float) -> Span:
    start, end = start // MIDDLE_WIDTH * MIDDLE_WIDTH, end // step * step
    if end <= start:
        raise click.UsageError("--to must be later than --from.")
    return Span(start, end, step)


def _chosen(spec: Spec, names: Sequence[str]) -> list[Slo]:
    check_names("--slo", "SLO", names, [slo.name for slo in spec.slos])
    return [slo for slo in spec.slos if not names or slo.name in names]


def _replay_all(
    spec: Spec, slos: Sequence[Slo], span: Span, changes: Callable[[Slo], list[tuple[str, Slo]]], now: float
) -> tuple[list[Backtest], list[str]]:
    """The SLOs' backtests, and a sentence for each that has none."""
    try:
        sources = assemble(spec, State("sqlite://")).sources
    except SecretError as error:
        fail(str(error))
    results, errors = [], []
    with progress("reading") as told:
        for slo in slos:
            try:
                results.extend(_replay(spec, sources, slo, span, changes(slo), now, told))
            except NotYet as sentence:
                errors.append(str(sentence))
            except SourceError as error:
                errors.append(f"{slo.name}: {error}")
    return results, errors


def _replay(
    spec: Spec,
    sources: Mapping[str, AnySource],
    slo: Slo,
    span: Span,
    changes: list[tuple[str, Slo]],
    now: float,
    told: Callable[[str, float], None],
) -> list[Backtest]:
    source = cast(CounterSource | SlotSource, sources.get(slo.sli.source or ""))
    keep = 2 * interval(spec)
    return replay(
        source,
        slo,
        span,
        keep=keep,
        what_ifs=changes,
        now=max(now, span.end),
        limit=spec.limits.groups,
        progress=lambda share: told(slo.name, share),
    )


def _written(out: Path, results: Sequence[Backtest]) -> Iterator[str]:
    try:
        yield from write(out, results)
    except OSError as error:
        fail(f"backtest: cannot write to {out}: {error.strerror or error}")
