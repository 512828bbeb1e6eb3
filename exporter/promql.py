"""PromQL as strings: durations, quoting, shapes, and the check that a text is a plain selector. What goes beyond
selectors is split into tokens at most; nothing is parsed."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from functools import lru_cache

from exporter.re2 import check_regex

_UNITS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000, "y": 31_536_000_000}
_QUOTE = json.JSONEncoder(ensure_ascii=False).encode
_ORDER = ("y", "w", "d", "h", "m", "s", "ms")
_DURATION = re.compile("".join(f"(?:([0-9]{{1,19}}){unit})?" for unit in _ORDER))
_LONGEST = 2**63 // 1_000_000
"""Milliseconds: Prometheus keeps durations as 64-bit nanoseconds, 292 years."""


def parse_duration(text: str) -> float:
    """Seconds of a Prometheus duration such as ``5m``, ``1h30m`` or ``250ms``; ValueError where it is none.

    Units as in https://prometheus.io/docs/prometheus/latest/querying/basics/ (1w = 7d, 1y = 365d).
    """
    match = _DURATION.fullmatch(text)
    if not match or not text:
        shown = text if len(text) <= 40 else text[:37] + "..."
        raise ValueError(f"{shown!r} is not a duration; write it like 30s, 5m, 1h30m or 30d")
    milliseconds = sum(int(count) * _UNITS[unit] for count, unit in zip(match.groups(), _ORDER, strict=True) if count)
    if milliseconds > _LONGEST:
        raise ValueError(f"{text!r} is longer than 292 years, which Prometheus cannot express")
    return milliseconds / 1000


def format_duration(seconds: float) -> str:
    """The shortest Prometheus duration of a positive number of seconds: 5400 -> ``1h30m``, 2592000 -> ``30d``."""
    milliseconds = round(seconds * 1000)
    if milliseconds <= 0:
        raise ValueError(f"a duration must be positive, not {seconds} s")
    parts = []
    for unit in ("d", "h", "m", "s", "ms"):
        count, milliseconds = divmod(milliseconds, _UNITS[unit])
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts)


def quote(text: str) -> str:
    """A PromQL string literal. JSON's escapes are a subset of those that PromQL's Go-style strings know."""
    return _QUOTE(text)


def union(parts: Sequence[str]) -> str:
    """``a or b or c`` as a balanced tree: a chain would compare every part's series with all before it, n times."""
    if len(parts) == 1:
        return parts[0]
    half = len(parts) // 2
    return f"({union(parts[:half])} or {union(parts[half:])})"


def bucket_matcher(threshold: float) -> str:
    """A matcher of ``le`` for the ways in which client libraries write one number: 1, 1.0, 0.3, 1e+06."""
    texts = {repr(threshold), f"{threshold:g}"}
    if threshold == int(threshold):
        texts.add(str(int(threshold)))
    return 'le=~"' + "|".join(sorted(text.replace(".", "\\\\.").replace("+", "\\\\+") for text in texts)) + '"'


def histogram_parts(histogram: str) -> tuple[str, str]:
    """Name and inner matchers of a histogram's selector: ``http_seconds{job="web"}`` -> (http_seconds, job="web")."""
    name, _, matchers = histogram.partition("{")
    return name.strip(), matchers.rpartition("}")[0].strip().rstrip(",")


_SPACE = re.compile(r"[ \t\r\n]*")
_METRIC = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_OPERATOR = re.compile(r"=~|!~|!=|=")
_STRING = re.compile(r"""(?s:"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`[^`]*`)""")
_ESCAPE = re.compile(r"\\(?:([abfnrtv\\])|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|(.))", re.S)
_CONTROL = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "\\": "\\"}
_NUMBERS = frozenset({"inf", "nan"})
_KEYWORDS = frozenset({"atan2", "bool", "group_left", "group_right", "ignoring", "on"})
"""Words that cannot be the name of a metric: metric_identifier of promql/parser/generated_parser.y in
https://github.com/prometheus/prometheus."""
_COUNTER = 'one plain counter like http_requests_total{job="shop"}'


def check_selector(text: str, example: str = _COUNTER) -> str | None:
    """Why ``text`` is not a plain instant vector selector, a metric name and/or matchers; None where it is one.
    ``example`` completes "give ..." in the sentence.

    Grammar: https://prometheus.io/docs/prometheus/latest/querying/basics/#instant-vector-selectors. Quoted names, which
    Prometheus 3 has, are allowed. Regular expressions are checked by :func:`check_regex`.
    """
    try:
        _check_selector(text)
    except ValueError as error:
        return str(error).replace(_COUNTER, example)
    return None


