"""OpenSLO's SLI: ratio and threshold metrics under the three budgeting methods."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from exporter.promql import format_duration
from winburn.convert.counted import Counted, counted
from winburn.convert.draft import Document, Remarks
from winburn.convert.fields import Fields
from winburn.convert.indicator import Indicator, from_events, from_ratio
from winburn.convert.labels import slug
from winburn.convert.notes import ConvertError, shown
from winburn.convert.openslo_time import seconds_of
from winburn.convert.promql_tokens import WINDOW, PromqlError, tidy, with_window
from winburn.convert.promql_tree import Expr, parse
from winburn.convert.ratio import labels_of, pooled_ratio
from winburn.convert.selectors import written

Find = Callable[[str, str], Document | None]
_OPERATORS = {"lte": "<=", "lt": "<", "gte": ">=", "gt": ">"}
_PROMETHEUS = frozenset(
    ("prometheus", "thanos", "mimir", "cortex", "victoriametrics", "amazonprometheus", "grafanamimir", "amp")
)


class Query(NamedTuple):
    """A PromQL query, its tree where it is understood, and the name of its source."""

    text: str
    tree: Expr | None
    source: str


def indicator(spec: Fields, objective: Fields, method: str, find: Find, remarks: Remarks) -> tuple[Indicator, str]:
    """The SLI of an objective, its own or the SLO's, and the name of its source."""
    sli = _resolved(objective, find) or _resolved(spec, find)
    if sli is None:
        raise ConvertError(spec.line, "neither indicator nor indicatorRef is given; add one and convert again")
    for fields, key in ((sli.inner("metadata"), "name"), (sli.inner("metadata"), "displayName")):
        fields.text(key)
    inner = sli.inner("spec")
    inner.text("description")
    threshold, ratio = inner.maybe("thresholdMetric"), inner.maybe("ratioMetric")
    # Both mean something for threshold metrics only; OpenSLO's own examples give op beside ratios.
    operator, value = objective.text("op"), objective.number("value")
    if ratio is not None:
        if threshold is not None:
            raise ConvertError(threshold.line, "the SLI has thresholdMetric and ratioMetric; keep one")
        return _ratio(ratio, objective, method, find, remarks)
    if threshold is None:
        raise ConvertError(inner.line, "the SLI has neither ratioMetric nor thresholdMetric; add one")
    if operator not in _OPERATORS or value is None:
        raise ConvertError(objective.line, "a thresholdMetric needs op (lte, lt, gte or gt) and value in the objective")
    query = _query(threshold, find)
    groups = None if query.tree is None else labels_of(query.tree)
    slice_ = _slice(objective, method, remarks)
    part = objective.number("timeSliceTarget")
    if part is not None and part != 1:
        remarks.add(f"timeSliceTarget {part} was not carried: a slice is judged by the value at its end")
    left = query.text if query.tree is None or groups is not None else f"({query.text})"
    return _slices(f"{left} {_OPERATORS[operator]} {value:f}", slice_, groups or ()), query.source


def _resolved(fields: Fields, find: Find) -> Fields | None:
    name, inline = fields.text("indicatorRef"), fields.maybe("indicator")
    if name is not None:
        document = find("SLI", name)
        if document is None:
            line = fields.line_of("indicatorRef")
            raise ConvertError(line, f"the SLI {name} is not in the input; convert its file along, in one folder")
        return document.fields
    if inline is not None:
        inline.raw("kind")
        inline.raw("apiVersion")
    return inline


def _ratio(ratio: Fields, objective: Fields, method: str, find: Find, remarks: Remarks) -> tuple[Indicator, str]:
    counter = ratio.flag("counter")
    if (raw := ratio.maybe("raw")) is not None:
        return _raw(ratio, raw, objective, method, find, remarks)
    good = ratio.maybe("good")
    part = good or ratio.maybe("bad")
    if part is None or (good is not None and ratio.maybe("bad") is not None):
        raise ConvertError(ratio.line, "a ratioMetric needs good or bad, one of them, beside total")
    if ratio.maybe("total") is None:
        raise ConvertError(ratio.line, "the ratioMetric has no total; add it and convert again")
    events, total = _query(part, find), _query(ratio.inner("total"), find)
    if events.source != total.source:
        remarks.add(f"the queries ask two sources; {total.source} was taken for both", line=ratio.line)
    if counter is None and not _ranged(events, total):
        remarks.add("counter is not given; the metrics were taken for counters", line=ratio.line)
    is_good, instant = good is not None, counter is not False
    if method == "Timeslices":
        found = _good_slices(events, total, objective, remarks, good=is_good, instant=instant)
    elif method == "RatioTimeslices":
        found = _averaged(events, total, objective, remarks, good=is_good, instant=instant)
    elif not instant and not _ranged(events, total):
        remarks.add("counter: false: the values are added up over time, one for each reading", line=ratio.line)
        found = _added_up(events, total, good=is_good)
    else:
        found = from_events(events.text, total.text, good=is_good, instant=instant)
    return found, total.source


def _added_up(events: Query, total: Query, *, good: bool) -> Indicator:
    """The ratio of two values that go up and down, over all of their readings."""
    part, whole = (f"sum_over_time(({query.text})[{WINDOW}:])" for query in (events, total))
    trees = None if events.tree is None or total.tree is None else (events.tree, total.tree)
    sli, groups, more = pooled_ratio(part, whole, trees, good=good)
    return Indicator(sli, groups, more)


