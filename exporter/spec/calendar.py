"""Where a calendar period begins and ends."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from exporter.spec.slo_models import Calendar

_MONTHS = {"month": 1, "quarter": 3, "year": 12}


def calendar_bounds(calendar: Calendar, at: float) -> tuple[float, float]:
    """Start and end, in Unix seconds, of the calendar period that contains ``at``: start <= at < end.

    Periods begin at midnight of the zone, weeks on Monday (ISO 8601). A midnight that daylight saving skips is the
    moment of the change, one that it repeats the first of the two; consecutive periods tile the time line. The zone
    must exist (the loader guarantees it). Domain: the years 2 to 9997.
    """
    zone = ZoneInfo(calendar.timezone)
    first = _first_day(datetime.fromtimestamp(at, zone).date(), calendar.calendar)
    # Where clocks go back across midnight, the local date of an instant may be the day before the one that it is in.
    while at < _midnight(first, zone):
        first = _first_day(first - timedelta(days=1), calendar.calendar)
    while at >= _midnight(after := _next(first, calendar.calendar), zone):
        first = after
    return _midnight(first, zone), _midnight(after, zone)


def _first_day(day: date, kind: str) -> date:
    if kind == "day":
        return day
    if kind == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(month=day.month - (day.month - 1) % _MONTHS[kind], day=1)


def _next(first: date, kind: str) -> date:
    if kind in {"day", "week"}:
        return first + timedelta(days=1 if kind == "day" else 7)
    month = first.month - 1 + _MONTHS[kind]
    return date(first.year + month // 12, month % 12 + 1, 1)


def _midnight(day: date, zone: ZoneInfo) -> float:
    return datetime.combine(day, time(), zone).timestamp()
