"""``winburn check``."""

from __future__ import annotations

import json
from pathlib import Path

import click

from exporter.spec import json_schema, lint
from winburn.cli.spec_argument import load_or_exit


@click.command()
@click.argument("spec", type=click.Path(path_type=Path), metavar="FILE", required=False)
@click.option("--schema", is_flag=True, help="Print the JSON Schema of the spec, for your editor, and do nothing else.")
def check(spec: Path | None, schema: bool) -> None:
    """Validate a spec: a YAML file, or a folder of them.

    Every error is reported at once, as `file:line: path: what is wrong, and what would be right`, and the exit code
    is 1. What is allowed but probably not meant is a warning; warnings do not change the exit code.

    \b
    Examples:
      winburn check winburn.yml
      winburn check --schema > winburn.schema.json
    """

    if schema:
        click.echo(json.dumps(json_schema(), indent=2, sort_keys=True))
        return
    if spec is None:
        raise click.UsageError("Missing argument 'FILE': the spec to validate, or give --schema.")
    loaded = load_or_exit(spec)
    for warning in lint(loaded):
        click.echo(f"warning: {warning}", err=True)
    click.echo(f"{spec}: {_count(len(loaded.slos), 'SLO')}, {_count(len(loaded.experiments), 'experiment')}: OK")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
