"""``winburn backtest``."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import cast

import click

from alert_rules.rule import interval
from exporter.ledger import MIDDLE_WIDTH
from exporter.sources.base import CounterSource, SlotSource, SourceError
from exporter.spec import SecretError, Slo, Spec
from exporter.state import State
from winburn.assemble import AnySource, assemble
from winburn.backtest.document import document
from winburn.backtest.experiment import Replay, backtest_experiments
from winburn.backtest.experiment_text import experiment_document, experiment_table
from winburn.backtest.increments import NotYet
from winburn.backtest.output import write
from winburn.backtest.past import Span
from winburn.backtest.run import Backtest
from winburn.backtest.run import backtest as replay
from winburn.backtest.summary import what_ifs
from winburn.backtest.text import table
from winburn.cli.backtest_options import Gate, Length, Objective, gate_level
from winburn.cli.names import check_names, completing
from winburn.cli.once import Time
from winburn.cli.spec_argument import SPEC, fail, load_or_exit
from winburn.cli.voice import note, progress, voice


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
@click.option(
    "--experiment",
    "experiments",
    multiple=True,
    metavar="NAME",
    shell_complete=completing("experiments"),
    help="This experiment, and no SLO unless --slo names one; may be given several times.",
)
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
    experiments: tuple[str, ...],
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

    An experiment is replayed as the spec plans it, running and with one split all the time: when it would have killed a
    variant, told a verdict or a broken split, and how it stood at the end. Its sources must know their past: counters
    of Prometheus, SQL that counts up to :at, files with a column of times. It is evaluated at every --step that is a
    multiple of the spec's refresh; guardrail SLOs and money are left out.

    --from is taken back to a multiple of 5 minutes. One period before it is read too, so that the first windows are
    whole, as far as the source has data; what is before a service was first measured counts as ordinary traffic without
    errors, as it does in the exporter.

    \b
    Examples:
      winburn backtest winburn.yml --from 2026-10-01T00:00:00Z \\
          --to 2026-11-01T00:00:00Z
      winburn backtest winburn.yml --slo checkout --from 2026-10-01T00:00:00Z \\
          --to 2026-11-01T00:00:00Z --objective 99.5 --gate off --out report/
      winburn backtest winburn.yml --from 2026-11-01T00:00:00Z \\
          --to 2026-11-08T00:00:00Z --json
      winburn backtest winburn.yml --experiment checkout-button --step 5m \\
          --from 2026-11-01T00:00:00Z

    Exit codes: 0 replayed; 1 the spec is not right, or something could not be replayed (the rest is); 2 the command
    line is not right.
    """
    if out is not None and experiments and not names:
        raise click.UsageError("--out has pictures of SLOs alone; name one with --slo, or leave --out.")
    now = time.time()
    span = _span(start, now if end is None else end, step)
    loaded = load_or_exit(spec)
    slos = _chosen(loaded, names, experiments)
    changes = (objectives, periods, [gate_level(text) for text in gates])
    sources = _sources(loaded)
    results, errors = _replay_all(loaded, sources, slos, span, lambda slo: what_ifs(slo, *changes), now)
    replays, refused = _replay_experiments(loaded, sources, experiments, span)
    errors += refused
    if as_json or layout == "json":
        click.echo(json.dumps([*map(document, results), *map(experiment_document, replays)], indent=2))
    else:
        click.echo("".join([*map(table, results), *map(experiment_table, replays)]), nl=False)
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


def _chosen(spec: Spec, names: Sequence[str], experiments: Sequence[str]) -> list[Slo]:
    check_names("--slo", "SLO", names, [slo.name for slo in spec.slos])
    check_names("--experiment", "experiment", experiments, [each.name for each in spec.experiments])
    every = not names and not experiments
    return [slo for slo in spec.slos if every or slo.name in names]


def _sources(spec: Spec) -> Mapping[str, AnySource]:
    try:
        return assemble(spec, State("sqlite://")).sources
    except SecretError as error:
        fail(str(error))


def _replay_experiments(
    spec: Spec, sources: Mapping[str, AnySource], names: Sequence[str], span: Span
) -> tuple[list[Replay], list[str]]:
    """The experiments' replays, and a sentence for each that has none."""
    replays, errors = [], []
    with progress("replaying", len(set(names))) as told:
        for i, name in enumerate(dict.fromkeys(names)):
            tell = partial(_tell, told, name, i)
            try:
                replays += backtest_experiments(spec, sources, [name], span, tell)
            except (NotYet, SourceError) as sentence:
                errors.append(str(sentence))
    return replays, errors


def _tell(told: Callable[[str, float], None], name: str, before: int, share: float) -> None:
    told(name, before + share)


def _replay_all(
    spec: Spec,
    sources: Mapping[str, AnySource],
    slos: Sequence[Slo],
    span: Span,
    changes: Callable[[Slo], list[tuple[str, Slo]]],
    now: float,
) -> tuple[list[Backtest], list[str]]:
    """The SLOs' backtests, and a sentence for each that has none."""
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
