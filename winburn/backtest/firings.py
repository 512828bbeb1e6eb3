"""From the conditions of tiers to firings: when each alert would have fired and cleared, and at what cost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from exporter.windows import Severity
from winburn.backtest.course import Course, Flags, Judged
from winburn.backtest.past import Floats, period_windows


@dataclass(frozen=True, slots=True)
class Firing:
    """One alert that fired. Times in Unix seconds; shares are of the period's error budget, None where undefined.

    ``until`` is None where it still fired at the span's end. ``incident`` is the beginning of the incident, see
    :func:`firings`; None, as what was spent since, for an alert that fired at the span's very first time already
    (``open``).
    """

    tier: str
    severity: Severity
    since: float
    until: float | None
    open: bool
    incident: float | None
    peak: float
    spent_when_fired: float | None
    spent_at_end: float | None
    remaining_at_end: float | None

    @property
    def detection(self) -> float | None:
        """Seconds from the beginning of the incident to the alert."""
        return None if self.incident is None else self.since - self.incident

    def lasted(self, end: float) -> float:
        """Seconds that it fired, to ``end`` at most."""
        return (end if self.until is None else self.until) - self.since


def firings(course: Course, keep: float) -> list[Firing]:
    """Every firing of every tier, in the order of time.

    ``keep`` is the rules' keep_firing_for in seconds: an alert clears that long after its condition was first found
    false, and a condition that comes back by then finds it firing still. While nothing is measured it freezes.

    The incident of a firing begins with the first bad slot of the run of burn > 1 that led to it: the run of times, up
    to the firing, at which the tier's short or long window burns faster than 1; its first bad slot is looked for from
    one short window before the run's first time on. Errors before it were, by themselves, within the budget. The budget
    spent by a firing counts from there.
    """
    found = [
        _firing(course, judged, first, last, keep)
        for judged in course.tiers
        for first, last in held(frozen(judged.holds, course.unmeasured, course.times, keep), course.times, keep)
    ]
    order = {judged.tier.name: i for i, judged in enumerate(course.tiers)}
    return sorted(found, key=lambda firing: (firing.since, order[firing.tier]))


def held(holds: Flags, times: Floats, keep: float) -> Iterator[tuple[int, int]]:
    """First and last index of each time that an alert fires with this condition, bridged by ``keep`` seconds."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], holds, [False])).astype(np.int8)))
    runs = edges.reshape(-1, 2).tolist()
    i = 0
    while i < len(runs):
        first, after = runs[i]
        while i + 1 < len(runs) and times[runs[i + 1][0]] <= times[after] + keep:
            i += 1
            after = runs[i][1]
        yield first, after - 1
        i += 1


def frozen(holds: Flags, unmeasured: Flags, times: Floats, keep: float) -> Flags:
    """The condition, going on through unmeasured times by whose beginning the alert fires."""
    going = holds.copy()
    edges = np.flatnonzero(np.diff(np.concatenate(([False], unmeasured, [False])).astype(np.int8)))
    for first, after in edges.reshape(-1, 2).tolist():
        before = np.flatnonzero(going[:first])
        if len(before) and times[first] <= times[before[-1] + 1] + keep:
            going[first:after] = True
    return going


def merged(spans: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Spans that overlap or touch as one, in order."""
    found: list[tuple[float, float]] = []
    for since, until in sorted(spans):
        if found and since <= found[-1][1]:
            found[-1] = (found[-1][0], max(until, found[-1][1]))
        else:
            found.append((since, until))
    return found


def _firing(course: Course, judged: Judged, first: int, last: int, keep: float) -> Firing:
    times, end = course.times, course.span.end
    incident = _incident(course, judged, first) if first else None
    until = float(times[last + 1]) + keep if last + 1 < len(times) else None
    # With an alert that clears after the end, nobody has seen it clear.
    until = None if until is None or until > end else until
    at_end = len(times) - 1 if until is None else int(np.searchsorted(times, until, side="right")) - 1
    remaining = 1 - course.spent[at_end]
    return Firing(
        tier=judged.tier.name,
        severity=judged.severity,
        since=float(times[first]),
        until=until,
        open=first == 0,
        incident=incident,
        peak=float(np.nanmax(course.burn[judged.tier.long][first : last + 1])),
        spent_when_fired=_spent_since(course, incident, first),
        spent_at_end=_spent_since(course, incident, at_end),
        remaining_at_end=None if np.isnan(remaining) else float(remaining),
    )


def _incident(course: Course, judged: Judged, first: int) -> float:
    tier, past = judged.tier, course.past
    burns = (course.burn[tier.short][: first + 1] > 1) | (course.burn[tier.long][: first + 1] > 1)
    calm = np.flatnonzero(~burns)
    run = min(int(calm[-1]) + 1, first) if len(calm) else 0
    since = course.times[run] - tier.short_seconds
    inside = (past.times > since + 1e-3) & (past.times <= course.times[first] + 1e-3) & (past.bad > 0)
    slot = int(np.argmax(inside)) if inside.any() else int(np.searchsorted(past.times, course.times[run] - 1e-3))
    return float(past.times[max(slot - 1, 0)])


def _spent_since(course: Course, incident: float | None, index: int) -> float | None:
    """Share of the period's budget that the bad events after ``incident`` have spent at a time."""
    spent, at = course.spent[index], course.times[index]
    if incident is None or np.isnan(spent):
        return None
    everything = course.past.between(period_windows(course.slo, np.array([at]))[0], np.array([at]))[1][0]
    since = course.past.between(np.array([incident]), np.array([at]))[1][0]
    if everything == 0:
        return 0.0
    return float(spent * min(1.0, since / everything))
