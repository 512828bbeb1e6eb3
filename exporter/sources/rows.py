"""Rows that a person's query or file gives, checked one by one: what is wrong where, and what would be right."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import numpy as np

from exporter.sources.base import LABEL_LENGTH, Slots, SourceError, group_name

Row = Mapping[str, Any]
"""Column -> value."""


def number(source: str, place: str, column: str, value: object) -> float:
    """A finite number of at least 0 from an int, a float or a Decimal; SourceError for anything else."""
    result = finite(source, place, column, value)
    if result < 0:
        raise SourceError(f"source {source}, {place}: {column} is {result:g}; a count cannot be below 0")
    return result


def finite(source: str, place: str, column: str, value: object) -> float:
    """A finite number from an int, a float or a Decimal; SourceError for anything else."""
    if value is None:
        raise SourceError(f"source {source}, {place}: {column} is NULL; write COALESCE({column}, 0) if that means none")
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise SourceError(f"source {source}, {place}: {column} is {shown(value)}, not a number; cast it in the query")
    try:
        result = float(value)
    except OverflowError:
        result = math.inf
    if not math.isfinite(result):
        raise SourceError(f"source {source}, {place}: {column} is {result}; it must be a finite number")
    return result


def require_columns(source: str, needed: Iterable[str], columns: Sequence[str]) -> None:
    """SourceError with what is needed and what came, where a column is missing or there twice."""
    if any(columns.count(column) != 1 for column in needed):
        raise SourceError(
            f"source {source}: needed are the columns {', '.join(needed)}, each once; "
            f"there are {', '.join(columns) if columns else 'none'}"
        )


def slots(
    source: str,
    rows: Iterable[tuple[str, Row]],
    start: float,
    end: float,
    step: float,
    group_by: Sequence[str] = (),
) -> Slots:
    """Slots in order of time, from rows that have slot, total, bad or good, and the columns ``group_by``; bad is
    total - good."""
    found: dict[tuple[float, str], tuple[float, float]] = {}
    for place, row in rows:
        begin = _slot(source, place, row["slot"], start, end, step)
        total = number(source, place, "total", row["total"])
        part = "bad" if "bad" in row else "good"
        value = number(source, place, part, row[part])
        if value > total:
            raise SourceError(f"source {source}, {place}: {part} is {value:g}, more than total, {total:g}")
        group = group_name({label: label_value(source, place, label, row[label]) for label in group_by})
        if (begin, group) in found:
            alone = f"the slot and {', '.join(group_by)}" if group_by else "the slot alone"
            raise SourceError(f"source {source}, {place}: slot {begin:.15g} a second time; group by {alone}")
        found[begin, group] = (total, value if part == "bad" else total - value)
    order = sorted(found)
    columns = np.array([found[key] for key in order], dtype=np.float64).reshape(len(order), 2)
    starts = np.array([begin for begin, _ in order], dtype=np.float64)
    return Slots(starts, columns[:, 0], columns[:, 1], tuple(group for _, group in order))


def label_value(source: str, place: str, column: str, value: object) -> str:
    """A text of at most 200 characters, or a whole number as one; SourceError for anything else."""
    if isinstance(value, str | int) and not isinstance(value, bool) and len(str(value)) <= LABEL_LENGTH:
        return str(value)
    what = "NULL" if value is None else shown(value)
    raise SourceError(f"source {source}, {place}: {column} is {what}; a group must be a text of at most 200 characters")


def _slot(source: str, place: str, value: object, start: float, end: float, step: float) -> float:
    begin = number(source, place, "slot", value)
    if not start <= begin < end:
        raise SourceError(
            f"source {source}, {place}: slot {begin:.15g} is outside of :start {start:.15g} <= slot < :end {end:.15g}; "
            "slot is the Unix time in seconds at which it begins, and the query must keep to these times"
        )
    # Two slots of one ledger slot would pass for two, and a shifted one would count in the wrong window.
    if abs((begin - start) / step - round((begin - start) / step)) > 1e-6:
        raise SourceError(
            f"source {source}, {place}: slot {begin:.15g} does not begin a whole number of :step ({step:g} s) "
            f"after :start {start:.15g}"
        )
    return begin


def shown(value: object) -> str:
    """The value for a message, at most 60 characters."""
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
