"""``winburn check``."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from exporter.spec import Spec, SpecErrors, json_schema, lint
from winburn.cli.spec_argument import fail, read_spec
from winburn.cli.voice import note, voice


@click.command()
@click.argument("spec", type=click.Path(path_type=Path, allow_dash=True), metavar="FILE", required=False)
@click.option("--schema", is_flag=True, help="Print the JSON Schema of the spec, for your editor, and do nothing else.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, errors and warnings too, for programs.")
@voice
def check(spec: Path | None, schema: bool, as_json: bool) -> None:
    """Validate a spec: a YAML file, a folder of them, or - for stdin.

    Every error is reported at once, as `file:line: path: what is wrong, and what would be right`. What is allowed but
    probably not meant is a warning. Exit codes: 0 the spec is good, warnings or not; 1 it has errors; 2 the command
    line is not right.

    With --json: {"ok", "errors": [{"file", "line", "path", "message"}], "warnings": [{"path", "message"}], "slos",
    "experiments"}; line is null where the whole file is meant, the counts are null where there are errors.

    \b
    Examples:
      winburn check winburn.yml
      winburn check --json winburn.yml | jq -r '.errors[].message'
      winburn check --schema > winburn.schema.json
    """

    if schema:
        click.echo(json.dumps(json_schema(), indent=2, sort_keys=True))
        return
    if spec is None:
        raise click.UsageError("Missing argument 'FILE': the spec to validate, or give --schema.")
    try:
        loaded = read_spec(spec)
    except SpecErrors as errors:
        if not as_json:
            fail(str(errors))
        click.echo(_document(None, errors))
        sys.exit(1)
    if as_json:
        click.echo(_document(loaded, None))
        return
    for warning in lint(loaded):
        note(f"warning: {warning}", err=True)
    note(f"{spec}: {_count(len(loaded.slos), 'SLO')}, {_count(len(loaded.experiments), 'experiment')}: OK")


def _document(spec: Spec | None, errors: SpecErrors | None) -> str:
    warnings = [] if spec is None else [warning.partition(": ")[::2] for warning in lint(spec)]
    found = () if errors is None else errors.errors
    return json.dumps(
        {
            "ok": errors is None,
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
