"""A ledger's past has the very numbers of its windows."""

from __future__ import annotations

import numpy as np
import pytest

from exporter.collectors.slo_group import GroupCounts
from exporter.collectors.slo_track import Track
from tests.winburn.backtest.scripted import DAY, HOUR, MINUTE, slo
from winburn.report.stored import covers, past_of, step_of
from winburn.report.values import Period

END = 1_700_007_780.0  # within an hour, and within five minutes


def track(days: float, every: float = MINUTE) -> Track:
    made = Track(slo(), every, 0.0)
    times = END - np.arange(round(days * DAY / every), -1, -1, dtype=float) * every
    total = 100.0 + np.arange(len(times)) % 7
    bad = (np.arange(len(times)) % 13 == 0) * 3.0
    made.add(times, {"": GroupCounts(total, bad, np.full(len(times), every), float(times[0]), present=True)})
    return made


@pytest.mark.parametrize("seconds", [MINUTE, HOUR, 6 * HOUR, DAY, 3 * DAY, 10 * DAY])
def test_windows_are_the_same(seconds: float) -> None:
    made = track(12)
    past = past_of(made, made.groups[""])
    assert past is not None
    window = made.groups[""].ledger.window(seconds)
    found = past.between(np.array([END - window.seconds]), np.array([END]))
    # Where two widths meet, 6 h and 3 d ago, the start is moved back to an edge of the wider slots.
    early = {6 * HOUR: 5 * MINUTE, 3 * DAY: HOUR}.get(seconds, 0.0)
    wanted = [window.total, window.bad, window.measured]
    for part, value in zip(found, wanted, strict=True):
        assert value * (1 - 1e-9) <= float(part[0]) <= value * (1 + 1.01 * early / seconds) + bool(early)


def test_times_ascend_and_bad_is_within_all() -> None:
    made = track(12)
    past = past_of(made, made.groups[""])
    assert past is not None
    assert (np.diff(past.times) > 0).all()
    assert (past.bad <= past.total).all()


def test_of_what_was_never_measured_there_is_no_past() -> None:
    made = Track(slo(), MINUTE, 0.0)
    assert past_of(made, made.groups[""]) is None


def test_slots_are_as_wide_as_their_age_has_them() -> None:
    past = past_of(made := track(12), made.groups[""])
    assert past is not None
    assert step_of(past, Period(END - 2 * HOUR, END, "")) == 60
    assert step_of(past, Period(END - DAY, END, "")) == 300
    assert step_of(past, Period(END - 10 * DAY, END, "")) == 3600


def test_what_it_reaches() -> None:
    past = past_of(made := track(12), made.groups[""])
    assert past is not None
    assert covers(past, Period(END - 5 * DAY, END, ""))
    assert covers(past, Period(END - 25 * DAY, END, ""))  # a young service: there was nothing before
    assert not covers(past, Period(END - 5 * DAY, END + HOUR, ""))
    old = Track(slo(), MINUTE, 0.0)
    times = END - np.arange(100 * 60, -1, -1, dtype=float) * MINUTE
    old.add(times, {"": GroupCounts(times * 0 + 1, times * 0, times * 0 + MINUTE, END - 400 * DAY, present=True)})
    cut = past_of(old, old.groups[""])
    assert cut is not None
    assert not covers(cut, Period(END - 20 * DAY, END, ""))
