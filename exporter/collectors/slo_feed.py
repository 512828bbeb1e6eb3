"""Bring SLO tracks up to an instant from their source: live polls batched, gaps and the first past from history.

Every instant lies on the grid of the refresh, so history gives exactly what live polls at those instants would have
given; a restart or an outage of the exporter therefore changes no number that the source still has.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

import numpy as np

from exporter.collectors.slo_track import Floats, Track
from exporter.counters import Increments, replay, step
from exporter.ledger import FINE_SPAN, MIDDLE_WIDTH
from exporter.sources.base import CounterSource, Matrix, SlotSource, SourceError, label_of

_T = TypeVar("_T")

POINTS = 2000
"""Instants per history request: bounds the memory of one answer, and shows progress."""

Progress = Callable[[str, float], None]
"""Called with an SLO's name and the share (0 to 1) of its past that has been read."""


@dataclass(frozen=True, slots=True)
class Segment:
    """The instants start, start + step ... end."""

    start: float
    end: float
    step: float


def segments(since: float | None, at: float, fine: float, horizon: float) -> list[Segment]:
    """The instants after ``since`` up to ``at`` that a ledger needs: 5 m apart beyond 6 h back, else ``fine`` apart.

    None for ``since`` means that nothing is known: the whole ``horizon``. At most POINTS instants a segment. A step of
    5 m and not more: where pods restart often an hour loses up to 12 % of the events between the last reading and the
    reset.
    """
    # One step before the horizon, so that the first window begins with a reading.
    since = at - horizon - MIDDLE_WIDTH if since is None else since
    near = at - FINE_SPAN
    far = max(0, int((near - since) / MIDDLE_WIDTH - 1e-6))
    parts = list(_cut(near - far * MIDDLE_WIDTH, near, MIDDLE_WIDTH)) if since < near - fine / 2 else []
    first = near + fine if parts else at - (round((at - since) / fine) - 1) * fine
    return parts + list(_cut(first, at, fine))


def _cut(start: float, end: float, every: float) -> Iterator[Segment]:
    count = round((end - start) / every) + 1
    for i in range(0, count, POINTS):
        last = min(i + POINTS, count) - 1
        yield Segment(start + i * every, start + last * every, every)


