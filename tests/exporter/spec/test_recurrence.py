"""Recurrences as arithmetic, against dateutil's answer for the same correction."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.spec.corrections import intervals
from exporter.spec.recurrence import recurrences
from exporter.spec.slo_models import Correction


def correction(**keys: Any) -> Correction:
    return Correction.model_validate({"start": "02:00", "duration": "1h", "reason": "why", **keys})


def inside(one: Correction, at: float) -> bool:
    return any(
        (each.since is None or at >= each.since) and (at + each.every - each.begin) % each.every < each.seconds
        for each in recurrences(one)
    )


@settings(max_examples=60, deadline=None)
@given(
    rule=st.sampled_from(["FREQ=DAILY", "FREQ=WEEKLY;BYDAY=SU", "FREQ=DAILY;BYDAY=MO,FR", "FREQ=WEEKLY;BYDAY=WE,TH"]),
    start=st.sampled_from(["00:00", "02:00", "23:45", "2026-03-04T05:30"]),
    zone=st.sampled_from(["UTC", "Asia/Kolkata", "America/Phoenix"]),
    minutes=st.integers(1, 1000),
    at=st.integers(1767225600, 1798761600),
)
def test_a_recurrence_is_when_the_rule_says(rule: str, start: str, zone: str, minutes: int, at: int) -> None:
    one = correction(rrule=rule, start=start, timezone=zone, duration=f"{minutes}m")
    assert inside(one, at) == bool(intervals([one], at, at + 0.5))


@pytest.mark.parametrize(
    ("keys", "reason"),
    [
        ({"rrule": "FREQ=WEEKLY;BYDAY=SU", "timezone": "Europe/Berlin"}, "changes with the season"),
        ({"rrule": "FREQ=MONTHLY;BYMONTHDAY=1"}, "BYMONTHDAY has no form"),
        ({"rrule": "FREQ=MONTHLY"}, "FREQ=MONTHLY has no form"),
        ({"rrule": "FREQ=DAILY;INTERVAL=2"}, "INTERVAL=2 has no form"),
        ({"rrule": "FREQ=DAILY;COUNT=3"}, "COUNT has no form"),
        ({"rrule": "FREQ=DAILY;BYDAY=1MO"}, "BYDAY=1MO has no form"),
    ],
)
def test_what_cannot_be_said_says_why(keys: dict[str, str], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        recurrences(correction(**keys))
