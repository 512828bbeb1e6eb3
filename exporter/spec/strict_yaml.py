"""YAML without its surprises, and with the line of every key and value.

Read from the parser's events rather than by PyYAML's constructor: that one lets a repeated key win, turns ``on`` into
true, ``02:00`` into 120 and ``1e-4`` into text, and follows aliases into billions of values. Scalars are those of the
core schema of YAML 1.2.2, section 10.3 (https://yaml.org/spec/1.2.2/).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any

import yaml

from exporter.spec.tree import Mark, Parts, Problem, shown

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DEEPEST = 30
_LONGEST_NUMBER = 40

_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|(0|[1-9][0-9]*)(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_CONSTANTS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_TWO_FACED = frozenset({"yes", "no", "on", "off", "y", "n"})
_OUR_KEYS = frozenset({"n"})
"""The column of units in a metric's csv: a key that the spec itself has needs no quotes."""
_LINE_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_ADVICE = {
    "mapping values are not allowed in this context": (
        "a ': ' where no key can stand: check the indentation, and quote a text that contains ': '"
    ),
    "could not find expected ':'": "a key without a ':' after it: write 'key: value', and check the lines above",
    "did not find expected key": "the indentation does not fit the lines above: keys of a mapping begin in one column",
    "did not find expected '-' indicator": (
        "the indentation does not fit the lines above: items of a list begin with '- ' in one column"
    ),
    "found unexpected end of stream": "a quote is opened here and never closed",
    "did not find expected ',' or ']'": (
        "the list that is opened here with [ needs ',' between its items and ']' at its end"
    ),
    "did not find expected ',' or '}'": (
        "the mapping that is opened here with { needs ',' between its keys and '}' at its end; "
        "inside it, PromQL and other text with braces or commas must stand in quotes"
    ),
    "did not find expected node content": "a value is missing here, or a [ or { above is never closed",
    "found unknown escape character": (
        "an escape that YAML does not know, in double quotes: use single quotes, or write the backslash twice"
    ),
    "found character that cannot start any token": "a character that cannot begin a value: put the value in quotes",
}

_TOLD_AT_THE_OPENING = frozenset(
    {"found unexpected end of stream", "did not find expected ',' or ']'", "did not find expected ',' or '}'"}
)


