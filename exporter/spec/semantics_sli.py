"""What the schema cannot say of an SLI: exactly one kind, a source that can answer it, and queries that fit it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from exporter.promql import (
    check_expression,
    check_selector,
    format_duration,
    histogram_parts,
    name_and_labels,
    split_comparison,
)
from exporter.spec.references import check_source
from exporter.spec.slo_models import CsvSlots, Latency, Sli, Slices
from exporter.spec.tree import Parts, Problem, listed, shown
from exporter.windows import HOUR, MINUTE

_COUNTERS = ("total", "bad", "good")
_WANTED = {
    **dict.fromkeys(("latency", "bool", "ratio", "slices"), "prometheus"),
    "sql": "sql",
    "csv": "file",
    "composite": None,
    "journey": None,
}
"""Kind -> the type of the source that it needs; None: it has no source, its SLOs have theirs."""

_GAUGE = 'one plain gauge like probe_success{job="probe"}; a comparison belongs into slices'
_HISTOGRAM = 'the name and matchers of the histogram, like http_request_duration_seconds{job="web"}'
_SLICE = 5 * MINUTE


def check_sli(sli: Sli, parts: Parts, sources: Mapping[str, str | None], refresh: float) -> Iterator[Problem]:
    """The mistakes of one SLI, which stands at ``parts``; ``sources`` gives the type of each source, None if broken."""
    counters = [key for key in _COUNTERS if getattr(sli, key) is not None]
    others = [key for key in _WANTED if getattr(sli, key) is not None]
    if others and (counters or len(others) > 1):
        yield Problem(parts, f"{listed([*counters, *others])} are given together; keep one way of counting")
        yield from _any_source(sli, parts, sources)
    elif others:
        yield from _source(sli, others[0], _WANTED[others[0]], parts, sources)
    elif counters:
        yield from _source(sli, listed(counters), "prometheus", parts, sources, many=len(counters) > 1)
        yield from _counters(counters, parts)
    else:
        yield Problem(parts, _NOTHING)
        yield from _any_source(sli, parts, sources)
    for key in (*counters, *others):
        yield from _CHECKS[key](getattr(sli, key), (*parts, key), refresh)


_NOTHING = (
    "nothing is counted; give total with bad or good (selectors of counters), or one of latency, bool, ratio, slices, "
    "sql, csv, composite and journey"
)


def _any_source(sli: Sli, parts: Parts, sources: Mapping[str, str | None]) -> Iterator[Problem]:
    if sli.source is not None:
        yield from check_source(sli.source, (*parts, "source"), sources, None, "")


def _source(
    sli: Sli, what: str, wanted: str | None, parts: Parts, sources: Mapping[str, str | None], *, many: bool = False
) -> Iterator[Problem]:
    need = f"{what} need{'' if many else 's'}"
    if wanted is None:
        if sli.source is not None:
            yield Problem(
                (*parts, "source"), f"a {what} has no source, its SLOs have theirs; remove the key", on_key=True
            )
    elif sli.source is not None:
        yield from check_source(sli.source, (*parts, "source"), sources, wanted, need)
    else:
        names = sorted(name for name, kind in sources.items() if kind == wanted)
        example = f", for instance source: {names[0]}" if names else "; there is none yet: add one under 'sources:'"
        yield Problem((*parts, "source"), f"the key 'source' is required: {need} a source of type {wanted}{example}")


def _counters(given: list[str], parts: Parts) -> Iterator[Problem]:
    if "total" not in given:
        yield Problem(parts, "total is required beside bad or good: the selector of all events")
    elif len(given) != 2:
        what = "bad and good are both given; keep one" if len(given) == 3 else "bad or good is required beside total"
        yield Problem(parts, f"{what}: the selector of the bad events, or of the good ones")


def _counter(text: str, parts: Parts, _refresh: float) -> Iterator[Problem]:
    if wrong := check_selector(text):
        yield Problem(parts, wrong)


def _bool(text: str, parts: Parts, _refresh: float) -> Iterator[Problem]:
    if wrong := check_selector(text, _GAUGE):
        yield Problem(parts, wrong)


def _latency(latency: Latency, parts: Parts, _refresh: float) -> Iterator[Problem]:
    here = (*parts, "histogram")
    if wrong := check_selector(latency.histogram, _HISTOGRAM):
        yield Problem(here, wrong)
        return
    name, labels = name_and_labels(latency.histogram)
    if name is None:
        yield Problem(here, f"the histogram's name is missing; give {_HISTOGRAM}")
    elif match := re.fullmatch(r"(.+)(_bucket|_count|_sum)", name):
        yield Problem(
            here, f"{shown(name)} is one part of the histogram; write its name without {match[2]}: {match[1]}"
        )
    elif not histogram_parts(latency.histogram)[0]:
        # The names of its series are made of it: _count and _bucket are put behind it.
        yield Problem(here, f"the histogram's name stands in the braces; write it before them: {_example(name)}")
    if "le" in labels:
        yield Problem(here, "the label 'le' does not belong here: threshold chooses the bucket; remove it")


def _example(name: str) -> str:
    return f'{name}{{job="web"}}' if re.fullmatch("[a-zA-Z_:][a-zA-Z0-9_:]*", name) else 'http_seconds{job="web"}'


def _ratio(text: str, parts: Parts, _refresh: float) -> Iterator[Problem]:
    if wrong := check_expression(text):
        yield Problem(parts, wrong)
    elif not re.search(r"\$window\b", text):
        message = (
            "the query does not use $window; write it where the range stands, like 1 - "
            "avg_over_time(probe_success[$window])"
        )
        yield Problem(parts, message)


def _slices(slices: Slices, parts: Parts, refresh: float) -> Iterator[Problem]:
    if wrong := check_expression(slices.good_when):
        yield Problem((*parts, "good_when"), wrong)
    elif split_comparison(slices.good_when) is None:
        message = (
            f"{shown(slices.good_when)} is not one comparison; write one, like max(queue_length) < 100, and join "
            "several as (a < bool 1) * (b < bool 2) == 1"
        )
        yield Problem((*parts, "good_when"), message)
    length = format_duration(slices.slice)
    if not _fits(slices.slice, refresh):
        fitting = [x for x in (*range(1, _SLICE), *range(_SLICE, HOUR + 1, _SLICE)) if _fits(x, refresh)]
        below, above = [x for x in fitting if x < slices.slice][-1:], [x for x in fitting if x > slices.slice][:1]
        nearest = " or ".join(format_duration(x) for x in below + above)
        message = (
            f"{length} does not fit: a slice is a whole number of refreshes ({format_duration(refresh)}) and divides "
            "5m, or is a multiple of 5m that divides 1h"
        )
        yield Problem((*parts, "slice"), message + (f"; write {nearest}" if nearest else ""))


def _fits(seconds: float, refresh: float) -> bool:
    length, step = round(seconds * 1000), max(1, round(refresh * 1000))
    slot, hour = _SLICE * 1000, HOUR * 1000
    return slot % step != 0 or (  # a refresh that does not fit is reported by itself
        length % step == 0 and (slot % length == 0 or (length % slot == 0 and hour % length == 0))
    )


def _sql(text: str, parts: Parts, _refresh: float) -> Iterator[Problem]:
    missing = [name for name in (":start", ":end", ":step") if not re.search(rf"(?<![:\w]){name}\b", text)]
    if missing:
        message = (
            f"the query does not use {', '.join(missing)}; it must count the events with :start <= time < :end in "
            "slots of :step seconds"
        )
        yield Problem(parts, message)


def _csv(slots: CsvSlots, parts: Parts, _refresh: float) -> Iterator[Problem]:
    if slots.bad is not None and slots.good is not None:
        yield Problem(parts, "bad and good are both given; keep one: the column of the bad events, or of the good ones")
    columns = [slots.time, slots.total, slots.bad or slots.good or "bad"]
    for i, column in enumerate(columns):
        if column in columns[:i]:
            yield Problem(
                parts, f"the column {shown(column)} is used twice; time, total and bad or good are three columns"
            )


def _nothing(_value: object, _parts: Parts, _refresh: float) -> Iterator[Problem]:
    """Composites are checked together: they speak of other SLOs."""
    return iter(())


_CHECKS: Mapping[str, Callable[..., Iterator[Problem]]] = {
    **dict.fromkeys(_COUNTERS, _counter),
    "latency": _latency,
    "bool": _bool,
    "ratio": _ratio,
    "slices": _slices,
    "sql": _sql,
    "csv": _csv,
    "composite": _nothing,
    "journey": _nothing,
}
