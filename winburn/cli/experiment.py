"""``winburn experiment``: the life cycle of experiments, on the state store."""

from __future__ import annotations

import getpass
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from exporter.spec import SecretError, Spec
from exporter.state import Override, State, StateError
from exporter.state.copying import is_missing
from winburn import lifecycle
from winburn.assemble import open_state, state_url
from winburn.cli.group import Group
from winburn.cli.names import completing
from winburn.cli.spec_argument import SPEC, fail, load_or_exit
from winburn.cli.voice import note, voice
from winburn.lifecycle import By, LifecycleError, Line

_COLOURS = {"draft": "white", "running": "green", "paused": "yellow", "completed": "blue", "failed": "red"}
_NAME = click.argument("name", metavar="NAME", shell_complete=completing("experiments"))


def _given(_ctx: click.Context, _param: click.Parameter, value: str) -> str:
    text = " ".join(value.split())
    if not text:
        raise click.BadParameter("is empty; it stays on record, so say who, and why")
    return text


def _login() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        return f"uid {os.getuid()}"


def _by(command: Callable[..., None]) -> Callable[..., None]:
    """The options of everything that changes something."""
    why = click.option("--why", required=True, metavar="TEXT", callback=_given, help="Why; stays on record.")
    who = click.option(
        "--who", default=_login, metavar="NAME", callback=_given, help="On whose behalf; your login unless given."
    )
    return who(why(voice(command)))


@click.group(cls=Group)
def experiment() -> None:
    """List experiments; start, pause, stop or split one; spare a killed variant.

    The spec's `status` and `variants` are where an experiment begins. What is changed here holds instead, in the state
    store that the spec names, until that very key of the spec is changed: status and planned traffic independently of
    each other. Every change stays on record with who made it, when and why. A running exporter on the same state store
    takes it over at one of its next refreshes.

    \b
    draft ---start---> running ---stop-----------> completed
                       |     ^ \\--stop --failed--> failed
                     pause start
                       v     |
                       paused    (may be stopped too)

    What has ended is not started again: its evidence is spent.

    \b
    Examples:
      winburn experiment list winburn.yml
      winburn experiment pause winburn.yml checkout-button \\
          --why "the shop is being moved"
      winburn experiment start winburn.yml checkout-button \\
          --why "the shop has moved"
      winburn experiment split winburn.yml checkout-button blue=0.8 green=0.2 \\
          --why "ramp down"
      winburn experiment unkill winburn.yml checkout-button green \\
          --why "clicks were not counted until noon"
      winburn experiment stop winburn.yml checkout-button \\
          --why "green is shipped"

    Exit codes: 0 done; 1 the spec, the state store or the change is not right; 2 the command line is not.
    """


@experiment.command("list", short_help="Show every experiment and who changed it last.")
@SPEC
@click.option("--json", "as_json", is_flag=True, help="Print JSON, times as Unix seconds, for programs.")
@voice
def list_experiments(spec: Path, as_json: bool) -> None:
    """Show every experiment: status, planned traffic, killed variants, and who changed it last, when and why.

    A status or traffic that is not the spec's is followed by what the spec says.

    \b
    Examples:
      winburn experiment list winburn.yml
      winburn experiment list winburn.yml --json | jq '.[] | .killed'
    """
    loaded = load_or_exit(spec)
    with _store(loaded) as state:
        found = lifecycle.lines(state, loaded.experiments)
    if as_json:
        click.echo(json.dumps([_document(line) for line in found], indent=2))
    elif found:
        _print_table(found)
    else:
        click.echo("the spec has no experiments")


@experiment.command()
@SPEC
@_NAME
@_by
def start(spec: Path, name: str, who: str, why: str) -> None:
    """Start a draft, or go on with what is paused.

    \b
    Example:
      winburn experiment start winburn.yml checkout-button \\
          --why "all variants are deployed"
    """
    with _change(spec, name, who, why) as (state, it, by):
        _say(lifecycle.set_status(state, it, "running", by))


@experiment.command()
@SPEC
@_NAME
@_by
def pause(spec: Path, name: str, who: str, why: str) -> None:
    """Pause a running experiment; `start` goes on with it.

    \b
    Example:
      winburn experiment pause winburn.yml checkout-button \\
          --why "the shop is being moved"
    """
    with _change(spec, name, who, why) as (state, it, by):
        _say(lifecycle.set_status(state, it, "paused", by))


@experiment.command(short_help="End an experiment for good.")
@SPEC
@_NAME
@click.option("--failed", is_flag=True, help="It ended as failed: a bug, wrong data, a harm. Otherwise as completed.")
@_by
def stop(spec: Path, name: str, failed: bool, who: str, why: str) -> None:
    """End an experiment for good, as completed or, with --failed, as failed.

    \b
    Examples:
      winburn experiment stop winburn.yml checkout-button \\
          --why "green is shipped"
      winburn experiment stop winburn.yml checkout-button --failed \\
          --why "green crashed on old phones"
    """
    with _change(spec, name, who, why) as (state, it, by):
        _say(lifecycle.set_status(state, it, "failed" if failed else "completed", by))


