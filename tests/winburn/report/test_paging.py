"""Pages: merged as notifications, and judged by what really burnt."""

from __future__ import annotations

import numpy as np
import pytest

from tests.winburn.backtest.scripted import HOUR, MINUTE, START, incident, run, slo
from tests.winburn.report.test_incidents import END, past
from winburn.report.paging import Fired, paging, replayed
from winburn.report.values import Missing, Period

PERIOD = Period(START, END, "")


def test_tiers_that_fire_together_are_one_page_and_precision_counts_pages() -> None:
    bad = np.zeros(48 * 60)
    bad[600:620] = 300.0
    fired = [
        Fired("fast", "page", START + 602 * MINUTE, START + 640 * MINUTE, open=False),
        Fired("medium", "page", START + 615 * MINUTE, START + 700 * MINUTE, open=False),
        Fired("fast", "page", START + 1500 * MINUTE, START + 1510 * MINUTE, open=False),  # nothing burnt there
        Fired("slow", "ticket", START + 615 * MINUTE, START + 900 * MINUTE, open=False),
    ]
    found = paging("alerts", fired, slo(), past(bad), PERIOD)
    assert [(page.tiers, page.burnt) for page in found.pages] == [("fast, medium", True), ("fast", False)]
    assert (found.tickets, found.precision) == (1, 0.5)
    assert found.seconds == (98 + 10) * MINUTE


def test_without_a_page_precision_is_not_defined() -> None:
    found = paging("alerts", [], slo(), past(np.zeros(60)), PERIOD)
    assert found.precision == Missing("no page")


def test_a_page_about_what_was_not_measured_is_no_hit_and_no_miss() -> None:
    fired = [Fired("fast", "page", START + HOUR, START + 2 * HOUR, open=True)]
    found = paging("alerts", fired, slo(), None, PERIOD)
    assert isinstance(found.pages[0].burnt, Missing)
    assert isinstance(found.precision, Missing)
    assert found.pages[0].going


def test_a_replay_finds_what_the_backtest_finds() -> None:
    result = run(incident(0.02), slo(), START + 31 * 86400 - HOUR, START + 31 * 86400 + 6 * HOUR)
    found = replayed(result.course, 30.0)
    assert [(f.tier, f.since) for f in found] == [(f.tier, f.since) for f in result.firings]
    period = Period(START + 31 * 86400 - HOUR, START + 31 * 86400 + 6 * HOUR, "")
    told = paging("replay", found, slo(), result.course.past, period)
    assert len(told.pages) == result.summary.pages == 1
    assert told.precision == pytest.approx(1.0)
