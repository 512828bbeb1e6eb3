"""The texts of a spec: one file, or every *.yml and *.yaml of a folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from exporter.spec.errors import SpecError

LARGEST = 5_000_000
"""Bytes of one file. Ten thousand SLOs fit; a mistyped path to a log file does not."""


@dataclass(frozen=True, slots=True)
class SpecText:
    """The text of one file; ``name`` stands in messages, relative paths in it are resolved against ``folder``."""

    name: str
    text: str
    folder: Path


def read_files(path: Path) -> tuple[Sequence[SpecText], Sequence[SpecError]]:
    """The texts in order of name, and what could not be read."""
    try:
        files = _files(path)
    except OSError as error:
        return (), [SpecError(str(path), 0, "", _reason(error))]
    if not files:
        return (), [SpecError(str(path), 0, "", "no *.yml or *.yaml in this folder: put the spec there")]
    results = [_read(file) for file in files]
    return (
        [result for result in results if isinstance(result, SpecText)],
        [result for result in results if isinstance(result, SpecError)],
    )


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    # Hidden files are editors' locks and backups.
    found = [file for file in path.iterdir() if file.suffix in {".yml", ".yaml"} and not file.name.startswith(".")]
    return sorted(file for file in found if not file.is_dir())


def _read(file: Path) -> SpecText | SpecError:
    try:
        with file.open("rb") as stream:
            data = stream.read(LARGEST + 1)
    except OSError as error:
        return SpecError(str(file), 0, "", _reason(error))
    except ValueError:
        return SpecError(str(file), 0, "", "not a path: it contains a NUL character")
    if len(data) > LARGEST:
        return SpecError(str(file), 0, "", f"larger than {LARGEST // 1_000_000} MB: split the spec into several files")
    try:
        return SpecText(str(file), data.decode("utf-8"), file.parent)
    except UnicodeDecodeError as error:
        line = 1 + data.count(b"\n", 0, error.start)
        return SpecError(str(file), line, "", "not UTF-8: save the file with that encoding")


def _reason(error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return "no such file or folder: give the path of a YAML file, or of a folder with some"
    return f"cannot be read: {(error.strerror or type(error).__name__).lower()}"
