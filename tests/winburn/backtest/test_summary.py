"""A span in numbers, and what it would have been otherwise."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest

from tests.winburn.backtest.scripted import DAY, HOUR, START, Scripted, counters, run, slo
from winburn.backtest.summary import what_ifs

BEGAN = START + 31 * DAY


def _outage(minutes: int = 60) -> Scripted:
    total = np.full(33 * 1440, 1000.0)
    bad = np.zeros_like(total)
    bad[31 * 1440 : 31 * 1440 + minutes] = 500
    return Scripted(counters(total, bad))


def test_an_hour_of_half_errors_in_numbers() -> None:
    s = run(_outage(), slo(), BEGAN - HOUR, BEGAN + DAY).summary
    spent = 30 / (30 * 1440) / 0.001
    assert (s.bad, s.total, s.coverage) == (30_000, 25 * 60 * 1000, 1)
    assert s.spent == pytest.approx(spent)
    assert s.remaining == pytest.approx(1 - spent, rel=2e-3)
    assert s.lowest is not None
    assert s.lowest <= s.remaining
    assert s.lowest_at is not None
    assert BEGAN + HOUR - 60 <= s.lowest_at <= BEGAN + DAY
    assert s.worst_hour is not None
    assert (s.worst_hour.since, s.worst_hour.bad, s.worst_hour.total) == (BEGAN, 30_000, 60_000)
    assert s.worst_hour.spent == pytest.approx(spent, rel=2e-3)


def test_tiers_that_page_together_are_one_page() -> None:
    result = run(_outage(), slo(), BEGAN - HOUR, BEGAN + DAY)
    assert {f.tier for f in result.firings if f.severity == "page"} == {"fast", "medium"}
    assert (result.summary.pages, result.summary.tickets) == (1, 1)
    first, last = (
        min(f.since for f in result.firings),
        max(f.until or 0 for f in result.firings if f.severity == "page"),
    )
    assert result.summary.paged_seconds == last - first


def test_a_what_if_is_what_that_slo_would_have_given() -> None:
    changes = what_ifs(slo(), [Decimal("99"), Decimal("99.95")], [7 * DAY], [None, 1e-2])
    result = run(_outage(5), slo(), BEGAN - HOUR, BEGAN + DAY, what_ifs=changes)
    assert [name for name, _ in result.what_ifs] == [
        "objective 99",
        "objective 99.95",
        "period 7d",
        "gate off",
        "gate 0.01",
    ]
    found = dict(result.what_ifs)
    for name, changed in (("objective 99.95", slo(99.95)), ("period 7d", slo(period="7d"))):
        alone = run(_outage(5), changed, BEGAN - HOUR, BEGAN + DAY).summary
        assert (found[name].pages, found[name].tickets, found[name].bad) == (alone.pages, alone.tickets, alone.bad)
        assert found[name].remaining == pytest.approx(alone.remaining, rel=1e-9)
    assert (found["objective 99"].pages, result.summary.pages, found["period 7d"].pages) == (0, 1, 1)
    assert found["gate off"] == result.summary


def test_a_tier_that_can_never_fire_is_named() -> None:
    changes = what_ifs(slo(), [Decimal(90)], [], [])
    result = run(_outage(), slo(), BEGAN - HOUR, BEGAN + HOUR, what_ifs=changes)
    assert result.what_ifs[0][1].never == ("fast",)
    assert result.summary.never == ()
