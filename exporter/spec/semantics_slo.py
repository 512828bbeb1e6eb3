"""What the schema cannot say of an SLO: its SLI, its period, its groups, its corrections, and its alerts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from exporter.promql import format_duration
from exporter.spec.semantics_corrections import check_correction
from exporter.spec.semantics_sli import check_sli
from exporter.spec.semantics_tiers import check_tiers
from exporter.spec.slo_models import Calendar, Slo
from exporter.spec.tree import Parts, Problem, shown
from exporter.windows import HOUR, MINUTE


def check_slo(slo: Slo, parts: Parts, sources: Mapping[str, str | None], refresh: float) -> Iterator[Problem]:
    """The mistakes of one SLO, which stands at ``parts``; ``sources`` gives the type of each source, None if broken."""
    yield from check_sli(slo.sli, (*parts, "sli"), sources, refresh)
    if not isinstance(slo.period, Calendar):
        yield from _period(slo.period, (*parts, "period"))
    yield from _groups(slo, (*parts, "group_by"))
    for i, correction in enumerate(slo.corrections):
        yield from check_correction(correction, (*parts, "corrections", i))
    yield from check_tiers(slo, (*parts, "alerting"), refresh)


def _period(period: float, parts: Parts) -> Iterator[Problem]:
    if period < HOUR:
        yield Problem(parts, f"{format_duration(period)} is shorter than 1h; usual are 7d to 30d")
    elif period % MINUTE:
        yield Problem(parts, f"{format_duration(period)} is not a whole number of minutes; usual are 7d to 30d")


def _groups(slo: Slo, parts: Parts) -> Iterator[Problem]:
    for i, name in enumerate(slo.group_by):
        if name in slo.group_by[:i]:
            yield Problem((*parts, i), f"the label {shown(name)} is listed twice; keep one")
        elif name in slo.labels:
            message = f"the label {shown(name)} is given a fixed value under labels already; take it out of one of them"
            yield Problem((*parts, i), message)
