"""Small files, and whether they have changed since they were read."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

_LARGEST = 1_000_000

Stamp = tuple[int, int, int, int]
"""Device, inode, time of the last change and size: at least one differs where a file was written or replaced."""


@dataclass(frozen=True, slots=True)
class File:
    """``data`` of a file, or in ``problem`` why it cannot be had; ``stamp`` as it was when it was read."""

    data: bytes = b""
    problem: str = ""
    stamp: Stamp | None = None


def read_file(path: Path) -> File:
    """Read a file of at most a megabyte."""
    try:
        with path.open("rb") as stream:
            stamp = _stamp(os.fstat(stream.fileno()))
            data = stream.read(_LARGEST + 1)
    except OSError as error:
        return File(problem=f"cannot be read: {(error.strerror or type(error).__name__).lower()}")
    except ValueError:
        return File(problem="not a path: it contains a NUL character")
    if len(data) > _LARGEST:
        return File(problem=f"larger than {_LARGEST // 1_000_000} MB: this is another file")
    return File(data, "", stamp)


def stamp(path: Path) -> Stamp | None:
    """The stamp of a file now; None where there is none."""
    try:
        return _stamp(path.stat())
    except OSError:
        return None


def _stamp(found: os.stat_result) -> Stamp:
    return found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size
