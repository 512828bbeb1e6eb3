from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from exporter.collectors.engagement_fatigue import DAY, Wear, compared, daily, freshness, rated, uses, wear
from exporter.sources.engagement_rows import Engagement, Period, Uses, VariantRow
from exporter.spec import Fatigue

NOW = 1000 * DAY
RULE = Fatigue()


def days(pattern: str, rate: Callable[[int], float], n: int = 40, exposures: float = 5000) -> list[Period]:
    """One use a day; the newest yesterday."""
    begin = NOW - n * DAY
    return [Period(pattern, "ann", begin + k * DAY, 1, exposures, exposures * rate(k)) for k in range(n)]


def worn(periods: list[Period], rule: Fatigue = RULE, **more: float) -> dict[str, Wear]:
    counted = tuple(Uses(name, "ann", n) for name, n in more.items())
    return {each.pattern: each for each in wear(Engagement(uses=counted, periods=tuple(periods)), rule, NOW)}


def test_freshness_is_the_superseded_one_for_three_uses() -> None:
    assert [freshness(n, 3) for n in range(5)] == [1.0, 0.5, 0.25, 0.0, 0.0]
    assert [freshness(n, 2) for n in range(3)] == [1.0, 0.5, 0.0]


@pytest.mark.parametrize(("n", "fatigued"), [(0, False), (2, False), (3, True), (7, True)])
def test_three_uses_in_the_window_tire(n: int, fatigued: bool) -> None:  # noqa: FBT001
    found = worn([], a=n)["a"]
    assert (found.reason == "uses") is fatigued
    assert (found.uses, found.rate, found.e_value) == (n, None, None)


def test_a_falling_rate_is_seen_and_a_constant_one_is_not() -> None:
    found = worn([*days("falls", lambda k: 0.08 * 0.98**k), *days("holds", lambda _: 0.06)])
    falls, holds = found["falls"], found["holds"]
    assert falls.reason == "trend"
    assert falls.e_value is not None
    assert falls.e_value > 20
    assert falls.half_life == pytest.approx(math.log(2) / 0.02, rel=0.15)
    assert holds.reason is None
    assert holds.rate == pytest.approx(0.06)


def test_a_falling_site_does_not_look_like_a_tired_pattern() -> None:
    site = [*days("a", lambda k: 0.08 * 0.98**k), *days("b", lambda k: 0.05 * 0.98**k)]
    found = worn(site)
    assert found["a"].e_value is not None
    assert found["a"].e_value < 1
    assert found["a"].reason is found["b"].reason is None
    assert worn(days("a", lambda k: 0.08 * 0.98**k))["a"].reason == "trend"  # alone it cannot be told apart


def test_a_pattern_that_holds_while_the_site_falls_is_fresh_and_one_that_falls_faster_is_tired() -> None:
    def site(k: int) -> float:
        return 0.985**k

    found = worn(
        [
            *days("holds", lambda _: 0.05),
            *days("falls", lambda k: 0.08 * site(k) * 0.97**k),
            *days("rest", lambda k: 0.06 * site(k), exposures=50_000),
        ]
    )
    assert (found["holds"].reason, found["falls"].reason) == (None, "trend")


def test_other_personas_are_not_compared_with() -> None:
    other = [
        Period(p.pattern, "bob", p.start, p.uses, p.exposures, p.events) for p in days("b", lambda k: 0.05 * 0.97**k)
    ]
    found = worn([*days("a", lambda _: 0.08), *other])
    assert found["a"].reason is None
    assert found["b"].reason == "trend"
    assert found["a"].e_value == worn(days("a", lambda _: 0.08))["a"].e_value


def test_a_slope_is_per_use_and_not_per_day() -> None:
    daily_use = days("a", lambda k: 0.08 * 0.98**k)
    often = [Period(p.pattern, "ann", p.start, 4, p.exposures, p.events) for p in daily_use]
    once, four = worn(daily_use)["a"], worn(often)["a"]
    assert once.half_life is not None
    assert four.half_life == pytest.approx(4 * once.half_life, rel=1e-6)


def test_a_weekly_cycle_is_taken_out_by_the_others() -> None:
    def cycle(k: int) -> float:
        return 1 + 0.3 * math.sin(2 * math.pi * k / 7)

    own, rest = days("a", lambda k: 0.08 * cycle(k)), days("b", lambda k: 0.04 * cycle(k))
    by_day = {p.start: (p.exposures, p.events) for p in rest}
    rates = [p.events / p.exposures for p in compared(own, by_day)]
    assert rates == pytest.approx([rates[0]] * len(rates))


def test_before_fourteen_days_or_thirty_events_nothing_is_said() -> None:
    def steep(k: int) -> float:
        return 0.08 * 0.8**k

    assert worn(days("a", steep, n=13))["a"].e_value is None
    assert worn(days("a", steep, n=14))["a"].e_value is not None
    assert worn(days("a", lambda _: 0.01, n=20, exposures=100))["a"].e_value is None


def test_a_contracted_rate_that_is_missed() -> None:
    halves = days("a", lambda k: 0.08 if k < 10 else 0.04, n=13)
    assert worn(halves)["a"].reason is None
    assert worn(halves, Fatigue(baseline=0.08))["a"].reason == "baseline"
    assert worn(days("a", lambda _: 0.08, n=13), Fatigue(baseline=0.08))["a"].reason is None


def test_stored_rates_without_counts_weigh_as_much_as_their_scatter_allows() -> None:
    rng = np.random.default_rng(1)
    noise = rng.normal(0, 0.002, 60)
    falls = [Period("a", "ann", NOW - (60 - k) * DAY, 1, rate=0.08 * 0.98**k + noise[k]) for k in range(60)]
    holds = [Period("b", "ann", NOW - (60 - k) * DAY, 1, rate=0.08 + noise[k]) for k in range(60)]
    found = worn([*falls, *holds])
    assert found["a"].reason == "trend"
    assert found["b"].reason is None
    assert found["a"].rate is None  # a rate is of counts only
    assert rated(holds[:13]) == []


def test_uses_and_days_come_from_the_variants_where_nobody_records_them() -> None:
    rows = tuple(
        VariantRow(f"v{i}", "ann", "list", impressions=100, interactions=120 if i else 7, posted_at=NOW - i * DAY / 2)
        for i in range(20)
    )
    engagement = Engagement(variants=rows)
    assert uses(engagement, RULE, NOW) == {("list", "ann"): 14}  # strictly later than a week ago
    (periods,) = daily(engagement, NOW).values()
    assert sum(p.uses for p in periods) == 19  # the newest is still gathering
    assert all(p.events == p.exposures for p in periods)
    assert uses(Engagement(variants=rows, uses=()), RULE, NOW) == {}


def test_variants_count_where_recorded_uses_have_no_counts() -> None:
    recorded = (Period("list", "ann", NOW - DAY, 5), Period("story", "ann", NOW - DAY, 5, 10, 1))
    rows = tuple(
        VariantRow(f"v{p}", "ann", p, impressions=100, interactions=9, posted_at=NOW - DAY) for p in ("list", "story")
    )
    found = daily(Engagement(variants=rows, uses=(), periods=recorded), NOW)
    assert found["list", "ann"][0].exposures == 100
    assert found["story", "ann"][0].exposures == 10


def test_the_most_used_come_first_and_content_without_a_pattern_is_none() -> None:
    found = wear(Engagement(uses=(Uses("a", "x", 1), Uses("b", "x", 4), Uses("", "x", 9))), RULE, NOW)
    assert [each.pattern for each in found] == ["b", "a"]