@experiment.command()
@SPEC
@_NAME
@click.argument("shares", nargs=-1, required=True, metavar="VARIANT=SHARE...")
@_by
def split(spec: Path, name: str, shares: tuple[str, ...], who: str, why: str) -> None:
    """Change the planned traffic: a share for every variant, 1 in all.

    It tells winburn of a change that you make in whatever assigns the traffic. Counts from before and after are never
    pooled: an allocation epoch opens.

    \b
    Example:
      winburn experiment split winburn.yml checkout-button blue=0.8 green=0.2 \\
          --why "ramp down"
    """
    with _change(spec, name, who, why) as (state, it, by):
        _say(lifecycle.set_split(state, it, lifecycle.parse_split(shares), by))


@experiment.command()
@SPEC
@_NAME
@click.argument("variant", metavar="VARIANT", shell_complete=completing("experiments", "variants"))
@_by
def unkill(spec: Path, name: str, variant: str, who: str, why: str) -> None:
    """Lift the early kill of a variant.

    The evidence that killed it does not kill it again; what comes after may. What was done to the outside when it was
    killed (`apply`) is not taken back: do that where the traffic is assigned.

    \b
    Example:
      winburn experiment unkill winburn.yml checkout-button green \\
          --why "clicks were not counted until noon"
    """
    with _change(spec, name, who, why) as (state, it, by):
        latch = lifecycle.unkill(state, it, variant, by)
    note(f"{name}: {variant} is spared; it was killed at {_time(latch.at)}: {latch.reason}")


@contextmanager
def _store(spec: Spec, *, change: bool = False) -> Iterator[State]:
    """The spec's open store; whatever is wrong is said, and the command ends with 1.

    A store that is not there is not made: nobody would read what is written to it. Without ``change`` it is empty.
    """
    try:
        missing = is_missing(state_url(spec))
        if missing and change:
            raise LifecycleError(
                f"there is no state store at {spec.state.url}: winburn serve makes it; run this on its machine, "
                "with its spec, once it has run"
            )
        state = State("sqlite://") if missing else open_state(spec)
        try:
            yield state
        finally:
            state.close()
    except (StateError, SecretError, LifecycleError) as error:
        fail(str(error))


@contextmanager
def _change(path: Path, name: str, who: str, why: str) -> Iterator[tuple[State, Any, By]]:
    spec = load_or_exit(path)
    try:
        it = lifecycle.find(spec.experiments, name)
    except LifecycleError as error:
        fail(str(error))
    with _store(spec, change=True) as state:
        yield state, it, By(time.time(), who, why)


def _say(it: Any) -> None:
    note(f"{it.name}: {_coloured(it.status)}, {lifecycle.split_text(it.variants)}")


def _document(line: Line) -> dict[str, Any]:
    it, spec, override = line.experiment, line.spec, line.override
    return {
        "name": it.name,
        "status": it.status,
        "spec_status": spec.status,
        "variants": it.variants,
        "spec_variants": spec.variants,
        "changed": None if override is None else {"at": override.at, "who": override.who, "why": override.why},
        "killed": [{"variant": k.member, "at": k.at, "reason": k.reason, "facts": k.facts} for k in line.killed],
    }


def _print_table(found: list[Line]) -> None:
    head = ("EXPERIMENT", "STATUS", "TRAFFIC", "KILLED", "SINCE", "BY", "WHY")
    rows = [head, *(_row(line) for line in found)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(head) - 1)]
    for i, row in enumerate(rows):
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
        if i:
            cells[1] = click.style(cells[1], fg=_COLOURS[found[i - 1].experiment.status])
            cells[3] = click.style(cells[3], fg="red") if found[i - 1].killed else cells[3]
        else:
            cells = [click.style(cell, bold=True) for cell in cells]
        click.echo("  ".join([*cells, row[-1]]).rstrip())


def _row(line: Line) -> tuple[str, ...]:
    it, spec, override = line.experiment, line.spec, line.override
    return (
        it.name,
        it.status if it.status == spec.status else f"{it.status} (spec: {spec.status})",
        _traffic(line, override),
        ", ".join(kill.member for kill in line.killed) or "-",
        _time(override.at) if override else "-",
        override.who if override else "the spec",
        override.why if override else "-",
    )


def _traffic(line: Line, override: Override | None) -> str:
    text = lifecycle.split_text(line.experiment.variants)
    own = override is not None and override.variants is not None
    return f"{text} (spec: {lifecycle.split_text(line.spec.variants)})" if own else text


def _coloured(status: str) -> str:
    return click.style(status, fg=_COLOURS[status])


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
