"""Counts of variants from raw counters: first sight, births, resets, restarts."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from exporter.collectors.experiment_counters import CounterTotals, of_metric
from exporter.collectors.experiment_counts import definition
from exporter.sources.base import Matrix, series_key
from exporter.spec import JsonCounts, Metric, PrometheusCounts

COUNTERS = PrometheusCounts(exposures="exposures_total", events="conversions_total")
METRIC = Metric(name="m", kind="proportion", source="prod", prometheus=COUNTERS)
NAN = math.nan


def key(variant: str | None, instance: str = "a") -> str:
    labels = {"job": "shop", "instance": instance}
    return series_key(labels if variant is None else {**labels, "variant": variant})


def reading(instance: str = "a", **variants: float) -> dict[str, float]:
    return {key(variant, instance): value for variant, value in variants.items()}


def matrix(start: float, series: dict[str, list[float]], points: int) -> Matrix:
    times = start + 300.0 * np.arange(points)
    return Matrix(times, tuple(series), np.array([*series.values()], dtype=float).reshape(len(series), points))


def seen(totals: CounterTotals, at: float, exposures: dict[str, float], events: dict[str, float]) -> CounterTotals:
    totals.poll(at, [exposures, events])
    return totals


def test_counters_began_at_zero_at_first_sight() -> None:
    totals = seen(of_metric(METRIC), 15, reading(blue=100, green=90), reading(blue=10))
    assert totals.counts == {"blue": (100, 10), "green": (90, 0)}


def test_first_sight_lasts_until_there_is_something_to_see() -> None:
    totals = of_metric(METRIC)
    for at in (15.0, 30.0):
        seen(totals, at, {}, {})
    assert totals.counts == {}
    assert seen(totals, 45, reading(blue=3), {}).counts == {"blue": (3, 0)}
    assert seen(totals, 60, reading(blue=5, green=2), reading(green=1)).counts == {"blue": (5, 0), "green": (2, 1)}


def test_a_reset_and_a_new_series_of_a_known_target_count_whole() -> None:
    totals = seen(of_metric(METRIC), 15, reading(blue=100), {})
    seen(totals, 30, reading(blue=7), reading(blue=2))
    assert totals.counts == {"blue": (107, 2)}


def test_a_target_that_comes_back_after_hours_does_not_count_twice() -> None:
    totals = seen(of_metric(METRIC), 0, {**reading(blue=100), **reading("b", blue=50)}, {})
    for minute in range(1, 120):
        seen(totals, 60.0 * minute, reading(blue=100), {})
    seen(totals, 7200, {**reading(blue=101), **reading("b", blue=60)}, {})
    assert totals.counts == {"blue": (151, 0)}
    gone = seen(of_metric(METRIC), 0, reading(blue=100), {})
    for minute in range(1, 120):
        seen(gone, 60.0 * minute, {}, {})
    assert seen(gone, 7200, reading(blue=105), {}).counts == {"blue": (100, 0)}


def test_series_are_summed_by_the_label_and_without_it_they_are_nobodys() -> None:
    exposures = {**reading(blue=1), **reading("b", blue=2), key(None): 4.0}
    assert seen(of_metric(METRIC), 15, exposures, {}).counts == {"blue": (3, 0), "": (4, 0)}


def test_the_past_is_replayed_with_each_series_from_zero() -> None:
    totals = of_metric(METRIC)
    exposures = {
        key("blue"): [10, 20, 5, 8],  # restarts
        key("green"): [NAN, 4, 6, 6],  # first shown later
        key("blue", "b"): [NAN, NAN, 3, 9],  # a second target
    }
    totals.replay([matrix(300, exposures, 4), matrix(300, {key("green"): [NAN, NAN, NAN, 2]}, 4)])
    totals.caught_up()
    assert totals.counts == {"blue": (20 + 8 + 9, 0), "green": (6, 2)}
    assert totals.polled == 1200


def test_a_past_in_parts_counts_no_series_twice() -> None:
    totals = of_metric(METRIC)
    long_ago = matrix(0, {key("blue"): [10, 20], key("blue", "b"): [7, 7]}, 2)
    totals.replay([long_ago, matrix(0, {}, 2)])
    # b is away for hours and comes back as it was; c is new.
    later = {key("blue"): [30.0] * 14, key("blue", "b"): [NAN] * 13 + [9], key("blue", "c"): [NAN] * 13 + [5]}
    totals.replay([matrix(600, later, 14), matrix(600, {}, 14)])
    totals.caught_up()
    assert totals.counts == {"blue": (30 + 7 + 5, 0)}


def test_history_and_polls_count_the_same() -> None:
    values = {key("blue"): [5.0, 9, 2, 2, 6], key("green"): [NAN, 3, 8, NAN, 9]}
    past = of_metric(METRIC)
    past.replay([matrix(300, values, 5), matrix(300, values, 5)])
    past.caught_up()
    live = of_metric(METRIC)
    for i in range(5):
        now = {name: row[i] for name, row in values.items() if not math.isnan(row[i])}
        live.poll(300.0 * (i + 1), [now, now])
    assert past.counts == live.counts == {"blue": (15, 15), "green": (9, 9)}
    assert past.document() == live.document()


@pytest.mark.parametrize("restart_after", range(5))
def test_a_restart_changes_nothing(restart_after: int) -> None:
    polls = [reading(blue=4), reading(blue=9, green=1), reading(blue=3, green=2), {}, reading(blue=8, green=5)]
    totals, straight = of_metric(METRIC), of_metric(METRIC)
    for i, poll in enumerate(polls):
        totals.poll(15.0 * i, [poll, poll])
        straight.poll(15.0 * i, [poll, poll])
        if i == restart_after:
            totals = of_metric(METRIC, (), json.loads(json.dumps(totals.document())))
    assert totals.counts == straight.counts == {"blue": (17, 17), "green": (5, 5)}


def test_a_wrong_clock_is_moved_and_the_values_hold() -> None:
    totals = seen(of_metric(METRIC), 1e9, reading(blue=100), {})
    totals.move_clock(14.9)
    assert seen(totals, 15, reading(blue=104, green=2), {}).counts == {"blue": (104, 0), "green": (2, 0)}


def test_the_definition_is_of_what_is_counted() -> None:
    metric = Metric(name="m", kind="proportion", source="shop", query="SELECT 1")
    same = metric.model_copy(update={"name": "other", "direction": "decrease", "role": "secondary"})
    assert definition(metric) == definition(same)
    changes: list[dict[str, object]] = [{"source": "b"}, {"query": "SELECT 2"}, {"prometheus": COUNTERS}]
    changes += [{"json_counts": JsonCounts(rows="a")}, {"json_counts": JsonCounts(rows="a", names={"0": "blue"})}]
    assert len({definition(metric), *(definition(metric.model_copy(update=change)) for change in changes)}) == 6
