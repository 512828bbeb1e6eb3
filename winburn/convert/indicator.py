"""Queries for bad (or good) and total events, or for their ratio, to an SLI of the spec."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from winburn.convert.counted import Counted, counted, without_floor
from winburn.convert.promql_tokens import WINDOW, PromqlError
from winburn.convert.promql_tree import Binary, Expr, Literal, Selector, parse
from winburn.convert.ratio import pooled_ratio, raw_ratio
from winburn.convert.selectors import bucket, count, matching, same, written

_EVENTS = frozenset({"rate", "increase", "irate"})


@dataclass(frozen=True, slots=True)
class Indicator:
    """The sli of the spec without its source, the labels that keep it apart, and what is to be said about it."""

    sli: dict[str, Any]
    group_by: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        """counters, latency, bool, ratio or slices."""
        return next((kind for kind in ("latency", "bool", "ratio", "slices") if kind in self.sli), "counters")


def from_events(events: str, total: str, *, good: bool, instant: bool = False) -> Indicator:
    """The SLI of two queries: of bad events (of good ones with ``good``) and of all; ``instant``: of counters."""
    try:
        trees = parse(events), parse(total)
    except PromqlError as error:
        warning = f"the query is not understood ({error}): kept as ratio as it is, which counts time instead of events"
        sli, groups, more = pooled_ratio(events, total, None, good=good)
        return Indicator(sli, groups, (warning, *more))
    found = _recognised(*trees, good=good, instant=instant)
    if found is not None:
        return found
    sli, groups, more = pooled_ratio(events, total, trees, good=good)
    warning = (
        f"the queries for {'good' if good else 'bad'} and total events are not plain sums of counters: kept as ratio, "
        "which counts time instead of events; give counters as total and bad where there are some"
    )
    return Indicator(sli, groups, (warning, *more))


def from_ratio(query: str, *, success: bool) -> Indicator:
    """The SLI of one query for the share of bad events, or of good ones with ``success``."""
    try:
        tree: Expr | None = parse(query)
    except PromqlError:
        tree = None
    found = None if tree is None else _divided(tree, success=success)
    if found is not None:
        return found
    sli, groups, more = raw_ratio(query, tree, success=success)
    warning = "the query gives a ready-made ratio: kept as ratio, which counts time instead of events"
    return Indicator(sli, groups, (warning, *more))


def from_gauge(selector: Selector) -> Indicator:
    """The SLI of gauges that are 1 while all is well."""
    return Indicator({"bool": written(selector)})


def pair(total: Selector, part: Selector, *, good: bool) -> Indicator:
    """The SLI of two counters, or of the two sides of a histogram, with what looks like a mistake in them."""
    whole, cut = count(total), bucket(part)
    if good and whole is not None and cut is not None and cut[1] != float("inf"):
        histogram, bound = cut
        if same(histogram, whole):
            return Indicator({"latency": {"histogram": written(histogram), "threshold": bound}})
        warning = (
            f"good events are those of {written(part)}, but the total is {written(total)}: not the two sides of one "
            "histogram, so total and good were kept apart; check the query"
        )
        return Indicator({"total": written(total), "good": written(part)}, (), (warning,))
    return Indicator(
        {"total": written(total), "good" if good else "bad": written(part)}, (), _odd(total, part, good=good)
    )


def _odd(total: Selector, part: Selector, *, good: bool) -> tuple[str, ...]:
    what = "good" if good else "bad"
    if same(total, part):
        return (f"{what} and total are the same series, so that all events are {what}; check the query",)
    lost = {label for label, _, _ in matching(total) - matching(part)} - {label for label, _, _ in matching(part)}
    if total.metric and total.metric == part.metric and lost:
        names = ", ".join(sorted(lost))
        return (f"{what} events are not limited by {names} as the total is: some may not be among it; check the query",)
    return ()


def _recognised(events: Expr, total: Expr, *, good: bool, instant: bool = False) -> Indicator | None:
    part = counted(without_floor(events), instant=instant)
    whole = counted(without_floor(total), instant=instant)
    if part is None or whole is None or whole.minus is not None:
        return None
    if part.window != whole.window or not part.grouped_like(whole):
        return None
    found = _probe(part, whole, good=good) or _counters(part, whole, good=good)
    if found is None:
        return None
    return Indicator(found.sli, whole.by or (), (*found.warnings, *_about(part, whole)))


def _probe(part: Counted, whole: Counted, *, good: bool) -> Indicator | None:
    """``sum_over_time`` of a 0/1 gauge is what was good, ``count_over_time`` all of it."""
    average = "avg " if whole.function.startswith("avg ") else ""
    sums, counts = f"{average}sum_over_time", f"{average}count_over_time"
    if whole.function != counts or not same(part.selector, whole.selector):
        return None
    if good and part.function == sums and part.minus is None:
        return from_gauge(whole.selector)
    less = part.minus is not None and same(part.minus, whole.selector)
    return from_gauge(whole.selector) if not good and less and _functions(part) == (counts, sums) else None


def _functions(part: Counted) -> tuple[str, str]:
    return part.function, part.minus_function


def _counters(part: Counted, whole: Counted, *, good: bool) -> Indicator | None:
    if whole.function not in _EVENTS or part.function != whole.function:
        return None
    if part.minus is None:
        return pair(whole.selector, part.selector, good=good)
    histograms = count(part.selector), count(whole.selector)
    alike = histograms[0] is not None and histograms[1] is not None and same(histograms[0], histograms[1])
    if part.minus_function != whole.function or not (alike or same(part.selector, whole.selector)):
        return None
    return pair(whole.selector, part.minus, good=not good)


def _about(part: Counted, whole: Counted) -> tuple[str, ...]:
    warnings = []
    if "irate" in (part.function, whole.function):
        warnings.append("irate looks at the last two readings of each range only; here all events count")
    if whole.window not in {WINDOW, ""}:
        warnings.append(f"the fixed range [{whole.window}] gives way to the windows of the alerts and the period")
    if whole.bare:
        warnings.append(
            "the query keeps every series apart; here their events are added up: name the labels that tell them apart "
            "in group_by"
        )
    if whole.excluding:
        warnings.append(
            "'without' keeps series apart by labels that are not named; here their events are added up: name those "
            "labels in group_by"
        )
    return tuple(warnings)


def _divided(tree: Expr, *, success: bool) -> Indicator | None:
    if isinstance(tree, Binary) and tree.operator == "-" and tree.left == Literal("1") and not tree.matching:
        return _divided(tree.right, success=not success)
    if isinstance(tree, Binary) and tree.operator == "/" and not tree.matching:
        return _recognised(tree.left, tree.right, good=success)
    return None
