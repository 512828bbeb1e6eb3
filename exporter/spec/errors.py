"""How a spec is refused: every mistake with its place, all of them at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class SpecError:
    """One mistake. ``line`` counts from 1, and is 0 where the whole file is meant; ``path`` is like
    ``slos[checkout].objective``, and empty where no key is meant. ``message`` says what is wrong and what would be
    right, without secrets."""

    file: str
    line: int
    path: str
    message: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.path}: {self.message}" if self.path else f"{place}: {self.message}"


class SpecErrors(Exception):  # noqa: N818 - the plural is the point: all of them
    """The spec has mistakes: ``errors``, sorted by file and line, each once."""

    def __init__(self, errors: Iterable[SpecError]) -> None:
        self.errors: tuple[SpecError, ...] = tuple(sorted(set(errors)))
        super().__init__("\n".join(map(str, self.errors)))
