"""One more matcher for the selectors of an expression: strings to strings."""

from __future__ import annotations

import re
from collections.abc import Callable

_PIECE = re.compile(
    r"""(?P<string>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`]*`)"""
    r"""|(?P<comment>\#[^\n]*)"""
    r"""|(?P<labels>(?:by|without|on|ignoring|group_left|group_right)\s*\([^()]*\))"""
    r"""|(?P<name>[a-zA-Z_:][a-zA-Z0-9_:]*)"""
    r"""|(?P<number>[0-9][0-9a-zA-Z_.]*)"""
    r"""|(?P<variable>\$\{[^}]*\}|\$\w+)""",
    re.VERBOSE,
)
_OPENED = re.compile(r"\s*\{\s*")


def with_matcher(expr: str, of: Callable[[str], bool], matcher: str) -> str:
    """``expr`` with ``matcher`` (``tenant="acme"``) in each selector of a metric whose name ``of`` takes.

    Whatever else stands there, templates of Grafana and PromQL of others too, is left as it is. A selector without a
    name, ``{__name__=~"x"}``, has none to take.
    """
    made, at = [], 0
    while (found := _PIECE.search(expr, at)) is not None:
        opened = expr.find("{", at, found.start())
        if opened >= 0:  # the braces of somebody else's selector: what stands in them are labels
            end = _closing(expr, opened)
            made.append(expr[at:end])
            at = end
            continue
        made.append(expr[at : found.end()])
        at = found.end()
        if found["name"] is None or not of(found["name"]):
            continue
        braces = _OPENED.match(expr, at)
        if braces is None:
            made.append(f"{{{matcher}}}")
            continue
        empty = expr[braces.end() : braces.end() + 1] == "}"
        made.append(f"{braces[0]}{matcher}{'' if empty else ','}")
        end = _closing(expr, braces.end() - 1)
        made.append(expr[braces.end() : end])
        at = end
    return "".join(made) + expr[at:]


def _closing(expr: str, opened: int) -> int:
    """The place behind the brace that closes the one at ``opened``; quotes may hold braces."""
    at = opened + 1
    while at < len(expr) and expr[at] != "}":
        found = _PIECE.match(expr, at)
        at = found.end() if found and (found["string"] or found["variable"]) else at + 1
    return at + 1
