"""PromQL in tokens, with ``$window`` for whatever placeholder a tool uses for its range.

Lexical rules: https://prometheus.io/docs/prometheus/latest/querying/basics/.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from exporter.promql import quote

WINDOW = "$window"
_GO_WINDOW = re.compile(r"\{\{-?\s*\.[wW]indow\s*-?\}\}")
_TOKEN = re.compile(
    r"""(?P<space>\s+|\#[^\n]*)
      | (?P<string>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`[^`]*`)
      | (?P<duration>\$window|[0-9]+(?:ms|[smhdwy])(?:[0-9]+(?:ms|[smhdwy]))*(?![a-zA-Z0-9_]))
      | (?P<number>0[xX][0-9a-fA-F]+|(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?)
      | (?P<word>[a-zA-Z_][a-zA-Z0-9_]*(?::[a-zA-Z0-9_:]*)?|:[a-zA-Z_:][a-zA-Z0-9_:]*)
      | (?P<sign>=~|!~|!=|==|>=|<=|[-+*/%^<>=(){}\[\],:@])""",
    re.X | re.S,
)


class Token(NamedTuple):
    """A piece of a query: ``kind`` string, duration, number, word, sign or end."""

    kind: str
    text: str


class PromqlError(ValueError):
    """The text is no PromQL that this reader knows."""


def with_window(query: str) -> str:
    """The query with ``$window`` for the Go template's ``{{.window}}``, blanks at its ends removed."""
    return _GO_WINDOW.sub(WINDOW, query).strip()


def tokens(query: str) -> list[Token]:
    """The tokens of a query, comments and blanks left out, with an end token."""
    found, at = [], 0
    while at < len(query):
        match = _TOKEN.match(query, at)
        if match is None or match.lastgroup is None:
            raise PromqlError(f"{query[at : at + 20]!r} is not understood")
        if match.lastgroup != "space":
            found.append(Token(match.lastgroup, match.group()))
        at = match.end()
    return [*found, Token("end", "")]


def tidy(query: str) -> str:
    """The query on one line: comments gone, runs of blanks one blank; as it is where it has no tokens."""
    try:
        tokens(query)
    except PromqlError:
        return query.strip()
    pieces: list[str] = []
    for match in _TOKEN.finditer(query):
        piece = _tidied(match)
        pieces += [piece] if piece != " " or pieces[-1:] != [" "] else []
    return "".join(pieces).strip()


def _tidied(match: re.Match[str]) -> str:
    if match.lastgroup == "space":
        return " "
    text = match.group()
    return quote(text[1:-1]) if text[0] == "`" and "\n" in text else text
