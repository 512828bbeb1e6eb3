"""Windows of events: their length, the estimates, restarts."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from exporter.collectors.experiment_windows import MOST_WINDOWS, Windows
from exporter.spec import Metric
from exporter.stats import dispersion

METRIC = Metric(name="m", kind="proportion", source="prod", query="q", conversion_lag="10m")
WIDTH = 1800.0


def clustered(windows: int, size: float = 4.0) -> list[dict[str, tuple[float, float]]]:
    """Cumulative counts at the ends of windows whose events come in clusters of one size."""
    rng = np.random.default_rng(5)
    units = rng.poisson(200, (windows, 2)).cumsum(axis=0) * size
    events = rng.binomial(200, 0.1, (windows, 2)).cumsum(axis=0) * size
    return [{v: (float(units[i, j]), float(events[i, j])) for j, v in enumerate("ab")} for i in range(windows)]


def filled(windows: Windows, counts: list[dict[str, tuple[float, float]]]) -> Windows:
    for i, now in enumerate(counts):
        windows.take(WIDTH * i, now, "ab")
    return windows


def test_nothing_is_said_before_thirty_windows() -> None:
    counts = clustered(31)
    assert math.isnan(filled(Windows(METRIC), counts[:30]).design_effect("ab"))
    found = filled(Windows(METRIC), counts)
    steps = np.diff([[now[v] for v in "ab"] for now in counts], axis=0)
    expected = dispersion.design_effect(steps[..., 1], steps[..., 0], at_most_one=True)
    assert found.design_effect("ab") == pytest.approx(float(expected))
    assert 2 < found.design_effect("ab") < 7


def test_the_next_window_changes_the_estimate() -> None:
    counts = clustered(40)
    found = filled(Windows(METRIC), counts[:35])
    before = found.design_effect("ab"), found.design_effect_of_units("ab", (0.5, 0.5))
    for i in range(35, 40):
        assert found.take(WIDTH * i, counts[i], "ab")
    after = found.design_effect("ab"), found.design_effect_of_units("ab", (0.5, 0.5))
    assert before[0] != after[0]
    assert before[1] != after[1]


def test_a_gap_makes_no_window_nor_does_a_change_of_the_split() -> None:
    counts, windows = clustered(4), Windows(METRIC)
    windows.take(0.0, counts[0], "ab")
    assert windows.take(2 * WIDTH, counts[1], "ab")
    assert windows.document()["windows"] == []
    windows.skip()
    assert not windows.take(3 * WIDTH, counts[2], "ab")
    assert windows.document()["windows"] == []


def test_a_restart_at_any_moment_changes_nothing() -> None:
    counts = clustered(40)
    plain, restarted = Windows(METRIC), Windows(METRIC)
    for i, now in enumerate(counts):
        for windows in (plain, restarted):
            windows.take(WIDTH * i / 3, now, "ab")
        restarted = Windows(METRIC, json.loads(json.dumps(restarted.document())))
    assert restarted.document()["windows"] == plain.document()["windows"]
    assert len(plain.document()["windows"]) == 13


def test_windows_of_another_lag_are_no_windows() -> None:
    known = filled(Windows(METRIC), clustered(40)).document()
    assert not math.isnan(Windows(METRIC, known).design_effect("ab"))
    other = METRIC.model_copy(update={"conversion_lag": 60.0})
    assert math.isnan(Windows(other, known).design_effect("ab"))


def test_the_past_is_bounded() -> None:
    found = filled(Windows(METRIC), [{"a": (float(i), 0.0), "b": (float(i), 0.0)} for i in range(MOST_WINDOWS + 9)])
    assert len(found.document()["windows"]) == MOST_WINDOWS
