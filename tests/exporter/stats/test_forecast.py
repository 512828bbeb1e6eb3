from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.forecast import came_true, cases, mean
from exporter.stats import forecast
from exporter.stats.forecast import DAY, Exhaustion, exhaustion

MONTH = 30 * DAY
NEVER = (np.nan, np.nan, np.nan)


def days(count: float, ratio: float, per_hour: float = 1000.0) -> tuple[np.ndarray, np.ndarray]:
    total = np.full(int(count * 24), per_hour)
    return total * ratio, total


def noisy(seed: int, count: int = 20, ratio: float = 0.001) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    total = rng.poisson(5000 * (1 + 0.5 * np.sin(np.arange(count * 24) / 24 * 2 * np.pi)))
    return rng.binomial(total, np.minimum(1, ratio * rng.lognormal(-0.5, 1, total.size))).astype(float), total.astype(
        float
    )


def same(one: Exhaustion, other: Exhaustion) -> None:
    for left, right in zip(values(one), values(other), strict=True):
        assert left == right or np.isnan([left, right]).all(), (one, other)


def values(of: Exhaustion) -> tuple[float, ...]:
    return (of.remaining, *of.seconds, of.probability)


def test_the_same_data_and_seed_give_the_same_forecast_and_another_seed_another() -> None:
    bad, total = noisy(1)
    before = bad.copy()
    first = exhaustion(bad, total, 99.9, MONTH)
    same(exhaustion(bad, total, Decimal("99.9"), MONTH, 0), first)
    assert np.array_equal(bad, before)
    other = exhaustion(bad, total, 99.9, MONTH, seed=1)
    assert other.seconds != first.seconds
    assert other.probability == pytest.approx(first.probability, abs=0.1)


@pytest.mark.parametrize("count", [14, 45, 90])
def test_without_errors_the_budget_never_runs_out(count: int) -> None:
    same(exhaustion(*days(count, 0.0), 99.9, MONTH), Exhaustion(1.0, NEVER, 0.0))


@pytest.mark.parametrize(("age", "burn"), [(15, 1.5), (20, 1.2), (14, 1.8)])
def test_a_young_budget_burning_steadily_is_gone_after_period_over_burn(age: int, burn: float) -> None:
    told = exhaustion(*days(age, burn * 0.001), 99.9, MONTH)
    expected = MONTH / burn - age * DAY
    assert told.remaining == pytest.approx(1 - burn * age / 30)
    assert told.seconds[1] == pytest.approx(expected, rel=0.03)
    assert told.seconds[0] < expected < told.seconds[2] < 1.4 * expected
    assert told.probability == 1.0


def test_old_days_fall_out_of_a_full_window() -> None:
    # 15 days at burn 0.4, then 15 at 1.5: 0.95 is spent and each day adds 1.1/30, gone after 1.36 days
    bad = np.concatenate([days(15, 0.0004)[0], days(15, 0.0015)[0]])
    total = np.full(bad.size, 1000.0)
    told = exhaustion(bad, total, 99.9, MONTH)
    assert told.remaining == pytest.approx(0.05)
    assert 1.0 * DAY < told.seconds[1] < 3.5 * DAY  # half of the paths remember the quiet days too
    # The other way round the worse half leaves, and the budget recovers unless the wandering level brings it back.
    assert exhaustion(bad[::-1], total, 99.9, MONTH).probability < 0.3


def test_a_quantile_is_there_exactly_where_the_probability_reaches_it() -> None:
    seen = set()
    for seed in range(12):
        told = exhaustion(*noisy(seed, ratio=0.0004 + 0.0001 * seed), 99.9, MONTH)
        assert [not np.isnan(x) for x in told.seconds] == [told.probability >= q for q in (0.1, 0.5, 0.9)]
        seen.add(sum(np.isnan(told.seconds)))
    assert len(seen) >= 3


def test_an_exhausted_budget_needs_no_history() -> None:
    for count in (0.5, 20, 60):
        told = exhaustion(*days(count, 0.1), 99.9, MONTH)
        assert told.remaining <= 0
        assert told.seconds == (0.0, 0.0, 0.0)
        assert told.probability == 1.0
    same(exhaustion([1.0], [1000.0], 99.9, 3600.0), Exhaustion(0.0, (0.0, 0.0, 0.0), 1.0))  # exactly spent is spent


def test_nothing_is_foretold_before_fourteen_measured_days() -> None:
    bad, total = noisy(3, 15)
    same(
        exhaustion(bad[:335], total[:335], 99.9, MONTH),
        Exhaustion(told_remaining(bad[:335], total[:335]), NEVER, np.nan),
    )
    assert not np.isnan(exhaustion(bad[:336], total[:336], 99.9, MONTH).probability)
    bad[:25] = np.nan  # 15 days with 25 hours of gaps
    assert np.isnan(exhaustion(bad, total, 99.9, MONTH).probability)
    assert not np.isnan(exhaustion(bad, total, 99.9, MONTH, min_history=13 * DAY).probability)