class UnreadableError(Exception):
    """The text is not one YAML document: the ``line`` and the reason. Nothing of it can be used."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


def read_yaml(file: str, text: str) -> tuple[Any, dict[Parts, Mark], list[Problem]]:
    """Value, marks and problems of a YAML text; UnreadableError where it is not one document."""
    odd = _UNPRINTABLE.search(text, 1 if text.startswith("\ufeff") else 0)
    if odd:
        line = 1 + len(_LINE_BREAK.findall(text, 0, odd.start()))
        raise UnreadableError(line, f"the character U+{ord(odd.group()):04X} cannot stand in YAML: remove it")
    reader = _Reader(file, text)
    try:
        value = reader.document()
    except yaml.MarkedYAMLError as error:
        raise UnreadableError(*_advice(error, text)) from None
    return value, reader.marks, reader.problems


class _Reader:
    """One pass over the events of one text."""

    def __init__(self, file: str, text: str) -> None:
        self.marks: dict[Parts, Mark] = {}
        self.problems: list[Problem] = []
        self._file = file
        self._events: Iterator[Any] = yaml.parse(text, Loader=_LOADER)

    def document(self) -> Any:
        next(self._events)  # the stream's start
        if not isinstance(next(self._events), yaml.DocumentStartEvent):
            return None
        value = self._value(next(self._events), (), None)
        next(self._events)  # the document's end
        after = next(self._events)
        if isinstance(after, yaml.DocumentStartEvent):
            raise UnreadableError(
                _line(after), "a second document begins here: write one per file, without '---' between"
            )
        return value

    def _value(self, event: Any, parts: Parts, key_line: int | None) -> Any:
        line = _line(event)
        key_line = line if key_line is None else key_line
        scalar = isinstance(event, yaml.ScalarEvent | yaml.AliasEvent)
        self.marks[parts] = Mark(self._file, key_line, line if scalar else key_line)
        if len(parts) > _DEEPEST:
            raise UnreadableError(line, f"more than {_DEEPEST} levels of nesting: check the brackets")
        self._refuse_extras(event, parts, line)
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(parts)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._list(parts)
        return self._scalar(event, parts) if isinstance(event, yaml.ScalarEvent) else None

    def _mapping(self, parts: Parts) -> dict[str, Any]:
        result: dict[str, Any] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            if not isinstance(event, yaml.ScalarEvent):
                raise UnreadableError(
                    _line(event), "a key must be a word: quote a value that begins with {, [, & or *, such as PromQL"
                )
            line = _line(event)
            key = self._key(event, (*parts, event.value), line)
            here = (*parts, key)
            if key in result:
                first = self.marks[here].key
                message = f"the key {shown(key)} is given twice, first in line {first}: keep one of them"
                self.problems.append(Problem(here, message, on_key=True, mark=Mark(self._file, line, line)))
                self._value(next(self._events), (*parts, f"{key} (again)"), line)
            else:
                result[key] = self._value(next(self._events), here, line)
        return result

    def _list(self, parts: Parts) -> list[Any]:
        result: list[Any] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            result.append(self._value(event, (*parts, len(result)), None))
        return result

    def _key(self, event: Any, parts: Parts, line: int) -> str:
        """Keys are names: always text, whatever they look like."""
        self._refuse_extras(event, parts, line)
        if event.implicit[0] and event.value.lower() in _TWO_FACED and event.value not in _OUR_KEYS:
            self._add(parts, _two_faced(event.value), line)
        return str(event.value)

    def _scalar(self, event: Any, parts: Parts) -> Any:
        text: str = event.value
        if not event.implicit[0]:
            return text
        if text in _CONSTANTS:
            return _CONSTANTS[text]
        if text.lower() in _TWO_FACED:
            self._add(parts, _two_faced(text), _line(event))
            return text
        if _NOT_FINITE.fullmatch(text):
            self._add(parts, f"{shown(text)} is no finite number: write one, or remove the key", _line(event))
            return None
        return self._number(text, parts, _line(event))

    def _number(self, text: str, parts: Parts, line: int) -> Any:
        if not _FLOAT.fullmatch(text):
            return text
        if len(text) > _LONGEST_NUMBER:
            self._add(parts, f"a number of {len(text)} characters: quote it if it is text", line)
            return None
        if _INTEGER.fullmatch(text):
            return int(text)
        if not math.isfinite(number := float(text)):
            self._add(parts, f"{shown(text)} is too large a number: quote it if it is text", line)
            return None
        return number

    def _refuse_extras(self, event: Any, parts: Parts, line: int) -> None:
        # Neither anchor nor tag is quoted in the message: an unquoted password may begin with & or ! or *.
        if event.anchor is not None:
            what = "alias (*name)" if isinstance(event, yaml.AliasEvent) else "anchor (&name)"
            self._add(parts, f"an {what} is not supported: write the value out, or quote it if it is text", line)
        if getattr(event, "tag", None) is not None:
            self._add(parts, "a tag (!name) is not supported: remove it, or quote the value if it is text", line)

    def _add(self, parts: Parts, message: str, line: int) -> None:
        self.problems.append(Problem(parts, message, mark=Mark(self._file, line, line)))


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1


def _two_faced(word: str) -> str:
    return f"{shown(word)} is a boolean to some YAML readers and a word to others: quote it or write true/false"


def _advice(error: yaml.MarkedYAMLError, text: str) -> tuple[int, str]:
    problem = str(error.problem or error.context or "a syntax error")
    at = error.problem_mark or error.context_mark
    line, column = (at.line, at.column) if at else (0, 0)
    if error.context_mark and problem in _TOLD_AT_THE_OPENING:
        line = error.context_mark.line
    lines = _LINE_BREAK.split(text)
    if lines[line : line + 1] and lines[line][: column + 1].strip(" ").startswith("\t"):
        return line + 1, "a tab in the indentation: indent with spaces"
    return line + 1, f"not YAML: {_ADVICE.get(problem, problem)}"
