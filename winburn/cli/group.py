"""Groups of commands: what is said to a name that is none, and how an interrupted one ends."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import click

from winburn.cli.voice import colour_allowed

INTERRUPTED = 130
"""128 + SIGINT, as shells say it."""
NOBODY_READS = 141
"""128 + SIGPIPE: what a program of C's would end with in ``winburn once F | head -1``."""


class Group(click.Group):
    """click's group, with our manners."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """click's, and for a name that is none the nearest that is."""
        names = self.list_commands(ctx)
        if args[0] not in names and not args[0].startswith("-") and not ctx.resilient_parsing:
            from exporter.spec.tree import did_you_mean  # here, as help must be quick  # noqa: PLC0415

            if near := did_you_mean(args[0], names):
                ctx.fail(f"No such command {args[0]!r}; did you mean {near!r}?")
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """click's; Ctrl-C and a reader who has gone end it without a word."""
        ctx.color = colour_allowed() if ctx.color is None else ctx.color
        with _ended_quietly():
            return super().invoke(ctx)


@contextmanager
def _ended_quietly() -> Iterator[None]:
    try:
        try:
            yield
        finally:
            sys.stdout.flush()  # here, where what it raises is caught, and not at the interpreter's end
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        # What is left in the buffer must go somewhere: the interpreter flushes once more at its end.
        with suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(NOBODY_READS)