def told_remaining(bad: np.ndarray, total: np.ndarray) -> float:
    return float(1 - bad.sum() / (total.sum() * 0.001) * bad.size / 720)


def test_without_traffic_or_measurement_nothing_is_known() -> None:
    nan = np.full(480, np.nan)
    for bad, total in [(np.zeros(480), np.zeros(480)), (nan, nan), (nan, np.ones(480)), (np.zeros(0), np.zeros(0))]:
        same(exhaustion(bad, total, 99.9, MONTH), Exhaustion(np.nan, NEVER, np.nan))
    same(exhaustion(*days(20, 0.001), Decimal("nan"), MONTH), Exhaustion(np.nan, NEVER, np.nan))
    short = exhaustion(*days(0.5, 0.0001), 99.9, MONTH, min_history=0)
    assert short.remaining > 0
    assert np.isnan(short.probability)


def test_gaps_are_neither_good_nor_bad() -> None:
    bad, total = days(30, 0.0008)
    whole = exhaustion(bad, total, 99.9, MONTH)
    holes = np.random.default_rng(4).random(720) < 0.2
    bad[holes] = np.nan
    told = exhaustion(bad, total, 99.9, MONTH)
    assert told.remaining == pytest.approx(whole.remaining)
    assert told.probability == pytest.approx(whole.probability, abs=0.05)
    as_good = exhaustion(np.where(holes, 0.0, bad), total, 99.9, MONTH)
    assert as_good.probability < told.probability


def test_gaps_that_are_the_same_every_day_stay_gaps() -> None:
    bad, total = days(22, 0.0012)  # of which two thirds are enough
    nights = np.arange(bad.size) % 24 < 8
    bad[nights] = np.nan
    whole = exhaustion(*days(22, 0.0012), 99.9, MONTH)
    told = exhaustion(bad, total, 99.9, MONTH)
    assert told.remaining == pytest.approx(whole.remaining)
    assert told.seconds[1] == pytest.approx(whole.seconds[1], abs=DAY / 2)


def test_the_weekly_cycle_is_kept() -> None:
    # All errors come on one weekday; the budget has room for half of such a day, so it breaks on the next of them.
    bad = np.zeros(56 * 24)
    total = np.full(bad.size, 1000.0)
    for week in range(8):
        bad[(week * 7 + 3) * 24 : (week * 7 + 4) * 24] = 5.0
    per_window = bad[-720:].sum() / total[-720:].sum()
    told = exhaustion(bad, total, 100 * (1 - per_window * 1.12), MONTH)
    assert 3 * DAY < told.seconds[1] <= 4 * DAY


def test_a_day_of_the_same_weekday_is_drawn_the_more_often_the_longer_the_history() -> None:
    uniform = np.tile((np.arange(700) + 0.5) / 700, (1, 1))
    for weeks in (2, 8):
        ages = np.arange(weeks * 7, 0, -1)
        picked = ages[forecast._draw(np.ones((1, ages.size)), ages, uniform)]
        share = np.mean((picked + np.arange(700)) % 7 == 0)
        assert share == pytest.approx((1 + weeks) / (7 + weeks), abs=0.02)


@given(seed=st.integers(0, 1000), past=st.integers(1, 900))
@settings(max_examples=20, deadline=None)
def test_the_window_slides_as_it_does_when_the_future_has_come(seed: int, past: int) -> None:
    rng = np.random.default_rng(seed)
    total = rng.integers(0, 50, (4, past + 720)).astype(float)
    total[:, :past] = total[0, :past]
    bad = np.floor(total * rng.random(total.shape) ** 8)
    bad[:, :past] = bad[0, :past]
    budget = rng.uniform(0.09, 0.14)
    told = forecast._first_exhausted(bad[0, :past], total[0, :past], budget, 720, bad[:, past:], total[:, past:])
    came = [came_true(b, t, budget, past) / 3600 for b, t in zip(bad, total, strict=True)]
    if came[0] > 0:  # not spent already
        assert told.tolist() == came


def test_no_path_has_more_bad_events_than_events() -> None:
    bad, total = (x.reshape(20, 24) for x in days(20, 0.9))
    future_bad, future = forecast._resample(
        forecast._Days(bad, total, np.arange(20, 0, -1)), 100, np.random.default_rng(0)
    )
    assert future.shape == future_bad.shape == (200, 100)
    assert (future_bad <= future).all()
    assert (future_bad == future).any()


