"""Counts of an experiment's metric from rows that a person's query or file gives, checked one by one."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from exporter.sources.base import Amount, Count, SourceError
from exporter.sources.rows import Row, finite, label_value, number, require_columns, shown
from exporter.spec.experiment_models import Metric
from exporter.spec.kinds import KINDS

_SQUARES = {"sum": "sum_squares", "numerator": "numerator_squares", "denominator": "denominator_squares"}
_ROUNDING = 1 + 1e-9


def needed_columns(metric: Metric, columns: Sequence[str]) -> tuple[str, ...]:
    """The metric's columns that must be among ``columns``: those of its kind, and of an optional group all or none."""
    groups = [group for group in KINDS[metric.kind].optional if set(group) & set(columns)]
    return (*metric.columns, *(column for group in groups for column in group))


def counts(
    source: str, metric: Metric, rows: Iterable[tuple[str, Row]], columns: Sequence[str], *, segments: bool = False
) -> list[Count]:
    """Counts from rows (each with its place, for the message) under ``columns``.

    They have variant and the columns of the metric's kind, and with ``segments`` dimension and segment. SourceError
    where a column is missing, a value cannot be a sum over units, or a variant comes twice.
    """
    needed = needed_columns(metric, columns)
    keys = ("variant", "dimension", "segment") if segments else ("variant",)
    require_columns(source, (*keys, *needed), columns)
    found: dict[tuple[str, str], Count] = {}
    for place, row in rows:
        key = (_variant(source, place, row["variant"]), _segment(source, place, row) if segments else "")
        sums = _sums(source, place, metric, needed, row)
        if key in found:
            one = "variant, dimension and segment" if segments else "variant"
            what = f"variant {shown(row['variant'])}" + (f" in segment {key[1]}" if segments else "")
            raise SourceError(f"source {source}, {place}: {what} a second time; one row per {one} is needed")
        found[key] = Count(key[0], sums, key[1])
    return list(found.values())


def amounts(source: str, rows: Iterable[tuple[str, Row]], columns: Sequence[str]) -> list[Amount]:
    """Money from rows that have variant, category, amount, and perhaps currency."""
    require_columns(source, ("variant", "category", "amount"), columns)
    found: dict[tuple[str, str], Amount] = {}
    for place, row in rows:
        key = (_variant(source, place, row["variant"]), label_value(source, place, "category", row["category"]))
        currency = label_value(source, place, "currency", row["currency"]) if "currency" in columns else ""
        if key in found:
            raise SourceError(
                f"source {source}, {place}: {key[1]} of variant {shown(key[0])} a second time; one row per variant and "
                "category is needed"
            )
        found[key] = Amount(*key, finite(source, place, "amount", row["amount"]), currency)
    return list(found.values())


def _sums(source: str, place: str, metric: Metric, needed: Sequence[str], row: Row) -> tuple[float, ...]:
    kind = KINDS[metric.kind]
    values = {c: (finite if c in kind.signed else number)(source, place, c, row[c]) for c in needed}
    if wrong := _impossible(metric.kind, values):
        raise SourceError(f"source {source}, {place}: {wrong}")
    return tuple(values.get(column, math.nan) for column in kind.every)


def _impossible(kind: str, values: Mapping[str, float]) -> str | None:
    """Why these cannot be sums over the same units; None where they can."""
    if kind == "proportion" and values["successes"] > values["n"]:
        many, n = values["successes"], values["n"]
        return f"{many:g} successes of {n:g} units; count each unit once, as succeeded or not"
    n = values.get("n", math.inf)
    for total, squares in (
        ("sum", "sum_squares"),
        ("numerator", "numerator_squares"),
        ("denominator", "denominator_squares"),
    ):
        # The mean of the squares is never less than the square of the mean (Cauchy and Schwarz).
        if total in values and values[total] ** 2 > n * values[squares] * _ROUNDING:
            return (
                f"{total} is {values[total]:g} and {squares} {values[squares]:g} over {n:g} units, which cannot be; "
                f"{squares} must be the sum of the squares of each unit's amount"
            )
    if values.get("nonzero", 0.0) > n:
        return f"nonzero is {values['nonzero']:g}, more than n, {n:g}"
    return None


def _variant(source: str, place: str, value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, str) and value:
        return value
    what = "NULL" if value is None else shown(value)
    raise SourceError(f"source {source}, {place}: variant is {what}; it must be the variant's name, as in the spec")


def _segment(source: str, place: str, row: Row) -> str:
    parts = [label_value(source, place, column, row[column]) for column in ("dimension", "segment")]
    return "=".join(parts)
