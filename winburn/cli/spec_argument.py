"""Reading the spec for a command: every error to stderr, exit 1."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NoReturn

import click

from exporter.spec import Spec, SpecErrors, load

SPEC = click.argument("spec", type=click.Path(path_type=Path), metavar="FILE")


def load_or_exit(path: Path) -> Spec:
    """The spec at ``path``; where it has errors they are printed, one a line, and the command ends with 1."""

    try:
        return load(path)
    except SpecErrors as errors:
        fail(str(errors))


def fail(message: str) -> NoReturn:
    """End the command: the message to stderr, exit code 1."""
    click.echo(message, err=True)
    sys.exit(1)
