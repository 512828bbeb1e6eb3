from __future__ import annotations

from decimal import Decimal

import pytest

from exporter.sources.base import Count, SourceError
from exporter.sources.rows import counts, number, require_columns, slots


def unit(variant: object = "blue", n: object = 10, successes: object = 1) -> dict[str, object]:
    return {"variant": variant, "n": n, "successes": successes}


def place(*rows: dict[str, object]) -> list[tuple[str, dict[str, object]]]:
    return [(f"row {index}", row) for index, row in enumerate(rows, start=1)]


def test_counts_keep_the_rows_order_and_take_any_kind_of_number() -> None:
    rows = place(unit("b", 5, 5), unit("a", Decimal("7"), 0.0), unit(3, 0, 0))
    assert counts("s", rows) == [Count("b", 5.0, 5.0), Count("a", 7.0, 0.0), Count("3", 0.0, 0.0)]
    assert counts("s", []) == []


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        (unit(n=None), "n is NULL; write COALESCE(n, 0)"),
        (unit(successes=None), "successes is NULL; write COALESCE(successes, 0)"),
        (unit(n=0, successes=None), "COALESCE(successes, 0)"),
        (unit(variant=None), "variant is NULL"),
        (unit(variant=""), "variant is ''"),
        (unit(variant=1.5), "variant is 1.5"),
        (unit(variant=True), "variant is True"),
        (unit(n=-1), "n is -1; a count cannot be below 0"),
        (unit(successes=-1), "successes is -1"),
        (unit(successes=11), "11 successes of 10 units"),
        (unit(n="10"), "n is '10', not a number"),
        (unit(n=True), "n is True, not a number"),
        (unit(n=b"10"), "not a number"),
        (unit(n=float("nan")), "n is nan; it must be a finite number"),
        (unit(n=float("inf")), "n is inf"),
        (unit(n=Decimal("NaN")), "n is nan"),
        (unit(n=10**400), "n is inf"),
        (unit(variant="red"), "variant 'red' a second time"),
    ],
)
def test_a_bad_row_is_named_with_what_would_be_right(row: dict[str, object], sentence: str) -> None:
    with pytest.raises(SourceError) as caught:
        counts("shop", place(unit("red"), row))
    assert str(caught.value).startswith("source shop, row 2: ")
    assert sentence in str(caught.value)


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
