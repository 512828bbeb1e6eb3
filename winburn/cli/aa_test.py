"""``winburn aa-test``."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from exporter.spec import Experiment, SecretError, Spec
from exporter.state import State
from winburn.aa_test.facts import LOOKS, PER_DAY, Facts, Plan, assumed, default_horizon, with_looks
from winburn.aa_test.reading import read
from winburn.aa_test.run import aa_test as simulate
from winburn.aa_test.text import document, text
from winburn.assemble import assemble
from winburn.cli.names import check_names, completing
from winburn.cli.spec_argument import SPEC, fail, load_or_exit
from winburn.cli.voice import progress, voice


class Rate(click.ParamType[tuple[str, float]]):
    """A base rate, of one metric or of all."""

    name = "rate"

    def convert(
        self, value: str | tuple[str, float], param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, float]:
        """(metric, or nothing for all; rate), or click's error."""
        if isinstance(value, tuple):
            return value
        metric, _, number = value.rpartition("=")
        try:
            rate = float(number)
        except ValueError:
            rate = 0.0
        if not 0 < rate < 1:
            self.fail(f"{value!r} is not a rate between 0 and 1, like 0.02 or signup=0.02", param, ctx)
        return metric, rate


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the command line says instead of the data."""

    rates: Mapping[str, float]
    horizon: float | None
    per_day: float | None
    looks: int
    clusters: int


@click.command("aa-test")
@SPEC
@click.option(
    "--experiment",
    "names",
    multiple=True,
    metavar="NAME",
    shell_complete=completing("experiments"),
    help="Only this experiment; may be given several times.",
)
@click.option(
    "--paths", type=click.IntRange(1), default=1000, show_default=True, help="Simulations of each experiment."
)
@click.option(
    "--horizon",
    type=click.FloatRange(100, 1e9),
    metavar="UNITS",
    help="Units of all arms together until the watching ends; 100000 unless given.",
)
@click.option(
    "--looks",
    type=click.IntRange(1),
    default=LOOKS,
    show_default=True,
    help="Looks at most, evenly spaced; fewer where there are fewer refreshes or units.",
)
@click.option(
    "--rate",
    "rates",
    type=Rate(),
    multiple=True,
    metavar="[METRIC=]P",
    help="Base rate of proportions and rates, instead of the data's.",
)
@click.option("--per-day", type=click.FloatRange(1), metavar="UNITS", help="Units a day, instead of the data's.")
@click.option(
    "--clusters",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="Alike events that counters without `once` count at a time, as of one visitor.",
)
@click.option("--no-read", is_flag=True, help="Ask no source; simulate with the stated defaults.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of the random numbers.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, rates as shares, for programs.")
@voice
def aa_test(  # noqa: PLR0913, PLR0917 - one argument an option
    spec: Path,
    names: tuple[str, ...],
    paths: int,
    horizon: float | None,
    looks: int,
    rates: tuple[tuple[str, float], ...],
    per_day: float | None,
    clusters: int,
    no_read: bool,
    seed: int,
    as_json: bool,
) -> None:
    """How often this configuration would call what is not there, measured by simulation.

    Every experiment of the spec that has not ended is run --paths times with variants that do not differ, and
    watched at every refresh: with its own arms and planned traffic, all its metrics with their roles, directions and
    margins, alpha, false discovery control and early kill. What winburn says is asked of the very code that the
    exporter runs. Beside it stands what watching costs elsewhere: a t test, and the "95 % chance to win" of a flat
    prior.

    The control's rates, means and variances, and the units a day, are read once from the sources (nothing is written);
    what cannot be read is assumed, and the output says so. Metrics are simulated independent of one another, within one
    allocation epoch; segments and SLOs as guardrails are left out. A verdict that a guardrail is kept within its margin
    is true, and not counted.

    \b
    winburn's verdict     ever better or worse, of any variant and at any look;
                          at most alpha
    winburn's early kill  of any variant; at most its alpha for each variant
    t test                |z| > 1.96 at any look, from 1,000 units on
    95 % chance to win    above 95 % or below 5 % at any look, from 150
                          conversions in each arm on
    ±                     one standard error: four times the --paths halve it

    The same seed gives the same numbers. How to read them: docs/aa-test.md.

    \b
    Examples:
      winburn aa-test winburn.yml
      winburn aa-test winburn.yml --experiment checkout-button \\
          --rate 0.02 --horizon 50000 --paths 4000
      winburn aa-test winburn.yml --json | jq '.[] | .rates.verdict.rate'

    Exit codes: 0 done; 1 the spec is not right, or a rate of ours is above its promise by over three standard errors;
    2 the command line is not right.
    """
    loaded = load_or_exit(spec)
    chosen = _chosen(loaded, names)
    wishes = Wishes(_rates(chosen, rates), horizon, per_day, looks, clusters)
    known, pace = ({}, {}) if no_read else _read(loaded, chosen)
    plans = [_plan(loaded, experiment, known, pace.get(experiment.name), wishes) for experiment in chosen]
    with progress("simulating", paths * len(plans)) as told:
        outcomes = simulate(plans, paths, seed, _summed(told))
    shown = [(o, _doubts(o.plan, known)) for o in outcomes if not names or o.plan.experiment.name in names]
    if as_json:
        click.echo(json.dumps([document(*each) for each in shown], indent=2))
    else:
        click.echo("\n".join(text(*each) for each in shown) + _foot(paths, seed), nl=False)
    broken = [(outcome, rule) for outcome, _ in shown for rule in outcome.broken]
    for outcome, rule in broken:
        click.echo(f"{outcome.plan.experiment.name}: {rule} is called more often than promised", err=True)
    sys.exit(1 if broken else 0)


def _chosen(spec: Spec, names: Sequence[str]) -> list[Experiment]:
    """Those asked for and the families they share their false discoveries with; or all that have not ended."""
    known = {experiment.name: experiment for experiment in spec.experiments}
    check_names("--experiment", "experiment", names, known)
    going = [e for e in spec.experiments if e.status not in {"completed", "failed"}]
    if not names:
        if not going:
            fail("the spec has no experiment that has not ended; name one with --experiment")
        return going
    shared = any(known[name].false_discovery == "all" for name in names)
    return [e for e in spec.experiments if e.name in names or (shared and e in going and e.false_discovery == "all")]


def _rates(experiments: Sequence[Experiment], rates: Sequence[tuple[str, float]]) -> dict[str, float]:
    there = sorted({m.name for e in experiments for m in e.metrics if m.kind in {"proportion", "rate"}})
    for metric, _ in rates:
        if metric and metric not in there:
            raise click.UsageError(
                f"--rate: there is no proportion or rate {metric!r}; there are: {', '.join(there) or 'none'}"
            )
    return dict(rates)


def _read(spec: Spec, experiments: Sequence[Experiment]) -> tuple[dict[tuple[str, str], Facts | str], dict[str, float]]:
    try:
        sources = assemble(spec, State("sqlite://")).sources
        return read(sources, experiments, spec.refresh, time.time() // spec.refresh * spec.refresh - spec.lag)
    except SecretError as error:
        fail(str(error))


def _plan(
    spec: Spec,
    experiment: Experiment,
    known: Mapping[tuple[str, str], Facts | str],
    pace: float | None,
    wishes: Wishes,
) -> Plan:
    facts = []
    for metric in experiment.metrics:
        rate = wishes.rates.get(metric.name, wishes.rates.get(""))
        found = known.get((experiment.name, metric.name))
        given = rate is not None and metric.kind in {"proportion", "rate"}
        facts.append(found if isinstance(found, Facts) and not given else assumed(metric, rate if given else None))
    plan = Plan(
        experiment,
        tuple(facts),
        wishes.horizon or default_horizon(experiment, facts),
        wishes.per_day or pace or PER_DAY,
        per_day_known=wishes.per_day is None and pace is not None,
        clusters=wishes.clusters,
    )
    return with_looks(plan, spec.refresh, wishes.looks)


def _doubts(plan: Plan, known: Mapping[tuple[str, str], Facts | str]) -> list[str]:
    """Why something had to be assumed."""
    found = {
        f.metric.name: known.get((plan.experiment.name, f.metric.name)) for f in plan.facts if f.origin == "assumed"
    }
    return [f"{name} is assumed: {reason}" for name, reason in found.items() if isinstance(reason, str)]


def _foot(paths: int, seed: int) -> str:
    return f"\n{paths:,} simulations each, seed {seed}; ± is one standard error\n"


def _summed(told: Callable[[str, float], None]) -> Callable[[str, int], None]:
    """The simulation says how many more are done; the bar wants how many in all."""
    done = 0

    def tick(name: str, more: int) -> None:
        nonlocal done
        done += more
        told(name, done)

    return tick
