"""Counts and time slots from a database, through SQLAlchemy: the aggregation is done there, a few rows come back."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from sqlalchemy import Executable, text
from sqlalchemy.engine.default import DefaultDialect

from exporter.sources.base import Amount, Count, Slots, SourceError, TooLong, Unreachable
from exporter.sources.count_rows import amounts, counts
from exporter.sources.database import Database, Table, bounded
from exporter.sources.rows import Row, require_columns, slots
from exporter.sources.turns import Turns
from exporter.spec.experiment_models import Metric
from exporter.spec.slo_models import CsvSlots

ROWS = 10_000
"""A query that gives more rows is refused; one for slots may give as many as there are slots."""
_GROUPS = 1000
_ANY = DefaultDialect()
"""To find a query's names with: each compilation without one makes a dialect, three objects that only the search for
cyclic garbage finds again."""

Answer = TypeVar("Answer")


class SqlSource:
    """A SlotSource and a CountSource.

    ``up`` is False where the database cannot be reached or takes too long; a refused query is an answer. One question
    is asked at a time; where it is not answered at all, those that wait for it meanwhile are not asked.
    """

    def __init__(self, name: str, url: str, *, timeout: float = 10.0, timezone: str = "UTC") -> None:
        self.name = name
        self.timezone = timezone
        self.up: bool | None = None
        self.url = url
        """With its password: not for messages."""
        self.turns = Turns(timeout)
        self._database = Database(name, url, timeout)
        self._turn = threading.Lock()
        self._silence: Unreachable | None = None

    def slots(
        self, query: str | CsvSlots, start: float, end: float, step: float, group_by: Sequence[str] = ()
    ) -> Slots:
        """See SlotSource; binds those of :start, :end and :step that the query names, whole numbers as integers."""
        if not isinstance(query, str):
            raise SourceError(f"source {self.name}: a database needs a query, not columns of a file")
        limit = max(ROWS, math.ceil((end - start) / step) * (_GROUPS if group_by else 1))
        columns = [label.lower() for label in group_by]
        table = self.query(query, {"start": start, "end": end, "step": step}, limit)
        parts = [column for column in ("bad", "good") if column in table.columns]
        if len(parts) > 1:
            raise SourceError(f"source {self.name}: the query gives bad and good; give one of them, the other follows")
        needed = ("slot", "total", parts[0] if parts else "bad (or good)", *columns)
        require_columns(self.name, needed, table.columns)
        rows = ((place, _with_labels(row, group_by)) for place, row in _places(table))
        return slots(self.name, rows, start, end, step, group_by)

    def counts(self, metric: Metric, at: float) -> list[Count]:
        """See CountSource; binds :at where the query names it."""
        if metric.query is None:
            raise SourceError(f"source {self.name}: metric {metric.name} has no query")
        table = self.query(metric.query, {"at": at}, ROWS)
        found = counts(self.name, metric, _places(table), table.columns)
        if metric.segments is None:
            return found
        table = self.query(metric.segments, {"at": at}, ROWS)
        return [*found, *counts(self.name, metric, _places(table), table.columns, segments=True)]

    def amounts(self, query: str, at: float) -> list[Amount]:
        """See AmountSource; binds :at where the query names it."""
        table = self.query(query, {"at": at}, ROWS)
        return amounts(self.name, _places(table), table.columns)

    def close(self) -> None:
        """Close the connections that are kept; a later question opens one again."""
        self._database.close()

    def ask(self, statement: Executable, values: Mapping[str, Any], limit: int) -> Table:
        """The rows of a statement, at most ``limit``; SourceError as everywhere."""
        return self._noted(lambda: self._database.rows(statement, values, limit))

    def columns(self, tables: Collection[str]) -> dict[str, dict[str, Any]]:
        """Table -> column -> type, of those tables that are there."""
        return self._noted(lambda: self._database.columns(tables))

    def query(self, query: str, values: Mapping[str, float], limit: int) -> Table:
        """The rows of a query of the spec, which may name these values; columns in lower case."""
        statement = text(bounded(self.url, query, limit))
        named = sorted(statement.compile(dialect=_ANY).params)
        if unknown := [name for name in named if name not in values]:
            raise SourceError(
                f"source {self.name}: the query names :{unknown[0]}, and only :{', :'.join(values)} can be given; "
                f"write \\:{unknown[0]} where no parameter is meant"
            )
        table = self.ask(statement, {name: _whole(values[name]) for name in named}, limit)
        return Table(tuple(column.lower() for column in table.columns), table.rows)

    def _noted(self, question: Callable[[], Answer]) -> Answer:
        before = self._silence
        with self._turn:
            if self._silence is not None and self._silence is not before:
                raise Unreachable(str(self._silence))
            with self.turns.timed():
                return self._answer(question)

    def _answer(self, question: Callable[[], Answer]) -> Answer:
        try:
            answer = question()
        except TooLong:
            self.up = False
            raise
        except Unreachable as error:
            self.up = False
            self._silence = Unreachable(str(error))  # a copy, without the frames of the question
            raise
        except SourceError:
            self.up = True
            raise
        self.up = True
        return answer


def _places(table: Table) -> Iterator[tuple[str, Row]]:
    for index, row in enumerate(table.rows, start=1):
        yield f"row {index}", dict(zip(table.columns, row, strict=True))


def _with_labels(row: Row, group_by: Sequence[str]) -> Row:
    """Databases fold the case of column names; labels keep theirs."""
    return {**row, **{label: row[label.lower()] for label in group_by}}


def _whole(value: float) -> float:
    """The value as an int where it is whole, so that ``time / :step * :step`` divides as integers do."""
    return int(value) if value == int(value) else value
