from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.windows import DAY, HOUR, MINUTE, PERIOD, TIERS, WINDOWS, factor, reachable, tiers_for, windows_for

MONTH = 30 * DAY
BY_NAME = {tier.name: tier for tier in TIERS}


@pytest.mark.parametrize(
    ("name", "expected"),
    # Google SRE Workbook, chapter 5, table 5-8: burn rates 14.4, 6 and 1 for 30 days; 3 for 1d/2h.
    [("fast", "14.4"), ("medium", "6"), ("slow", "3"), ("trickle", "1")],
)
def test_the_workbooks_burn_rates_for_a_month(name: str, expected: str) -> None:
    assert factor(BY_NAME[name], MONTH) == Decimal(expected)


@given(st.sampled_from(TIERS), st.integers(60, 366 * 24 * 60).map(lambda minutes: minutes * MINUTE))
def test_a_factor_is_never_below_one_and_burns_its_share(tier, period: int) -> None:
    found = factor(tier, period)
    assert found >= 1
    if found > 1:
        assert abs(found * tier.long_seconds / period - tier.budget_share) < Decimal("1e-20")


def test_short_windows_are_shorter_and_all_are_labels() -> None:
    for tier in TIERS:
        assert tier.short_seconds < tier.long_seconds
        assert {tier.long, tier.short} <= set(WINDOWS)


@pytest.mark.parametrize(
    ("period", "count"), [(HOUR, 0), (4 * HOUR - 1, 0), (4 * HOUR, 1), (DAY, 2), (4 * DAY, 3), (MONTH, 4)]
)
def test_tiers_whose_window_is_at_most_a_quarter_of_the_period(period: int, count: int) -> None:
    assert len(tiers_for(period)) == count


def test_windows_are_not_longer_than_the_period() -> None:
    assert windows_for(HOUR) == {"5m": 300, "30m": 1800, "1h": 3600, PERIOD: 3600}
    assert list(windows_for(MONTH)) == [*WINDOWS, PERIOD]


@given(st.decimals("1", "1000", places=4), st.decimals("0.01", "99.99", places=2))
def test_reachable_is_where_an_outage_burns_faster(burn: Decimal, objective: Decimal) -> None:
    assert reachable(burn, objective) == (burn < Decimal(100) / (100 - objective) or burn * (100 - objective) < 100)


def test_an_outage_that_burns_exactly_at_the_factor_does_not_fire() -> None:
    assert not reachable(Decimal(10), Decimal(90))
    assert reachable(Decimal(10), Decimal("90.01"))
