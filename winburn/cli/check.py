"""``winburn check``."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from ssl import CERT_NONE
from typing import TYPE_CHECKING, TypeVar

import click

from exporter.spec import Spec, SpecError, SpecErrors, json_schema, lint
from winburn.cli.spec_argument import fail, read_spec
from winburn.cli.voice import note, voice

if TYPE_CHECKING:
    from exporter.web_config import WebConfig

_Read = TypeVar("_Read")


@click.command()
@click.argument("spec", type=click.Path(path_type=Path, allow_dash=True), metavar="FILE", required=False)
@click.option(
    "--web.config.file",
    "web",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Check this web config file of `winburn serve` too, with the certificates that it names, or alone.",
)
@click.option("--schema", is_flag=True, help="Print the JSON Schema of the spec, for your editor, and do nothing else.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, errors and warnings too, for programs.")
@voice
def check(spec: Path | None, web: Path | None, schema: bool, as_json: bool) -> None:
    """Validate a spec: a YAML file, a folder of them, or - for stdin; a web config file, or both.

    Every error is reported at once, as `file:line: path: what is wrong, and what would be right`. What is allowed but
    probably not meant is a warning. Exit codes: 0 the spec is good, warnings or not; 1 it has errors; 2 the command
    line is not right.

    With --json: {"ok", "errors": [{"file", "line", "path", "message"}], "warnings": [{"path", "message"}], "slos",
    "experiments"}; line is null where the whole file is meant, the counts are null where there are errors or no spec.

    \b
    Examples:
      winburn check winburn.yml
      winburn check --json winburn.yml | jq -r '.errors[].message'
      winburn check --web.config.file web.yml
      winburn check --schema > winburn.schema.json
    """

    if schema:
        click.echo(json.dumps(json_schema(), indent=2, sort_keys=True))
        return
    if spec is None and web is None:
        raise click.UsageError("Missing argument 'FILE': the spec to validate, or give --web.config.file or --schema.")
    errors: list[SpecError] = []
    loaded = _kept(errors, read_spec, spec)
    guarded = _kept(errors, _read_web, web)
    if as_json:
        click.echo(_document(None if errors else loaded, guarded, errors))
        sys.exit(1 if errors else 0)
    if errors:
        fail(str(SpecErrors(errors)))
    for warning in [*(lint(loaded) if loaded else ()), *(guarded.warnings if guarded else ())]:
        note(f"warning: {warning}", err=True)
    if loaded is not None:
        note(f"{spec}: {_count(len(loaded.slos), 'SLO')}, {_count(len(loaded.experiments), 'experiment')}: OK")
    if guarded is not None:
        note(f"{web}: {_guards(guarded)}: OK")


def _kept(errors: list[SpecError], read: Callable[[Path], _Read], path: Path | None) -> _Read | None:
    """What is read, where there is something to read; its mistakes are added to ``errors``."""
    try:
        return None if path is None else read(path)
    except SpecErrors as found:
        errors += found.errors
        return None


def _read_web(path: Path) -> WebConfig:
    from exporter.web_config import read  # here, as it costs 3 MB that nobody else need pay  # noqa: PLC0415

    return read(path)


def _guards(web: WebConfig) -> str:
    """What it asks of who comes, in few words."""
    tls = "no TLS" if web.tls is None else "TLS"
    clients = "" if web.tls is None or web.tls.verify_mode is CERT_NONE else " with client certificates"
    return f"{tls}{clients}, {_count(len(web.users), 'user') if web.users else 'no password'}"


def _document(spec: Spec | None, web: WebConfig | None, found: Sequence[SpecError]) -> str:
    warnings = [] if spec is None else [warning.partition(": ")[::2] for warning in lint(spec)]
    if web is not None and not found:
        warnings += [warning.partition(": ")[2].partition(": ")[::2] for warning in web.warnings]
    return json.dumps(
        {
            "ok": not found,
            "errors": [
                {"file": e.file, "line": e.line or None, "path": e.path or None, "message": e.message} for e in found
            ],
            "warnings": [{"path": path, "message": message} for path, message in warnings],
            "slos": None if spec is None else len(spec.slos),
            "experiments": None if spec is None else len(spec.experiments),
        },
        indent=2,
    )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
