from __future__ import annotations

from decimal import Decimal

import pytest

from exporter.sources.base import SourceError
from exporter.sources.rows import number, require_columns, slots


def place(*rows: dict[str, object]) -> list[tuple[str, dict[str, object]]]:
    return [(f"row {index}", row) for index, row in enumerate(rows, start=1)]


def slot(begin: object, total: object = 10, **part: object) -> dict[str, object]:
    return {"slot": begin, "total": total, **(part or {"bad": 1})}


def test_slots_come_in_order_of_time_with_bad_as_total_minus_good() -> None:
    answer = slots("s", place(slot(600, 10, bad=2), slot(300, Decimal("5"), bad=0)), 300, 900, 300)
    assert (answer.starts.tolist(), answer.total.tolist(), answer.bad.tolist()) == ([300, 600], [5, 10], [0, 2])
    answer = slots("s", place(slot(300, 10, good=7)), 300, 900, 300)
    assert answer.bad.tolist() == [3.0]
    empty = slots("s", [], 0, 300, 300)
    assert empty.starts.shape == empty.total.shape == empty.bad.shape == (0,)


def test_good_is_subtracted_as_counts_and_not_as_ratios() -> None:
    answer = slots("s", place(slot(0, 10_000_001, good=10_000_000)), 0, 300, 300)
    assert answer.bad.tolist() == [1.0]


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        (slot(None), "slot is NULL"),
        (slot("2026-01-01"), "slot is '2026-01-01', not a number"),
        (slot(0), "slot 0 is outside of :start 300 <= slot < :end 900"),
        (slot(900), "slot 900 is outside"),
        (slot(450), "slot 450 does not begin a whole number of :step (300 s) after :start 300"),
        (slot(300), "slot 300 a second time"),
        (slot(600, None), "total is NULL"),
        (slot(600, 10, bad=11), "bad is 11, more than total, 10"),
        (slot(600, 10, good=11), "good is 11, more than total, 10"),
        (slot(600, 10, bad=-1), "bad is -1"),
        (slot(600, 10, bad=float("nan")), "bad is nan"),
    ],
)
def test_a_bad_slot_is_named_with_what_would_be_right(row: dict[str, object], sentence: str) -> None:
    with pytest.raises(SourceError) as caught:
        slots("shop", place(slot(300), row), 300, 900, 300)
    assert str(caught.value).startswith("source shop, row 2: ")
    assert sentence in str(caught.value)


def test_a_long_value_is_shortened() -> None:
    with pytest.raises(SourceError) as caught:
        number("s", "row 1", "n", "x" * 1000)
    assert len(str(caught.value)) < 150


@pytest.mark.parametrize("columns", [(), ("n",), ("n", "m", "n")])
def test_columns_that_are_missing_or_twice_are_listed(columns: tuple[str, ...]) -> None:
    with pytest.raises(SourceError, match=f"needed are the columns n, m, .*there are {', '.join(columns) or 'none'}"):
        require_columns("s", ("n", "m"), columns)