def _raw(
    ratio: Fields, raw: Fields, objective: Fields, method: str, find: Find, remarks: Remarks
) -> tuple[Indicator, str]:
    kind = ratio.text("rawType")
    if kind not in {"success", "failure"}:
        remarks.add("rawType is neither success nor failure: success was taken", line=raw.line)
    query = _query(raw, find)
    success = kind != "failure"
    if method == "Timeslices":
        target = _slice_target(objective, remarks)
        text = f"({query.text})" if success else f"1 - ({query.text})"
        groups = None if query.tree is None else labels_of(query.tree)
        return _slices(f"{text} >= {target}", _slice(objective, method, remarks), groups or ()), query.source
    objective.text("timeSliceWindow")
    return from_ratio(query.text, success=success), query.source


def _good_slices(
    events: Query, total: Query, objective: Fields, remarks: Remarks, *, good: bool, instant: bool
) -> Indicator:
    slice_ = _slice(objective, "Timeslices", remarks)
    part, whole = (_over(query, format_duration(slice_), instant=instant) for query in (events, total))
    target = _slice_target(objective, remarks)
    # A slice without traffic has no ratio; it is left unmeasured rather than called bad.
    share = f"({part} or 0 * {whole}) / ({whole} > 0)"
    groups = None if total.tree is None else labels_of(total.tree)
    return _slices(f"{share if good else f'1 - {share}'} >= {target}", slice_, groups or ())


def _averaged(
    events: Query, total: Query, objective: Fields, remarks: Remarks, *, good: bool, instant: bool
) -> Indicator:
    """RatioTimeslices: the ratios of slices of equal weight, which is what the SLI ratio does."""
    if (window := objective.text("timeSliceWindow")) is not None:
        remarks.add(f"timeSliceWindow {window} was not carried: ratios are taken over winburn's own slots")
    texts = [_over(query, WINDOW, instant=instant) for query in (events, total)]
    try:
        trees = parse(texts[0]), parse(texts[1])
    except PromqlError:
        sli, groups, more = pooled_ratio(texts[0], texts[1], None, good=good)
    else:
        sli, groups, more = pooled_ratio(texts[0], texts[1], trees, good=good)
    return Indicator(sli, groups, more)


def _over(query: Query, window: str, *, instant: bool) -> str:
    """The query over a range: counters get one, another range or $window gives way to it."""
    found = None if query.tree is None else counted(query.tree, instant=instant)
    if found is not None and not found.excluding and (found.minus is None or not found.bare):
        return _written(found, window)
    return f"({query.text.replace(WINDOW, window)})"


def _written(found: Counted, window: str) -> str:
    function = "increase" if found.function in {"rate", "irate"} else found.function.removeprefix("avg ")
    by = f" by ({', '.join(found.by)})" if found.by else ""
    aggregate = "avg" if found.function.startswith("avg ") else "sum"

    def one(selector_text: str, name: str) -> str:
        inner = f"{name}({selector_text}[{window}])"
        return inner if found.bare and found.minus is None and found.by is None else f"{aggregate}{by}({inner})"

    whole = f"sum({one(written(found.selector), function)})" if found.bare else one(written(found.selector), function)
    if found.minus is None:
        return whole
    other = "increase" if found.minus_function in {"rate", "irate"} else found.minus_function.removeprefix("avg ")
    return f"({whole} - {one(written(found.minus), other)})"


def _slices(text: str, seconds: int, groups: tuple[str, ...]) -> Indicator:
    return Indicator({"slices": {"good_when": text, "slice": format_duration(seconds)}}, groups)


def _slice_target(objective: Fields, remarks: Remarks) -> str:
    target = objective.number("timeSliceTarget")
    if target is None:
        remarks.add("timeSliceTarget is missing: a slice is good where all of its events are")
        return "1"
    return f"{target:f}"


def _slice(objective: Fields, method: str, remarks: Remarks) -> int:
    """Seconds of a slice; numbers without a unit are minutes."""
    text = objective.text("timeSliceWindow")
    if text is None:
        if method == "Timeslices":
            remarks.add("timeSliceWindow is missing: slices of 1m were taken")
        else:
            remarks.add("a threshold under Occurrences is judged once a minute: slices of 1m were taken")
        return 60
    line = objective.line_of("timeSliceWindow")
    return seconds_of(f"{text.strip()}m" if text.strip().isdecimal() else text, line, "timeSliceWindow")


def _query(holder: Fields, find: Find) -> Query:
    source = holder.inner("metricSource")
    name, kind = source.text("metricSourceRef"), source.text("type")
    if name is not None:
        document = find("DataSource", name)
        if document is None and kind is None:
            line = source.line_of("metricSourceRef")
            raise ConvertError(line, f"the DataSource {name} is not in the input; convert its file along")
        kind = kind or (document.fields.inner("spec").text("type") if document is not None else None)
        name = name if document is not None else None
    if kind is not None and kind.lower().replace("-", "").replace("_", "") not in _PROMETHEUS:
        raise ConvertError(source.line, f"its metrics come from {shown(kind)}; only Prometheus can be carried")
    spec = source.inner("spec")
    text = next((text for key in ("query", "promql", "expr", "expression") if (text := spec.text(key))), None)
    if text is None:
        raise ConvertError(spec.line, "metricSource.spec has no query; add the PromQL as query and convert again")
    query = tidy(with_window(text))
    try:
        tree: Expr | None = parse(query)
    except PromqlError:
        tree = None
    return Query(query, tree, slug(name) if name is not None else "prometheus")


def _ranged(*queries: Query) -> bool:
    return any("[" in query.text for query in queries)
