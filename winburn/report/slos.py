"""SLOs in review: what was counted, what it cost, which incidents, pages and corrections, and what is to come."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from exporter.ledger import COARSE_WIDTH, MIDDLE_WIDTH
from exporter.sources.base import SourceError
from exporter.spec import Calendar, Slo
from exporter.spec.corrections import intervals
from exporter.stats import burn, forecast
from winburn.backtest.course import course, spent
from winburn.backtest.increments import NotYet
from winburn.backtest.past import Past, Span
from winburn.drawing.scales import Points, runs
from winburn.report.incidents import grid, incidents, share_of_budget
from winburn.report.paging import Fired, paging, replayed
from winburn.report.prometheus import SloKey
from winburn.report.slo_review import NO_RELEASE, Before, Correction, Forecast, Paging, SloReview
from winburn.report.standing import Tracked
from winburn.report.stored import covers, past_of, step_of
from winburn.report.values import Missing, Number, Period, known

History = Callable[[Slo, Period], Mapping[str, Past]]
"""Reads an SLO's past from its source, group by group; NotYet or SourceError where it cannot."""

_NO_DATA = "nothing was measured"
_HOURS_MEASURED = 0.5


@dataclass(frozen=True, slots=True)
class Known:
    """What is known beside the ledgers: ``fired`` are the alerts that Prometheus has kept (None where it was not
    asked), ``history`` reads pasts from the sources (None where they are not to be asked), ``keep`` is the rules'
    keep_firing_for in seconds, ``groups`` the cap of groups of one SLO."""

    fired: Mapping[SloKey, Sequence[Fired]] | None
    history: History | None
    keep: float
    groups: int = 50


def slo_reviews(
    slos: Sequence[Slo], tracks: Mapping[str, Tracked], period: Period, also: Known
) -> tuple[list[SloReview], list[str], list[str]]:
    """Every SLO, those that spent most first; sentences about what could not be read; and about what is left out."""
    found: list[SloReview] = []
    failures: list[str] = []
    notes: list[str] = []
    for slo in slos:
        pasts, origin, note = _pasts(slo, tracks.get(slo.name), period, also)
        failures += [note] if note else []
        reviews = [_review(slo, group, past, origin, period, also) for group, past in sorted(pasts.items())]
        if len(reviews) > also.groups:
            notes.append(f"{slo.name}: the {also.groups} worst of its {len(reviews)} groups are shown")
        found += sorted(reviews, key=_worst_first)[: also.groups] or [_unmeasured(slo, period, note or _NO_DATA)]
    return sorted(found, key=_worst_first), failures, notes


def _worst_first(review: SloReview) -> tuple[float, str, str]:
    return (-review.spent if isinstance(review.spent, float) else 1e300, review.name, review.group)


def _pasts(slo: Slo, tracked: Tracked | None, period: Period, also: Known) -> tuple[Mapping[str, Past], str, str]:
    """Group -> past, where it is from, and what went wrong: the ledger where it reaches, else the source."""
    stored: dict[str, Past | None] = {}
    if tracked is not None:
        with tracked.lock:
            stored = {name: past_of(tracked.track, group) for name, group in tracked.track.groups.items()}
    ledger = {name: past for name, past in stored.items() if past is not None}
    note = ""
    if not ledger or not any(covers(past, period) for past in ledger.values()):
        try:
            read = also.history(slo, period) if also.history else {}
            if any(past.first_measured is not None for past in read.values()):
                return read, f"the history of source {slo.sli.source_label}", ""
        except NotYet:
            note = ""
        except SourceError as error:
            note = f"{slo.name}: {error}"
    return ledger, "the state store", note


def _review(slo: Slo, group: str, past: Past, origin: str, period: Period, also: Known) -> SloReview:
    start, end = np.array([period.start]), np.array([period.end])
    total, bad, measured = (float(part[0]) for part in past.between(start, end))
    step = step_of(past, period)
    line, remaining = _budget(slo, past, period, step)
    found = incidents(slo, past, period.start, period.end, step)
    took = known(share_of_budget(slo, past, bad, period.end), "no events")
    explained = sum(one.spent for one in found)
    return SloReview(
        **_named(slo, group, period),
        origin=f"{origin}, in slots of {step:g} s",
        events=known(total, _NO_DATA) if measured else Missing(_NO_DATA),
        bad=known(bad, _NO_DATA) if measured else Missing(_NO_DATA),
        achieved=known(1 - bad / total, "") if total else Missing("no events"),
        met=bad <= total * float(100 - slo.objective) / 100 + 1e-9 if total else Missing("no events"),
        spent=took,
        remaining=remaining,
        coverage=min(1.0, measured / period.seconds),
        incidents=found,
        others=max(0.0, took - explained) if isinstance(took, float) else took,
        paging=_paging(slo, group, past, period, also, step),
        forecast=_forecast(slo, past, period),
        budget=line,
        before=_before(past, period) if period.release else NO_RELEASE,
    )


