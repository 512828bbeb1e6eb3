"""What the schema cannot say of a correction: one time or a rule, and whether the rule can be followed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from exporter.spec.corrections import parse_start, parts_of, read_rule
from exporter.spec.slo_models import Correction
from exporter.spec.tree import Parts, Problem, did_you_mean, listed, shown

_ONCE = {"from": "begin", "to": "end"}
_AGAIN = {"rrule": "rrule", "start": "start", "duration": "duration"}
_EARLIEST = 2000
"""Year of a rule's first day: all its times are counted through from there."""


def check_correction(correction: Correction, parts: Parts) -> Iterator[Problem]:
    """The mistakes of one correction, which stands at ``parts``."""
    once = [key for key, name in _ONCE.items() if getattr(correction, name) is not None]
    again = [key for key, name in _AGAIN.items() if getattr(correction, name) is not None]
    if once and again:
        message = f"{listed([*once, *again])} are given together; keep from and to, or rrule, start and duration"
        yield Problem(parts, message)
    elif not once and not again:
        yield Problem(parts, "it has no time; give from and to for one time, or rrule, start and duration for a rule")
    else:
        wanted = _ONCE if once else _AGAIN
        for key in wanted:
            if key not in (once or again):
                yield Problem(
                    (*parts, key), f"the key {shown(key)} is required beside {listed(once or again)}{_HOW[key]}"
                )
    yield from _once(correction, parts, alone=not again)
    yield from _again(correction, parts)


_HOW = {
    "from": ", like from: 2026-11-01T22:00:00Z",
    "to": ", like to: 2026-11-01T23:30:00Z",
    "rrule": ", like rrule: FREQ=WEEKLY;BYDAY=SU",
    "start": ', like start: "02:00"',
    "duration": ", like duration: 1h",
}


def _once(correction: Correction, parts: Parts, *, alone: bool) -> Iterator[Problem]:
    if correction.begin is None or correction.end is None:
        return
    if correction.end <= correction.begin:
        yield Problem((*parts, "to"), f"{_text(correction.end)} is not after from ({_text(correction.begin)})")
    if alone and "timezone" in correction.model_fields_set:
        message = "timezone belongs to a rule; from and to have their zone in them, so remove it"
        yield Problem((*parts, "timezone"), message, on_key=True)


