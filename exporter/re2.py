"""Patterns as Prometheus reads them."""

from __future__ import annotations

import re

_REPEAT = re.compile(r"\{([0-9]+)(?:,([0-9]*))?\}")
_CLASS = re.compile(r"\[\^?+\]?+(?:\[:\^?\w+:\]|\\.|[^\]\\])*\]", re.S)
_GROUP = re.compile(r"\((?:\?(?:P?<(?![=!])\w+>|[imsU]*(?:-[imsU]+)?:))?")
_FLAGS = re.compile(r"\(\?[imsU]*(?:-[imsU]+)?\)")
_MISSING = re.compile(
    r"\\(?:[1-9](?![0-7])|[89ceghijklmoquyCEFGHIJKLMNORTUVXYZ]|[^\x00-\x7f]|[pP](?![{CLMNPSZ])|x(?![0-9a-fA-F{]))"
)
_OF_CLASS = re.compile(r"\[:\^?\w+:\]|\\.|.", re.S)
_ESCAPED = re.compile(r"\\(?:Q.*?(?:\\E|$)|[pPx]\{[^}\\]*\}|.)", re.S)


def check_regex(pattern: str) -> str | None:
    """Why Prometheus's RE2 (https://github.com/google/re2/wiki/Syntax, as in Go) refuses a pattern, as far as a short
    scan can be sure; None where nothing is found. What it accepts is never refused."""
    at = depth = 0
    before = ""  # what a repetition would repeat: "" nothing, "x" something, "*" a repetition
    while at < len(pattern):
        rest = pattern[at : at + 20]
        match, kind = _piece(pattern, at)
        if match is None:
            return _refusal(pattern, at)
        if kind == "*" and before in {"", "*"} and not (before and rest.startswith("?")):
            return f"nothing to repeat before {rest!r}; for any text write '.*'"
        if kind == "*" and (wrong := _count(match)):
            return wrong
        if match[0] == "[" and (wrong := _range(match)):
            return wrong
        depth += (kind == "(") - (kind == ")")
        if depth < 0:
            return "a ')' without '('"
        if kind != "flags":
            before = {"(": "", "|": "", "*": "*"}.get(kind, "x")
        at += len(match)
    return "a '(' without ')'" if depth else None


def _count(repetition: str) -> str | None:
    counts = [int(count) for count in re.findall("[0-9]{1,9}", repetition)]
    if any(count > 1000 for count in counts):
        return f"{repetition!r} repeats more than 1000 times"
    return f"{repetition!r} has its numbers the wrong way round" if counts != sorted(counts) else None


def _range(of_class: str) -> str | None:
    items = _OF_CLASS.findall(of_class[1:-1].removeprefix("^"))
    while len(items) > 2:
        low, dash, high = items[:3]
        if dash == "-" and len(low) == 1:
            if (len(high) == 1 and low > high) or high in {"\\d", "\\D", "\\s", "\\S", "\\w", "\\W"}:
                return f"{low + dash + high!r} is no range of characters"
            items = items[3:]
        else:
            items = items[1:]
    return None


def _piece(pattern: str, at: int) -> tuple[str | None, str]:  # noqa: PLR0911 - one return per kind of piece
    """The next piece of a pattern and its kind; None where it cannot go on."""
    first = pattern[at]
    if first == "\\":
        missing = _MISSING.match(pattern, at)
        return (None if missing else _text(_ESCAPED.match(pattern, at))), "x"
    if first == "[":
        return _text(_CLASS.match(pattern, at)), "x"
    if first == "(":
        if flags := _FLAGS.match(pattern, at):
            return flags.group(), "flags"
        if pattern.startswith("(?", at) and _text(_GROUP.match(pattern, at)) == "(":
            return None, "("
        return _text(_GROUP.match(pattern, at)), "("
    if first == "{" and (repeat := _REPEAT.match(pattern, at)):
        return repeat.group(), "*"
    return first, {")": ")", "|": "|", "*": "*", "+": "*", "?": "*"}.get(first, "x")


def _refusal(pattern: str, at: int) -> str:
    if pattern[at] == "[":
        return "a '[' without ']'"
    if pattern[at] == "(":
        return f"{pattern[at : at + 4]!r} begins a group that it does not have (no lookahead, no lookbehind)"
    return (
        f"{pattern[at : at + 2]!r} does not exist (no backreferences)"
        if pattern[at + 1 :]
        else "a backslash at the end"
    )


def _text(match: re.Match[str] | None) -> str | None:
    return match.group() if match else None
