"""The SLO collector over scripted counters (a stand-in for Prometheus, which the e2e tests run for real)."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.collectors.slo_feed import POINTS, segments
from exporter.state import State, StoredLedger
from tests.exporter.collectors.scripted import (
    BAD,
    DAY,
    GOOD,
    START,
    TOTAL,
    Scripted,
    Series,
    collector,
    key,
    slo,
    steady,
    values,
)


def test_a_young_service_has_spent_little_of_its_budget() -> None:
    source = Scripted(steady(6 * 3600, total=1000, bad=3))
    reports = collector(source, slo()).collect(START + 6 * 3600)
    assert values(reports, "slo_error_ratio")["period"] == pytest.approx(0.003)
    assert values(reports, "slo_burn_rate")["period"] == pytest.approx(3 * 6 / 720)
    assert values(reports, "slo_error_budget_remaining_ratio")[""] == pytest.approx(1 - 0.025)
    assert values(reports, "slo_error_budget_remaining_seconds")[""] == pytest.approx((1 - 0.025) * 2592)
    assert values(reports, "slo_burn_rate")["6h"] == pytest.approx(3.0)
    assert values(reports, "slo_burn_rate")["1d"] == pytest.approx(0.75)
    coverage = values(reports, "slo_coverage_ratio")
    assert coverage["6h"] == 1
    assert coverage["1d"] == pytest.approx(0.25, rel=0.01)


def test_the_past_of_a_young_service_begins_at_its_first_sample() -> None:
    """Between two 5 m instants: nothing after the first sample is lost, and its age is exact."""
    began = START + 100
    steps = [(began + i * 15.0, float(i)) for i in range(8 * 240)]
    source = Scripted({TOTAL: {key("200"): steps}, BAD: {}})
    end = began + 8 * 3600 - 15
    reports = collector(source, slo()).collect(end - (end - START) % 15)
    assert values(reports, "slo_events")["period"] == 1918  # the last of 1919 comes 10 s after the end
    assert values(reports, "slo_coverage_ratio")["period"] == pytest.approx(8 / 720, rel=2e-3)


def test_history_cut_by_retention_is_a_gap_and_not_youth() -> None:
    source = Scripted(steady(6 * 3600, total=1000, bad=3), retention=6 * 3600 + 60.0)
    reports = collector(source, slo()).collect(START + 6 * 3600)
    assert values(reports, "slo_burn_rate")["period"] == pytest.approx(3.0)


def test_windows_without_events_have_no_ratio_and_no_burn() -> None:
    source = Scripted(steady(3600, total=0))
    reports = collector(source, slo()).collect(START + 3600)
    assert values(reports, "slo_events")["1h"] == 0
    for family in ("slo_error_ratio", "slo_burn_rate", "slo_burn_p_value", "slo_error_budget_remaining_ratio"):
        assert values(reports, family) == {}
    assert values(reports, "slo_status")[""] == 0


def test_bad_from_good_is_the_rest_also_when_the_good_series_vanishes() -> None:
    script = steady(3600, total=10, bad=1)
    script[GOOD][key("200")] = [(t, v if t <= START + 1800 else math.nan) for t, v in script[GOOD][key("200")]]
    reports = collector(Scripted(script), slo(total=TOTAL, good=GOOD)).collect(START + 3600)
    assert values(reports, "slo_events")["1h"] == 2400
    assert values(reports, "slo_bad_events")["1h"] == 120 + 1200
    assert values(reports, "slo_bad_events")["30m"] == 1200


def test_more_good_than_total_is_clamped_carried_one_slot_and_counted() -> None:
    ticks = [(START + i * 15.0, float(i)) for i in range(5)]
    good = [0.0, 10, 21, 30, 40]  # one ahead of total at the third reading
    script = {
        TOTAL: {key(""): [(t, 10 * i) for t, i in ticks]},
        GOOD: {key("200"): [(t, g) for (t, _), g in zip(ticks, good, strict=True)]},
    }
    running = collector(Scripted(script), slo(total=TOTAL, good=GOOD))
    for time, _ in ticks:
        reports = running.collect(time)
    assert values(reports, "slo_bad_events")["5m"] == 0
    assert values(reports, "slo_clamped_events_total")[""] == 1


def test_a_series_born_on_a_known_target_counts_from_its_first_value() -> None:
    script = steady(600)
    script[TOTAL][key("503")] = script[BAD][key("503")] = [(START + 300, 7.0)]
    running = collector(Scripted(script), slo())
    for i in range(41):
        reports = running.collect(START + i * 15)
    assert values(reports, "slo_bad_events")["1h"] == 7
    assert values(reports, "slo_newborn_series_total")[""] == 1


def test_status_goes_from_ok_to_at_risk_to_breached_and_to_no_data() -> None:
    script = steady(2 * 3600, total=1000)
    script[BAD][key("500")] = [(START, 0.0)] + [(START + 3600 + i * 15, i * 900.0) for i in range(61)]
    source = Scripted(script)
    running = collector(source, slo(period="7d"))
    assert values(running.collect(START + 3600), "slo_status")[""] == 0
    assert values(running.collect(START + 3615), "slo_status")[""] == 1
    assert values(running.collect(START + 4500), "slo_status")[""] == 2
    source.broken = "connection refused"
    reports = running.collect(START + 4515)
    assert reports[0].samples == ()
    assert reports[0].error == "connection refused"
    assert values(reports, "slo_status")[""] == 2
    assert values(running.collect(START + 4500 + 60), "slo_status")[""] == 3, "when the measured series go"
    source.broken = None
    assert values(running.collect(START + 4600), "slo_status")[""] == 2


def test_an_slo_never_seen_has_no_status_and_no_events() -> None:
    reports = collector(Scripted({TOTAL: {}, BAD: {}}), slo()).collect(START)
    assert values(reports, "slo_status") == {}
    assert values(reports, "slo_info") == {"": 1}
    assert values(reports, "slo_coverage_ratio")["5m"] == 0
    assert values(reports, "slo_events") == values(reports, "slo_bad_events") == {}


def test_series_that_vanish_are_no_data_after_five_minutes_while_idle_ones_are_ok() -> None:
    script = steady(600)
    for selector in (TOTAL, BAD):
        for steps in script[selector].values():
            steps.append((START + 615, math.nan))
    running = collector(Scripted(script), slo())
    statuses = [values(running.collect(START + i * 15), "slo_status").get("") for i in range(64)]
    assert statuses[2:60] == [0] * 58
    assert statuses[61:] == [3] * 3


def test_one_bad_selector_costs_its_own_slo_only() -> None:
    other = slo().model_copy(update={"name": "other", "sli": slo(total="missing", bad=BAD).sli})
    running = collector(Scripted(steady(3600)), slo(), other)
    for at in (START + 3000, START + 3015):
        reports = running.collect(at)
        assert [report.error for report in reports] == [None, "missing: unknown"]
        assert values(reports, "slo_events")["1h"] > 0


def test_trend_compares_the_last_day_with_the_six_before() -> None:
    def at_ratio(bad: float) -> dict[str, float]:
        script = steady(7 * DAY, every=300, total=1000, bad=2)
        end = START + 7 * DAY
        last = script[BAD][key("500")][-288]
        script[BAD][key("500")] = [s for s in script[BAD][key("500")] if s[0] <= last[0]] + [(end, last[1] + bad)]
        return values(collector(Scripted(script), slo()).collect(end), "slo_trend")

    assert at_ratio(288 * 2) == {"": 0}
    assert at_ratio(288 * 3) == {"": -1}
    assert at_ratio(288 * 1) == {"": 1}


def test_a_clock_set_back_waits_and_says_so() -> None:
    running = collector(Scripted(steady(7200)), slo())
    running.collect(START + 3600)
    reports = running.collect(START + 3000)
    assert reports[0].samples == ()
    assert "the clock was set back" in (reports[0].error or "")
    assert running.collect(START + 3615)[0].error is None


def test_a_ledger_from_far_in_the_future_is_measured_anew() -> None:
    running = collector(Scripted(steady(7200)), slo())
    running.collect(START + 7200)
    reports = running.collect(START + 600)
    assert reports[0].error is None
    assert values(reports, "slo_events")["1h"] == 400


@pytest.mark.parametrize(
    ("since", "at", "first", "count"),
    [
        pytest.param(0.0, 15.0, 15.0, 1, id="one refresh"),
        pytest.param(0.0, 3600.0, 15.0, 240, id="an hour of fine ones"),
        pytest.param(None, 30 * DAY, 0.0, (720 - 6) * 12 + 1 + 1440, id="the first past: 5 m, then fine for 6 h"),
        pytest.param(0.0, 86400.0, 300.0, 18 * 12 + 1440, id="a day: nothing before the last reading"),
    ],
)
def test_segments_cover_what_is_missing(since: float | None, at: float, first: float, count: int) -> None:
    parts = segments(since, at, 15.0, 30 * DAY)
    instants = np.concatenate([np.arange(p.start, p.end + 1e-6, p.step) for p in parts])
    assert (instants[0], instants[-1], len(instants)) == (first, at, count)
    assert (np.diff(instants) > 0).all()
    assert all((p.end - p.start) / p.step < POINTS for p in parts)


@st.composite
def _scripts(draw: st.DrawFn) -> dict[str, Series]:
    """Three targets with resets, births and gaps on a 15 s grid over 20 minutes."""
    script: dict[str, Series] = {TOTAL: {}, BAD: {}}
    for instance in "abc":
        for code in ("200", "500"):
            value, steps = 0.0, []
            born = draw(st.integers(0, 40))
            for i in range(born, 50):
                event = draw(st.sampled_from(["count"] * 12 + ["same", "reset", "gap"]))
                value = value + draw(st.integers(0, 9)) if event == "count" else 1.0 if event == "reset" else value
                steps.append((START + i * 15, math.nan if event == "gap" else value))
            script[TOTAL][key(code, instance)] = steps
            if code == "500":
                script[BAD][key(code, instance)] = steps
    return script


@settings(max_examples=10, deadline=None)
@given(_scripts(), st.sets(st.integers(1, 49), max_size=6), st.data())
def test_restarts_and_outages_change_nothing(
    script: dict[str, Series], restarts: set[int], data: st.DataObject
) -> None:
    """Straight: a poll every 15 s. Broken: restarts at any moment, some followed by missed refreshes."""
    straight = collector(Scripted(script), slo())
    state = State("sqlite://")
    broken = collector(Scripted(script), slo(), state=state)
    skip = 0
    for i in range(50):
        at = START + i * 15
        expected = straight.collect(at)
        if i in restarts:
            broken = collector(Scripted(script), slo(), state=state)
            skip = data.draw(st.integers(0, 10))
        if skip:
            skip -= 1
            continue
        assert broken.collect(at) == expected


def test_a_long_past_is_stored_in_parts_and_is_all_there_after_a_restart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("exporter.collectors.slo._SLOTS_AT_ONCE", 100)
    source, state, stored = Scripted(steady(6 * 3600, total=1000, bad=3)), State("sqlite://"), []
    save = state.save_ledgers

    def saved(ledgers: list[StoredLedger], keep: dict[float, float]) -> None:
        stored.append([ledger.slo for ledger in ledgers])
        save(ledgers, keep)

    monkeypatch.setattr(state, "save_ledgers", saved)
    slos = [slo().model_copy(update={"name": name}) for name in ("one", "web", "zed")]
    before = collector(source, *slos, state=state).collect(START + 6 * 3600)
    assert stored == [["one"], ["web"], ["zed"]]
    again = collector(source, *slos, state=state).collect(START + 6 * 3600)
    assert values(again, "slo_coverage_ratio", "zed") == values(before, "slo_coverage_ratio", "zed")


def test_what_is_stored_of_many_is_read_a_few_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 1,000 full ledgers at once there were 3 million slots in memory at each start."""
    source, state, asked = Scripted(steady(3600, total=1000, bad=3)), State("sqlite://"), []
    slos = [slo().model_copy(update={"name": f"slo-{number}"}) for number in range(23)]
    before = collector(source, *slos, state=state).collect(START + 3600)
    read = state.ledgers

    def ledgers(names: list[str]) -> list[StoredLedger]:
        asked.append(len(names))
        return read(names)

    monkeypatch.setattr(state, "ledgers", ledgers)
    again = collector(source, *slos, state=state).collect(START + 3600)
    assert (max(asked), sum(asked)) == (10, 23)
    for name in ("slo-0", "slo-22"):
        assert values(again, "slo_events", name) == values(before, "slo_events", name) != {}
