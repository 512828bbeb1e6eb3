"""Counts and time slots from a CSV file with a header line, read again whenever it has changed."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from exporter.sources.base import Count, Slots, SourceError, Unreachable
from exporter.sources.count_rows import counts, needed_columns
from exporter.sources.rows import number, require_columns, slots
from exporter.sources.turns import Turns
from exporter.spec.experiment_models import CsvCounts, Metric
from exporter.spec.kinds import KINDS
from exporter.spec.slo_models import CsvSlots

FILE_BYTES = 100 * 2**20
"""A larger file is refused."""

_Line = tuple[str, dict[str, str]]


class FileSource:
    """A CountSource and a SlotSource. ``up`` is False where the file is missing, cannot be read or is cut off in the
    middle of a row.

    Who writes the file should write beside it and rename: a cut through the last number of the last row cannot be seen.
    """

    def __init__(self, name: str, path: str) -> None:
        self.name = name
        self.up: bool | None = None
        self.turns = Turns()
        self._path = Path(path)
        self._stamp: tuple[int, int, int] | None = None
        self._columns: tuple[str, ...] = ()
        self._lines: tuple[_Line, ...] = ()

    def counts(self, metric: Metric, at: float) -> list[Count]:
        """See CountSource; which columns and rows, the metric's CsvCounts says."""
        self._read()
        columns = metric.csv or CsvCounts()
        sums = needed_columns(metric, [c for c in KINDS[metric.kind].every if columns.column(c) in self._columns])
        needed = [columns.variant, *map(columns.column, sums), *columns.where, *filter(None, [columns.time])]
        require_columns(self.name, dict.fromkeys(needed), self._columns)
        lines = [line for line in self._lines if all(line[1][name] == text for name, text in columns.where.items())]
        if columns.time is not None:
            lines = self._latest(lines, columns.variant, columns.time, at)
        rows = ((place, _units(row, columns, sums)) for place, row in lines)
        return counts(self.name, metric, rows, ("variant", *sums))

    def slots(
        self, query: str | CsvSlots, start: float, end: float, step: float, group_by: Sequence[str] = ()
    ) -> Slots:
        """See SlotSource; rows whose time lies in the same slot are added up."""
        if isinstance(query, str):
            raise SourceError(f"source {self.name}: a file needs columns (csv), not a query")
        self._read()
        part, kind = query.good or query.bad or "bad", "good" if query.good else "bad"
        needed = [query.time, query.total, part, *query.where, *group_by]
        require_columns(self.name, dict.fromkeys(needed), self._columns)
        sums: dict[tuple[object, ...], dict[str, Any]] = {}
        for place, row in self._lines:
            if all(row[name] == text for name, text in query.where.items()):
                time = number(self.name, place, query.time, _parsed(row[query.time]))
                if start <= time < end:
                    key = {"slot": start + (time - start) // step * step, **{label: row[label] for label in group_by}}
                    into = sums.setdefault(tuple(key.values()), {**key, "total": 0.0, kind: 0.0})
                    into["total"] += number(self.name, place, query.total, _parsed(row[query.total]))
                    into[kind] += number(self.name, place, part, _parsed(row[part]))
        rows = [(f"slot {row['slot']:.15g}", row) for row in sums.values()]
        return slots(self.name, rows, start, end, step, group_by)

    def close(self) -> None:
        """Nothing is kept open; here for whoever closes all sources."""

    def _latest(self, lines: list[_Line], variant: str, time: str, at: float) -> list[_Line]:
        """Each variant's rows of the last time not after ``at``; where that is there twice, counts refuses it."""
        stamped = [(number(self.name, place, time, _parsed(row[time])), (place, row)) for place, row in lines]
        past = [(stamp, line) for stamp, line in stamped if stamp <= at]
        last: dict[str, float] = {}
        for stamp, (_, row) in past:
            last[row[variant]] = max(stamp, last.get(row[variant], stamp))
        return [line for stamp, line in past if stamp == last[line[1][variant]]]

    def _read(self) -> None:
        try:
            self._refresh()
        except SourceError as error:
            self.up = False
            raise Unreachable(str(error)) from None
        self.up = True

    def _refresh(self) -> None:
        try:
            with self._path.open("rb") as file:
                status = os.fstat(file.fileno())
                stamp = (status.st_mtime_ns, status.st_size, status.st_ino)
                if stamp == self._stamp:
                    return
                content = file.read(FILE_BYTES + 1)
        except OSError as error:
            raise SourceError(f"source {self.name}: {self._path} cannot be read: {error.strerror}") from None
        if len(content) > FILE_BYTES:
            raise SourceError(f"source {self.name}: {self._path} is larger than {FILE_BYTES // 2**20} MB")
        self._columns, self._lines = self._parse(content)
        self._stamp = stamp

    def _parse(self, content: bytes) -> tuple[tuple[str, ...], tuple[_Line, ...]]:
        try:
            reader = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True)
            columns = tuple(next(reader, []))
            return columns, tuple(self._rows(reader, columns))
        except UnicodeDecodeError:
            raise SourceError(f"source {self.name}: {self._path} is not UTF-8 text") from None
        except csv.Error as error:
            raise SourceError(f"source {self.name}: {self._path}, line {reader.line_num}: {error}") from None

    def _rows(self, reader: Any, columns: tuple[str, ...]) -> Iterator[_Line]:
        for cells in reader:
            if not cells:
                continue
            place = f"line {reader.line_num}"
            if len(cells) != len(columns):
                raise SourceError(
                    f"source {self.name}, {place}: {len(cells)} cells under {len(columns)} columns; "
                    "the file may be half written (write beside it and rename)"
                )
            yield place, dict(zip(columns, cells, strict=True))


def _units(row: Mapping[str, str], columns: CsvCounts, sums: Sequence[str]) -> dict[str, Any]:
    return {"variant": row[columns.variant], **{name: _parsed(row[columns.column(name)]) for name in sums}}


def _parsed(text: str) -> float | str | None:
    """The cell as a number; as it stands where it is none, and None where it is empty."""
    try:
        return float(text)
    except ValueError:
        return text or None
