"""Reading the spec for a command, from a file, a folder or stdin: every error to stderr, exit 1."""

from __future__ import annotations

import logging
import sys
import time
from pathlib import Path
from typing import NoReturn

import click

from exporter.spec import Spec, SpecError, SpecErrors, load, load_text

_LOG = logging.getLogger("winburn")
_STDIN = Path("-")
SPEC = click.argument("spec", type=click.Path(path_type=Path, allow_dash=True), metavar="FILE")


def read_spec(path: Path) -> Spec:
    """The spec at ``path``, or on stdin where that is ``-``. SpecErrors where it has mistakes."""
    begun = time.monotonic()
    spec = load_text(_stdin(), "<stdin>") if path == _STDIN else load(path)
    counts = f"sources {len(spec.sources)}, SLOs {len(spec.slos)}, experiments {len(spec.experiments)}"
    _LOG.debug("%s: %s; read in %.2f s", path, counts, time.monotonic() - begun)
    return spec


def load_or_exit(path: Path) -> Spec:
    """The spec at ``path``; where it has errors they are printed, one a line, and the command ends with 1."""
    try:
        return read_spec(path)
    except SpecErrors as errors:
        fail(str(errors))


def _stdin() -> str:
    try:
        return sys.stdin.buffer.read().decode("utf-8")
    except UnicodeDecodeError:
        raise SpecErrors([SpecError("<stdin>", 0, "", "not UTF-8: pipe the text of a YAML file in")]) from None


def fail(message: str) -> NoReturn:
    """End the command: the message to stderr, exit code 1."""
    click.echo(message, err=True)
    sys.exit(1)
