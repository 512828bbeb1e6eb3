"""Which period is meant: this week, last month, the last seven days, or between two times."""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo
from typing import Literal, get_args
from zoneinfo import ZoneInfo

from exporter.promql import format_duration, parse_duration
from exporter.spec.zones import known_zone
from winburn.report.values import Period

Named = Literal["this-week", "last-week", "this-month", "last-month"]
NAMES: tuple[str, ...] = get_args(Named)

WHOLE = 60.0
"""Ends that are nobody's choice are whole minutes."""


class PeriodError(ValueError):
    """No period is meant by this; the message says what would be one."""


def period(
    name: str | None,
    start: float | None,
    end: float | None,
    *,
    now: float,
    timezone: str = "UTC",
    default: str = "7d",
    release: float | None = None,
) -> Period:
    """The period called ``name`` (one of NAMES, or a duration before ``end``), or that from ``start`` to ``end``.

    ``end`` is ``now``, in whole minutes, where it is not given. Weeks begin on Monday; days, weeks and months are those
    of ``timezone``. ``release`` is a start too, that of a release. PeriodError where these do not go together, or
    nothing lies between them.
    """
    where = _zone(timezone)
    if release is not None:
        if name is not None or start is not None:
            raise PeriodError("a release is a start of its own: leave out the period and from")
        start = release
    if name is not None and start is not None:
        raise PeriodError("a period and a start cannot both be given: name the period, or give from and to")
    until = now // WHOLE * WHOLE if end is None else end
    if start is not None:
        found = Period(start, until, "" if release is None else "since the release", timezone, release is not None)
    elif name in NAMES:
        if end is not None:
            raise PeriodError(f"{name} has an end of its own: leave out to, or write a duration like 7d before it")
        found = _named(name or "", now, where, timezone)
    else:
        seconds = _seconds(name or default)
        found = Period(until - seconds, until, f"last {format_duration(seconds)}", timezone)
    if found.seconds < WHOLE:
        raise PeriodError("nothing lies between its start and its end: from must be at least a minute before to")
    return found


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(known_zone(name))
    except ValueError as error:
        raise PeriodError(str(error)) from None


def _seconds(text: str) -> float:
    try:
        seconds = parse_duration(text)
    except ValueError:
        raise PeriodError(f"{text!r} is no period; write one of {', '.join(NAMES)}, or a duration like 7d") from None
    return seconds


def _named(name: str, now: float, where: tzinfo, timezone: str) -> Period:
    today = datetime.fromtimestamp(now, where).replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    if name.endswith("week"):
        this = today - timedelta(days=today.weekday())
        before = this - timedelta(days=7)
    else:
        this = today.replace(day=1)
        before = (this - timedelta(days=1)).replace(day=1)
    if name.startswith("this"):
        return Period(this.timestamp(), now // WHOLE * WHOLE, name.replace("-", " "), timezone)
    return Period(before.timestamp(), this.timestamp(), name.replace("-", " "), timezone)
