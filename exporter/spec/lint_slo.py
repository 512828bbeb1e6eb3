"""Warnings about one SLO: tiers, budgets, groups and corrections that do less than they seem to."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from decimal import ROUND_FLOOR, Decimal

from exporter.promql import format_duration
from exporter.spec.corrections import parse_start
from exporter.spec.models import Spec
from exporter.spec.semantics_composite import components
from exporter.spec.semantics_tiers import lowest_objective, never_fires, plain
from exporter.spec.slo_models import Correction, OwnTier, Slo
from exporter.spec.tiers import tiers_in_force
from exporter.spec.tree import listed
from exporter.windows import MINUTE, TIERS, factor

SLOT = 5 * MINUTE
"""Length of the slots of a ledger's past, in which corrections are taken out."""

_BY_TIME = frozenset({"bool", "ratio", "slices"})
_COMPOSED = frozenset({"composite", "journey"})


def lint_slo(slo: Slo, spec: Spec) -> Iterator[str]:
    """One sentence for each warning about one SLO of a spec, each beginning with its path."""
    path = f"slos[{slo.name}]"
    yield from _one_bad_slot(slo, spec, path)
    yield from _mixed(slo, spec, path)
    yield from _groups(slo, path)
    for i, correction in enumerate(slo.corrections):
        yield from _correction(correction, f"{path}.corrections[{i}]")
    if slo.alerting.tiers is None:
        yield from _left_out(slo, f"{path}.alerting")
    else:
        for own in slo.alerting.tiers:
            yield from _own(slo, own, f"{path}.alerting.tiers[{own.name}]")
    if not tiers_in_force(slo):
        yield f"{path}.alerting: no burn alert is in force; only an exhausted budget will be told"
    if slo.alerting.low_traffic_gate is None:
        yield f"{path}.alerting.low_traffic_gate: off, so that at low traffic a single error may page"


def _one_bad_slot(slo: Slo, spec: Spec, path: str) -> Iterator[str]:
    """Where time is counted, the budget is a number of slots, and may be less than one."""
    if slo.sli.kind not in _BY_TIME:
        return
    slot = slo.sli.slices.slice if slo.sli.slices is not None else spec.refresh
    what = "slice" if slo.sli.slices is not None else "refresh"
    budget = slo.period_seconds * (100 - slo.objective) / 100
    if budget < Decimal(str(slot)):
        highest = 100 - 100 * Decimal(str(slot)) / slo.period_seconds
        yield (
            f"{path}.objective: {slo.objective:f} leaves {plain(budget)}s of {slo.period_label} "
            f"({plain(100 - slo.objective)} % of {slo.period_seconds}s), less than one {what} of "
            f"{format_duration(slot)}, so that a single bad one breaks it; at most "
            f"{highest.quantize(Decimal('0.0001'), ROUND_FLOOR).normalize():f} allows for one"
        )


def _mixed(slo: Slo, spec: Spec, path: str) -> Iterator[str]:
    if slo.sli.composite is None:
        return
    kinds = {other.name: other.sli.kind for other in spec.slos}
    names = [name for name in components(slo.sli) if kinds[name] not in _COMPOSED]
    timed = [name for name in names if kinds[name] in _BY_TIME]
    if timed and len(timed) < len(names):
        events = [name for name in names if name not in timed]
        yield (
            f"{path}.sli.composite: events of {listed(events)} are added to time of {listed(timed)}, so that the "
            "weights mean little; add up one sort alone"
        )


def _groups(slo: Slo, path: str) -> Iterator[str]:
    """Labels that a query of one's own would have to give, and does not seem to."""
    query = slo.sli.sql
    for label in slo.group_by:
        if query is not None and "*" not in query and not re.search(rf"\b{label}\b", query):
            yield f"{path}.group_by: the query does not mention {label}; it must give a column of that name"


def _correction(correction: Correction, path: str) -> Iterator[str]:
    edges: Mapping[str, datetime | None] = {"from": correction.begin, "to": correction.end}
    for key, edge in edges.items():
        if edge is not None and (over := edge.timestamp() % SLOT):
            try:
                moved = edge + timedelta(seconds=(SLOT if key == "to" else 0) - over)
            except OverflowError:  # the last minutes of the year 9999: there is no time to widen it to
                continue
            yield f"{path}.{key}: {_time(edge)} is widened to {_time(moved)}: {_SLOTS}"
    if correction.start is not None and correction.duration is not None:
        _, clock = parse_start(correction.start)
        over = (clock.minute * MINUTE + clock.second + clock.microsecond / 1e6) % SLOT
        if over:
            yield f"{path}.start: {correction.start} begins up to 5 minutes early: {_SLOTS}"
        if (over + correction.duration) % SLOT:
            yield f"{path}.duration: {format_duration(correction.duration)} ends up to 5 minutes late: {_SLOTS}"


_SLOTS = "events are corrected in slots of 5m"


def _time(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def _left_out(slo: Slo, path: str) -> Iterator[str]:
    in_force = {tier.name for tier, _ in tiers_in_force(slo)}
    for tier in TIERS:
        if tier.name in {*slo.alerting.page, *slo.alerting.ticket} and tier.name not in in_force:
            yield (
                f"{path}: tier {tier.name} is left out: its window of {tier.long} is more than a quarter of the period "
                f"of {slo.period_label}"
            )


def _own(slo: Slo, own: OwnTier, path: str) -> Iterator[str]:
    tier = next(tier for tier, _ in tiers_in_force(slo) if tier.name == own.name)
    above = factor(tier, slo.period_seconds)
    if wrong := never_fires(slo, tier):
        yield f"{path}: {wrong}, so it never fires; it could with an objective above {lowest_objective(above)}"
    if own.factor is not None and own.factor < 1:
        yield (
            f"{path}.factor: {plain(own.factor)} is below 1, so that it fires while the objective is being met; 1 "
            f"spends just the budget within {slo.period_label}"
        )
    if own.budget_share is not None:
        share = Decimal(str(own.budget_share))
        burn = share * slo.period_seconds / tier.long_seconds
        if burn < 1:
            yield (
                f"{path}.budget_share: {share:f} x {slo.period_label} / {tier.long} is a burn rate of {plain(burn)}, "
                "less than meeting the objective allows; 1 is taken"
            )
