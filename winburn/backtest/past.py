"""The past of an SLO, group by group, on a grid of times, from as far back as its first windows reach."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from exporter.ledger import COARSE_WIDTH, FINE_SPAN, MIDDLE_SPAN, MIDDLE_WIDTH
from exporter.spec import Slo
from exporter.spec.calendar import calendar_bounds
from exporter.spec.corrections import intervals
from exporter.spec.slo_models import Calendar
from winburn.backtest.increments import Increments, Stretch

Floats = NDArray[np.float64]
Progress = Callable[[float], None]
"""Called with the share (0 to 1) of the past that has been read."""

Cuts = tuple[tuple[float, float], ...]

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
    """Slots of one group of an SLO: what happened in (times[j-1], times[j]], bad events within [0, total]. The first is
    empty.

    ``first_measured`` is when the service was first seen; what is before it counts as ordinary traffic without errors.
    None where nothing was ever there.
    """

    times: Floats
    total: Floats
    bad: Floats
    measured: Floats
    first_measured: float | None
    cuts: Cuts
    """Corrected times, in whole 5 m slots; what happened then does not count."""
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


def window_starts(slo: Slo, ends: Floats, seconds: float) -> Floats:
    """Where windows of ``seconds`` begin that end at ``ends``: at the edge of a slot of the exporter's ledger, so that
    both see the same events. Exact to 6 h, at most 5 m early to 3 d, at most 1 h (5 m with corrections, 15 m with a
    calendar period) early beyond."""
    if seconds <= FINE_SPAN:
        return ends - seconds
    width = MIDDLE_WIDTH if seconds <= MIDDLE_SPAN else coarse_width(slo)
    starts: Floats = np.floor((ends - seconds) / width + _EDGE) * width
    return starts


def coarse_width(slo: Slo) -> float:
    """Seconds of the widest slots that the exporter keeps of an SLO."""
    if slo.corrections:
        return MIDDLE_WIDTH
    return 900.0 if isinstance(slo.period, Calendar) else COARSE_WIDTH


def period_windows(slo: Slo, ends: Floats) -> tuple[Floats, Floats]:
    """Start and full length, in seconds, of the period that each time lies in; a rolling one ends there."""
    if not isinstance(slo.period, Calendar):
        return window_starts(slo, ends, slo.period_seconds), np.full(len(ends), float(slo.period_seconds))
    starts, lengths = np.empty(len(ends)), np.empty(len(ends))
    i = 0
    while i < len(ends):
        begin, end = calendar_bounds(slo.period, float(ends[i]))
        j = int(np.searchsorted(ends, end, side="left"))
        starts[i:j], lengths[i:j] = begin, end - begin
        i = j
    return starts, lengths


def read(
    open_at_start: Callable[[], Increments],
    slo: Slo,
    span: Span,
    longest: float,
    retention: float | None,
    progress: Progress,
) -> dict[str, Past]:
    """Group -> its past, from ``longest`` seconds before the span on: steps of 5 m to 6 h before it, of the span's step
    from there; a young service in fine steps from its first sample.

    ``open_at_start`` gives a reader at the beginning. ``retention`` is the time before which the server has thrown its
    data away: a past that begins there was cut, and is not young. SourceError where the source has no answer.
    """
    since = _coarse_start(span, longest)
    reader = open_at_start()
    if reader.every is not None:
        every = reader.every
        plan = list(_cut(np.ceil(since / every) * every, np.floor(span.end / every) * every, every))
        return _pasts(reader, _all(reader, plan, progress), slo, span, since, retention)
    parts: list[Stretch] = []
    plan = list(_plan(since, since, span))
    for i, (start, end, step) in enumerate(plan, 1):
        found = reader.read(start, end, step)
        first = min((part.first for part in found if part.first is not None), default=None)
        unknown = not any(part.first is not None for part in parts)
        if unknown and first is not None and step > span.step and first > since:
            # What a young service counted before the first 5 m instant is not to be lost.
            reader = open_at_start()
            begin = np.ceil(first / MIDDLE_WIDTH) * MIDDLE_WIDTH
            parts = _all(reader, list(_plan(begin - MIDDLE_WIDTH, begin, span)), progress)
            break
        parts += found
        progress(i / len(plan))
    return _pasts(reader, parts, slo, span, since, retention)


def _all(reader: Increments, plan: list[tuple[float, float, float]], progress: Progress) -> list[Stretch]:
    parts: list[Stretch] = []
    for i, chunk in enumerate(plan, 1):
        parts += reader.read(*chunk)
        progress(i / len(plan))
    return parts


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


def _pasts(
    reader: Increments, parts: list[Stretch], slo: Slo, span: Span, since: float, retention: float | None
) -> dict[str, Past]:
    times = np.concatenate([part.times for part in parts])
    cuts = _cuts(slo, since, span.end)
    found = {}
    for name in reader.groups:
        first = _first(reader.first_measured(name), span, since, retention)
        total, bad, measured = (_of(parts, name, what) for what in ("total", "bad", "measured"))
        found[name] = _past(times, (total, clamped(bad, total), measured), first, cuts)
    return found


def past_of_counts(slo: Slo, times: Floats, counts: Floats, first_measured: float | None) -> Past:
    """A past from counts that are known: ``counts`` has the rows events, bad events (within them) and measured seconds
    of the slots that end at ``times``; the first slot is taken as empty."""
    total, bad, measured = counts
    return _past(times, (total, bad, measured), first_measured, _cuts(slo, float(times[0]), float(times[-1])))


def _past(times: Floats, counts: tuple[Floats, Floats, Floats], first: float | None, cuts: Cuts) -> Past:
    corrected = np.zeros(len(times), dtype=bool)
    for begin, stop in cuts:
        corrected |= (times > begin + 1e-3) & (times <= stop + 1e-3)
    # The slot of the first instant reaches back before everything that is asked for.
    corrected[0] = True
    total, bad = (np.where(corrected, 0.0, each) for each in counts[:2])
    measured = counts[2].copy()
    measured[0] = 0.0
    return Past(times, total, bad, measured, first, cuts, np.cumsum(np.vstack((total, bad, measured)), axis=1))


def _of(parts: list[Stretch], name: str, what: str) -> Floats:
    """One number of a group over all times."""
    found: Floats = np.concatenate(
        [getattr(p.groups[name], what) if name in p.groups else np.zeros(len(p.times)) for p in parts]
    )
    return found


def _first(first: float | None, span: Span, since: float, retention: float | None) -> float | None:
    # The server drops whole blocks, of up to a tenth of the retention, and compacts every two hours.
    if first is not None and retention is not None and first <= retention + max(0.1 * (span.end - retention), 7200.0):
        return min(first, since)
    return first


def _cuts(slo: Slo, start: float, end: float) -> Cuts:
    """Corrected times, widened to whole 5 m slots as the exporter does."""
    merged: list[tuple[float, float]] = []
    for begin, stop in intervals(slo.corrections, start, end + MIDDLE_WIDTH):
        wide = (begin // MIDDLE_WIDTH * MIDDLE_WIDTH, -(-stop // MIDDLE_WIDTH) * MIDDLE_WIDTH)
        if merged and wide[0] <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(wide[1], merged[-1][1]))
        else:
            merged.append(wide)
    return tuple(merged)


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
