"""Selectors of a query tree as the spec writes them, compared and joined by what they match."""

from __future__ import annotations

import ast
import re
from dataclasses import replace

from exporter.promql import check_selector, quote
from winburn.convert.promql_tree import Matcher, Selector

_NAME = "__name__"


def written(selector: Selector) -> str:
    """``name{label="value"}``, without range."""
    matchers = ",".join(f"{matcher.label}{matcher.operator}{matcher.value}" for matcher in selector.matchers)
    return f"{selector.metric}{{{matchers}}}" if matchers else selector.metric


def plain(selector: Selector) -> bool:
    """Whether the spec takes it: no offset, and not everything."""
    return not selector.moved and check_selector(written(selector)) is None


def value_of(matcher: Matcher) -> str:
    """The value a string literal stands for; the literal's inside where it holds an escape only PromQL knows."""
    text = matcher.value
    if text[0] == "`":
        return text[1:-1]
    try:
        value = ast.literal_eval(text)
    except (SyntaxError, ValueError):
        return text[1:-1]
    return value if isinstance(value, str) else text[1:-1]


def matching(selector: Selector) -> frozenset[tuple[str, str, str]]:
    """What is matched, the metric's name included, whatever the order and the quotes."""
    named = {(_NAME, "=", selector.metric)} if selector.metric else set()
    return frozenset(named | {(m.label, m.operator, value_of(m)) for m in selector.matchers})


def same(one: Selector, other: Selector) -> bool:
    """Whether both select the same series."""
    return matching(one) == matching(other)


def union(one: Selector, other: Selector) -> Selector | None:
    """One selector for the series of two that share none: they differ in one label's (or the name's) value, given
    with ``=``. None where they may overlap, or need more than one selector."""
    left, right = matching(one) - matching(other), matching(other) - matching(one)
    if len(left) != 1 or len(right) != 1:
        return None
    ((label, operator, first),), ((label2, operator2, second),) = left, right
    if label != label2 or not first or not second:
        return None
    patterns, others = _patterns(operator, first), _patterns(operator2, second)
    if patterns is None or others is None or any(_overlap(a, b) for a in patterns for b in others):
        return None
    texts = ["".join("." if c is None else re.escape(c) for c in pattern) for pattern in (*patterns, *others)]
    value = quote("|".join(sorted(texts)))
    matcher = Matcher(label, "=~", value)
    if label == _NAME:
        return Selector("", (matcher, *(m for m in one.matchers if m.label != _NAME)), one.window)
    given = (label, operator, first)
    return replace(
        one, matchers=tuple(matcher if (m.label, m.operator, value_of(m)) == given else m for m in one.matchers)
    )


_Pattern = tuple[str | None, ...]
"""Characters of a value; None stands for any one."""


def _patterns(operator: str, value: str) -> list[_Pattern] | None:
    """The values a matcher lets through, where they can be listed: names, and classes like ``5..``."""
    if operator == "=":
        return [tuple(value)]
    if operator != "=~" or not re.fullmatch(r"[A-Za-z0-9_:.]+(?:\|[A-Za-z0-9_:.]+)*", value):
        return None
    return [tuple(None if c == "." else c for c in part) for part in value.split("|")]


def _overlap(one: _Pattern, other: _Pattern) -> bool:
    return len(one) == len(other) and all(a is None or b is None or a == b for a, b in zip(one, other, strict=True))


def bucket(selector: Selector) -> tuple[Selector, float] | None:
    """The histogram (its name without suffix) and the bound of a ``_bucket`` selector with ``le``; None if it is none.

    ``le=~"1|1.0"``, as written while moving to Prometheus 3, is one bound too. +Inf gives infinity.
    """
    bounds = [matcher for matcher in selector.matchers if matcher.label == "le"]
    if not selector.metric.endswith("_bucket") or len(bounds) != 1 or bounds[0].operator not in {"=", "=~"}:
        return None
    value = value_of(bounds[0])
    texts = [value] if bounds[0].operator == "=" else value.replace("\\", "").split("|")
    try:
        numbers = {float(text) for text in texts}
    except ValueError:
        return None
    if len(numbers) != 1:
        return None
    rest = tuple(matcher for matcher in selector.matchers if matcher.label != "le")
    return Selector(selector.metric.removesuffix("_bucket"), rest), numbers.pop()


def count(selector: Selector) -> Selector | None:
    """The histogram of a ``_count`` selector, or of a bucket that holds everything; None if it is none."""
    if selector.metric.endswith("_count"):
        return Selector(selector.metric.removesuffix("_count"), selector.matchers)
    found = bucket(selector)
    return found[0] if found is not None and found[1] == float("inf") else None