def feed_counters(
    source: CounterSource, tracks: Sequence[Track], at: float, fine: float, progress: Progress
) -> dict[str, str]:
    """Bring tracks of raw counters up to ``at``; SLO name -> sentence for those that failed."""
    live, behind = [], defaultdict(list)
    for track in tracks:
        end = track.ledger.end
        if end is not None and abs(at - end - fine) < fine / 2:
            live.append(track)
        else:
            behind[end, track.horizon].append(track)
    errors = _poll(source, live, at)
    for (end, horizon), group in behind.items():
        wanted = segments(end, at, fine, horizon)
        points = sum(round((s.end - s.start) / s.step) + 1 for s in wanted)
        size = max(1, min(len(group), 50, POINTS // points))
        for i in range(0, len(group), size):
            errors |= _catch_up(source, group[i : i + size], at, wanted, fine, progress)
    return errors


def feed_slots(
    source: SlotSource, tracks: Sequence[Track], at: float, fine: float, progress: Progress
) -> dict[str, str]:
    """The same for tracks whose source counts by slot itself."""
    errors = {}
    for track in tracks:
        try:
            wanted = segments(track.ledger.end, at, fine, track.horizon)
            for i, segment in enumerate(wanted, 1):
                _add_slots(source, track, segment)
                if len(wanted) > 1:
                    progress(track.slo.name, i / len(wanted))
        except SourceError as error:
            errors[track.slo.name] = str(error)
    return errors


def _poll(source: CounterSource, tracks: Sequence[Track], at: float) -> dict[str, str]:
    if not tracks:
        return {}
    try:
        answers = _by_track(tracks, source.counters(_selectors(tracks), at))
    except SourceError as error:
        return {track.slo.name: str(error) for track in tracks}
    errors = {}
    for track, answer in zip(tracks, answers, strict=True):
        if isinstance(answer, SourceError):
            errors[track.slo.name] = str(answer)
        else:
            _absorb(track, step(track.memory, at, answer, target_of))
    return errors


def _catch_up(
    source: CounterSource,
    tracks: Sequence[Track],
    at: float,
    wanted: Sequence[Segment],
    fine: float,
    progress: Progress,
) -> dict[str, str]:
    """Read the same past of several tracks; a track that fails keeps what it has and goes on from there next time."""
    errors: dict[str, str] = {}
    young = {track.slo.name for track in tracks if track.first_measured is None}
    for i, segment in enumerate(wanted, 1):
        going = [track for track in tracks if track.slo.name not in errors]
        try:
            matrices = source.history(_selectors(going), segment.start, segment.end, segment.step)
        except SourceError as error:
            return errors | {track.slo.name: str(error) for track in going}
        for track, answer in zip(going, _by_track(going, matrices), strict=True):
            if isinstance(answer, SourceError):
                errors[track.slo.name] = str(answer)
                continue
            try:
                for part in _with_the_beginning(source, track, answer, segment, fine):
                    _replay(track, part)
            except SourceError as error:
                errors[track.slo.name] = str(error)
                continue
            if len(wanted) > 1:
                progress(track.slo.name, i / len(wanted))
    for track in tracks:
        if track.slo.name in young and track.slo.name not in errors:
            _judge_youth(source, track, at)
    return errors


def _selectors(tracks: Sequence[Track]) -> list[str]:
    return [selector for track in tracks for selector in track.roles.values()]


def _by_track(tracks: Sequence[Track], answers: Iterable[_T | SourceError]) -> list[dict[str, _T] | SourceError]:
    """The answers in the order of _selectors as role -> answer per track; an error stands for all of its track."""
    answer = iter(answers)
    found: list[dict[str, _T] | SourceError] = []
    for track in tracks:
        of_track = {role: next(answer) for role in track.roles}
        failed = next((a for a in of_track.values() if isinstance(a, SourceError)), None)
        found.append(failed or {role: a for role, a in of_track.items() if not isinstance(a, SourceError)})
    return found


def _with_the_beginning(
    source: CounterSource, track: Track, matrices: Mapping[str, Matrix], segment: Segment, fine: float
) -> Iterator[Mapping[str, Matrix]]:
    """The matrices, and before the first instant where there is anything at all, the fine steps that lead to it.

    Otherwise a young service would lose what it counted between its first sample and the next 5 m instant.
    """
    first = next(iter(matrices.values()))
    there = np.any(~np.isnan(first.values), axis=0)
    begin = int(np.argmax(there))
    if (
        track.first_measured is not None
        or segment.step <= fine
        or not there.any()
        or (begin == 0 and track.ledger.end is None)
    ):
        yield matrices
        return
    end = float(first.times[begin])
    answer = _by_track([track], source.history(_selectors([track]), end - segment.step + fine, end, fine))[0]
    if isinstance(answer, SourceError):
        raise answer
    yield answer
    if begin + 1 < len(first.times):
        yield {role: Matrix(m.times[begin + 1 :], m.keys, m.values[:, begin + 1 :]) for role, m in matrices.items()}


def _replay(track: Track, matrices: Mapping[str, Matrix]) -> None:
    parts = {role: (matrix.keys, matrix.values) for role, matrix in matrices.items()}
    _absorb(track, replay(track.memory, next(iter(matrices.values())).times, parts, target_of))


def _judge_youth(source: CounterSource, track: Track, at: float) -> None:
    """History that begins where the server's retention does was cut there: a gap, and not a young service."""
    oldest = source.retention_start(at)
    if oldest is None or track.first_measured is None:
        return
    # The server drops whole blocks, of up to a tenth of the retention, and compacts every two hours.
    if track.first_measured <= oldest + max(0.1 * (at - oldest), 7200.0):
        track.first_measured = min(track.first_measured, at - track.horizon)


def _absorb(track: Track, increments: Increments) -> None:
    total = increments.by_role["total"]
    bad = increments.by_role["bad"] if "bad" in increments.by_role else total - increments.by_role["good"]
    if track.first_measured is None:
        track.first_measured = increments.first_present
    track.newborn += increments.newborn
    track.add(increments.times, total, bad, increments.measured)


def _add_slots(source: SlotSource, track: Track, segment: Segment) -> None:
    start = segment.start - segment.step
    count = round((segment.end - start) / segment.step)
    slots = source.slots(track.slo.sli.sql or "", start, segment.end, segment.step)
    index = np.clip(((slots.starts - start) / segment.step + 1e-6).astype(int), 0, count - 1)
    total, bad = np.zeros(count), np.zeros(count)
    np.add.at(total, index, slots.total)
    np.add.at(bad, index, slots.bad)
    if track.first_measured is None and total.any():
        # A table without rows cannot tell a quiet service from one that does not exist yet.
        track.first_measured = start + int(np.argmax(total > 0)) * segment.step
    times: Floats = start + np.arange(1, count + 1, dtype=np.float64) * segment.step
    known = np.inf if track.first_measured is None else track.first_measured
    track.add(times, total, bad, np.where(times > known + 1e-6, segment.step, 0.0))


@lru_cache(maxsize=200_000)
def target_of(key: str) -> str:
    """The target that a series was scraped from; series without job and instance share one."""
    return f"{label_of(key, 'job')}\x1f{label_of(key, 'instance')}"