def _check_selector(text: str) -> None:
    at = _skip(text, 0)
    metric = _METRIC.match(text, at)
    at = _skip(text, metric.end()) if metric else at
    named, filtering = metric is not None, False
    if text.startswith("{", at):
        at, inner_name, filtering = _matchers(text, at + 1)
        if named and inner_name:
            raise ValueError("the metric's name is given twice; give it once, before the braces")
        named = named or inner_name
    if at == 0 or (not metric and text[at - 1] != "}"):
        raise ValueError(f"{_short(text)} is no selector; {_EXAMPLE}")
    if text[at:].strip():
        raise ValueError(_surplus(text[at:].strip()))
    if metric and metric.group().lower() in _NUMBERS:
        raise ValueError(f"{_short(text)} is a number to Prometheus; {_EXAMPLE}")
    if metric and metric.group().lower() in _KEYWORDS:
        raise ValueError(f"{_short(text)} is a keyword to Prometheus; write {{__name__={quote(metric.group())}}}")
    if not named and not filtering:
        raise ValueError(f'{_short(text)} would select everything; give a metric\'s name or a matcher like job="shop"')


@lru_cache(maxsize=4096)  # rules and their tests ask it of each selector again and again
def name_and_labels(selector: str) -> tuple[str | None, tuple[str, ...]]:
    """The metric's name, None where none is fixed, and the labels that are matched, of a selector that
    :func:`check_selector` takes."""
    at = _skip(selector, 0)
    metric = _METRIC.match(selector, at)
    name = metric.group() if metric else None
    at = _skip(selector, metric.end()) if metric else at
    labels: list[str] = []
    at = _skip(selector, at + 1)
    while at < len(selector) and selector[at] != "}":
        label, at = _label(selector, at)
        operator = _OPERATOR.match(selector, at)
        if operator is None:
            name = label
        else:
            string = _STRING.match(selector, _skip(selector, operator.end()))
            value = string.group() if string else ""
            at = string.end() if string else len(selector)
            if label != "__name__":
                labels.append(label)
            elif operator.group() == "=":
                name = _unquote(value)
        at = _skip(selector, at)
        at = _skip(selector, at + 1) if selector.startswith(",", at) else at
    return name, tuple(labels)


_EXAMPLE = f"give {_COUNTER}"


def _surplus(rest: str) -> str:
    """The sentence for what stands behind a selector."""
    if rest.startswith("["):
        return f"the range {_short(rest)} does not belong here; remove it, winburn adds its own windows"
    if rest.startswith("@") or re.match(r"offset\b", rest):
        return f"{_short(rest)} does not belong here; remove it, winburn sets the time"
    if rest.startswith("(") or re.match(r"(by|without)\b", rest):
        return f"functions and aggregations do not belong here, winburn takes increases and sums itself; {_EXAMPLE}"
    return f"{_short(rest)} does not belong behind a selector; {_EXAMPLE}"


def _matchers(text: str, at: int) -> tuple[int, bool, bool]:
    """The position behind ``}``, whether a metric is named inside, and whether a matcher refuses the empty string."""
    named = filtering = False
    at = _skip(text, at)
    while not text.startswith("}", at):
        label, at = _label(text, at)
        operator = _OPERATOR.match(text, at)
        if operator is None and text[at : at + 1] in {",", "}"} and text[at - 1] in {'"', "'", "`"}:
            named = True
        else:
            at, refuses_empty = _matcher(text, at, label)
            filtering = filtering or refuses_empty
            named = named or label == "__name__"
        at = _skip(text, at)
        if text.startswith(",", at):
            at = _skip(text, at + 1)
        elif not text.startswith("}", at):
            missing = f"before {_short(text[at:])}" if at < len(text) else "at the end"
            raise ValueError(f"a ',' or '}}' is missing {missing}")
    return at + 1, named, filtering


def _label(text: str, at: int) -> tuple[str, int]:
    match = _LABEL.match(text, at) or _STRING.match(text, at)
    if not match:
        raise ValueError(f"a label's name belongs before {_short(text[at:])}" if text[at:] else "a '}' is missing")
    name = match.group()
    return (_unquote(name) if name[0] in "\"'`" else name), _skip(text, match.end())


def _matcher(text: str, at: int, label: str) -> tuple[int, bool]:
    """The position behind one matcher, and whether it refuses the empty string."""
    operator = _OPERATOR.match(text, at)
    if not operator:
        raise ValueError(f"the label {label!r} needs =, !=, =~ or !~ and a quoted value after it")
    at = _skip(text, operator.end())
    string = _STRING.match(text, at)
    if not string:
        if text[at : at + 1] in {'"', "'", "`"}:
            raise ValueError(f"the quote before the value of the label {label!r} is never closed")
        hint = "; write = once" if text.startswith("=", at) else ""
        raise ValueError(f"the value of the label {label!r} must stand in quotes{hint}")
    value = _unquote(string.group())
    if operator.group().endswith("~") and (wrong := check_regex(value)):
        raise ValueError(f"the value of the label {label!r} is no regular expression of Prometheus (RE2): {wrong}")
    return string.end(), _refuses_empty(operator.group(), value)


