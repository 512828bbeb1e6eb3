"""The gate in the collector: exact for independent errors, wiser where the past has bursts."""

from __future__ import annotations

import numpy as np
import pytest

from exporter.collectors.slo_evaluate import Evaluation, evaluate
from exporter.collectors.slo_group import GroupCounts
from exporter.collectors.slo_track import Track
from exporter.stats import burn
from tests.exporter.collectors.scripted import slo

START = 1_700_000_400.0 // 3600 * 3600
DAYS = 30
HOURLY = 300


def evaluated(past: np.ndarray, last_hour: np.ndarray) -> Evaluation:
    """A service with 300 requests an hour, bad ones in 5 m slots: a month of ``past``, then the last hour."""
    track = Track(slo(), 15.0, 0.0)
    bad = np.concatenate((past, last_hour)).astype(float)
    times = START + np.arange(1, len(bad) + 1) * 300.0
    counts = GroupCounts(np.full(len(bad), HOURLY / 12), bad, np.full(len(bad), 300.0), START, present=True)
    track.add(times, {"": counts})
    return evaluate([track], float(times[-1]))[0]


def bursts(size: int, every: int) -> np.ndarray:
    past = np.zeros(DAYS * 288)
    past[::every] = size
    return past


def test_independent_errors_are_judged_exactly() -> None:
    past = np.zeros(DAYS * 288)
    past[:: 288 * 3 // 5] = 1
    hour = np.zeros(12)
    hour[3] = 5
    evaluation = evaluated(past, hour)
    assert evaluation.group.burst_factor == pytest.approx(1.0, abs=0.1)
    assert evaluation.p_values["1h"] == pytest.approx(float(burn.p_value(5, 300, 99.9)), rel=0.2)


def test_a_usual_burst_is_no_surprise() -> None:
    hour = np.zeros(12)
    hour[3] = 10
    evaluation = evaluated(bursts(10, 288 * 3), hour)
    assert evaluation.group.burst_factor > 5
    assert float(burn.p_value(10, 300, 99.9)) < 1e-9
    assert (evaluation.p_values["1h"] or 0) > 1e-4


def test_an_incident_that_spreads_is_seen_in_spite_of_bursts() -> None:
    evaluation = evaluated(bursts(10, 288 * 3), np.full(12, 1.0))
    factor = evaluation.group.burst_factor
    assert float(burn.p_value(12 / factor, 300 / factor, 99.9)) > 1e-4  # as so many bursts it would be no surprise
    assert (evaluation.p_values["1h"] or 1) < 1e-4


def test_what_happens_now_does_not_make_itself_usual() -> None:
    hour = np.zeros(12)
    hour[2:] = 25
    evaluation = evaluated(np.zeros(DAYS * 288), hour)
    assert evaluation.group.burst_factor == 1
    assert evaluation.p_values["1h"] == pytest.approx(float(burn.p_value(250, 300, 99.9)))


def test_outages_of_the_past_do_not_make_the_next_one_usual() -> None:
    """Six outages of a thousand errors each in the month: a busy service, and the next minute of outage must page."""
    track = Track(slo(), 15.0, 0.0)
    bad = np.zeros(DAYS * 288 + 12)
    bad[144 : DAYS * 288 : 288 * 5] = 1000
    bad[-2] = 1000
    times = START + np.arange(1, len(bad) + 1) * 300.0
    counts = GroupCounts(np.full(len(bad), 4000.0), bad, np.full(len(bad), 300.0), START, present=True)
    track.add(times, {"": counts})
    (evaluation,) = evaluate([track], float(times[-1]))
    assert (evaluation.burn_rates["1h"] or 0) > 14.4
    assert (evaluation.p_values["1h"] or 1) < 1e-4
