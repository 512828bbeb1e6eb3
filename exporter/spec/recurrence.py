"""Which recurring corrections are plain arithmetic of Unix time, which a PromQL rule can say without a calendar."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from exporter.spec.corrections import parse_start, parts_of
from exporter.spec.slo_models import Correction
from exporter.windows import DAY

_WEEKDAYS = {"MO": 0, "TU": 1, "WE": 2, "TH": 3, "FR": 4, "SA": 5, "SU": 6}
_WEEK = 7 * DAY
_EPOCH_WEEKDAY = 3  # 1970-01-01 was a Thursday
_YEARS = range(2020, 2038)
"""The years in which a zone's offset must be one and the same; a literal, so that output does not change with time."""


@dataclass(frozen=True, slots=True)
class Recurrence:
    """From every moment ``t`` with ``(t - begin) % every == 0`` on, for ``seconds``: Unix seconds. ``since`` is the
    first of them, None where there have been some for ever."""

    every: int
    begin: int
    seconds: float
    since: int | None


def recurrences(correction: Correction) -> tuple[Recurrence, ...]:
    """What a correction by rule is in Unix time; () for one that is given by ``from`` and ``to``.

    ValueError, with the reason as its text, where that cannot be said: rules other than daily ones and weekly ones by
    weekday, and zones whose offset changes.
    """
    if correction.rrule is None or correction.start is None or correction.duration is None:
        return ()
    parts = dict(part.partition("=")[::2] for part in parts_of(correction.rrule))
    if beyond := parts.keys() - {"FREQ", "BYDAY", "INTERVAL", "WKST"}:
        raise ValueError(f"a rule with {sorted(beyond)[0]} has no form in PromQL")
    if parts.get("INTERVAL", "1") != "1":
        raise ValueError(f"a rule with INTERVAL={parts['INTERVAL']} has no form in PromQL")
    if parts["FREQ"] not in {"DAILY", "WEEKLY"}:
        raise ValueError(f"a rule with FREQ={parts['FREQ']} has no form in PromQL")
    offset = _offset(correction.timezone)
    day, clock = parse_start(correction.start)
    at = clock.hour * 3600 + clock.minute * 60 + clock.second - offset
    since = None
    if day is not None:
        since = round(datetime.combine(day, clock, UTC).timestamp()) - offset
    if "BYDAY" in parts:
        if beyond := set(parts["BYDAY"].split(",")) - _WEEKDAYS.keys():
            raise ValueError(f"a rule with BYDAY={sorted(beyond)[0]} has no form in PromQL")
        weekdays = [_WEEKDAYS[name] for name in parts["BYDAY"].split(",")]
    elif parts["FREQ"] == "DAILY":
        return (Recurrence(DAY, at % DAY, correction.duration, since),)
    else:
        weekdays = [day.weekday()] if day is not None else []
    begins = sorted({((weekday - _EPOCH_WEEKDAY) * DAY + at) % _WEEK for weekday in weekdays})
    return tuple(Recurrence(_WEEK, begin, correction.duration, since) for begin in begins)


def _offset(timezone: str) -> int:
    """Seconds east of Greenwich; ValueError where they change, looked at twice a month."""
    zone = ZoneInfo(timezone)
    moments = (datetime(year, 1, 1, tzinfo=UTC) + timedelta(days=15 * n) for year in _YEARS for n in range(25))
    offsets = {moment.astimezone(zone).utcoffset() or timedelta() for moment in moments}
    if len(offsets) > 1:
        raise ValueError(f"the clock of {timezone} changes with the season, which PromQL does not know")
    return round(offsets.pop().total_seconds())
