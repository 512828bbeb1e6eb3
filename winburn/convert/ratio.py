"""Queries that are kept as they are: the SLI ``ratio``, with ``$window``, one series for each group."""

from __future__ import annotations

from typing import Any

from winburn.convert.labels import is_reserved
from winburn.convert.promql_tokens import WINDOW, tidy
from winburn.convert.promql_tree import Aggregate, Binary, Call, Expr, Literal, Selector, Subquery

_COMPARISONS = frozenset({"==", "!=", ">", "<", ">=", "<="})
_LABELS_KEPT = frozenset(
    ("abs", "ceil", "clamp", "clamp_max", "clamp_min", "exp", "floor", "ln", "log2", "log10", "round", "sort", "sqrt")
)

Ratio = tuple[dict[str, Any], tuple[str, ...], tuple[str, ...]]
"""sli, group_by, warnings."""


def pooled_ratio(events: str, total: str, trees: tuple[Expr, Expr] | None, *, good: bool) -> Ratio:
    """The ratio of two queries; their trees are None where they are not understood.

    A missing numerator counts as 0 where the total is there: a query that filters gives nothing where all is well.
    """
    part, whole = tidy(events), tidy(total)
    groups, warnings = _groups(trees)
    if trees is not None and _filters(trees[0]):
        warnings.append(
            "the query filters by a comparison, and what passes is the value itself, not a count of events; where the "
            "time beyond the bound is meant, use the SLI slices, or a comparison with bool"
        )
    aggregate = "sum" if groups == () else f"sum by ({', '.join(groups)})" if groups is not None else ""
    if aggregate:
        part, whole = f"{aggregate}({part})", f"{aggregate}({whole})"
    else:
        part, whole = _closed(part, trees and trees[0]), _closed(whole, trees and trees[1])
    text = f"({part} or 0 * {whole}) / {whole}"
    kept = _kept(trees) if groups is None else groups
    return {"ratio": _with_window(f"1 - {text}" if good else text, warnings)}, kept, tuple(warnings)


def raw_ratio(query: str, tree: Expr | None, *, success: bool) -> Ratio:
    """The ratio that a query gives already; its tree is None where it is not understood."""
    text = tidy(query)
    warnings: list[str] = []
    known = None if tree is None else labels_of(tree)
    kept = tuple(label for label in known or () if not is_reserved(label))
    if tree is None:
        warnings.append("the query is not understood, and taken as it is; it must give one series")
    elif known is None:
        text = f"avg({text})"
        warnings.append("the labels of the result are not known, so its series are averaged; name some in group_by")
    elif len(kept) < len(known):
        text = f"avg by ({', '.join(kept)})({text})" if kept else f"avg({text})"
    text = _with_window(text, warnings)
    return {"ratio": f"1 - ({text})" if success else text}, known or (), tuple(warnings)


def labels_of(node: Expr) -> tuple[str, ...] | None:
    """The labels of an expression's result, sorted; None where they cannot be known from the text."""
    if isinstance(node, Aggregate):
        return None if node.without or node.operator in {"topk", "bottomk"} else tuple(sorted(node.labels or ()))
    if isinstance(node, Binary):
        return _labels_of_binary(node)
    if isinstance(node, Call) and node.function == "histogram_quantile" and len(node.arguments) == 2:
        inner = labels_of(node.arguments[1])
        return None if inner is None else tuple(label for label in inner if label != "le")
    if isinstance(node, Call) and node.function in _LABELS_KEPT and node.arguments:
        return labels_of(node.arguments[0])
    return None


def is_scalar(node: Expr) -> bool:
    """Whether a number stands here, or arithmetic of numbers."""
    if isinstance(node, Binary):
        return is_scalar(node.left) and is_scalar(node.right)
    return isinstance(node, Literal) or (isinstance(node, Call) and node.function in {"time", "scalar", "pi"})


def _labels_of_binary(node: Binary) -> tuple[str, ...] | None:
    if is_scalar(node.right):
        return labels_of(node.left)
    if is_scalar(node.left):
        return labels_of(node.right)
    left, right = labels_of(node.left), labels_of(node.right)
    if node.operator in {"and", "unless"}:
        return left
    return left if left == right and not node.matching else None


def _groups(trees: tuple[Expr, Expr] | None) -> tuple[tuple[str, ...] | None, list[str]]:
    """The labels to sum by: None where both queries have the same ones already and all of them may be kept."""
    if trees is None:
        return None, ["nothing is known of its labels; it must give one series, or add sum by (…) and group_by"]
    left, right = labels_of(trees[0]), labels_of(trees[1])
    if left is None or right is None or left != right:
        message = (
            "the queries keep series apart by labels that are not named, or not by the same ones; here both are summed "
            "up: add sum by (…) to the ratio and group_by to keep some apart"
        )
        return (), [message]
    kept = tuple(label for label in left if not is_reserved(label))
    return (None if kept == left else kept), []


def _kept(trees: tuple[Expr, Expr] | None) -> tuple[str, ...]:
    return () if trees is None else labels_of(trees[0]) or ()


def _closed(text: str, tree: Expr | None) -> str:
    return text if isinstance(tree, Aggregate | Call | Selector | Subquery) else f"({text})"


def _with_window(text: str, warnings: list[str]) -> str:
    """A query without $window is averaged over it."""
    if WINDOW in text:
        return text
    warnings.append("the query has no range that follows the window, so its value is averaged over each window")
    return f"avg_over_time(({text})[{WINDOW}:])"


def _filters(node: Expr) -> bool:
    """Whether what a comparison lets through is part of the result's value."""
    if isinstance(node, Binary):
        if node.operator in _COMPARISONS:
            return not node.bool_modifier
        if node.operator in {"and", "unless"}:
            return _filters(node.left)
        return _filters(node.left) or _filters(node.right)
    if isinstance(node, Aggregate):
        return node.operator not in {"count", "group"} and any(map(_filters, node.arguments))
    return (
        isinstance(node, Call) and not node.function.endswith("count_over_time") and any(map(_filters, node.arguments))
    )
