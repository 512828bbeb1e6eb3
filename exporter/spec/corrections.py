"""When the corrections of an SLO are in force: single times, and rules of RFC 5545 in a time zone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from dateutil.rrule import rrule, rrulestr

from exporter.spec.slo_models import Correction

_SLACK = timedelta(days=2)
"""More than any two zones, and any two offsets of one zone, differ by."""


def intervals(corrections: Iterable[Correction], start: float, end: float) -> list[tuple[float, float]]:
    """The times inside [``start``, ``end``) that are corrected, as Unix seconds: sorted, disjoint, none of them empty.

    Edges are those that are given. Each time of a rule begins at its local time of day and lasts ``duration`` of
    elapsed time; as RFC 5545, section 3.3.5, has it, a time of day that daylight saving skips is taken by the offset
    before the change (02:30 becomes 03:30), and of one that it repeats the first counts. The corrections must make
    sense, which the loader guarantees.
    """
    found = sorted(
        (max(begin, start), min(stop, end))
        for correction in corrections
        for begin, stop in _times(correction, start, end)
        if max(begin, start) < min(stop, end)
    )
    merged: list[tuple[float, float]] = []
    for begin, stop in found:
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(stop, merged[-1][1]))
        else:
            merged.append((begin, stop))
    return merged


def parse_start(text: str) -> tuple[date | None, time]:
    """The first day, None where only a time of day is given, and the time of ``02:00`` or ``2026-11-01T02:00``.

    ValueError where it is neither, or has a zone.
    """
    if len(text) == 5:
        return None, datetime.strptime(text, "%H:%M").time()  # noqa: DTZ007 - a local time, the zone is a key of its own
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is not None or len(text) < len("2026-11-01T02:00"):
        raise ValueError(text)
    return moment.date(), moment.time()


def parts_of(rule: str) -> list[str]:
    """``KEY=VALUE`` of each part of a rule, which RFC 5545 has in whatever case."""
    return rule.upper().removeprefix("RRULE:").split(";")


def read_rule(text: str, zone: ZoneInfo, first: datetime) -> rrule:
    """The rule in local times without a zone, from ``first`` on; whatever dateutil raises where it is none.

    ``UNTIL`` may be in UTC, or a day, which is included.
    """
    parts = [_local_until(part, zone) for part in parts_of(text)]
    rule = rrulestr(";".join(parts), dtstart=first, cache=True)
    if not isinstance(rule, rrule):
        raise TypeError("a set of rules")
    return rule


def _local_until(part: str, zone: ZoneInfo) -> str:
    key, _, value = part.partition("=")
    if key != "UNTIL":
        return part
    if value.endswith("Z"):
        moment = datetime.strptime(value, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).astimezone(zone)
        return f"UNTIL={moment:%Y%m%dT%H%M%S}"
    return f"UNTIL={value}T235959" if len(value) == len("20261231") else part


def _times(correction: Correction, start: float, end: float) -> Iterator[tuple[float, float]]:
    if correction.begin is not None and correction.end is not None:
        yield correction.begin.timestamp(), correction.end.timestamp()
    elif correction.rrule is not None and correction.start is not None and correction.duration is not None:
        zone, length = ZoneInfo(correction.timezone), correction.duration
        earliest = datetime.fromtimestamp(start - length, zone).replace(tzinfo=None) - _SLACK
        latest = datetime.fromtimestamp(end, zone).replace(tzinfo=None) + _SLACK
        day, clock = parse_start(correction.start)
        # Whole years, so that the rule and what it has given already can be kept. The first weeks of it may be wrong
        # (a set that BYSETPOS chooses from may be cut), but they are long over.
        first = datetime.combine(day or date(earliest.year - 1, 1, 1), clock)
        for moment in _rule(correction.rrule, correction.timezone, first).between(earliest, latest, inc=True):
            begin = moment.replace(tzinfo=zone).timestamp()
            yield begin, begin + length


@lru_cache(maxsize=256)
def _rule(text: str, timezone: str, first: datetime) -> rrule:
    return read_rule(text, ZoneInfo(timezone), first)
