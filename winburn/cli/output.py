"""Writing generated files: all or nothing, and only what changed."""

from __future__ import annotations

import contextlib
import difflib
import os
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import click

from winburn.cli.spec_argument import fail
from winburn.cli.voice import note


def write_or_check(folder: Path, files: Mapping[str, str], *, check: bool, what: str) -> None:
    """Write the files (name -> text) into ``folder``, or, with ``check``, end with 1 where one differs."""
    try:
        if check:
            _check(folder, files, what)
            return
        changed = write_files(folder, files)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        fail(f"{what}: cannot {'read' if check else 'write'} {error.filename or folder}: {reason}")
    for name in sorted(files):
        note(f"{folder / name}{'' if name in changed else ' (unchanged)'}")


def write_files(folder: Path, files: Mapping[str, str]) -> list[str]:
    """Write what differs, through temporary files that replace the old ones at the end; the names of what changed.

    Nothing is half-written: all temporary files are complete before the first one takes its place. OSError names the
    file that could not be written.
    """
    changed = [name for name in sorted(files) if _read(folder / name) != files[name]]
    with contextlib.ExitStack() as leftovers:
        ready = []
        for name in changed:
            target = folder / name
            with _about(target):
                target.parent.mkdir(parents=True, exist_ok=True)
                handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
                leftovers.callback(Path(temporary).unlink, missing_ok=True)
                with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as stream:
                    stream.write(files[name])
                Path(temporary).chmod(0o644)
            ready.append((temporary, target))
        for temporary, target in ready:
            with _about(target):
                Path(temporary).replace(target)
    return changed


@contextlib.contextmanager
def _about(target: Path) -> Iterator[None]:
    """An OSError that names the file a person knows, not our temporary one."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), str(target)) from error


def _check(folder: Path, files: Mapping[str, str], what: str) -> None:
    differing = [name for name in sorted(files) if _read(folder / name) != files[name]]
    for name in differing:
        click.echo(_difference(folder / name, files[name]), err=True, nl=False)
    if differing:
        fail(f"{what}: {len(differing)} of {len(files)} files differ from what the spec gives; run without --check")
    note(f"{folder}: {len(files)} files are up to date")


def _difference(path: Path, wanted: str) -> str:
    found = _read(path)
    if found is None:
        return f"{path}: missing\n"
    lines = difflib.unified_diff(
        found.splitlines(keepends=True), wanted.splitlines(keepends=True), str(path), "from the spec", n=1
    )
    shown = list(lines)
    more = f"... {len(shown) - 40} more lines\n" if len(shown) > 40 else ""
    return "".join(shown[:40]) + more


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError, UnicodeDecodeError):
        return None
