from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

import pytest

from exporter.sources.base import Count, SourceError
from exporter.sources.count_rows import counts, needed_columns
from exporter.spec import Metric

Rows = list[tuple[str, dict[str, object]]]


def metric(kind: str = "proportion") -> Metric:
    return Metric(name="m", kind=kind, source="s", query="select")  # type: ignore[arg-type]


def read(rows: Rows, source: str = "s", kind: str = "proportion", **more: Any) -> list[Count]:
    columns = tuple(rows[0][1]) if rows else ("variant", "n", "successes")
    return counts(source, metric(kind), rows, columns, **more)


def unit(variant: object = "blue", n: object = 10, successes: object = 1) -> dict[str, object]:
    return {"variant": variant, "n": n, "successes": successes}


def place(*rows: dict[str, object]) -> list[tuple[str, dict[str, object]]]:
    return [(f"row {index}", row) for index, row in enumerate(rows, start=1)]


def test_counts_keep_the_rows_order_and_take_any_kind_of_number() -> None:
    rows = place(unit("b", 5, 5), unit("a", Decimal("7"), 0.0), unit(3, 0, 0))
    assert read(rows) == [Count("b", (5.0, 5.0)), Count("a", (7.0, 0.0)), Count("3", (0.0, 0.0))]
    assert read([]) == []


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
        read(place(unit("red"), row), "shop")
    assert str(caught.value).startswith("source shop, row 2: ")
    assert sentence in str(caught.value)


def test_a_mean_has_sums_and_nan_for_what_is_not_given() -> None:
    row = {"variant": "blue", "n": 4, "sum": -6, "sum_squares": Decimal("12.5")}
    (count,) = read(place(row), kind="mean")
    assert count.sums[:3] == (4.0, -6.0, 12.5)
    assert all(map(math.isnan, count.sums[3:]))
    (count,) = read(place({**row, "nonzero": 3}), kind="mean")
    assert count.sums[-1] == 3.0


def test_an_optional_group_comes_whole_or_not_at_all() -> None:
    assert needed_columns(metric("mean"), ("variant", "n", "sum", "pre_sum"))[3:] == (
        "pre_sum",
        "pre_squares",
        "pre_product",
    )
    row = {"variant": "blue", "n": 4, "sum": 6, "sum_squares": 12, "capped_sum": 5}
    with pytest.raises(SourceError, match="needed are the columns variant, n, sum, sum_squares, capped_sum, capped_sq"):
        read(place(row), kind="mean")


@pytest.mark.parametrize(
    ("kind", "row", "sentence"),
    [
        ("mean", {"n": 4, "sum": 6, "sum_squares": 8.9}, "sum is 6 and sum_squares 8.9 over 4 units, which cannot be"),
        ("mean", {"n": 0, "sum": 1, "sum_squares": 1}, "over 0 units, which cannot be"),
        ("mean", {"n": 4, "sum": 6, "sum_squares": -1}, "sum_squares is -1; a count cannot be below 0"),
        ("mean", {"n": 4, "sum": 6, "sum_squares": 12, "nonzero": 5}, "nonzero is 5, more than n, 4"),
        (
            "ratio",
            {
                "n": 4,
                "numerator": 2,
                "numerator_squares": 2,
                "denominator": 9,
                "denominator_squares": 20,
                "product": 3,
            },
            "denominator is 9 and denominator_squares 20 over 4 units",
        ),
        ("rate", {"exposure": 10, "events": -1}, "events is -1"),
    ],
)
def test_sums_that_cannot_be_are_refused(kind: str, row: dict[str, object], sentence: str) -> None:
    with pytest.raises(SourceError) as caught:
        read(place({"variant": "blue", **row}), kind=kind)
    assert sentence in str(caught.value)


def test_a_rate_may_have_more_events_than_exposure() -> None:
    assert read(place({"variant": "b", "exposure": 0.5, "events": 9}), kind="rate") == [Count("b", (0.5, 9.0))]


def test_segments_are_named_by_dimension_and_value() -> None:
    row = {"dimension": "country", "segment": "de", **unit("blue", 5, 1)}
    assert read(place(row), segments=True) == [Count("blue", (5.0, 1.0), "country=de")]
    with pytest.raises(SourceError, match="variant 'blue' in segment country=de a second time; one row per variant, d"):
        read(place(row, row), segments=True)
    with pytest.raises(SourceError, match="segment is NULL"):
        read(place({**row, "segment": None}), segments=True)