def test_a_day_measured_for_less_than_half_is_not_repeated() -> None:
    bad, total = days(3.5, 0.1)
    measured = np.ones(84, dtype=bool)
    measured[12 + 24 : 12 + 24 + 13] = False  # 13 hours of the middle one of three whole days
    kept = forecast._days(bad * measured, total * measured, measured, 24)
    assert kept.ages.tolist() == [3, 1]
    measured[12 + 24] = True
    kept = forecast._days(bad * measured, total * measured, measured, 24)
    assert kept.ages.tolist() == [3, 2, 1]
    assert np.ptp(kept.total) == 0  # its gap holds what the other days had


@given(seed=st.integers(0, 1000), more=st.floats(1.0, 4.0), count=st.integers(14, 40))
@settings(max_examples=20, deadline=None)
def test_more_errors_never_make_it_later_or_less_likely(seed: int, more: float, count: int) -> None:
    bad, total = noisy(seed, count, 0.0007)
    extra = np.minimum(total, bad + (np.random.default_rng(seed).random(bad.size) < 0.1) * more * 5)
    fewer, worse = exhaustion(bad, total, 99.9, MONTH), exhaustion(extra, total, 99.9, MONTH)
    assert worse.remaining <= fewer.remaining
    assert worse.probability >= fewer.probability
    for later, sooner in zip(fewer.seconds, worse.seconds, strict=True):
        assert np.isnan(later) or sooner <= later


@given(seed=st.integers(0, 1000), power=st.integers(-6, 20))
@settings(max_examples=20, deadline=None)
def test_only_ratios_matter_not_the_amount_of_traffic(seed: int, power: int) -> None:
    bad, total = noisy(seed)
    scale = 2.0**power  # a power of two changes no digit
    same(exhaustion(bad * scale, total * scale, 99.9, MONTH), exhaustion(bad, total, 99.9, MONTH))


@given(
    data=st.lists(st.tuples(st.floats(0, 1), st.one_of(st.just(np.nan), st.integers(0, 9))), max_size=60),
    period=st.integers(1, 40),
)
@settings(max_examples=60, deadline=None)
def test_answers_stay_in_their_domain(data: list[tuple[float, float]], period: int) -> None:
    total = np.array([n for _, n in data], dtype=float)
    bad = np.array([share for share, _ in data], dtype=float) * total
    told = exhaustion(bad, total, 90, period * 21600.0, slot=21600.0, min_history=0)
    assert np.isnan(told.remaining) or told.remaining <= 1
    assert np.isnan(told.probability) or 0 <= told.probability <= 1
    known = [x for x in told.seconds if not np.isnan(x)]
    assert known == sorted(known)
    assert all(0 <= x <= period * 21600 and x % 21600 == 0 for x in known)


def test_finer_slots_tell_the_same() -> None:
    bad, total = days(20, 0.0012)
    fine = exhaustion(np.repeat(bad / 4, 4), np.repeat(total / 4, 4), 99.9, MONTH, slot=900.0)
    assert np.abs(np.subtract(fine.seconds, exhaustion(bad, total, 99.9, MONTH).seconds)).max() <= 3600


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"bad_per_slot": [2.0]}, "bad_per_slot must not exceed total_per_slot"),
        ({"bad_per_slot": [-1.0]}, "at least 0"),
        ({"total_per_slot": [1.0, 1.0]}, "one axis of equal length"),
        ({"bad_per_slot": 0.0, "total_per_slot": 1.0}, "one axis of equal length"),
        ({"objective": 100}, "strictly between 0 and 100"),
        ({"slot": 7000.0}, "slot must divide a day"),
        ({"slot": 0.0}, "slot must divide a day"),
        ({"period": 5400.0}, "multiple of slot"),
        ({"period": 0.0}, "multiple of slot"),
        ({"period": np.inf}, "multiple of slot"),
    ],
)
def test_a_wrong_domain_is_refused_in_words(changed: dict[str, object], message: str) -> None:
    arguments: dict[str, object] = {"bad_per_slot": [0.0], "total_per_slot": [1.0], "objective": 99.9, "period": MONTH}
    with pytest.raises(ValueError, match=message):
        exhaustion(**{**arguments, **changed})  # type: ignore[arg-type]


def test_forecasts_are_calibrated_on_held_back_weeks() -> None:
    # The acceptance, small; python -m benchmarks.forecast has it by length of history and kind of service.
    told = [case for case in cases(7, 180, (14,)) if case.probability >= 0.1]
    sure = [case for case in told if case.probability >= 0.9]
    assert len(told) > 100
    assert len(sure) > 20
    assert 0.7 <= mean([case.covered for case in told]) <= 0.9
    assert mean([np.isfinite(case.came) for case in sure]) >= 0.8
