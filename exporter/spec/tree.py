"""A spec as plain values, with the place of each: what reading gives and what checking points into."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from exporter.spec.errors import SpecError

Parts = tuple[str | int, ...]
"""Keys and indexes from the top of the spec to a value."""

_PLAIN_KEY = re.compile(r"[\w-]{1,100}")


class Mark(NamedTuple):
    """Where something stands: the line of its key, and the line to point at when its value is wrong (its own for a
    scalar, its key's for a mapping or list, which may go on for pages)."""

    file: str
    key: int
    value: int


class Problem(NamedTuple):
    """A mistake at ``parts``; at the key rather than the value with ``on_key``, or at ``mark`` where that is known.

    One that another already ``explained`` is not told, and keeps quiet what follows from it.
    """

    parts: Parts
    message: str
    on_key: bool = False
    mark: Mark | None = None
    explained: bool = False


@dataclass(frozen=True, slots=True)
class Tree:
    """Plain values, the marks of those that stand in a file, and what was wrong already while reading them.

    ``folders`` gives the folder of each file, against which relative paths in it are resolved; ``whole`` is False
    where a file could not be read, so that what seems to be missing may stand in it.
    """

    value: dict[str, Any] = field(default_factory=dict)
    marks: dict[Parts, Mark] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    folders: Mapping[str, Path] = field(default_factory=dict)
    whole: bool = True

    def mark(self, parts: Parts) -> Mark:
        """The mark of a value, or of the nearest one around it that is written down."""
        while parts and parts not in self.marks:
            parts = parts[:-1]
        return self.marks.get(parts, Mark("", 0, 0))

    def place(self, parts: Parts) -> str:
        """``file:line`` of a value."""
        mark = self.mark(parts)
        return f"{mark.file}:{mark.value}"

    def folder(self, parts: Parts) -> Path | None:
        """The folder of the file in which a value stands; None where it stands in none."""
        return self.folders.get(self.mark(parts).file)

    def error(self, problem: Problem) -> SpecError:
        """The problem as people read it."""
        mark = problem.mark or self.mark(problem.parts)
        line = mark.key if problem.on_key else mark.value
        return SpecError(mark.file, line, self.dotted(problem.parts), problem.message)

    def dotted(self, parts: Parts) -> str:
        """``slos[checkout].sli.source``: items of lists by their name where they have one, else by index from 0."""
        text = ""
        value: Any = self.value
        for part in parts:
            value = child(value, part)
            if isinstance(part, int):
                name = value.get("name") if isinstance(value, dict) else None
                text += f"[{name if isinstance(name, str) and _PLAIN_KEY.fullmatch(name) else part}]"
            elif _PLAIN_KEY.fullmatch(part):
                text += f".{part}" if text else part
            else:
                text += f"[{shown(part)}]"
        return text


def unhidden(new: Iterable[Problem], old: Iterable[Problem]) -> list[Problem]:
    """The new problems that the old ones do not explain: those neither above nor below the value of an old one."""
    exact = {problem.parts for problem in old if problem.parts}
    above = {prefix for parts in exact for prefix in _prefixes(parts)}
    return [problem for problem in new if problem.parts not in above and exact.isdisjoint(_prefixes(problem.parts))]


def shown(value: object) -> str:
    """A value as a message quotes it: in single quotes, on one line, and not pages of it."""
    text = " ".join(str(value).split())
    return f"'{text if len(text) <= 60 else text[:57] + '...'}'"


def listed(words: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """The known word that is spelt most alike."""
    return next(iter(difflib.get_close_matches(word, sorted(known), n=1, cutoff=0.6)), None)


def _prefixes(parts: Parts) -> list[Parts]:
    return [parts[:length] for length in range(1, len(parts) + 1)]


def child(value: Any, part: str | int) -> Any:
    """The item of a list or the value of a mapping; None where there is none."""
    if isinstance(part, int):
        return value[part] if isinstance(value, list) and part < len(value) else None
    return value.get(part) if isinstance(value, dict) else None
