"""OpenSLO's durations and time windows: ``m`` is a minute and ``M`` a month."""

from __future__ import annotations

import re
from datetime import datetime
from zoneinfo import ZoneInfo

from exporter.promql import format_duration
from winburn.convert.draft import DEFAULT_PERIOD, Period, Remarks
from winburn.convert.fields import Fields
from winburn.convert.notes import ConvertError, shown

_SECONDS = {
    "m": 60,
    "h": 3600,
    "d": 86400,
    "w": 7 * 86400,
    "M": 30 * 86400,
    "Q": 90 * 86400,
    "Y": 365 * 86400,
}
_CALENDARS = {"d": "day", "w": "week", "M": "month", "Q": "quarter", "Y": "year"}
_ZONED = re.compile(r"(Z|[+-][0-9]{2}:?[0-9]{2})$")


def shorthand(text: str, line: int, what: str) -> tuple[int, str]:
    """Number and unit of a duration-shorthand such as 5m, 4w or 1M."""
    match = re.fullmatch(r"\s*([0-9]{1,6})([mhdwMQY])\s*", text)
    if match is None or not int(match.group(1)):
        raise ConvertError(line, f"{what} must be a duration like 5m, 4w or 1M, not {shown(text)}")
    return int(match.group(1)), match.group(2)


def seconds_of(text: str, line: int, what: str) -> int:
    """Seconds of a duration-shorthand; months, quarters and years at 30, 90 and 365 days."""
    count, unit = shorthand(text, line, what)
    return count * _SECONDS[unit]


def period_of(window: Fields, remarks: Remarks) -> Period:
    """The period of an item of timeWindow."""
    line = window.line_of("duration")
    count, unit = shorthand(window.need("duration"), line, "timeWindow duration")
    if unit == "m":
        remarks.add(
            f"MISTAKE? the timeWindow {count}m is {'a minute' if count == 1 else f'{count} minutes'}; months are "
            f"written {count}M, and were taken: check the period",
            line=line,
        )
        unit = "M"
    rolling, calendar = window.flag("isRolling"), window.maybe("calendar")
    if calendar is not None and rolling:
        remarks.add("isRolling and calendar are both given; the period was taken as rolling", line=calendar.line)
        calendar.settle_all()
        calendar = None
    if calendar is None and (rolling is None or rolling):
        return _rolling(count, unit, remarks, line)
    zone = _zone(calendar, unit, remarks, line)
    if count == 1 and unit in _CALENDARS:
        return _CALENDARS[unit], zone
    length = format_duration(count * _SECONDS[unit])
    remarks.add(
        f"calendar periods here are one day, week, month, quarter or year; {count}{unit} became the rolling {length}",
        line=line,
    )
    return count * _SECONDS[unit]


def _rolling(count: int, unit: str, remarks: Remarks, line: int) -> Period:
    seconds = count * _SECONDS[unit]
    if unit in "MQY":
        remarks.add(
            f"a rolling period of {count}{unit} has no fixed length; {format_duration(seconds)} was taken", line=line
        )
    if seconds < 3600:
        remarks.add(f"a period of {format_duration(seconds)} is too short to judge; 30d was taken", line=line)
        return DEFAULT_PERIOD
    return seconds


def _zone(calendar: Fields | None, unit: str, remarks: Remarks, line: int) -> str:
    if calendar is None:
        remarks.add("the period follows the calendar, but calendar is missing: UTC was taken", line=line)
        return "UTC"
    name, start = calendar.text("timeZone"), calendar.text("startTime")
    if start is not None:
        _start(start.strip(), unit, remarks, calendar.line_of("startTime"), zoned=name is not None)
    if name is None:
        remarks.add("calendar has no timeZone, so its start is ambiguous: UTC was taken", line=calendar.line)
        return "UTC"
    try:
        ZoneInfo(name)
    except (ValueError, OSError):
        remarks.add(f"timeZone {shown(name)} is no IANA zone: UTC was taken", line=calendar.line_of("timeZone"))
        return "UTC"
    return name


def _start(text: str, unit: str, remarks: Remarks, line: int, *, zoned: bool) -> None:
    if _ZONED.search(text):
        if zoned:
            remarks.add("startTime has a zone of its own, which OpenSLO forbids; timeZone was taken", line=line)
        text = _ZONED.sub("", text)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        remarks.add(f"startTime {shown(text)} is no date and time, and was not carried", line=line)
        return
    if (moment.hour, moment.minute, moment.second) != (0, 0, 0) or not _begins(moment, unit):
        remarks.add(
            f"startTime {text} was not carried: periods begin at midnight, weeks on Monday, months, quarters and years "
            "on their first day",
            line=line,
        )


def _begins(moment: datetime, unit: str) -> bool:
    """Whether a period of the unit begins on this day."""
    if unit == "w":
        return moment.weekday() == 0
    months = {"M": range(1, 13), "Q": (1, 4, 7, 10), "Y": (1,)}.get(unit)
    return months is None or (moment.day == 1 and moment.month in months)
