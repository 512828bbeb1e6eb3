"""Whether a pattern is worn out: by its uses, and by a rate that falls with them.

A day is one observation. What the persona's other patterns did on the same day is taken out first, so that a falling
site or a weekend does not look like a tired pattern; where there is too little of the others, what scatter remains
widens the test (Pearson's dispersion). Reference: exporter.stats.fatigue.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from exporter.collectors.engagement_rates import clipped
from exporter.sources.engagement_rows import Engagement, Period, VariantRow
from exporter.spec import Fatigue
from exporter.stats.fatigue import change_log_m, trend

LEAST_DAYS = 14
LEAST_EVENTS = 30
"""Before these the dispersion cannot be estimated and nothing is said."""
DAY = 86_400.0
HISTORY = 90 * DAY
_SETTLED = 3600.0  # a variant younger than this is still gathering its interactions
_COMPARABLE = 0.8  # share of the days on which others must have enough events to be compared with
_LONGEST = 2000
FALSE_ALARM_USES = 50
"""The change detector's mean number of days between false alarms is this over alpha: 1,000 at 0.05."""

Key = tuple[str, str]
Counts = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Wear:
    """What is known of a persona's pattern; None where it is not defined."""

    pattern: str
    persona: str
    uses: float
    freshness: float
    rate: float | None
    e_value: float | None
    slope: float | None
    half_life: float | None
    reason: str | None
    """uses, trend or baseline; None where it is fresh enough."""


def freshness(uses: float, max_uses: int) -> float:
    """1 for no use, half of it for each use, 0 from ``max_uses`` on: 1, 0.5, 0.25, 0 for three."""
    return 0.0 if uses >= max_uses else 0.5**uses


def wear(engagement: Engagement, rule: Fatigue, at: float) -> list[Wear]:
    """Every persona's patterns, the most used first."""
    days = daily(engagement, at)
    recent, totals = uses(engagement, rule, at), by_day(days)
    found = [
        _wear(key, recent.get(key, 0.0), days.get(key, []), totals.get(key[1], {}), rule)
        for key in sorted({*days, *recent})
        if key[0]
    ]
    return sorted(found, key=lambda each: (-each.uses, each.pattern, each.persona))


def uses(engagement: Engagement, rule: Fatigue, at: float) -> dict[Key, float]:
    """Uses in the window, as recorded; where nobody records them, of the variants posted in it."""
    if engagement.uses is not None:
        return {(each.pattern, each.persona): each.count for each in engagement.uses}
    counts: defaultdict[Key, float] = defaultdict(float)
    for variant in engagement.variants:
        if variant.posted_at is not None and at - rule.window < variant.posted_at <= at:
            counts[variant.pattern, variant.persona] += 1
    return dict(counts)


def daily(engagement: Engagement, at: float) -> dict[Key, list[Period]]:
    """Uses by day in order of time, of which some have counts: those of the recorded uses' posts, else of variants."""
    recorded, posted = _by_key(engagement.periods), _by_key(_of_variants(engagement.variants, at))
    return {
        key: recorded[key] if any(p.exposures for p in recorded.get(key, ())) or key not in posted else posted[key]
        for key in {**recorded, **posted}
    }


