"""Pages of an SLO: those that fired, as Prometheus has kept them, or those of a replay; and whether they were right."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from exporter.spec import Slo
from exporter.stats import burn
from exporter.windows import HOUR
from winburn.backtest.course import Course
from winburn.backtest.firings import firings, merged
from winburn.backtest.past import Past
from winburn.report.slo_review import Page, Paging
from winburn.report.values import Missing, Period, known

BEFORE = float(HOUR)
"""How long before a page the events count that it may be about: the long window of the fastest tier."""


@dataclass(frozen=True, slots=True)
class Fired:
    """One alert that fired from ``since`` to ``until``; ``open`` says that it fired on."""

    tier: str
    severity: str
    since: float
    until: float
    open: bool


def replayed(course: Course, keep: float) -> list[Fired]:
    """The alerts that the generated rules would have fired; ``keep`` is their keep_firing_for in seconds."""
    end = course.span.end
    return [
        Fired(f.tier, f.severity, f.since, end if f.until is None else f.until, f.until is None)
        for f in firings(course, keep)
    ]


def paging(origin: str, found: Iterable[Fired], slo: Slo, past: Past | None, period: Period) -> Paging:
    """Notifications of a period: tiers of one severity that fire together are one."""
    fired = list(found)
    pages = tuple(_pages([f for f in fired if f.severity == "page"], slo, past, period))
    judged = [page.burnt for page in pages if not isinstance(page.burnt, Missing)]
    why = "no page" if not pages else "nothing was measured about its pages"
    tickets = merged([(f.since, f.until) for f in fired if f.severity == "ticket"])
    seconds = sum(page.until - page.since for page in pages)
    return Paging(origin, pages, len(tickets), seconds, known(sum(judged) / len(judged) if judged else None, why))


def _pages(fired: Sequence[Fired], slo: Slo, past: Past | None, period: Period) -> Iterable[Page]:
    for since, until in merged([(f.since, f.until) for f in fired]):
        mine = [f for f in fired if since <= f.since <= until]
        tiers = ", ".join(sorted({f.tier for f in mine if f.tier}))
        going = any(f.open and f.until >= until for f in mine)
        yield Page(max(since, period.start), until, tiers, _burnt(slo, past, since, until), going)


def _burnt(slo: Slo, past: Past | None, since: float, until: float) -> bool | Missing:
    """Whether the error ratio from BEFORE the page until it cleared was above the budget."""
    if past is None:
        return Missing("its events are not known")
    total, bad, _ = (float(part[0]) for part in past.between(np.array([since - BEFORE]), np.array([until])))
    return float(burn.burn_rate(bad, total, slo.objective)) > 1 if total > 0 else Missing("no events were measured")
