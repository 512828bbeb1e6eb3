"""Blocks of units and the pace of the last day."""

from __future__ import annotations

import gc
import json
import math
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.collectors.experiment_pace import DAY, MOST_BLOCKS, Blocks, Mark, Pace


def mark(n: float, a: float = 0.5) -> Mark:
    return Mark(n, {"a": n * a, "b": n * (1 - a)}, {"m": {"a": (n * a, 0.0)}})


def test_blocks_double_and_stay_a_few_dozen() -> None:
    blocks = Blocks()
    for n in range(0, 100_001, 50):
        blocks.take(mark(float(n)))
        assert len(blocks.marks) <= MOST_BLOCKS
    units = blocks.units(("a", "b"))
    assert len(units) >= MOST_BLOCKS // 2 - 1
    assert blocks.marks[0].at == 0
    assert sum(map(sum, units)) == blocks.marks[-1].at
    assert blocks.at_share(2 / 3).at == pytest.approx(blocks.marks[-1].at * 2 / 3, rel=0.05)  # type: ignore[union-attr]


_SUMS = st.lists(st.floats(0, 1e15) | st.just(math.nan), max_size=4).map(tuple)
_COUNTS = st.dictionaries(st.text(max_size=3), st.dictionaries(st.text(max_size=3), _SUMS, max_size=3), max_size=3)
_UNITS = st.dictionaries(st.text(max_size=3), st.floats(0, 1e15), max_size=3)


@given(st.lists(st.builds(Mark, st.floats(0, 2e9), _UNITS, _COUNTS), max_size=5))
def test_marks_come_back_as_they_were_whatever_their_names(marks: list[Mark]) -> None:
    """Variants and metrics come and go from one to the next; of a nan the text is compared."""
    blocks = Blocks()
    blocks.restart(None, marks)
    assert repr(blocks.marks) == repr(marks)
    assert len(blocks) == len(marks)


def test_many_marks_take_little_memory() -> None:
    """Of 1,000 experiments with 48 marks each, 40 MB as dictionaries."""
    blocks = Blocks()
    tracemalloc.start()
    blocks.restart(None, [mark(float(n)) for n in range(1000)])
    gc.collect()
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held < 250_000


def test_there_is_no_inside_of_one_block() -> None:
    blocks = Blocks()
    blocks.take(mark(0.0))
    assert blocks.at_share(2 / 3) is None
    assert not blocks.take(mark(99.0))
    assert blocks.take(mark(100.0))
    assert blocks.at_share(2 / 3) is None


def test_blocks_outlive_a_restart() -> None:
    plain, restarted = Blocks(), Blocks()
    for n in range(0, 20_000, 90):
        for blocks in (plain, restarted):
            blocks.take(mark(float(n), 0.3))
        restarted = Blocks(json.loads(json.dumps(restarted.document())))
    assert restarted.document() == json.loads(json.dumps(plain.document()))


def test_pace_is_that_of_the_last_day() -> None:
    pace = Pace()
    for i in range(4 * 24 * 3):
        pace.take(900.0 * i, 100.0 * min(i, 96) + 10.0 * max(i - 96, 0))
        pace = Pace(json.loads(json.dumps(pace.document())))
    assert pace.per_day() == pytest.approx(960.0, rel=0.03)
    assert len(pace.document()["past"]) < 60


def test_pace_needs_half_an_hour() -> None:
    pace = Pace()
    pace.take(0.0, 100.0)
    assert pace.per_day() is None
    pace.take(1799.0, 200.0)
    assert pace.per_day() is None
    pace.take(1800.0, 200.0)
    assert pace.per_day() == pytest.approx(100 * DAY / 1800)


def test_a_total_that_fell_begins_anew_and_one_that_stands_still_did_not_grow() -> None:
    pace = Pace()
    pace.take(0.0, 5.0)
    pace.take(4000.0, 5.0)
    assert pace.last_grown == 0.0
    assert pace.per_day() == 0
    pace.take(8000.0, 1.0)
    assert pace.per_day() is None
    assert pace.last_grown == 8000.0
