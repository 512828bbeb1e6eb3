from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.spec import Correction
from exporter.spec.corrections import intervals, parse_start


def correction(**keys: Any) -> Correction:
    return Correction.model_validate({"reason": "r", **{key.rstrip("_"): value for key, value in keys.items()}})


def weekly(start: str, duration: str = "1h", zone: str = "UTC", rule: str = "FREQ=WEEKLY;BYDAY=SU") -> Correction:
    return correction(rrule=rule, start=start, duration=duration, timezone=zone)


def unix(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def found(start: str, end: str, *corrections: Correction) -> list[str]:
    """Each interval as ``from/to`` in UTC."""
    times = intervals(corrections, unix(start), unix(end))
    return ["/".join(f"{datetime.fromtimestamp(edge, UTC):%m-%dT%H:%M}" for edge in pair) for pair in times]


def once(begin: str, end: str) -> Correction:
    return correction(from_=begin, to=end)


def test_single_times_are_cut_to_what_is_asked_for() -> None:
    drill = once("2026-11-01T22:00:00Z", "2026-11-01T23:30:00+01:00")
    assert found("2026-11-01T00:00Z", "2026-11-02T00:00Z", drill) == ["11-01T22:00/11-01T22:30"]
    assert found("2026-11-01T22:10Z", "2026-11-01T22:20Z", drill) == ["11-01T22:10/11-01T22:20"]
    assert found("2026-11-01T22:30Z", "2026-11-02T00:00Z", drill) == []
    assert found("2026-11-01T00:00Z", "2026-11-01T22:00Z", drill) == []


def test_a_rule_repeats_before_and_after() -> None:
    assert found("2026-11-01T00:00Z", "2026-11-16T00:00Z", weekly("02:00")) == [
        "11-01T02:00/11-01T03:00",
        "11-08T02:00/11-08T03:00",
        "11-15T02:00/11-15T03:00",
    ]


def test_a_time_that_began_before_is_seen_however_long_ago() -> None:
    assert found("2026-11-05T00:00Z", "2026-11-05T12:00Z", weekly("02:00", "6d")) == ["11-05T00:00/11-05T12:00"]


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        ("2026-03-22", "03-22T01:30/03-22T02:30"),  # winter
        ("2026-03-29", "03-29T01:30/03-29T02:30"),  # 02:30 is skipped: 03:30 of summer
        ("2026-10-18", "10-18T00:30/10-18T01:30"),  # summer
        ("2026-10-25", "10-25T00:30/10-25T01:30"),  # 02:30 comes twice: the first
    ],
)
def test_the_time_of_day_is_that_of_the_zone(day: str, expected: str) -> None:
    there = weekly("02:30", zone="Europe/Berlin")
    assert found(f"{day}T00:00Z", f"{day}T12:00Z", there) == [expected]


@pytest.mark.parametrize(("zone", "expected"), [("Asia/Kathmandu", "20:15"), ("America/St_Johns", "05:30")])
def test_zones_with_odd_offsets(zone: str, expected: str) -> None:
    (only,) = found("2026-11-01T12:00Z", "2026-11-02T12:00Z", weekly("02:00", zone=zone, rule="FREQ=DAILY"))
    assert only.split("/")[0].endswith(expected)


@pytest.mark.parametrize(
    ("rule", "start", "expected"),
    [
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=SU", "2026-11-01T02:00", ["11-01", "11-15", "11-29"]),
        ("FREQ=WEEKLY;COUNT=2", "2026-11-03T02:00", ["11-03", "11-10"]),
        ("FREQ=MONTHLY;BYDAY=1MO", "02:00", ["11-02"]),
        ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", "02:00", ["11-30"]),
        ("FREQ=YEARLY;BYMONTH=11;BYMONTHDAY=5", "02:00", ["11-05"]),
        ("RRULE:FREQ=WEEKLY;BYDAY=SU", "02:00", ["11-01", "11-08", "11-15", "11-22", "11-29"]),
        ("FREQ=WEEKLY;BYDAY=SU;UNTIL=20261115", "02:00", ["11-01", "11-08", "11-15"]),
        ("FREQ=WEEKLY;BYDAY=SU;UNTIL=20261115T015959", "02:00", ["11-01", "11-08"]),
        ("FREQ=WEEKLY;BYDAY=SU;UNTIL=20261115T020000Z", "02:00", ["11-01", "11-08", "11-15"]),
    ],
)
def test_the_parts_of_a_rule(rule: str, start: str, expected: list[str]) -> None:
    times = found("2026-11-01T00:00Z", "2026-12-01T00:00Z", weekly(start, rule=rule))
    assert [time[:5] for time in times] == expected


def test_a_day_that_few_years_have() -> None:
    leap = weekly("00:00", "1d", rule="FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29")
    assert found("2026-01-01T00:00Z", "2033-01-01T00:00Z", leap) == ["02-29T00:00/03-01T00:00"] * 2


def test_overlapping_and_touching_times_are_one() -> None:
    times = (
        once("2026-11-01T02:30:00Z", "2026-11-01T04:00:00Z"),
        weekly("02:00"),
        once("2026-11-01T04:00:00Z", "2026-11-01T05:00:00Z"),
        once("2026-11-01T02:10:00Z", "2026-11-01T02:20:00Z"),
    )
    assert found("2026-11-01T00:00Z", "2026-11-02T00:00Z", *times) == ["11-01T02:00/11-01T05:00"]


@pytest.mark.parametrize("text", ["2:00", "24:00", "02:60", "02:00Z", "2026-11-01", "2026-11-01T02:00+01:00", "noon"])
def test_what_is_no_start(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_start(text)


def iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat()


edges = st.integers(0, 200)
corrections = st.lists(
    st.one_of(
        st.tuples(edges, st.integers(1, 50)).map(
            lambda x: once(*(iso(1.8e9 + 3600 * edge) for edge in (x[0], sum(x))))
        ),
        st.tuples(st.integers(0, 23), st.integers(1, 30), st.sampled_from(["UTC", "Europe/Berlin"])).map(
            lambda x: weekly(f"{x[0]:02}:00", f"{x[1]}h", x[2], "FREQ=DAILY;INTERVAL=1;BYDAY=MO,TH")
        ),
    ),
    max_size=4,
)


@given(corrections, edges, edges, edges)
def test_they_are_sorted_disjoint_inside_and_the_same_in_pieces(
    given_: list[Correction], first: int, second: int, third: int
) -> None:
    start, middle, end = (1.8e9 + 3600 * edge for edge in sorted((first, second, third)))
    whole = intervals(given_, start, end)
    assert all(start <= a < b <= end for a, b in whole)
    assert all(a[1] < b[0] for a, b in pairwise(whole))
    pieces = [*intervals(given_, start, middle), *intervals(given_, middle, end)]
    assert sum(b - a for a, b in pieces) == pytest.approx(sum(b - a for a, b in whole))