def _of_variants(variants: Iterable[VariantRow], at: float) -> list[Period]:
    days: dict[tuple[str, str, float], Period] = {}
    for variant in variants:
        if variant.posted_at is None or not at - HISTORY < variant.posted_at <= at - _SETTLED or not variant.pattern:
            continue
        key = (variant.pattern, variant.persona, variant.posted_at // DAY * DAY)
        day = days.get(key, Period(*key, 0.0))
        views, acts = clipped(variant) or (0.0, 0.0)
        days[key] = replace(day, uses=day.uses + 1, exposures=day.exposures + views, events=day.events + acts)
    return list(days.values())


def _by_key(periods: Iterable[Period]) -> dict[Key, list[Period]]:
    found: defaultdict[Key, list[Period]] = defaultdict(list)
    for period in sorted(periods, key=lambda each: each.start):
        found[period.pattern, period.persona].append(period)
    return dict(found)


def _wear(key: Key, used: float, own: Sequence[Period], totals: Mapping[float, Counts], rule: Fatigue) -> Wear:
    exposures, events = sum(p.exposures for p in own), sum(p.events for p in own)
    counted = compared(own, others(own, totals))
    log_e = slope = half_life = None
    if len(counted) >= LEAST_DAYS and sum(p.events for p in counted) >= LEAST_EVENTS:
        result = trend(*_by_use(counted))
        log_e, slope = _defined(result.log_e_value), _defined(result.slope)
        half_life = _defined(result.half_life)
    reason = None
    if used >= rule.max_uses:
        reason = "uses"
    if rule.baseline is not None and _dropped(own, rule.baseline, rule.alpha):
        reason = "baseline"
    if log_e is not None and log_e >= -math.log(rule.alpha):
        reason = "trend"
    return Wear(
        *key,
        uses=used,
        freshness=freshness(used, rule.max_uses),
        rate=events / exposures if exposures > 0 else None,
        e_value=None if log_e is None else math.exp(min(log_e, 690.0)),
        slope=slope,
        half_life=half_life,
        reason=reason,
    )


def by_day(days: Mapping[Key, Sequence[Period]]) -> dict[str, dict[float, Counts]]:
    """Persona -> day -> exposures and events of all of its patterns."""
    sums: defaultdict[str, dict[float, Counts]] = defaultdict(dict)
    for (_, persona), periods in days.items():
        for period in periods:
            views, acts = sums[persona].get(period.start, (0.0, 0.0))
            sums[persona][period.start] = (views + period.exposures, acts + period.events)
    return sums


def others(own: Sequence[Period], totals: Mapping[float, Counts]) -> dict[float, Counts]:
    """Day -> exposures and events of the persona's other patterns, where there are enough events to compare with."""
    mine = {period.start: (period.exposures, period.events) for period in own}
    rest = {
        day: (totals[day][0] - views, totals[day][1] - acts) for day, (views, acts) in mine.items() if day in totals
    }
    return {day: counts for day, counts in rest.items() if counts[0] >= counts[1] >= LEAST_EVENTS}


def compared(own: Sequence[Period], rest: Mapping[float, Counts]) -> list[Period]:
    """The days with exposures as they would be if every day were like the others' average day: a day on which the
    others have twice their rate counts twice the exposures. As they are, where too few days can be compared."""
    counted = [period for period in own if period.exposures > 0] or rated(own)
    same = [period for period in counted if period.start in rest]
    if not counted or len(same) < _COMPARABLE * len(counted) or len(same) < LEAST_DAYS:
        return counted
    views, acts = (sum(rest[period.start][i] for period in same) for i in (0, 1))
    return [_as_if(period, rest[period.start], acts / views) for period in same]


def _as_if(period: Period, of_others: tuple[float, float], average: float) -> Period:
    views, acts = of_others
    return replace(period, exposures=max(period.events, period.exposures * (acts / views) / average))


def rated(own: Sequence[Period]) -> list[Period]:
    """Days with a stored rate and no counts, as many exposures each as their scatter allows: the variance of a share
    of so many would be what is seen. Nothing where that cannot be said."""
    known = [period for period in own if period.rate is not None]
    rates = np.array([period.rate for period in known], dtype=np.float64)
    if len(known) < LEAST_DAYS or not rates.std() > 0:
        return []
    exposures = float(rates.mean() * (1 - rates.mean()) / rates.var(ddof=1))
    return [replace(p, exposures=exposures, events=exposures * r) for p, r in zip(known, rates.tolist(), strict=True)]


def _by_use(days: Sequence[Period]) -> tuple[list[float], list[float]]:
    """Exposures and events at the place of each day's middle use, so that a slope is per use."""
    total = sum(day.uses for day in days)
    scale = min(1.0, _LONGEST / total) if total else 1.0
    places: list[int] = []
    so_far = 0.0
    for index, day in enumerate(days):
        middle = int(scale * (so_far + day.uses / 2))
        places.append(max(middle, places[-1] + 1 if index else 0))
        so_far += day.uses
    exposures, events = [0.0] * (places[-1] + 1), [0.0] * (places[-1] + 1)
    for place, day in zip(places, days, strict=True):
        exposures[place], events[place] = day.exposures, day.events
    return exposures, events


def _dropped(own: Sequence[Period], baseline: float, alpha: float) -> bool:
    """Whether the rate is below the one that was contracted, now."""
    counted = [period for period in own if period.exposures > 0]
    if not counted:
        return False
    log_m = change_log_m([p.exposures for p in counted], [p.events for p in counted], baseline)
    return bool(log_m[-1] >= math.log(FALSE_ALARM_USES / alpha))


def _defined(value: object) -> float | None:
    number = float(value)  # type: ignore[arg-type]  # a scalar of numpy's
    return number if math.isfinite(number) else None
