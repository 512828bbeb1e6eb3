"""Ticks at round times of a zone, scales, and lines that lose no peak; more in the backtest's page."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from winburn.drawing.scales import COLUMNS, even_ticks, flipped, linear, logarithmic, runs, time_ticks

MIDNIGHT = 1_699_833_600.0  # 2023-11-13 in UTC


def test_times_are_round_where_they_are_told() -> None:
    kolkata = ZoneInfo("Asia/Kolkata")  # five and a half hours ahead
    assert [text for _, text in time_ticks(MIDNIGHT, MIDNIGHT + 3600, 8, kolkata)][:3] == ["05:30", "05:45", "06:00"]
    days = time_ticks(MIDNIGHT, MIDNIGHT + 5 * 86400, 8, kolkata)
    assert [text for _, text in days] == ["Nov 14", "Nov 15", "Nov 16", "Nov 17", "Nov 18"]
    assert days[0][0] == MIDNIGHT + 86400 - 5.5 * 3600


def test_after_a_change_of_the_clocks_a_day_says_that_it_is_an_hour_off() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    found = [text for _, text in time_ticks(1_698_357_600.0, 1_698_357_600.0 + 5 * 86400, 8, berlin)]  # 27 October
    assert found[:2] == ["Oct 27", "Oct 28"]
    assert found[-1] == "Oct 31 23:00"


@given(st.floats(0, 1e9, allow_subnormal=False), st.floats(60, 1e8))
def test_ticks_lie_within_and_are_few(start: float, length: float) -> None:
    ticks = time_ticks(start, start + length)
    assert len(ticks) <= 9
    assert all(start <= time <= start + length for time, _ in ticks)


def test_scales() -> None:
    assert linear(10, 20)(15) == 0.5
    assert logarithmic(0.1, 1000)(10) == pytest.approx(0.5)
    assert logarithmic(0.1, 1000)(0.0) == 0
    assert flipped(linear(0, 1))(0.25) == 0.75
    assert list(even_ticks(0, 1)) == [0, 0.25, 0.5, 0.75, 1]


def test_a_line_is_broken_where_it_is_not_known_and_keeps_its_peak() -> None:
    values = np.zeros(10 * COLUMNS)
    values[1234], values[3000:3100] = 7.0, np.nan
    pieces = list(runs(np.arange(len(values), dtype=float), values))
    assert len(pieces) == 2
    assert max(value for _, value in pieces[0]) == 7
    assert sum(map(len, pieces)) <= 2 * COLUMNS + 4
