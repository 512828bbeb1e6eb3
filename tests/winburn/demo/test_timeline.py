"""The timeline is in order and tells nothing that comes after the end."""

from __future__ import annotations

import pytest

from exporter.windows import DAY, TIERS, factor
from winburn.demo import traffic
from winburn.demo.timeline import fast_threshold, seconds_to_page, timeline


def test_the_threshold_is_the_workbook_s_fourteen_point_four_budgets() -> None:
    """2 % of 30 days within 1 hour is 14.4 times the budget (SRE Workbook, table 5-8)."""
    assert float(factor(TIERS[0], 30 * DAY)) == pytest.approx(14.4)
    assert fast_threshold() == pytest.approx(0.0144)


def test_at_the_page_the_share_of_failures_is_the_threshold() -> None:
    seconds = seconds_to_page()
    requests = 3600 + (traffic.INCIDENT_RETRIES - 1) * seconds
    failed = traffic.INCIDENT_FAILURES * traffic.INCIDENT_RETRIES * seconds
    assert failed / requests == pytest.approx(fast_threshold())
    assert seconds < traffic.INCIDENT_LENGTH


@pytest.mark.parametrize("alerting", [True, False])
def test_lines_are_in_order_and_the_page_is_promised_only_where_it_can_come(alerting: bool) -> None:  # noqa: FBT001
    lines = timeline(1_800_000_000, None, alerting=alerting)
    times = [line[:8] for line in lines[:-2]]
    assert times == sorted(times)
    assert len(lines) == 11
    assert any("page arrives" in line for line in lines) == alerting


def test_what_comes_after_the_end_is_left_out() -> None:
    lines = timeline(1_800_000_000, 1_800_000_090.0, alerting=True)
    assert len(lines) == 8
    assert "green" in lines[-3]
