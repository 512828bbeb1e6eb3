"""When alerts would have fired: against the theory of steady errors, and against the live exporter step by step."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.collectors.slo import SloCollector
from exporter.spec import tiers_in_force
from exporter.state import State
from exporter.windows import factor
from tests.winburn.backtest.scripted import (
    BAD,
    DAY,
    HOUR,
    MINUTE,
    START,
    TOTAL,
    Scripted,
    Series,
    counters,
    incident,
    key,
    run,
    slo,
)
from winburn.backtest.firings import frozen, held, merged

BEGAN = START + 31 * DAY


@pytest.mark.parametrize(
    ("errors", "minutes", "tier"),
    [(1.0, 1, "fast"), (0.1, 9, "fast"), (0.02, 44, "fast"), (0.01, 217, "medium")],
)
def test_the_first_page_comes_as_the_theory_says(errors: float, minutes: int, tier: str) -> None:
    """52 s, 8.6 m, 43.2 m and 216 m of the Workbook's formula, at the next minute: burn must exceed the factor."""
    result = run(incident(errors), slo(), BEGAN - HOUR, BEGAN + 6 * HOUR)
    page = next(f for f in result.firings if f.severity == "page")
    assert (page.tier, page.since) == (tier, BEGAN + minutes * MINUTE)
    assert page.incident == BEGAN
    assert page.detection == minutes * MINUTE


def test_the_tiers_fire_one_after_the_other_and_have_spent_their_share_of_the_budget() -> None:
    result = run(incident(0.1), slo(), BEGAN - HOUR, BEGAN + 6 * HOUR)
    first = {f.tier: f for f in result.firings}
    assert [round(first[t].detection / 60) for t in ("fast", "medium", "slow", "trickle")] == [9, 22, 44, 44]
    spent = [first[t].spent_when_fired for t in ("fast", "medium", "slow", "trickle")]
    # A share of 2, 5, 10 and 10 %, and what a minute adds to it: the period's traffic is flat.
    assert spent == pytest.approx([0.0208, 0.0509, 0.1018, 0.1018], rel=2e-3)
    assert first["fast"].peak == pytest.approx(100)
    assert first["fast"].until is None


def test_an_alert_clears_after_the_short_window_and_keep_firing_for() -> None:
    total = np.full(round((31 * DAY + 6 * HOUR) / 60), 1e6)
    minute = np.arange(len(total)) - 31 * 1440
    bad = np.where((minute >= 0) & (minute < 60), total, 0.0)
    result = run(Scripted(counters(total, bad)), slo(), BEGAN - HOUR, BEGAN + 6 * HOUR)
    fast = next(f for f in result.firings if f.tier == "fast")
    # All errors, then none: the 5 m window is at or below 14.4 from its last error on (4.9 m), so at the fifth minute.
    assert fast.until == BEGAN + 65 * MINUTE + 30
    assert fast.spent_at_end == pytest.approx(60 / (30 * 1440) / 0.001, rel=1e-3)
    assert fast.remaining_at_end == pytest.approx(1 - 60 / (30 * 1440) / 0.001, rel=3e-3)


def test_the_threshold_itself_does_not_fire() -> None:
    """1.44 % is a burn of exactly 14.4; of 1e6 events a minute one more bad event is enough."""
    at = run(incident(0.0144), slo(), BEGAN, BEGAN + 2 * HOUR)
    above = run(incident(0.014401), slo(), BEGAN, BEGAN + 2 * HOUR)
    assert [f.tier for f in at.firings if f.tier == "fast"] == []
    assert [f.since for f in above.firings if f.tier == "fast"] == [BEGAN + HOUR]


def test_the_gate_keeps_one_error_of_sixty_an_hour_from_paging() -> None:
    total = np.ones(round(31 * DAY / 60) + 360)
    bad = np.zeros_like(total)
    bad[31 * 1440 + 60] = 1
    source = Scripted(counters(total, bad))
    gated = run(source, slo(), BEGAN, BEGAN + 5 * HOUR)
    plain = run(source, slo(alerting={"low_traffic_gate": None}), BEGAN, BEGAN + 5 * HOUR)
    assert gated.firings == ()
    assert {f.tier for f in plain.firings} >= {"fast"}


def test_an_incident_is_older_than_the_run_of_its_own_tier_only_by_one_short_window() -> None:
    """Errors of ten days ago, within the budget by themselves, do not make the detection longer."""
    total = np.full(round(31 * DAY / 60) + 720, 1000.0)
    bad = np.zeros_like(total)
    bad[21 * 1440] = 1
    bad[31 * 1440 :] = 100
    result = run(Scripted(counters(total, bad)), slo(), BEGAN - HOUR, BEGAN + 11 * HOUR)
    assert {f.incident for f in result.firings} == {BEGAN}


def test_an_incident_goes_on_while_the_long_window_burns() -> None:
    """One error every six minutes: the 5 m window is empty in between, and it is one incident all the same."""
    total = np.full(round(31 * DAY / 60) + 120, 10.0)
    bad = np.zeros_like(total)
    bad[31 * 1440 :: 6] = 1
    result = run(Scripted(counters(total, bad)), slo(), BEGAN - HOUR, BEGAN + HOUR)
    fast = next(f for f in result.firings if f.tier == "fast")
    # The ninth error is the first above 14.4 x 0.6 of the hour's 600 events.
    assert (fast.since, fast.incident) == (BEGAN + 49 * MINUTE, BEGAN)


def test_what_fires_at_the_first_time_is_open_to_the_past() -> None:
    result = run(incident(0.1), slo(), BEGAN + HOUR, BEGAN + 2 * HOUR)
    fast = next(f for f in result.firings if f.tier == "fast")
    assert fast.open
    assert (fast.incident, fast.detection, fast.spent_when_fired, fast.spent_at_end) == (None, None, None, None)


