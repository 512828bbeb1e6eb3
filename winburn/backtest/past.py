"""The past of one SLO on a grid of times, from as far back as its first windows reach."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from exporter.ledger import COARSE_WIDTH, FINE_SPAN, MIDDLE_SPAN, MIDDLE_WIDTH
from winburn.backtest.increments import Increments, Stretch

Floats = NDArray[np.float64]
Progress = Callable[[float], None]
"""Called with the share (0 to 1) of the past that has been read."""

POINTS = 2000
"""Instants in one question: bounds the memory of an answer, and shows progress."""

_EDGE = 1e-6


@dataclass(frozen=True, slots=True)
class Span:
    """Which times are evaluated: ``start``, a multiple of 5 minutes, ``start + step`` ... ``end``. The step divides 5
    minutes."""

    start: float
    end: float
    step: float

    @property
    def times(self) -> Floats:
        """All of them."""
        return self.start + np.arange(round((self.end - self.start) / self.step) + 1, dtype=np.float64) * self.step


@dataclass(frozen=True, slots=True)
class Past:
    """Slots of one SLO: what happened in (times[j-1], times[j]], bad events within [0, total]. The first is empty.

    ``first_measured`` is when the service was first seen; what is before it counts as ordinary traffic without errors.
    None where nothing was ever there.
    """

    times: Floats
    total: Floats
    bad: Floats
    measured: Floats
    first_measured: float | None
    sums: Floats
    """Running sums of (total, bad, measured), shape (3, len(times))."""

    def between(self, starts: Floats, ends: Floats) -> tuple[Floats, Floats, Floats]:
        """Events, bad events and measured seconds of (start, end] for each pair; a start before the past is its
        beginning."""
        before, until = self.sums[:, self._at(starts)], self.sums[:, self._at(ends)]
        total, bad, measured = until - before
        # Running sums of counts that are not whole are rounded each on their own.
        return total, np.minimum(bad, total), measured

    def _at(self, times: Floats) -> NDArray[np.int64]:
        index: NDArray[np.int64] = np.searchsorted(self.times, times + 1e-3, side="right") - 1
        return np.maximum(index, 0)


def window_starts(ends: Floats, seconds: float) -> Floats:
    """Where windows of ``seconds`` begin that end at ``ends``: at the edge of a slot of the exporter's ledger, so that
    both see the same events. Exact to 6 h, at most 5 m early to 3 d, at most 1 h early beyond."""
    if seconds <= FINE_SPAN:
        return ends - seconds
    width = MIDDLE_WIDTH if seconds <= MIDDLE_SPAN else COARSE_WIDTH
    starts: Floats = np.floor((ends - seconds) / width + _EDGE) * width
    return starts


def read(
    increments: Callable[[], Increments], span: Span, longest: float, retention: float | None, progress: Progress
) -> Past:
    """Read the past from ``longest`` seconds before the span on: steps of 5 m to 6 h before it, of the span's step from
    there; a young service in fine steps from its first sample.

    ``increments`` opens a reader at the beginning. ``retention`` is the time before which the server has thrown its
    data away: a past that begins there was cut, and is not young. SourceError where the source has no answer.
    """
    since = _coarse_start(span, longest)
    parts: list[Stretch] = []
    reader, chunks = increments(), list(_plan(since, since, span))
    for i, (start, end, step) in enumerate(chunks, 1):
        part = reader(start, end, step)
        born = part.first is not None and not any(p.first is not None for p in parts)
        if born and part.first is not None and step > span.step and part.first > since:
            # What a young service counted before the first 5 m instant is not to be lost.
            return _young(increments(), part.first, span, since, retention, progress)
        parts.append(part)
        progress(i / len(chunks))
    return _past(parts, longest, span, retention)


def _young(
    reader: Increments, first: float, span: Span, since: float, retention: float | None, progress: Progress
) -> Past:
    chunks = list(_plan(first - MIDDLE_WIDTH, first, span))
    parts = []
    for i, chunk in enumerate(chunks, 1):
        parts.append(reader(*chunk))
        progress(i / len(chunks))
    return _past(parts, span.start - since, span, retention)


def _coarse_start(span: Span, longest: float) -> float:
    # One coarse slot more, because the longest windows begin at an edge of one.
    back = longest + COARSE_WIDTH + MIDDLE_WIDTH - FINE_SPAN
    return span.start - FINE_SPAN - max(0, int(np.ceil(back / MIDDLE_WIDTH - _EDGE))) * MIDDLE_WIDTH


def _plan(since: float, first: float, span: Span) -> Iterator[tuple[float, float, float]]:
    """Fine steps from ``since`` to ``first``, coarse ones to 6 h before the span, fine ones to its end."""
    near = max(span.start - FINE_SPAN, first)
    if first > since:
        yield from _cut(since, first, span.step)
    if near > first:
        yield from _cut(first + MIDDLE_WIDTH if first > since else first, near, MIDDLE_WIDTH)
    yield from _cut(near + span.step, span.end, span.step)


def _cut(start: float, end: float, every: float) -> Iterator[tuple[float, float, float]]:
    count = round((end - start) / every) + 1
    for i in range(0, count, POINTS):
        yield start + i * every, start + (min(i + POINTS, count) - 1) * every, every


def _past(parts: list[Stretch], longest: float, span: Span, retention: float | None) -> Past:
    times, total, bad, measured = (
        np.concatenate([getattr(part, name) for part in parts]) for name in ("times", "total", "bad", "measured")
    )
    first = next((part.first for part in parts if part.first is not None), None)
    # The server drops whole blocks, of up to a tenth of the retention, and compacts every two hours.
    if first is not None and retention is not None and first <= retention + max(0.1 * (span.end - retention), 7200.0):
        first = min(first, span.start - longest - COARSE_WIDTH)
    # The slot of the first instant reaches back before everything that is asked for.
    total[0] = bad[0] = measured[0] = 0.0
    bad = clamped(bad, total)
    return Past(times, total, bad, measured, first, np.cumsum(np.vstack((total, bad, measured)), axis=1))


def clamped(bad: Floats, total: Floats) -> Floats:
    """Bad events within [0, total].

    Counters are not read at one instant, so that an excess is carried into the next slot, where the other counter
    catches up, and no further: as the exporter does.
    """
    if np.all(bad >= 0) and np.all(bad <= total):
        return bad
    kept, carry = np.empty_like(bad), 0.0
    for i, (wanted, most) in enumerate(zip(bad.tolist(), total.tolist(), strict=True)):
        kept[i] = min(max(wanted + carry, 0.0), most)
        carry = wanted - min(max(wanted, 0.0), most)
    return kept
