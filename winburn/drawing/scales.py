"""Lines in few points, ticks at round values, and where a value lies on a scale."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, tzinfo

import numpy as np
from numpy.typing import NDArray

from exporter.windows import DAY, HOUR, MINUTE

COLUMNS = 600
"""Points in time of a line; of each, the lowest and the highest value are drawn, so that no peak is lost."""

Floats = NDArray[np.float64]
Points = tuple[tuple[float, float], ...]
Ticks = tuple[tuple[float, str], ...]
Place = Callable[[float], float]
"""A value -> its place from the left or the top, 0 to 1."""


def runs(times: Floats, values: Floats) -> Iterator[Points]:
    """The line in pieces without NaN, at most 2 points for each of COLUMNS parts of the time."""
    known = ~np.isnan(values)
    edges = np.flatnonzero(np.diff(np.concatenate(([False], known, [False])).astype(np.int8))).reshape(-1, 2)
    size = max(1, math.ceil(len(times) / COLUMNS))
    for first, after in edges.tolist():
        indexes = {first, after - 1}
        for begin in range(first - first % size, after, size):
            low, high = max(begin, first), min(begin + size, after)
            indexes |= {low + int(np.argmin(values[low:high])), low + int(np.argmax(values[low:high]))}
        yield tuple((float(times[i]), float(values[i])) for i in sorted(indexes))


def even_ticks(low: float, high: float) -> Iterator[float]:
    """About five round values from ``low`` to ``high``."""
    rough = (high - low) / 4
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * m for m in (1, 2, 2.5, 5, 10) if power * m >= rough * 0.999)
    for i in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1):
        yield i * step


_STEPS = (MINUTE, 5 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY)


def time_ticks(start: float, end: float, most: int = 8, zone: tzinfo = UTC) -> Ticks:
    """At most ``most`` round times of a zone within; days where there are several, else times of day.

    Round as seen from the zone's offset at ``start``: after a change of the clocks they are an hour off, and say so.
    """
    offset = datetime.fromtimestamp(start, zone).utcoffset()
    shift = offset.total_seconds() if offset else 0.0
    step = next((s for s in _STEPS if (end - start) / s <= most), None)
    if step is None:
        step = math.ceil((end - start) / most / DAY) * DAY
    first = math.ceil((start + shift) / step) * step - shift
    times = [first + i * step for i in range(int((end - first) // step) + 1)] if first <= end else []
    return tuple((float(t), _tick(t, step, zone)) for t in times)


def _tick(time: float, step: float, zone: tzinfo) -> str:
    moment = datetime.fromtimestamp(time, zone)
    midnight = moment.time() == datetime.min.time()
    if midnight or step >= DAY:
        return f"{moment:%b} {moment.day}" + ("" if midnight else f" {moment:%H:%M}")
    return f"{moment:%H:%M}"


def linear(low: float, high: float) -> Place:
    """A linear scale from 0 at ``low`` to 1 at ``high``."""
    return lambda value: (value - low) / (high - low)


def logarithmic(low: float, high: float) -> Place:
    """A logarithmic scale from 0 at ``low``, above 0, to 1 at ``high``; what is lower is at 0."""
    return lambda value: math.log(max(value, low) / low) / math.log(high / low)


def flipped(place: Place) -> Place:
    """From the top instead of from the bottom."""
    return lambda value: 1 - place(value)
