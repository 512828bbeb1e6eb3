"""A strict parser of Influx line protocol for the tests: tags and float fields, a time on every line."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

_ESCAPED = r"(?:[^,= \n\\]|\\[,= ]|\\(?![,= \n]))+"
_LINE = re.compile(
    rf"([A-Za-z0-9_-]+)((?:,{_ESCAPED}={_ESCAPED})*) ({_ESCAPED}=[^, \n]+(?:,{_ESCAPED}=[^, \n]+)*) (\d+)"
)
_FLOAT = re.compile(r"-?\d+(\.\d+)?(e[+-]?\d+)?")


@dataclass(frozen=True, slots=True)
class Point:
    """One line."""

    measurement: str
    tags: dict[str, str]
    fields: dict[str, float]
    nanoseconds: int


def parsed(text: str) -> list[Point]:
    """The points of a body; ValueError where a line is none."""
    if not text.endswith("\n"):
        raise ValueError("no line protocol: the last line has no end")
    return [_point(line) for line in text[:-1].split("\n")]


def _point(line: str) -> Point:
    match = _LINE.fullmatch(line)
    if match is None:
        raise ValueError(f"no line protocol: {line!r}")
    tags = dict(_pairs(match[2][1:]))
    fields = {name: _number(value) for name, value in _pairs(match[3])}
    return Point(match[1], tags, fields, int(match[4]))


def _pairs(text: str) -> list[tuple[str, str]]:
    found = []
    for pair in re.findall(r"(?:[^,\\]|\\.)+", text):
        name, value = re.split(r"(?<!\\)=", pair, maxsplit=1)
        found.append((_plain(name), _plain(value)))
    return found


def _plain(text: str) -> str:
    return re.sub(r"\\([,= ])", r"\1", text)


def _number(text: str) -> float:
    if not _FLOAT.fullmatch(text) or not math.isfinite(float(text)):
        raise ValueError(f"no line protocol: {text!r} is not a number")
    return float(text)
