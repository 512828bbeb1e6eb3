"""``winburn convert``."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from exporter.promql import parse_duration
from winburn.cli.spec_argument import fail
from winburn.cli.voice import note, voice
from winburn.convert import FORMATS, Conversion, Input, Options
from winburn.convert import convert as convert_texts

_LARGEST = 20_000_000
_SUFFIXES = frozenset({".yml", ".yaml", ".json"})


class Period(click.ParamType[float]):
    """A Prometheus duration."""

    name = "duration"

    def convert(self, value: str | float, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Seconds, or click's error."""
        if not isinstance(value, str):
            return value
        try:
            return parse_duration(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


@click.command()
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True), metavar="FILE")
@click.option("--from", "form", type=click.Choice(FORMATS), help="The tool it is for, where that cannot be recognised.")
@click.option(
    "--source-url",
    default="http://localhost:9090",
    show_default=True,
    metavar="URL",
    help="Address of your Prometheus.",
)
@click.option(
    "--period",
    type=Period(),
    metavar="DURATION",
    help="Period of the error budget; Sloth keeps it outside of its files.  [default: 30d where the file has none]",
)
@click.option("--strict", is_flag=True, help="Exit with 1 if there are warnings.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, the spec and the warnings, for programs.")
@voice
def convert(file: Path, form: str | None, source_url: str, period: float | None, strict: bool, as_json: bool) -> None:
    """Convert SLOs of Sloth, Pyrra, OpenSLO v1 and slo-generator v2 to a spec, printed to stdout.

    FILE is a YAML or JSON file, a folder of them, or - for stdin. Objects that refer to each other must be converted
    together. What cannot be carried over is named on stderr, one warning a line, and in a comment at its SLO. Exit
    codes: 0 converted; 1 nothing could be, or with --strict something could not; 2 the command line is not right.

    With --json: {"spec": YAML, "warnings": [{"file", "line", "slo", "message"}]}; what does not apply is null.

    \b
    Examples:
      winburn convert slos/ > winburn.yml && winburn check winburn.yml
      kubectl get slo -A -o yaml |
          winburn convert - --source-url http://prometheus:9090
      winburn convert slos/ --json | jq -r '.warnings[].message'
    """
    found = convert_texts(_inputs(file), source_url=source_url, options=Options(period), form=form)
    if as_json:
        click.echo(_document(found))
    else:
        for each in found.notes:
            note(str(each), err=True)
    if not found.text:
        fail(f"{file}: nothing could be converted")
    if not as_json:
        click.echo(found.text, nl=False)
    sys.exit(1 if strict and found.notes else 0)


def _document(found: Conversion) -> str:
    warnings = [
        {"file": n.file, "line": n.line or None, "slo": n.slo or None, "message": n.message} for n in found.notes
    ]
    return json.dumps({"spec": found.text or None, "warnings": warnings}, indent=2, ensure_ascii=False)


def _inputs(file: Path) -> list[Input]:
    if str(file) == "-":
        return [Input("<stdin>", _decoded("<stdin>", sys.stdin.buffer.read(_LARGEST + 1)))]
    try:
        paths = [file] if not file.is_dir() else sorted(path for path in file.rglob("*") if _wanted(path, file))
        if not paths:
            fail(f"{file}: no *.yml, *.yaml or *.json in this folder")
        inputs = []
        for path in paths:
            with path.open("rb") as stream:
                inputs.append(Input(str(path), _decoded(str(path), stream.read(_LARGEST + 1))))
    except OSError as error:
        fail(f"{error.filename or file}: cannot be read: {(error.strerror or type(error).__name__).lower()}")
    except ValueError:
        fail(f"{file}: not a path")
    return inputs


def _wanted(path: Path, folder: Path) -> bool:
    hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
    return path.suffix in _SUFFIXES and not hidden and path.is_file()


def _decoded(name: str, data: bytes) -> str:
    if len(data) > _LARGEST:
        fail(f"{name}: larger than {_LARGEST // 1_000_000} MB: split it")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = 1 + data.count(b"\n", 0, error.start)
        fail(f"{name}:{line}: not UTF-8: save the file with that encoding")
