"""How much a command says: ``--quiet``, ``--verbose``, and progress on terminals."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import click

_QUIET = "winburn.quiet"
_Command = TypeVar("_Command", bound=Callable[..., Any])


def voice(command: _Command) -> _Command:
    """Decorator: ``-q`` and ``-v``, the same for every command that reads a spec."""
    quiet = click.option(
        "--quiet",
        "-q",
        is_flag=True,
        expose_value=False,
        callback=_set_quiet,
        help="Say nothing but what was asked for, and errors: no notes, warnings or progress.",
    )
    verbose = click.option(
        "--verbose",
        "-v",
        is_flag=True,
        expose_value=False,
        callback=_set_verbose,
        help="Also say on stderr what was read, and how long it took.",
    )
    return quiet(verbose(command))


def note(text: str, *, err: bool = False) -> None:
    """Say what is good to know and not what was asked for: nothing under ``--quiet``."""
    if not is_quiet():
        click.echo(text, err=err)


def is_quiet() -> bool:
    """Whether the command that runs was given ``--quiet``."""
    context = click.get_current_context(silent=True)
    return context is not None and bool(context.meta.get(_QUIET))


def colour_allowed() -> bool | None:
    """False where NO_COLOR (https://no-color.org) or TERM=dumb asks for none; None leaves it to click: on terminals."""
    return False if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb" else None


@contextmanager
def progress(verb: str, total: float = 1.0) -> Iterator[Callable[[str, float], None]]:
    """A bar on stderr; the function inside takes the name of what is done now and how much of ``total`` is done.

    Nothing where nobody watches: not on a terminal that can move its cursor, or ``--quiet``.
    """
    if is_quiet() or not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        yield lambda _name, _done: None
        return
    from rich.console import Console  # here, as it costs a tenth of a second  # noqa: PLC0415
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn  # noqa: PLC0415

    with Progress(
        TextColumn(f"{verb} {{task.description}}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    ) as bars:
        task = bars.add_task("", total=total)
        yield lambda name, done: bars.update(task, description=name, completed=done)


def _set_quiet(ctx: click.Context, _param: click.Parameter, value: bool) -> None:
    if value:
        ctx.meta[_QUIET] = True


def _set_verbose(ctx: click.Context, _param: click.Parameter, value: bool) -> None:
    """Of our own loggers only, until the command ends: those of libraries would tell addresses with their passwords."""
    if not value or ctx.resilient_parsing:
        return
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(message)s"))
    log = logging.getLogger("winburn")
    before = log.handlers[:], log.propagate, log.level

    def restore() -> None:
        log.handlers[:], log.propagate = before[:2]
        log.setLevel(before[2])

    ctx.call_on_close(restore)
    log.handlers[:] = [handler]
    log.propagate = False
    log.setLevel(logging.DEBUG)
