"""A tiny PromQL: instant vectors over series whose rate, and whose samples, are known. For tests only."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import product

from winburn.convert.promql_tree import Aggregate, Binary, Call, Expr, Literal, Selector, Subquery
from winburn.convert.selectors import value_of

Labels = frozenset[tuple[str, str]]
Vector = dict[Labels, float]


@dataclass(frozen=True)
class Series:
    """``rate``: events a second; ``samples`` and ``ones``: readings of a gauge in a window, and how many were 1."""

    labels: Labels
    rate: float
    samples: int
    ones: int


def selected(selector: Selector, world: list[Series]) -> list[Series]:
    return [series for series in world if _matches(selector, dict(series.labels))]


def _matches(selector: Selector, labels: dict[str, str]) -> bool:
    if selector.metric and labels["__name__"] != selector.metric:
        return False
    for matcher in selector.matchers:
        value, wanted = labels.get(matcher.label, ""), value_of(matcher)
        hit = value == wanted if matcher.operator in {"=", "!="} else re.fullmatch(wanted, value) is not None
        if hit == matcher.operator.startswith("!"):
            return False
    return True


def evaluate(node: Expr, world: list[Series]) -> Vector | float:
    if isinstance(node, Literal):
        return float(node.text)
    if isinstance(node, Call):
        return _call(node, world)
    if isinstance(node, Aggregate):
        return _aggregate(node, world)
    assert isinstance(node, Binary)
    assert not node.matching
    left, right = evaluate(node.left, world), evaluate(node.right, world)
    if node.operator == "or":
        assert isinstance(left, dict)
        assert isinstance(right, dict)
        return {**right, **left}
    if isinstance(left, dict) and isinstance(right, dict):
        return {key: _operate(node.operator, left[key], right[key]) for key in left.keys() & right.keys()}
    if isinstance(left, dict):
        return {key: _operate(node.operator, value, right) for key, value in left.items()}  # type: ignore[arg-type]
    assert isinstance(right, dict)
    return {key: _operate(node.operator, left, value) for key, value in right.items()}


def _operate(operator: str, left: float, right: float) -> float:
    if operator == "/":
        return left / right if right else float("nan")
    return {"+": left + right, "-": left - right, "*": left * right}[operator]


def _call(node: Call, world: list[Series]) -> Vector | float:
    first = node.arguments[0]
    if node.function == "vector":
        assert isinstance(first, Literal)
        return {frozenset(): float(first.text)}
    if node.function == "clamp_min":
        inner, floor = evaluate(first, world), evaluate(node.arguments[1], world)
        assert isinstance(inner, dict)
        assert isinstance(floor, float)
        return {key: max(value, floor) for key, value in inner.items()}
    assert isinstance(first, Selector)
    assert not isinstance(first, Subquery)
    value = {
        "rate": lambda s: s.rate,
        "increase": lambda s: s.rate * 300,
        "count_over_time": lambda s: float(s.samples),
        "sum_over_time": lambda s: float(s.ones),
    }[node.function]
    return {
        frozenset(pair for pair in series.labels if pair[0] != "__name__"): value(series)
        for series in selected(first, world)
    }


def _aggregate(node: Aggregate, world: list[Series]) -> Vector:
    inner = evaluate(node.arguments[0], world)
    assert isinstance(inner, dict)
    groups: dict[Labels, list[float]] = {}
    for labels, value in inner.items():
        named = set(node.labels or ())
        key = frozenset(pair for pair in labels if (pair[0] not in named) == node.without)
        groups.setdefault(key, []).append(value)
    return {key: sum(values) / (len(values) if node.operator == "avg" else 1) for key, values in groups.items()}


def grouped(selector: Selector, by: tuple[str, ...], world: list[Series], field: str) -> Vector:
    """The sum of one field of the selected series for each group."""
    result: Vector = {}
    for series in selected(selector, world):
        key = frozenset(pair for pair in series.labels if pair[0] in by)
        result[key] = result.get(key, 0.0) + getattr(series, field)
    return result


def selectors_of(node: Expr) -> list[Selector]:
    if isinstance(node, Selector):
        return [node]
    if isinstance(node, Binary):
        return selectors_of(node.left) + selectors_of(node.right)
    if isinstance(node, Call | Aggregate):
        return [found for argument in node.arguments for found in selectors_of(argument)]
    return selectors_of(node.inner) if isinstance(node, Subquery) else []


def world_of(found: list[Selector], groups: tuple[str, ...], seed: int) -> list[Series]:
    """Series that some of the selectors match and others do not, with figures of their own each."""
    values: dict[str, list[str]] = {label: ["g1", "g2"] for label in groups[:1]}
    for selector in found:
        for matcher in selector.matchers:
            texts = values.setdefault(matcher.label, ["other"])
            parts = value_of(matcher).split("|")
            literal = matcher.label == "le" or matcher.operator in {"=", "!="}
            texts += parts if literal else [re.sub(r"\.[*+]?", "0", text).strip("()\\$") for text in parts]
    names = sorted({selector.metric for selector in found})
    choices = [sorted(set(texts))[:4] for texts in values.values()]
    combinations = list(product(names, *choices))[:400]
    world = []
    for index, (name, *rest) in enumerate(combinations):
        labels = frozenset([("__name__", name), *zip(values, rest, strict=True)])
        figure = (index * 7919 + seed * 104729) % 97 + 1
        world.append(Series(labels, figure / 10, figure + 3, figure // 2))
    return world
