from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.spec import Correction
from exporter.spec.corrections import intervals
from exporter.spec.semantics_corrections import check_correction, check_rule


def correction(rule: str, start: str) -> Correction:
    return Correction.model_validate({"rrule": rule, "start": start, "duration": "1h", "reason": "r"})


def wrong(rule: str, start: str = "2026-11-01T02:00") -> list[str]:
    return [problem.message for problem in check_correction(correction(rule, start), ("c",))]


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=YEARLY;BYMONTH=2;BYYEARDAY=1",
        "FREQ=MONTHLY;BYDAY=1FR;BYMONTHDAY=20",
        "FREQ=DAILY;INTERVAL=7;BYDAY=MO",  # from a Sunday on
        "FREQ=MONTHLY;BYDAY=2MO;BYSETPOS=3",
        "FREQ=DAILY;UNTIL=20261031",
    ],
)
def test_rules_that_no_day_fits_are_refused(rule: str) -> None:
    (message,) = wrong(rule)
    assert "never happens" in message


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=DAILY",
        "freq=weekly;byday=su",
        "RRULE:FREQ=WEEKLY;BYDAY=SU;WKST=MO",
        "FREQ=MONTHLY;BYDAY=+1MO,-1FR",
        "FREQ=YEARLY;BYDAY=53MO;COUNT=1",
        "FREQ=YEARLY;BYMONTHDAY=29;BYMONTH=2",
        "FREQ=YEARLY;BYWEEKNO=-1;BYDAY=SU",
        "FREQ=YEARLY;BYYEARDAY=-1,366",
        "FREQ=MONTHLY;BYMONTHDAY=-31",
        "FREQ=DAILY;UNTIL=20261101T020000Z;INTERVAL=2",
    ],
)
def test_rules_that_can_be_followed(rule: str) -> None:
    assert check_rule(rule) is None
    assert "never happens" not in "".join(wrong(rule))


@pytest.mark.parametrize("rule", ["FREQ=DAILY", "FREQ=WEEKLY;BYDAY=SU", "FREQ=MONTHLY;BYMONTHDAY=1;INTERVAL=1"])
def test_a_time_of_day_is_enough_where_the_rule_names_its_days(rule: str) -> None:
    assert wrong(rule, "02:00") == []


@pytest.mark.parametrize(
    "rule", ["FREQ=WEEKLY", "FREQ=YEARLY;BYMONTH=5", "FREQ=DAILY;INTERVAL=2", "FREQ=DAILY;COUNT=3"]
)
def test_and_is_not_where_it_counts_or_repeats_a_first_day(rule: str) -> None:
    (message,) = wrong(rule, "02:00")
    assert message.endswith("write the first day too, like 2026-11-01T02:00")


part = st.one_of(
    st.sampled_from(["FREQ=DAILY", "FREQ=WEEKLY", "FREQ=MONTHLY", "FREQ=YEARLY", "INTERVAL=2", "COUNT=3", "WKST=SU"]),
    st.sampled_from(
        ["BYDAY=MO,SU", "BYDAY=2TU", "BYMONTHDAY=-1", "BYMONTH=1,7", "BYWEEKNO=20", "BYSETPOS=1", "UNTIL=20270101"]
    ),
    st.text("=;,BYDAFREQ0123456789-+TZ", max_size=12),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(part, min_size=1, max_size=3).map(";".join).filter(bool))
def test_what_is_not_refused_can_be_followed(rule: str) -> None:
    if wrong(rule):
        return
    start = datetime(2026, 11, 1, tzinfo=UTC).timestamp()
    end = start + 3 * 366 * 86400
    assert all(start <= a < b <= end for a, b in intervals([correction(rule, "2026-11-01T02:00")], start, end))
