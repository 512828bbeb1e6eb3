"""Incidents against outages that are written down: when, how much, ranked, and no chance."""

from __future__ import annotations

import numpy as np
import pytest

from tests.winburn.backtest.scripted import HOUR, MINUTE, START, slo
from winburn.backtest.course import course
from winburn.backtest.past import Past, Span, past_of_counts
from winburn.report.incidents import grid, incidents, share_of_budget

HOURS = 48
END = START + HOURS * HOUR


def past(bad: np.ndarray, per_minute: float = 1000.0, objective: float = 99.9) -> Past:
    times = START + np.arange(len(bad) + 1) * MINUTE
    counts = np.vstack((np.full(len(bad) + 1, per_minute), np.append(0.0, bad), np.full(len(bad) + 1, MINUTE)))
    return past_of_counts(slo(objective), times, counts, START)


def test_the_larger_comes_first_with_its_share_of_the_budget() -> None:
    bad = np.zeros(HOURS * 60)
    bad[60:70], bad[600:660] = 100.0, 50.0
    found = incidents(slo(), past(bad), START, END, 60.0)
    assert [(one.since - START, one.until - START) for one in found] == [(600 * 60, 660 * 60), (60 * 60, 70 * 60)]
    # 3000 bad events of 0.1 % of the thirty days' at this traffic.
    assert found[0].spent == pytest.approx(3000 / (0.001 * 1000 * 60 * 24 * 30))
    assert (found[0].bad, found[0].total, found[0].peak) == (3000, 60_000, pytest.approx(50))
    assert sum(one.spent for one in found) == pytest.approx(
        share_of_budget(slo(), past(bad), float(bad.sum()), END) or 0
    )


def test_what_is_spent_is_what_is_missing_of_the_budget() -> None:
    bad = np.zeros(HOURS * 60)
    bad[2000:2010] = 100.0
    known = past(bad)
    written = slo(period="1d")
    at = [course(written, known, Span(end, end, 60.0)).spent[0] for end in (START + 2000 * MINUTE, END)]
    assert share_of_budget(written, known, 1000.0, END) == pytest.approx(at[1] - at[0])


def test_a_short_calm_does_not_end_one_and_a_longer_one_does() -> None:
    bad = np.zeros(HOURS * 60)
    bad[100:110], bad[115:120], bad[130:135] = 100.0, 100.0, 100.0
    found = sorted(incidents(slo(), past(bad), START, END, 60.0), key=lambda one: one.since)
    assert [(one.since - START, one.until - START) for one in found] == [(6000, 7200), (7800, 8100)]


def test_the_peak_is_the_fastest_slot_and_not_the_whole() -> None:
    bad = np.zeros(HOURS * 60)
    bad[60:70] = [100, 100, 900, *[100] * 7]
    (one,) = incidents(slo(), past(bad), START, END, 60.0)
    assert one.peak == pytest.approx(900)


def test_hours_apart_are_one_where_slots_are_as_wide_and_between_them_there_is_no_calm() -> None:
    bad = np.zeros(HOURS * 60)
    bad[120:180], bad[240:300] = 100.0, 100.0
    assert len(incidents(slo(), past(bad), START, END, HOUR)) == 1
    assert len(incidents(slo(), past(bad), START, END, HOUR / 2)) == 2


def test_ordinary_errors_are_none() -> None:
    rng = np.random.default_rng(7)
    bad = rng.binomial(1000, 0.0009, HOURS * 60).astype(float)
    found = incidents(slo(), past(bad), START, END, 60.0)
    assert sum(one.bad for one in found) < 0.03 * bad.sum()


def test_errors_too_few_for_a_minute_are_seen_in_the_hour() -> None:
    bad = np.zeros(HOURS * 60)
    bad[300:360:12] = 1.0  # five of sixty requests
    found = incidents(slo(99.0), past(bad, per_minute=1.0, objective=99.0), START, END, 60.0)
    assert len(found) >= 1
    assert found[0].since <= START + 300 * 60 < found[0].until


def test_one_that_goes_on_says_so() -> None:
    bad = np.zeros(HOURS * 60)
    bad[-10:] = 100.0
    (one,) = incidents(slo(), past(bad), START, END, 60.0)
    assert one.going
    assert one.until == END


def test_without_events_nothing_is_a_share_of_anything() -> None:
    nothing = past(np.zeros(60), per_minute=0.0)
    assert share_of_budget(slo(), nothing, 0.0, START + HOUR) is None
    assert incidents(slo(), nothing, START, START + HOUR, 60.0) == ()


def test_the_grid_ends_where_it_should() -> None:
    assert grid(0.0, 150.0, 60.0).tolist() == [0.0, 60.0, 120.0, 150.0]
    assert grid(0.0, 120.0, 60.0).tolist() == [0.0, 60.0, 120.0]