def _text(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def _again(correction: Correction, parts: Parts) -> Iterator[Problem]:
    day, clock, readable = None, time(), correction.start is not None
    if correction.start is not None:
        try:
            day, clock = parse_start(correction.start)
        except ValueError:
            readable = False
            message = (
                f'{shown(correction.start)} is no start; write the time of day like "02:00", or the first day and time '
                "like 2026-11-01T02:00 (without a zone, which is a key of its own)"
            )
            yield Problem((*parts, "start"), message)
    if day is not None and day.year < _EARLIEST:
        yield Problem((*parts, "start"), f"the first day lies before {_EARLIEST}; write a later one of the same kind")
    elif correction.rrule is not None:
        wrong = check_rule(correction.rrule)
        if wrong is None and readable:
            if day is None and (reason := _needs_first_day(correction.rrule)):
                message = f"{reason}; write the first day too, like 2026-11-01T{clock:%H:%M}"
                yield Problem((*parts, "start"), message)
                return
            wrong = _never(correction.rrule, day, clock, correction.timezone)
        if wrong:
            yield Problem((*parts, "rrule"), wrong)


_DAYS = "MO|TU|WE|TH|FR|SA|SU"
_KEYS: Mapping[str, tuple[str, str]] = {
    "FREQ": ("DAILY|WEEKLY|MONTHLY|YEARLY", "DAILY, WEEKLY, MONTHLY or YEARLY"),
    "INTERVAL": ("[1-9][0-9]{0,3}", "a whole number like 2"),
    "COUNT": ("[1-9][0-9]{0,3}", "a whole number like 10, at most 9999"),
    "UNTIL": ("[0-9]{8}(T[0-9]{6}Z?)?", "a day like 20261231, or a time like 20261231T235959Z"),
    "BYDAY": (
        f"[+-]?[0-9]{{0,2}}({_DAYS})",
        "days like MO,SU, in a month or year also 1MO (the first) or -1FR (the last)",
    ),
    "BYMONTH": ("[1-9]|1[0-2]", "months from 1 to 12"),
    "BYMONTHDAY": ("[+-]?([1-9]|[12][0-9]|3[01])", "days from 1 to 31, or from -1 (the last) to -31"),
    "BYYEARDAY": ("[+-]?([1-9]|[1-9][0-9]|[12][0-9]{2}|3[0-5][0-9]|36[0-6])", "days from 1 to 366, or -1 to -366"),
    "BYWEEKNO": ("[+-]?([1-9]|[1-4][0-9]|5[0-3])", "weeks from 1 to 53, or -1 to -53"),
    "BYSETPOS": ("[+-]?([1-9]|[1-9][0-9]|[12][0-9]{2}|3[0-5][0-9]|36[0-6])", "places from 1 on, or from -1 (the last)"),
    "WKST": (_DAYS, "a day like MO"),
}
"""Part of a rule -> the pattern of one value, and what it may be (RFC 5545, section 3.3.10)."""

_LISTS = frozenset({"BYDAY", "BYMONTH", "BYMONTHDAY", "BYYEARDAY", "BYWEEKNO", "BYSETPOS"})
_OF_THE_DAY = frozenset({"BYHOUR", "BYMINUTE", "BYSECOND"})
_FITTING = {"BYWEEKNO": ("YEARLY",), "BYSETPOS": ("WEEKLY", "MONTHLY", "YEARLY")}
_DATED = frozenset({"BYDAY", "BYMONTHDAY", "BYYEARDAY", "BYWEEKNO"})


def check_rule(text: str) -> str | None:
    """Why a text is no rule that can be followed day by day; None where it is one."""
    if "DTSTART" in text.upper() or "\n" in text:
        return "write the rule alone, like FREQ=WEEKLY;BYDAY=SU; its first day and time stand in start"
    given: dict[str, str] = {}
    for part in re.sub("^RRULE:", "", text, flags=re.IGNORECASE).split(";"):
        key, equals, value = part.upper().partition("=")
        if wrong := _part(part, key, value if equals else None, given):
            return wrong
        given[key] = value
    if "FREQ" not in given:
        return f"{shown(text)} does not say how often; begin with FREQ=DAILY, WEEKLY, MONTHLY or YEARLY"
    return _together(given)


def _part(part: str, key: str, value: str | None, given: Mapping[str, str]) -> str | None:
    if value is None:
        return f"{shown(part)} is no part of a rule; parts are like FREQ=WEEKLY, with ';' between them"
    if key in _OF_THE_DAY:
        return f"{key} does not belong here: the time of day stands in start; write one correction for each time"
    if key not in _KEYS:
        hint = did_you_mean(key, _KEYS)
        return f"{shown(key)} is no part of a rule" + (
            f", did you mean {hint}?" if hint else f"; known: {', '.join(_KEYS)}"
        )
    if key in given:
        return f"{key} is given twice; keep one"
    return _value(key, value)


def _value(key: str, value: str) -> str | None:
    pattern, possible = _KEYS[key]
    values = value.split(",") if key in _LISTS else [value]
    if key == "FREQ" and value in {"HOURLY", "MINUTELY", "SECONDLY"}:
        return f"FREQ={value} is more often than daily; write one correction for each time of day, with FREQ=DAILY"
    for one in values:
        if not re.fullmatch(pattern, one):
            return f"{shown(one)} cannot stand after {key}=; write {possible}"
    return _day_of(value) if key == "UNTIL" else None


def _day_of(until: str) -> str | None:
    try:
        datetime.strptime(until[:15].partition("T")[0], "%Y%m%d")  # noqa: DTZ007 - only whether there is such a day
        time.fromisoformat(until[9:15] or "000000")
    except ValueError:
        return f"{shown(until)} cannot stand after UNTIL=: there is no such day or time"
    return None


def _together(given: Mapping[str, str]) -> str | None:
    often = given["FREQ"]
    if "COUNT" in given and "UNTIL" in given:
        return "COUNT and UNTIL are both given; keep one"
    if often in {"DAILY", "WEEKLY"} and re.search("[0-9]", given.get("BYDAY", "")):
        return f"a number before the day in BYDAY={given['BYDAY']} needs FREQ=MONTHLY or FREQ=YEARLY"
    for key, fitting in _FITTING.items():
        if key in given and often not in fitting:
            return f"{key} needs FREQ={' or FREQ='.join(fitting)}"
    return None


def _needs_first_day(text: str) -> str | None:
    """Why the time of day alone does not say when a rule is in force."""
    given = dict(part.split("=", 1) for part in parts_of(text))
    for key in ("COUNT", "INTERVAL"):
        if key in given and not (key == "INTERVAL" and given[key] == "1"):
            return f"{key} counts from a first day"
    if given["FREQ"] == "DAILY" or _DATED & given.keys():
        return None
    return f"FREQ={given['FREQ']} repeats a first day"


def _never(text: str, day: date | None, clock: time, timezone: str) -> str | None:
    """That no day fits. Asked of the days alone first: dateutil looks as far as the year 9999, by years in a second,
    by days in many."""
    zone, first = ZoneInfo(timezone), datetime.combine(day or date(_EARLIEST, 1, 1), clock)
    parts = [part for part in parts_of(text) if part.split("=")[0] in _DAYS_ONLY]
    days = ";".join(["FREQ=YEARLY", *(re.sub(r"[-+]?[0-9]+(?=[A-Z])", "", part) for part in parts)])
    every = days if _DATED & {part.split("=")[0] for part in parts} else "FREQ=DAILY"
    if next(iter(read_rule(every, zone, first)), None) and next(iter(read_rule(text, zone, first)), None):
        return None
    return f"{shown(text)} never happens: no day fits all of its parts"


_DAYS_ONLY = _DATED | {"BYMONTH"}
