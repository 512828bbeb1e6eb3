"""The table of critical counts against scipy's binomial distribution."""

from __future__ import annotations

from decimal import Decimal

import pytest
from scipy.stats import binom

from alert_rules.critical import most_events, table, upper_tail


@pytest.mark.parametrize(
    ("bad", "events", "p"), [(1, 1000, 0.001), (5, 347, 0.001), (40, 1000, 0.01), (700, 60000, 0.01), (3, 2, 0.5)]
)
def test_the_tail_is_the_binomials(bad: int, events: int, p: float) -> None:
    assert upper_tail(bad, events, p) == pytest.approx(binom.sf(bad - 1, events, p), rel=1e-9)


@pytest.mark.parametrize("p", [0.1, 0.01, 0.001, 0.00001])
@pytest.mark.parametrize("gate", [1e-2, 1e-4, 1e-6])
def test_a_row_is_the_last_that_is_no_chance(p: float, gate: float) -> None:
    for bad in (1, 2, 5, 12):
        events = most_events(bad, p, gate)
        assert binom.sf(bad - 1, events, p) < gate <= binom.sf(bad - 1, events + 1, p)


def test_a_fast_tier_needs_few_rows_and_a_slow_one_goes_on_for_ever() -> None:
    budget = Decimal("0.001")
    fast, slow = table(budget, 1e-4, Decimal("14.4")), table(budget, 1e-4, Decimal(1))
    assert [events for events, _ in fast.rows] == [0, 14, 87, 233]
    assert not fast.lines
    assert slow.lines[-1][2] is None


@pytest.mark.parametrize("burn_factor", ["14.4", "6", "3", "1"])
@pytest.mark.parametrize("budget", ["0.05", "0.001"])
def test_what_passes_the_gate_and_the_limit_is_no_chance_for_any_number_of_events(
    budget: str, burn_factor: str
) -> None:
    gate, p, factor = 1e-4, float(budget), float(burn_factor)
    counts = table(Decimal(budget), gate, Decimal(burn_factor))
    for events in sorted({int(1.3**n) for n in range(75)}):
        least = max(int(counts.chance(events)) + 1, int(factor * p * events) + 1)
        if least <= events:
            # Between two rows of the lines a little more is let through.
            assert binom.sf(least - 1, events, p) < gate * 1.1, events
        if events > 1 and least > factor * p * events + 1 and events <= counts.rows[-1][0]:
            assert binom.sf(least - 2, events, p) >= gate, "one less would have been enough"
