from datetime import UTC, datetime
from math import nextafter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.spec import Calendar
from exporter.spec.calendar import calendar_bounds

ZONES = ["UTC", "Europe/Berlin", "America/St_Johns", "Asia/Kathmandu", "Pacific/Apia", "America/Sao_Paulo", "Asia/Gaza"]
HOURS = {"day": (23, 25), "week": (167, 169), "month": (671, 745), "quarter": (2159, 2209), "year": (8759, 8785)}


def calendar(kind: str, zone: str) -> Calendar:
    return Calendar.model_validate({"calendar": kind, "timezone": zone})


def unix(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


@pytest.mark.parametrize(
    ("kind", "zone", "at", "start", "end"),
    [
        ("day", "UTC", "2026-11-01T12:00Z", "2026-11-01T00:00Z", "2026-11-02T00:00Z"),
        ("day", "UTC", "2026-11-01T00:00Z", "2026-11-01T00:00Z", "2026-11-02T00:00Z"),
        ("day", "UTC", "2026-10-31T23:59:59.999999Z", "2026-10-31T00:00Z", "2026-11-01T00:00Z"),
        # Europe/Berlin: 2026-03-29 has 23 hours, 2026-10-25 has 25.
        ("day", "Europe/Berlin", "2026-03-29T12:00Z", "2026-03-28T23:00Z", "2026-03-29T22:00Z"),
        ("day", "Europe/Berlin", "2026-10-25T12:00Z", "2026-10-24T22:00Z", "2026-10-25T23:00Z"),
        ("week", "Europe/Berlin", "2026-10-25T22:59Z", "2026-10-18T22:00Z", "2026-10-25T23:00Z"),
        ("week", "UTC", "2026-11-01T23:00Z", "2026-10-26T00:00Z", "2026-11-02T00:00Z"),  # a Sunday ends the week
        ("week", "UTC", "2027-01-01T00:00Z", "2026-12-28T00:00Z", "2027-01-04T00:00Z"),
        ("month", "UTC", "2028-02-29T12:00Z", "2028-02-01T00:00Z", "2028-03-01T00:00Z"),  # a leap day
        ("month", "UTC", "2100-02-28T12:00Z", "2100-02-01T00:00Z", "2100-03-01T00:00Z"),  # none in 2100
        ("month", "Europe/Berlin", "2026-12-31T23:30Z", "2026-12-31T23:00Z", "2027-01-31T23:00Z"),
        ("quarter", "UTC", "2026-11-15T00:00Z", "2026-10-01T00:00Z", "2027-01-01T00:00Z"),
        ("quarter", "Europe/Berlin", "2026-03-31T21:59Z", "2025-12-31T23:00Z", "2026-03-31T22:00Z"),
        ("year", "Asia/Kathmandu", "2026-06-01T00:00Z", "2025-12-31T18:15Z", "2026-12-31T18:15Z"),
        ("month", "America/St_Johns", "2026-11-10T00:00Z", "2026-11-01T02:30Z", "2026-12-01T03:30Z"),
        # Clocks went from 00:00 to 01:00: the day began with the change.
        ("day", "America/Sao_Paulo", "2018-11-04T12:00Z", "2018-11-04T03:00Z", "2018-11-05T02:00Z"),
        # Clocks went from 00:01 of the 7th back to 23:01 of the 6th: what follows is in the 7th, which had begun.
        ("day", "America/St_Johns", "2010-11-07T02:45Z", "2010-11-07T02:30Z", "2010-11-08T03:30Z"),
        # The 30th of December 2011 did not take place there.
        ("day", "Pacific/Apia", "2011-12-30T10:00Z", "2011-12-30T10:00Z", "2011-12-31T10:00Z"),
    ],
)
def test_periods_begin_at_midnight_of_their_zone(kind: str, zone: str, at: str, start: str, end: str) -> None:
    found = calendar_bounds(calendar(kind, zone), unix(at))
    assert [datetime.fromtimestamp(edge, UTC) for edge in found] == [
        datetime.fromtimestamp(unix(edge), UTC) for edge in (start, end)
    ]


instants = st.one_of(st.floats(9e8, 4e9), st.integers(10**6, 4 * 10**6).map(lambda i: i * 900.0))


@given(st.sampled_from([*HOURS]), st.sampled_from(ZONES), instants)
def test_periods_tile_the_time_line(kind: str, zone: str, at: float) -> None:
    period: Any = calendar(kind, zone)
    start, end = calendar_bounds(period, at)
    assert start <= at < end
    assert calendar_bounds(period, start) == (start, end)
    assert calendar_bounds(period, end)[0] == end
    assert calendar_bounds(period, nextafter(start, 0))[1] == start  # which rounds to start as a datetime


@given(st.sampled_from([*HOURS]), st.sampled_from(["Europe/Berlin", "America/St_Johns", "Asia/Kathmandu"]), instants)
def test_lengths_differ_by_the_hour_of_daylight_saving_and_by_days_of_the_calendar(
    kind: str, zone: str, at: float
) -> None:
    start, end = calendar_bounds(calendar(kind, zone), at)
    shortest, longest = HOURS[kind]
    # America/St_Johns tried two hours in 1988; Asia/Kathmandu moved by 15 minutes in 1986.
    assert shortest - 1 <= (end - start) / 3600 <= longest + 1
