"""Rows and definitions out of JSON answers, by JMESPath: pure, with what was found in every message."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, get_args

from exporter.sources.base import Definition, SourceError
from exporter.sources.rows import Row
from exporter.spec.experiment_models import JsonCounts, JsonDefinition, JsonShares, Status
from exporter.spec.json_paths import compiled

ROWS = 10_000
"""More rows of one answer are refused."""
_LARGEST = 1e300
_STATUSES: tuple[Status, ...] = get_args(Status)


def searched(place: str, key: str, expression: str, value: Any) -> Any:
    """What a JMESPath finds in a value; None for nothing. SourceError where it cannot be applied to it."""
    try:
        return compiled(expression).search(value)
    except (ValueError, TypeError, ArithmeticError, RecursionError) as error:
        why = " ".join(str(error).encode(errors="backslashreplace").decode().split())[:120]
        raise SourceError(
            f"{place}: {key} {_quoted(expression)} cannot be applied: {why or type(error).__name__}"
        ) from None


def found(value: Any) -> str:
    """A JSON value as messages call it: a number or short text as it is, and of a mapping its keys."""
    if value is None:
        return "nothing"
    if isinstance(value, bool | int | float):
        return _short(str(value)).lower()
    if isinstance(value, str):
        return f"the text {_quoted(value)}"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    if not isinstance(value, dict) or not value:  # a reference to an expression, which only functions take
        return "no value" if not isinstance(value, dict) else "an empty mapping"
    keys = ", ".join(_short(str(key)) for key in sorted(value)[:8])
    return f"a mapping with {keys}{', …' if len(value) > 8 else ''}"


def metric_rows(place: str, where: JsonCounts, columns: Sequence[str], pages: Sequence[Any]) -> list[tuple[str, Row]]:
    """The rows of all pages, each with its place for messages: the variant as it is or by ``names``, else numbers.

    SourceError where the list is not there, a column is missing in a row, or is no number.
    """
    rows = [row for page in pages for row in _list(place, where.rows, page)]
    if len(rows) > ROWS:
        raise SourceError(f"{place}: rows {_quoted(where.rows)} gives more than {ROWS} rows")
    result: list[tuple[str, Row]] = []
    for i, row in enumerate(rows, start=1):
        here = f"row {i} of {_quoted(where.rows)}"
        values = {column: _column(f"{place}, {here}", where, column, row) for column in columns}
        result.append((here, values))
    return result


def definition_of(place: str, where: JsonDefinition, pages: Sequence[Any]) -> Definition:
    """The status and the shares of the first page that has the item."""
    items = (searched(place, "item", where.item, page) for page in pages)
    item = next((item for item in items if item is not None), None)
    if item is None:
        raise SourceError(
            f"{place}: item {_quoted(where.item)} gives nothing; there is {found(pages[0] if pages else None)}"
        )
    return Definition(
        status=None if where.status is None else _status(place, where.status, where.values, item),
        shares=None if where.variants is None else _shares(place, where.variants, item),
    )


def _list(place: str, expression: str, value: Any) -> list[Any]:
    rows = searched(place, "rows", expression, value)
    if isinstance(rows, list):
        return rows
    hint = "; write values(…) around it" if isinstance(rows, dict) else f"; there is {found(value)}"
    raise SourceError(f"{place}: rows {_quoted(expression)} gives {found(rows)}, not a list{hint}")


def _column(place: str, where: JsonCounts, column: str, row: Any) -> Any:
    expression = where.columns.get(column, column)
    value = searched(place, column, expression, row)
    if column == "variant":
        return _name(place, column, expression, value, row, where.names)
    if value is None:
        raise SourceError(f"{place}: {column} {_quoted(expression)} gives nothing; there is {found(row)}")
    if isinstance(value, bool) or not isinstance(value, int | float):
        hint = f"; write to_number({expression})" if isinstance(value, str) else ""
        raise SourceError(f"{place}: {column} {_quoted(expression)} gives {found(value)}, not a number{hint}")
    return value


def _name(place: str, key: str, expression: str, value: Any, row: Any, names: Mapping[str, str]) -> str:
    """A variant's name. Whole numbers are names too: many APIs count variations from 0."""
    odd = not str(value).isprintable()  # half a surrogate pair too, which JSON can hold and UTF-8 cannot
    if isinstance(value, bool) or not isinstance(value, str | int) or value == "" or odd:
        hint = f"write to_string({expression})" if isinstance(value, bool) else f"there is {found(row)}"
        raise SourceError(f"{place}: {key} {_quoted(expression)} gives {found(value)}, not a name; {hint}")
    return names.get(str(value), str(value))


def _status(place: str, expression: str, values: Mapping[str, Status], item: Any) -> Status:
    word = searched(place, "status", expression, item)
    known: dict[str, Status] = {**{status: status for status in _STATUSES}, **values}
    if isinstance(word, str) and word in known:
        return known[word]
    raise SourceError(
        f"{place}: status {_quoted(expression)} gives {found(word)}, which values does not translate; "
        f"there is {found(item)}"
    )


def _shares(place: str, where: JsonShares, item: Any) -> dict[str, float]:
    weights: dict[str, float] = {}
    for i, row in enumerate(_list(place, where.rows, item), start=1):
        here = f"{place}, row {i} of {_quoted(where.rows)}"
        name = _name(here, "name", where.name, searched(here, "name", where.name, row), row, where.names)
        weight = searched(here, "share", where.share, row)
        if isinstance(weight, bool) or not isinstance(weight, int | float) or not 0 <= weight <= _LARGEST:
            hint = f"; write to_number({where.share})" if isinstance(weight, str) else ""
            raise SourceError(f"{here}: share {_quoted(where.share)} gives {found(weight)}, not a weight{hint}")
        if name in weights:
            raise SourceError(f"{here}: variant {_quoted(name)} a second time")
        weights[name] = float(weight)
    total = math.fsum(weights.values())
    if total == 0:
        raise SourceError(f"{place}: rows {_quoted(where.rows)} gives no variant with any weight")
    return {name: weight / total for name, weight in weights.items()}


def _quoted(text: str) -> str:
    return f"'{_short(text)}'"


def _short(text: str) -> str:
    line = " ".join(text.encode(errors="backslashreplace").decode().split())
    return line if len(line) <= 60 else line[:57] + "..."