@pytest.mark.parametrize(
    ("holds", "keep", "expected"),
    [
        pytest.param("", 30, [], id="nothing"),
        pytest.param(".##.", 30, [(1, 2)], id="one run"),
        pytest.param("##", 30, [(0, 1)], id="from the first to the last"),
        pytest.param("#.#", 30, [(0, 0), (2, 2)], id="back after keep_firing_for"),
        pytest.param("#.#", 60, [(0, 2)], id="back at its very end: firing still"),
        pytest.param("#..#.#", 60, [(0, 0), (3, 5)], id="away for longer"),
    ],
)
def test_keep_firing_for_bridges(holds: str, keep: float, expected: list[tuple[int, int]]) -> None:
    flags = np.array([c == "#" for c in holds], dtype=bool)
    assert list(held(flags, np.arange(len(holds)) * 60.0, keep)) == expected


def test_an_alert_freezes_while_nothing_is_measured() -> None:
    """The service falls silent for two hours in the midst of its outage: nobody knows that it is over."""
    total = np.full(round(31 * DAY / 60) + 400, 1000.0)
    bad = np.zeros_like(total)
    bad[31 * 1440 :] = np.where(np.arange(400) < 140, 500, 0)
    source = Scripted(counters(total, bad))
    for series in source.script.values():
        for times, values in series.values():
            values[(times > BEGAN + 10 * MINUTE) & (times <= BEGAN + 130 * MINUTE)] = np.nan
    result = run(source, slo(alerting={"page": ["fast"], "ticket": []}), BEGAN - HOUR, BEGAN + 6 * HOUR)
    assert len(result.firings) == 1
    assert result.firings[0].until == BEGAN + 145 * MINUTE + 30


@pytest.mark.parametrize(
    ("holds", "unmeasured", "expected"),
    [
        ("##...", "..##.", "####."),
        (".....", "..##.", "....."),
        ("#....", "..##.", "#...."),
        ("..##.", "##...", "..##."),
    ],
)
def test_only_what_fires_can_freeze(holds: str, unmeasured: str, expected: str) -> None:
    flags = [np.array([c == "#" for c in text], dtype=bool) for text in (holds, unmeasured, expected)]
    assert frozen(flags[0], flags[1], np.arange(5) * 60.0, 30.0).tolist() == flags[2].tolist()


def test_merged_spans() -> None:
    assert merged([(5, 6), (0, 2), (1, 3), (3, 4)]) == [(0, 4), (5, 6)]


@st.composite
def _histories(draw: st.DrawFn) -> dict[str, Series]:
    """Two targets over two and a half hours of minutes, with quiet and bad times, resets, births and gaps."""
    script: dict[str, Series] = {TOTAL: {}, BAD: {}}
    for instance in "ab":
        born = draw(st.integers(0, 60))
        rates = draw(
            st.lists(st.tuples(st.integers(0, 60), st.sampled_from([0.0, 0.001, 0.02, 0.5])), min_size=4, max_size=8)
        )
        rng = np.random.default_rng(draw(st.integers(0, 1000)))
        minutes = np.arange(born, 150)
        phase = np.minimum(minutes * len(rates) // 150, len(rates) - 1)
        bad = rng.binomial([rates[p][0] for p in phase], [rates[p][1] for p in phase]).astype(float)
        good = np.array([rates[p][0] for p in phase], dtype=float) - bad
        reset, gap = draw(st.integers(0, 150)), draw(st.integers(0, 150))
        for code, events in (("200", good), ("500", bad)):
            values = np.cumsum(events)
            values[minutes >= reset] -= values[minutes >= reset][0] if (minutes >= reset).any() else 0
            values[(minutes >= gap) & (minutes < gap + 12)] = np.nan
            script[TOTAL][key(code, instance)] = (START + minutes * MINUTE, values)
        script[BAD][key("500", instance)] = script[TOTAL][key("500", instance)]
    return script


@settings(max_examples=6, deadline=None)
@given(_histories(), st.sampled_from(["1d", "30d"]), st.sampled_from([99.0, 99.9]))
def test_it_fires_whenever_the_live_exporter_says_so(script: dict[str, Series], period: str, objective: float) -> None:
    """The exporter polls every minute; its own gauges are put through the conditions of the generated rules."""
    of = slo(objective, period)
    start, end = START + 30 * MINUTE, START + 150 * MINUTE
    result = run(Scripted(script), of, start, end)
    live = SloCollector(Scripted(script), [of], State("sqlite://"), refresh=60.0, origin=0.0, keep_seconds=60.0)
    for i, at in enumerate(result.course.times.tolist()):
        samples = {
            (s.name, dict(s.labels).get("window", "")): s.value
            for r in live.collect(at)
            for s in (*r.samples, *r.lasting)
        }
        for label, rates in result.course.burn.items():
            measured = samples.get(("slo_burn_rate", label))
            assert (measured is None and np.isnan(rates[i])) or measured == pytest.approx(rates[i], rel=1e-12)
        fires = []
        for judged, (tier, _) in zip(result.course.tiers, tiers_in_force(of), strict=True):
            limit = float(factor(tier, of.period_seconds))
            long, short = (samples.get(("slo_burn_rate", label), 0.0) for label in (tier.long, tier.short))
            p_value = samples.get(("slo_burn_p_value", tier.long), 1.0)
            fires.append(long > limit and short > limit and p_value < 1e-4)
            assert judged.holds[i] == fires[-1]
        if samples.get(("slo_status", "")) in (0, 1):
            assert (samples["slo_status", ""] == 1) == any(fires)