def _before(past: Past, period: Period) -> Before:
    """As long a time before the release, and the release against it."""
    edges = np.array([period.before, period.start, period.end])
    (total, now), (bad, now_bad), (measured, _) = (part.tolist() for part in past.between(edges[:-1], edges[1:]))
    if not measured:
        return Before(*[Missing("nothing was measured before")] * 4)
    trend = float(burn.trend(now_bad, now, bad, total)) if total and now else math.nan
    verdict = {-1.0: "worse", 0.0: "the same", 1.0: "better"}.get(trend, Missing("no events to compare"))
    achieved = known(1 - bad / total, "") if total else Missing("no events")
    return Before(total, bad, achieved, verdict)


def _unmeasured(slo: Slo, period: Period, why: str) -> SloReview:
    gone = Missing(why)
    nothing = Forecast(gone, gone)
    return SloReview(
        **_named(slo, "", period), origin="nothing", events=gone, bad=gone, achieved=gone, met=gone, spent=gone,
        remaining=gone, coverage=0.0, incidents=(), others=gone, paging=gone, forecast=nothing, budget=(),
    )  # fmt: skip


def _named(slo: Slo, group: str, period: Period) -> dict[str, Any]:
    corrections = tuple(_corrections(slo, period))
    return {
        "name": slo.name,
        "group": group,
        "service": slo.service,
        "category": slo.category or "",
        "objective": f"{slo.objective:f}",
        "period": slo.period_label,
        "labels": tuple(sorted(slo.labels.items())),
        "corrections": corrections,
        "corrected_seconds": sum(one.until - one.since for one in corrections),
    }


def _corrections(slo: Slo, period: Period) -> Iterator[Correction]:
    for each in slo.corrections:
        for since, until in intervals([each], period.start, period.end):
            if until > period.start and since < period.end:
                yield Correction(max(since, period.start), min(until, period.end), each.reason)


def _budget(slo: Slo, past: Past, period: Period, step: float) -> tuple[tuple[Points, ...], Number]:
    """The budget that was left over the period, and at its end."""
    end = min(period.end, float(past.times[-1]))
    if end <= period.start:
        return (), Missing(_NO_DATA)
    times = grid(period.start, end, step)
    left = 1 - spent(slo, past, times)
    keep = times >= (past.first_measured or 0.0)
    return tuple(runs(times[keep], left[keep])), known(float(left[-1]), "no events in the SLO's own period")


def _paging(slo: Slo, group: str, past: Past, period: Period, also: Known, step: float) -> Paging | Missing:
    if also.fired is not None:
        return paging("alerts", also.fired.get((slo.name, group), ()), slo, past, period)
    if step <= MIDDLE_WIDTH:
        count = int((min(period.end, float(past.times[-1])) - period.start) // step)
        if count > 0:
            span = Span(period.start, period.start + count * step, step)
            return paging("replay", replayed(course(slo, past, span), also.keep), slo, past, period)
        return Missing(_NO_DATA)
    if also.history is not None:
        try:
            read = also.history(slo, period).get(group)
        except (NotYet, SourceError):
            read = None
        if read is not None and step_of(read, period) <= MIDDLE_WIDTH:
            return _paging(slo, group, read, period, also, step_of(read, period))
    return Missing("slots older than three days are too wide to replay alerts; a Prometheus keeps those that fired")


def _forecast(slo: Slo, past: Past, period: Period) -> Forecast:
    """From the whole hours before the end, as the exporter forecasts; hours less than half measured count as not."""
    if isinstance(slo.period, Calendar) or slo.period_seconds % COARSE_WIDTH:
        gone = Missing("a calendar's budget begins anew: the burn rate over the period tells more")
        return Forecast(gone, gone)
    now = min(period.end, float(past.times[-1])) // COARSE_WIDTH * COARSE_WIDTH
    begin = max(past.first_measured or now, float(past.times[0]), now - slo.period_seconds)
    hours = int((now - begin) // COARSE_WIDTH)
    short = Missing("less than 14 days of history")
    if hours < 1:
        return Forecast(short, short)
    edges = now - np.arange(hours, -1, -1, dtype=np.float64) * COARSE_WIDTH
    total, bad, measured = past.between(edges[:-1], edges[1:])
    untold = measured < _HOURS_MEASURED * COARSE_WIDTH
    for since, until in past.cuts:
        untold |= (edges[:-1] < until) & (edges[1:] > since)
    total, bad = np.where(untold, np.nan, total), np.where(untold, np.nan, np.minimum(bad, total))
    found = forecast.exhaustion(bad, total, slo.objective, float(slo.period_seconds))
    median = found.seconds[forecast.QUANTILES.index(0.5)]
    probability = known(float(found.probability), short.reason)
    if isinstance(probability, Missing):
        return Forecast(probability, probability)
    return Forecast(probability, known(now + median, "it is expected to last"))
