"""Reading the past: how far back, in which steps, from counters and from slots."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import numpy as np
import pytest

from exporter.sources.base import SourceError
from exporter.sources.sql import SqlSource
from tests.winburn.backtest.scripted import (
    BAD,
    DAY,
    GOOD,
    HOUR,
    START,
    TOTAL,
    Scripted,
    counters,
    key,
    run,
    slo,
)
from winburn.backtest.increments import Increments, NotYet
from winburn.backtest.past import POINTS, clamped, window_starts


def _flat(days: float, bad: float = 0.0) -> Scripted:
    total = np.full(round(days * 1440), 100.0)
    return Scripted(counters(total, np.full_like(total, bad)))


def test_one_period_before_the_span_is_read_coarsely_and_fine_from_six_hours_on() -> None:
    source = _flat(40)
    start, end = START + 35 * DAY, START + 36 * DAY
    past = run(source, slo(), start, end).course.past
    assert past.times[0] <= start - 30 * DAY - HOUR
    assert set(np.diff(past.times[past.times <= start - 6 * HOUR])) == {300.0}
    assert set(np.diff(past.times[past.times >= start - 6 * HOUR])) == {60.0}
    assert past.times[-1] == end
    assert all((to - since) / step < POINTS for since, to, step in source.asked)


def test_every_event_of_the_period_is_there_once() -> None:
    result = run(_flat(40, bad=1), slo(objective=90), START + 35 * DAY, START + 36 * DAY)
    past = result.course.past
    ends = np.array([START + 35 * DAY, START + 36 * DAY])
    total, bad, measured = past.between(ends - 30 * DAY, ends)
    assert total.tolist() == [100 * 30 * 1440] * 2
    assert bad.tolist() == [30 * 1440] * 2
    assert measured.tolist() == [30 * DAY] * 2


def test_a_young_service_is_read_in_fine_steps_from_its_first_sample() -> None:
    """Born between two 5 m instants, two days before the span: nothing that it counted since is lost."""
    born = START + 2 * DAY + 130
    total = np.full(3 * 1440, 10.0)
    result = run(Scripted(counters(total, total * 0, born)), slo(), START + 4 * DAY, START + 4 * DAY + HOUR)
    past = result.course.past
    assert past.first_measured == START + 2 * DAY + 180  # the first minute of the grid at which it is there
    assert past.sums[0, -1] == 10 * (2 * 1440 + 60 - 3)


def test_what_is_before_the_first_measurement_is_ordinary_traffic_without_errors() -> None:
    """A service six hours old with 0.3 % errors has spent 2.5 % of its month, not 300 %."""
    total = np.full(360, 1000.0)
    result = run(Scripted(counters(total, total * 0.003)), slo(), START + 5 * HOUR, START + 6 * HOUR)
    assert result.course.spent[-1] == pytest.approx(0.025, rel=2e-3)
    assert result.course.burn["6h"][-1] == pytest.approx(3)


def test_history_cut_by_retention_is_a_gap_and_not_youth() -> None:
    source = Scripted(counters(np.full(360, 1000.0), np.full(360, 3.0)), retention=6 * HOUR + 60)
    result = run(source, slo(), START + 5 * HOUR, START + 6 * HOUR)
    assert result.course.spent[-1] == pytest.approx(3)


def test_bad_from_good_and_resets() -> None:
    source = _flat(2, bad=2)
    by_bad = run(source, slo(), START + DAY, START + DAY + HOUR).course.past
    by_good = run(source, slo(sli={"total": TOTAL, "good": GOOD}), START + DAY, START + DAY + HOUR).course.past
    assert by_good.sums == pytest.approx(by_bad.sums)
    times, values = source.script[BAD][key("500")]
    values[times >= START + DAY + 600] -= values[times >= START + DAY + 600][0]
    reset = run(source, slo(), START + DAY, START + DAY + HOUR).course.past
    assert reset.sums[1, -1] == by_bad.sums[1, -1] - 2  # the two of the minute of the reset, which nobody can know


def test_a_gap_lowers_coverage_and_loses_no_events() -> None:
    source = _flat(2)
    for series in source.script.values():
        for times, values in series.values():
            values[(times >= START + DAY) & (times < START + DAY + 1800)] = np.nan
    result = run(source, slo(), START + DAY - HOUR, START + DAY + HOUR)
    assert result.summary.coverage == pytest.approx(1 - 31 / 120)
    assert result.summary.total == 12000


def test_nothing_there_is_no_data() -> None:
    result = run(Scripted({TOTAL: {}, BAD: {}}), slo(), START, START + HOUR)
    assert result.course.past.first_measured is None
    assert result.firings == ()
    assert (result.summary.burn, result.summary.remaining, result.summary.worst_hour) == (None, None, None)
    assert result.summary.coverage == 0


def test_a_source_without_answer_is_an_error() -> None:
    with pytest.raises(SourceError, match="refused"):
        run(Scripted({}, broken="connection refused"), slo(), START, START + HOUR)
    with pytest.raises(SourceError, match="unknown"):
        run(Scripted({TOTAL: {}}), slo(), START, START + HOUR)


def test_slots_of_a_database_give_what_counters_give(tmp_path: Path) -> None:
    """The same events, a row a minute in SQLite: the same firings."""
    total, bad = np.full(2 * 1440, 1000.0), np.zeros(2 * 1440)
    bad[1500:1600] = 100
    with sqlite3.connect(tmp_path / "shop.db") as database:
        database.execute("CREATE TABLE requests (at INTEGER, n INTEGER, failed INTEGER)")
        rows = [(START + i * 60, n, b) for i, (n, b) in enumerate(zip(total, bad, strict=True))]
        database.executemany("INSERT INTO requests VALUES (?, ?, ?)", rows)
    database.close()
    query = (
        "SELECT at - (at - :start) % :step AS slot, SUM(n) AS total, SUM(failed) AS bad FROM requests "
        "WHERE at >= :start AND at < :end GROUP BY 1"
    )
    source = SqlSource("shop", f"sqlite:///{tmp_path / 'shop.db'}")
    span = (START + DAY, START + 2 * DAY)
    by_sql = run(source, slo(sli={"sql": query}), *span)
    by_counters = run(Scripted(counters(total, bad)), slo(), *span)
    assert [(f.tier, f.since, f.until) for f in by_sql.firings] == [
        (f.tier, f.since, f.until) for f in by_counters.firings
    ]
    assert by_sql.firings
    assert by_sql.summary == by_counters.summary


def test_a_composite_cannot_be_replayed_yet_and_that_is_said() -> None:
    composite = slo(sli={"source": None, "composite": [{"slo": "a"}, {"slo": "b"}]})
    with pytest.raises(NotYet, match="kind composite"):
        Increments(Scripted({}), composite, 50)


def test_an_excess_of_bad_events_is_carried_one_slot() -> None:
    bad, total = np.array([0.0, 12.0, 8.0, 1.0, -2.0, 3.0]), np.full(6, 10.0)
    assert clamped(bad, total).tolist() == [0, 10, 10, 1, 0, 1]


def test_windows_begin_where_those_of_the_exporter_do() -> None:
    """To 6 h exactly, to 3 d at a multiple of 5 m, beyond at a whole hour."""
    ends = 1_700_006_400.0 + np.array([0.0, 60.0, 3660.0])
    assert (ends - window_starts(slo(), ends, 6 * HOUR)).tolist() == [6 * HOUR] * 3
    assert (ends - window_starts(slo(), ends, DAY)).tolist() == [DAY, DAY + 60, DAY + 60]
    assert (ends - window_starts(slo(), ends, 30 * DAY)).tolist() == [30 * DAY, 30 * DAY + 60, 30 * DAY + 60]