def _refuses_empty(operator: str, value: str) -> bool:
    if operator in {"=", "!="}:
        return (operator == "=") == bool(value)
    # Only the plainest pattern is judged: whether any RE2 pattern matches "" is Prometheus's business.
    return (operator == "=~") == (value not in {"", ".*"})


def _unquote(string: str) -> str:
    """The value of a PromQL string; ValueError for an escape that Prometheus refuses."""
    quoted = string[0]
    if quoted == "`":
        return string[1:-1]

    def character(match: re.Match[str]) -> str:
        control, *codes, octal, other = match.groups()
        if control:
            return _CONTROL[control]
        if other is not None:
            if other != quoted:
                raise ValueError(f"\\{other} is no escape in a PromQL string; write \\\\{other}")
            return quoted
        code = int(octal, 8) if octal else int(next(filter(None, codes)), 16)
        if code > 0x10FFFF:
            raise ValueError(f"{match.group()} is no character")
        return chr(code)

    return _ESCAPE.sub(character, string[1:-1])


def _skip(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at


def _short(text: str) -> str:
    text = " ".join(text.split())
    return repr(text if len(text) <= 40 else text[:37] + "...")


_CLOSING = {"(": ")", "[": "]", "{": "}"}
_TOKEN = re.compile(rf"{_STRING.pattern}|#[^\n]*|[a-zA-Z0-9_:.$]+|==|!=|<=|>=|=~|!~|\s+|.", re.S)
_COMPARISONS = frozenset({"==", "!=", "<", "<=", ">", ">="})
_NOT_BESIDE = frozenset({"and", "or", "unless", "="})


def check_expression(text: str) -> str | None:
    """Why ``text`` cannot be a PromQL expression, as far as its quotes and brackets tell; None where they fit."""
    try:
        tokens = _tokens(text)
    except ValueError as error:
        return str(error)
    return None if tokens else "no expression stands here"


def split_comparison(text: str) -> tuple[str, str, str] | None:
    """Left side, operator and right side of a comparison, without ``bool`` where it has that already.

    None where there is not exactly one comparison outside of all brackets, or where ``and``, ``or`` or ``unless``
    join several expressions there: inserting ``bool`` would change what they mean. Brackets around the whole are taken
    off. Operators: https://prometheus.io/docs/prometheus/latest/querying/operators/#comparison-binary-operators.
    """
    try:
        tokens = _tokens(text)
    except ValueError:
        return None
    while len(tokens) > 1 and tokens[0][0] == "(" and all(depth for _, depth in tokens[1:-1]):
        tokens = _trimmed([(token, depth - 1) for token, depth in tokens[1:-1]])
    outside = [(i, token.lower()) for i, (token, depth) in enumerate(tokens) if not depth]
    operators = [i for i, token in outside if token in _COMPARISONS]
    if len(operators) != 1 or any(token in _NOT_BESIDE for _, token in outside):
        return None
    at = operators[0]
    left, right = _trimmed(tokens[:at]), _trimmed(tokens[at + 1 :])
    if right and right[0][0].lower() == "bool":
        right = _trimmed(right[1:])
    return (_joined(left), tokens[at][0], _joined(right)) if left and right else None


def _tokens(text: str) -> list[tuple[str, int]]:
    """Each token with the number of brackets around it, white space and comments as one blank; ValueError where quotes
    or brackets do not fit."""
    tokens: list[tuple[str, int]] = []
    opened: list[str] = []
    for match in _TOKEN.finditer(text):
        token = match.group()
        if token in {'"', "'", "`"}:
            raise ValueError(f"the quote before {_short(text[match.end() :])} is never closed")
        if token in _CLOSING.values():
            if not opened or _CLOSING[opened.pop()] != token:
                raise ValueError(f"a {token!r} closes nothing")
            tokens.append((token, len(opened)))
            continue
        tokens.append((" " if token[0] == "#" or token.isspace() else token, len(opened)))
        if token in _CLOSING:
            opened.append(token)
    if opened:
        raise ValueError(f"a {_CLOSING[opened[-1]]!r} is missing")
    return _trimmed(tokens)


def _trimmed(tokens: list[tuple[str, int]]) -> list[tuple[str, int]]:
    first = next((i for i, (piece, _) in enumerate(tokens) if piece != " "), len(tokens))
    last = next((i for i in range(len(tokens), first, -1) if tokens[i - 1][0] != " "), first)
    return tokens[first:last]


def _joined(tokens: list[tuple[str, int]]) -> str:
    return "".join(token for token, _ in tokens)
