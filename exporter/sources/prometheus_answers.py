"""Reading the JSON of query and query_range. Every wrong shape is a ValueError; nothing is guessed."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from exporter.sources.base import Reading, series_key

Kind = Literal["vector", "matrix"]
_VALUES = {"vector": "value", "matrix": "values"}
_HISTOGRAMS = {"vector": "histogram", "matrix": "histograms"}


class NotCounters(ValueError):  # noqa: N818 - says what the selector gives; the base says that it is an error
    """The server answers rightly, and what it gives are no counters. The text ends the sentence "a selector gives"."""


Series = tuple[str, Any]
"""Key, and the value or values as they stand in the answer."""


def split(data: Any, kind: Kind, marker: str | None, count: int) -> list[list[Series]]:
    """The series of each of ``count`` selectors that were asked together.

    The label ``marker`` holds the selector's number and is taken off; without a marker there is one selector.
    """
    if not isinstance(data, dict) or not isinstance(data.get("result"), list):
        raise ValueError("no result")
    if data.get("resultType") != kind:
        raise NotCounters(f"a {data.get('resultType')}, not an instant vector")
    answers: list[list[Series]] = [[] for _ in range(count)]
    for item in data["result"]:
        labels = item.get("metric") if isinstance(item, dict) else None
        if not isinstance(labels, dict):
            raise ValueError("a series without labels")
        number = 0 if marker is None else _number(labels.pop(marker, None), count)
        answers[number].append((_key(labels), _values(item, kind)))
    return answers


def _number(text: object, count: int) -> int:
    if not isinstance(text, str) or not text.isdecimal() or int(text) >= count:
        raise ValueError("a series that belongs to no selector")
    return int(text)


def _key(labels: dict[str, Any]) -> str:
    try:
        return series_key(labels)
    except TypeError:
        raise ValueError("a label that is not text") from None


def _values(item: dict[str, Any], kind: Kind) -> list[Any]:
    values = item.get(_VALUES[kind])
    if isinstance(values, list):
        return values
    if _HISTOGRAMS[kind] in item:
        raise NotCounters("native histograms, not counters")
    raise ValueError("a series without values")


def reading(series: Sequence[Series]) -> Reading:
    """Key -> value of a vector's series; a value that is not finite is left out."""
    keys = [key for key, _ in series]
    if len(set(keys)) < len(keys):
        raise ValueError("a series twice")
    _, values = _columns([sample for _, sample in series])
    return {key: value for key, value in zip(keys, values, strict=True) if math.isfinite(value)}


def fill(rows: dict[str, NDArray[np.float64]], series: Iterable[Series], times: NDArray[np.float64]) -> None:
    """Write a matrix's series into ``rows``: key -> a value at each of ``times`` (evenly spaced), NaN where none is."""
    step = times[1] - times[0] if len(times) > 1 else 1.0
    for key, samples in series:
        row = rows.setdefault(key, np.full(len(times), np.nan))
        stamps, values = (np.array(column, dtype=np.float64) for column in _columns(samples))
        if not np.isfinite(stamps).all():
            raise ValueError("a sample without a time")
        # Before they are places in the row: what is too large for an integer is some other one then.
        if np.any((stamps < times[0] - step / 2) | (stamps > times[-1] + step / 2)):
            raise ValueError("a sample at a time that was not asked for")
        indices = np.rint((stamps - times[0]) / step).astype(np.int64).clip(0, len(times) - 1)
        if np.any(np.abs(times[indices] - stamps) > 0.0011):
            raise ValueError("a sample at a time that was not asked for")
        row[indices] = np.where(np.isfinite(values), values, np.nan)


def _columns(samples: Sequence[Any]) -> tuple[list[float], list[float]]:
    """Times and values of samples, each a pair of a number and a text."""
    try:
        return [float(time) for time, _ in samples], [float(text) for _, text in samples]
    except (TypeError, OverflowError):
        raise ValueError("a sample that is no pair of numbers") from None
