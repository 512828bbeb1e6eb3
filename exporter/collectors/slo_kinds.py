"""What each kind of SLI asks Prometheus, and how the answers become events.

Counters and histograms are read as they stand and differences are counted (:mod:`exporter.counters`). Gauges, ratios
and slices have no counters: what they say of the time since the last instant is asked for in the query.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from exporter.collectors.slo_group import Floats
from exporter.promql import bucket_matcher, format_duration, histogram_parts, split_comparison
from exporter.sources.base import CounterSource, SourceError, TooManySeries, label_of
from exporter.spec import Latency, Slo

RATIO_WINDOW = "5m"
RATE_RANGE = 120.0
"""Seconds over which rates are taken where instants are closer: two scrapes must lie in it, a minute apart at most."""
_MINUTE = 60.0

Counts = tuple[Floats, Floats, Floats]
"""Events, bad events and measured seconds at each instant."""


@dataclass(frozen=True, slots=True)
class Reads:
    """Role -> PromQL. ``$step`` in it stands for the time since the last instant, ``$range`` for that or more, as rates
    need; ``count`` turns what non-cumulative
    roles said (role -> values of shape (series, instants), NaN where absent) and the lengths of the intervals into
    counts, and is None for counters. ``every`` is the distance of instants where it is not the refresh."""

    roles: Mapping[str, str]
    count: Callable[[Mapping[str, Floats], Floats], Counts] | None = None
    every: float | None = None

    @property
    def ranged(self) -> bool:
        """Whether a query reaches back over the time since the instant before."""
        return any("$step" in query for query in self.roles.values())

    def at_step(self, step: float) -> dict[str, str]:
        """The roles' queries for instants that are ``step`` seconds apart."""
        return {role: _at_step(query, step) if "$" in query else query for role, query in self.roles.items()}


def _at_step(query: str, step: float) -> str:
    # A millisecond less: where ranges include both ends, a sample on an instant would count twice.
    return query.replace("$step", format_duration(step - 0.001)).replace(
        "$range", format_duration(max(step, RATE_RANGE))
    )


def reads(slo: Slo) -> Reads:
    """What an SLO of a Prometheus source reads."""
    sli = slo.sli
    if sli.latency is not None:
        return Reads(_latency(sli.latency))
    if sli.bool is not None:
        gauge = sli.bool
        queries = {"total": f"count_over_time({gauge}[$step])", "good": f"sum_over_time({gauge}[$step])"}
        return Reads({**queries, "present": gauge}, _count_samples)
    if sli.ratio is not None:
        return Reads({"share": sli.ratio.replace("$window", RATIO_WINDOW)}, _count_time)
    if sli.slices is not None:
        left, operator, right = split_comparison(sli.slices.good_when) or ("", "", "")
        return Reads({"holds": f"({left}) {operator} bool ({right})"}, _count_slices, sli.slices.slice)
    selectors = {"total": sli.total, "bad": sli.bad, "good": sli.good}
    return Reads({role: selector for role, selector in selectors.items() if selector is not None})


def bucket_selector(histogram: str) -> str:
    """The selector of all buckets of a classic histogram."""
    name, matchers = histogram_parts(histogram)
    return f"{name}_bucket{{{matchers}}}"


def _latency(latency: Latency) -> dict[str, str]:
    name, matchers = histogram_parts(latency.histogram)
    if latency.native:
        count = f"histogram_count({latency.histogram})"
        within = f"histogram_fraction(-Inf, {latency.threshold!r}, {latency.histogram})"
        return {"total": count, "good": f"{within} * {count}"}
    more = f"{matchers}," if matchers else ""
    return {
        "total": f"{name}_count{{{matchers}}}",
        "good": f"{name}_bucket{{{more}{bucket_matcher(latency.threshold)}}}",
    }


def _count_samples(values: Mapping[str, Floats], lengths: Floats) -> Counts:
    """Probes: every sample of every gauge is an event, good where it is 1."""
    total = np.nansum(values["total"], axis=0)
    good = np.nansum(values["good"], axis=0)
    there = (
        np.any(~np.isnan(values["present"]), axis=0) if len(values["present"]) else np.zeros(len(lengths), dtype=bool)
    )
    return total, total - good, np.where(there, lengths, 0.0)


def _count_time(values: Mapping[str, Floats], lengths: Floats) -> Counts:
    """Ratios: every minute is an event, bad by the share; the mean of a group's series."""
    share, there = _over_series(values["share"], np.nanmean)
    minutes = np.where(there, lengths / _MINUTE, 0.0)
    return minutes, minutes * np.clip(share, 0.0, 1.0), np.where(there, lengths, 0.0)


def _count_slices(values: Mapping[str, Floats], lengths: Floats) -> Counts:
    """Slices: one event each, good where the comparison holds for all series of the group."""
    good, there = _over_series(values["holds"], np.nanmin)
    total = np.where(there, 1.0, 0.0)
    return total, total * (1.0 - np.clip(good, 0.0, 1.0)), np.where(there, lengths, 0.0)


def _over_series(values: Floats, reduce: Callable[..., Floats]) -> tuple[Floats, np.ndarray]:
    """The reduction over series at each instant, 0 where there is none, and where there is any."""
    there = np.any(~np.isnan(values), axis=0) if len(values) else np.zeros(values.shape[1], dtype=bool)
    reduced = np.zeros(values.shape[1])
    if there.any():
        reduced[there] = reduce(values[:, there], axis=0)
    return reduced, there


def check_histogram(source: CounterSource, slo: Slo, there: Mapping[str, bool], at: float) -> None:
    """SourceError where a latency SLI can never count: its threshold is no bucket's, or the histogram is of the other
    kind. ``there`` says which roles had series."""
    latency = slo.sli.latency
    if latency is None or there["good"] or there["total"] != (not latency.native):
        return
    answer = source.counters([bucket_selector(latency.histogram)], at)[0]
    if isinstance(answer, TooManySeries):
        answer = source.counters([f"count by (le) ({bucket_selector(latency.histogram)})"], at)[0]
    if isinstance(answer, SourceError) or not answer:
        return
    name, _ = histogram_parts(latency.histogram)
    if latency.native:
        raise SourceError(f"{name} is a classic histogram, or the server keeps no native ones: remove native: true")
    bounds = sorted({label_of(key, "le") for key in answer}, key=_bound)
    raise SourceError(
        f"threshold {latency.threshold:g} is not a bucket of {name}; its buckets are {', '.join(bounds)}: choose one"
    )


def _bound(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.inf
