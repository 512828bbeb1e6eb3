"""Which times a name means."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from winburn.report.period import NAMES, PeriodError, period

BERLIN = "Europe/Berlin"


def at(text: str, zone: str = "UTC") -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()


@pytest.mark.parametrize(
    ("name", "start", "end"),
    [
        ("this-week", "2023-11-13", "2023-11-15T10:30"),  # a Wednesday
        ("last-week", "2023-11-06", "2023-11-13"),
        ("this-month", "2023-11-01", "2023-11-15T10:30"),
        ("last-month", "2023-10-01", "2023-11-01"),
        ("12h", "2023-11-14T22:30", "2023-11-15T10:30"),
        (None, "2023-11-08T10:30", "2023-11-15T10:30"),
    ],
)
@pytest.mark.parametrize("zone", ["UTC", BERLIN])
def test_names(name: str | None, start: str, end: str, zone: str) -> None:
    found = period(name, None, None, now=at("2023-11-15T10:30:41", zone), timezone=zone)
    assert (found.start, found.end) == (at(start, zone), at(end, zone))


def test_a_month_with_a_change_of_the_clocks_is_an_hour_longer() -> None:
    found = period("last-month", None, None, now=at("2023-11-15", BERLIN), timezone=BERLIN)
    assert found.seconds == 31 * 86400 + 3600


def test_between_two_times() -> None:
    found = period(None, 1000.5, 2000.25, now=5000.0)
    assert (found.start, found.end, found.label) == (1000.5, 2000.25, "")


@pytest.mark.parametrize(
    ("name", "start", "end", "zone", "told"),
    [
        ("last-week", 1000.0, None, "UTC", "cannot both be given"),
        ("last-week", None, 1000.0, "UTC", "end of its own"),
        ("last-weak", None, None, "UTC", "this-week, last-week"),
        (None, 3000.0, 2000.0, "UTC", "at least a minute before"),
        ("7d", None, None, "Berlin", "did you mean 'Europe/Berlin'"),
        ("7d", None, None, "localtime", "time zone"),
    ],
)
def test_what_makes_no_sense_says_what_would(
    name: str | None, start: float | None, end: float | None, zone: str, told: str
) -> None:
    with pytest.raises(PeriodError, match=told):
        period(name, start, end, now=1_700_000_000.0, timezone=zone)


@given(st.integers(10**9, 2 * 10**9), st.sampled_from(["UTC", BERLIN, "Asia/Kolkata", "America/New_York"]))
def test_last_week_ends_where_this_one_begins(now: int, zone: str) -> None:
    ends = {name: period(name, None, None, now=float(now) + 60, timezone=zone) for name in ("last-week", "last-month")}
    for found in ends.values():
        assert found.start < found.end <= now + 60
        begin = datetime.fromtimestamp(found.end, ZoneInfo(zone))
        assert (begin.hour, begin.minute) == (0, 0)
    week = datetime.fromtimestamp(ends["last-week"].start, ZoneInfo(zone))
    assert week.weekday() == 0
    assert (week + timedelta(days=7)).timestamp() == ends["last-week"].end


def test_a_release_is_a_start() -> None:
    found = period(None, None, 5000.0, now=6000.0, release=2000.0)
    assert (found.start, found.end, found.before, found.release) == (2000.0, 5000.0, -1000.0, True)
    with pytest.raises(PeriodError, match="start of its own"):
        period("7d", None, None, now=6000.0, release=2000.0)


def test_the_names_are_those_of_the_help() -> None:
    assert NAMES == ("this-week", "last-week", "this-month", "last-month")
