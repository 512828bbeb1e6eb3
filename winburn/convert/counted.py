"""What a query counts: sums of counters, differences of such, and probes; or None where it is more than that."""

from __future__ import annotations

from dataclasses import dataclass, replace

from winburn.convert.promql_tree import Aggregate, Binary, Call, Expr, Literal, Selector
from winburn.convert.selectors import plain, same, union

_COUNTERS = frozenset({"rate", "increase", "irate"})


@dataclass(frozen=True, slots=True)
class Counted:
    """A sum of one selector's values, through ``function`` over ``window``; ``without`` a sum less another one.

    ``by`` are the labels it is kept apart by; None where it is one number. ``bare``: no aggregation, one value per
    series; ``excluding``: kept apart by all labels but some. Both leave the labels unknown.
    """

    selector: Selector
    function: str
    by: tuple[str, ...] | None = None
    bare: bool = False
    excluding: bool = False
    minus: Selector | None = None
    minus_function: str = ""

    @property
    def window(self) -> str:
        """The range; empty where there is none."""
        return self.selector.window or ""

    def grouped_like(self, other: Counted) -> bool:
        """Whether both are kept apart in the same way."""
        mine, theirs = (set(side.by) if side.by is not None else None for side in (self, other))
        return mine == theirs and (self.bare, self.excluding) == (other.bare, other.excluding)


def counted(node: Expr, *, instant: bool = False) -> Counted | None:
    """What ``node`` counts; ``instant``: plain selectors are counters too, as in OpenSLO with ``counter: true``."""
    if isinstance(node, Selector):
        ready = instant and node.window is None and plain(node)
        return Counted(node, "rate", bare=True) if ready else None
    if isinstance(node, Call):
        return _call(node, instant=instant)
    if isinstance(node, Aggregate):
        return _aggregate(node, instant=instant)
    return _binary(node, instant=instant) if isinstance(node, Binary) else None


def without_floor(node: Expr) -> Expr:
    """The expression inside ``clamp_min(…, 0)`` and ``… or vector(0)``: our own counts never fall below 0 and take a
    missing series for 0 already."""
    while True:
        if isinstance(node, Call) and node.function == "clamp_min" and node.arguments[1:] == (Literal("0"),):
            node = node.arguments[0]
        elif isinstance(node, Binary) and node.operator == "or" and node.right == Call("vector", (Literal("0"),)):
            node = node.left
        else:
            return node


def _call(node: Call, *, instant: bool) -> Counted | None:
    first = node.arguments[0] if len(node.arguments) == 1 else None
    if isinstance(first, Selector) and first.window is not None and plain(first):
        if node.function in _COUNTERS | {"count_over_time", "sum_over_time"}:
            return Counted(first, node.function, bare=True)
        return None
    inner = without_floor(node)
    return None if inner is node else counted(inner, instant=instant)


def _aggregate(node: Aggregate, *, instant: bool) -> Counted | None:
    if node.operator not in {"sum", "avg"} or len(node.arguments) != 1:
        return None
    inner = counted(without_floor(node.arguments[0]), instant=instant)
    if inner is None or not inner.bare:
        return _sum_of_sums(node, inner)
    if node.operator == "avg" and inner.function not in {"count_over_time", "sum_over_time"}:
        return None
    function = f"avg {inner.function}" if node.operator == "avg" else inner.function
    by = None if node.without else node.labels or None
    return replace(inner, function=function, by=by, bare=False, excluding=node.without)


def _sum_of_sums(node: Aggregate, inner: Counted | None) -> Counted | None:
    """``sum by (a) (sum by (a, b) (…))`` is ``sum by (a) (…)``."""
    if inner is None or inner.minus is not None or inner.excluding or node.without:
        return None
    wanted = set(node.labels or ())
    if node.operator != "sum" or inner.function.startswith("avg") or not wanted <= set(inner.by or ()):
        return None
    return replace(inner, by=node.labels or None)


def _binary(node: Binary, *, instant: bool) -> Counted | None:
    inner = without_floor(node)
    if inner is not node:
        return counted(inner, instant=instant)
    if node.matching or node.operator not in {"+", "-"}:
        return None
    left, right = (counted(without_floor(side), instant=instant) for side in (node.left, node.right))
    if left is None or right is None or not left.grouped_like(right) or left.window != right.window:
        return None
    if left.minus is not None or right.minus is not None:
        return None
    return _plus(left, right) if node.operator == "+" else _minus(left, right)


def _minus(left: Counted, right: Counted) -> Counted | None:
    # Series by series, labels must agree, which only one and the same selector is sure to do.
    if left.bare and not same(left.selector, right.selector):
        return None
    return replace(left, minus=right.selector, minus_function=right.function)


def _plus(left: Counted, right: Counted) -> Counted | None:
    if left.bare or left.function != right.function:
        return None
    both = union(left.selector, right.selector)
    return None if both is None else replace(left, selector=both)
