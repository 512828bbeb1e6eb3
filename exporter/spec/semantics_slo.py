"""What the schema cannot say of an SLO: its SLI's kind, its period, and whether its alerts can fire."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import ROUND_CEILING, Decimal

from exporter.promql import check_selector, format_duration
from exporter.spec.references import check_source
from exporter.spec.slo_models import Calendar, Sli, Slo
from exporter.spec.tiers import tiers_in_force
from exporter.spec.tree import Parts, Problem, did_you_mean, shown
from exporter.windows import HOUR, MINUTE, TIERS, Severity, Tier, factor, reachable

_TIERS = {tier.name: tier for tier in TIERS}
_LISTS: tuple[Severity, ...] = ("page", "ticket")


def check_slo(slo: Slo, parts: Parts, sources: Mapping[str, str | None]) -> Iterator[Problem]:
    """The mistakes of one SLO, which stands at ``parts``; ``sources`` gives the type of each source, None if broken."""
    yield from _sli(slo.sli, (*parts, "sli"), sources)
    if not isinstance(slo.period, Calendar):
        yield from _period(slo.period, (*parts, "period"))
    yield from _listed(slo, (*parts, "alerting"))
    yield from _too_long(slo, (*parts, "alerting"))
    yield from _unreachable(slo, (*parts, "alerting"))


def _sli(sli: Sli, parts: Parts, sources: Mapping[str, str | None]) -> Iterator[Problem]:
    selectors = {key: text for key in ("total", "bad", "good") if (text := getattr(sli, key)) is not None}
    if sli.sql is not None and selectors:
        yield Problem(parts, f"sql and {' and '.join(selectors)} are both given; keep one way of counting")
    elif sli.sql is None and not selectors:
        yield Problem(parts, "nothing is counted; give total with bad or good (PromQL selectors), or sql (a query)")
    elif sli.sql is None and "total" not in selectors:
        yield Problem(parts, "total is required beside bad or good: the selector of all events")
    elif sli.sql is None and len(selectors) != 2:
        what = (
            "bad and good are both given; keep one" if len(selectors) == 3 else "bad or good is required beside total"
        )
        yield Problem(parts, f"{what}: the selector of the bad events, or of the good ones")
    if sli.sql is not None and not selectors:
        yield from check_source(sli.source, (*parts, "source"), sources, "sql", "sql needs")
        yield from _parameters(sli.sql, (*parts, "sql"))
    else:
        wanted = None if sli.sql is not None else "prometheus"
        need = f"{' and '.join(selectors)} need{'s' if len(selectors) == 1 else ''}"
        yield from check_source(sli.source, (*parts, "source"), sources, wanted if selectors else None, need)
    for key, text in selectors.items():
        if wrong := check_selector(text):
            yield Problem((*parts, key), wrong)


def _parameters(sql: str, parts: Parts) -> Iterator[Problem]:
    missing = [name for name in (":start", ":end", ":step") if not re.search(rf"(?<![:\w]){name}\b", sql)]
    if missing:
        message = (
            f"the query does not use {', '.join(missing)}; it must count the events with :start <= time < :end in "
            "slots of :step seconds"
        )
        yield Problem(parts, message)


def _period(period: float, parts: Parts) -> Iterator[Problem]:
    if period < HOUR:
        yield Problem(parts, f"{format_duration(period)} is shorter than 1h; usual are 7d to 30d")
    elif period % MINUTE:
        yield Problem(parts, f"{format_duration(period)} is not a whole number of minutes; usual are 7d to 30d")


def _listed(slo: Slo, parts: Parts) -> Iterator[Problem]:
    for key in _LISTS:
        for i, name in enumerate(getattr(slo.alerting, key)):
            if name not in _TIERS:
                hint = did_you_mean(name, _TIERS)
                way_out = f", did you mean {shown(hint)}?" if hint else f"; there are: {', '.join(_TIERS)}"
                yield Problem((*parts, key, i), f"there is no tier {shown(name)}{way_out}")
            elif name in getattr(slo.alerting, key)[:i]:
                yield Problem((*parts, key, i), f"the tier {shown(name)} is listed twice; keep one")
    for name in slo.alerting.page:
        if name in slo.alerting.ticket and name in _TIERS:
            yield Problem(parts, _both(slo, name))


def _both(slo: Slo, name: str) -> str:
    """The defaults are named where they are the reason: a list that is not written down cannot be found in the file."""
    implied = [key for key in _LISTS if key not in slo.alerting.model_fields_set]
    if not implied:
        return f"the tier {name} stands under both page and ticket; keep one of them"
    left = ", ".join(other for other in getattr(slo.alerting, implied[0]) if other != name)
    default = ", ".join(getattr(slo.alerting, implied[0]))
    return (
        f"the tier {name} stands under both page and ticket ({implied[0]} is [{default}] unless it is given); add "
        f"{implied[0]}: [{left}]"
    )


def _too_long(slo: Slo, parts: Parts) -> Iterator[Problem]:
    """Only tiers that the spec itself lists: those of the defaults are left out quietly (lint tells)."""
    for key in _LISTS:
        for i, name in enumerate(getattr(slo.alerting, key)):
            tier = _TIERS.get(name)
            if tier and key in slo.alerting.model_fields_set and 4 * tier.long_seconds > slo.period_seconds:
                message = (
                    f"tier {name} looks back {tier.long}, more than a quarter of the period of "
                    f"{slo.period_label}; leave it out, or use a period of at least "
                    f"{format_duration(4 * tier.long_seconds)}"
                )
                yield Problem((*parts, key, i), message)


def _unreachable(slo: Slo, parts: Parts) -> Iterator[Problem]:
    dead = [tier for tier, _ in tiers_in_force(slo) if not reachable(factor(tier, slo.period_seconds), slo.objective)]
    for tier in dead:
        yield Problem(parts, _never(slo, tier, dead))


def _never(slo: Slo, tier: Tier, dead: list[Tier]) -> str:
    fires_above = factor(tier, slo.period_seconds)
    highest = Decimal(100) / (100 - slo.objective)
    enough = (100 - 100 / fires_above).quantize(Decimal("0.01"), ROUND_CEILING)
    names = {tier.name for tier in dead}
    changes = [
        f"{key}: [{', '.join(name for name in getattr(slo.alerting, key) if name not in names)}]"
        for key in _LISTS
        if names.intersection(getattr(slo.alerting, key))
    ]
    return (
        f"tier {tier.name} fires above a burn rate of {_number(fires_above)}, but with objective {slo.objective} the "
        f"burn rate cannot exceed {_number(highest)} (all events bad): leave it out with alerting: "
        f"{{{', '.join(changes)}}}, or raise the objective above {_number(enough)}"
        + ("; objectives are percentages, did you mean 99.9?" if slo.objective <= 1 else "")
    )


def _number(value: Decimal) -> str:
    return f"{value:.4f}".rstrip("0").rstrip(".")
