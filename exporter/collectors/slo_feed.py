"""Bring SLO tracks up to an instant from their source: live polls batched, gaps and the first past from history.

Every instant lies on the grid of the refresh, so history gives exactly what live polls at those instants would have
given; a restart or an outage of the exporter therefore changes no number that the source still has.
"""

from __future__ import annotations

import contextlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar, cast

import numpy as np

from exporter.collectors.newcomers import Aside, Newcomers
from exporter.collectors.slo_absorb import absorb_counts, absorb_history, absorb_poll, absorb_slots, remembered
from exporter.collectors.slo_kinds import check_histogram, reads
from exporter.collectors.slo_sums import CALM_SECONDS, ROOM, series
from exporter.collectors.slo_track import Track
from exporter.ledger import FINE_SPAN, MIDDLE_WIDTH
from exporter.sources.base import CounterSource, Later, Matrix, Reading, SlotSource, SourceError, TooManySeries
from exporter.sources.turns import ask_in_turn

_T = TypeVar("_T")

_ROOM = 0.7
"""Share of a refresh in which a source's slow questions are asked one after the other; what is found within 0.8 of it
is published with the others."""

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
    coarse = fine < MIDDLE_WIDTH and since < near - fine / 2
    parts = list(_cut(near - far * MIDDLE_WIDTH, near, MIDDLE_WIDTH)) if coarse else []
    first = near + fine if parts else at - (round((at - since) / fine) - 1) * fine
    return parts + list(_cut(first, at, fine))


def _cut(start: float, end: float, every: float) -> Iterator[Segment]:
    count = round((end - start) / every) + 1
    for i in range(0, count, POINTS):
        last = min(i + POINTS, count) - 1
        yield Segment(start + i * every, start + last * every, every)


def feed(
    source: CounterSource | SlotSource, tracks: Sequence[Track], at: float, fine: float, progress: Progress
) -> dict[str, str]:
    """Bring tracks of one source up to ``at``; SLO name -> sentence for those that failed."""
    # The loader guarantees that all SLIs of one source are of its kind.
    if tracks and tracks[0].slo.sli.kind in ("sql", "csv"):
        return feed_slots(cast(SlotSource, source), tracks, at, fine, progress)
    return feed_counters(cast(CounterSource, source), tracks, at, fine, progress)


def newcomers(name: str, fine: float, aside: Aside | None, progress: Progress) -> Newcomers[Track]:
    """Where tracks wait that come to a collector of this name later, and are fed from the source that ``aside`` opens;
    without it nothing may ever wait there."""

    def bring(source: CounterSource | SlotSource, tracks: Sequence[Track], at: float) -> dict[str, str]:
        return feed(source, tracks, at, fine, progress)

    return Newcomers(name, aside or contextlib.nullcontext, bring)


def feed_counters(
    source: CounterSource, tracks: Sequence[Track], at: float, fine: float, progress: Progress
) -> dict[str, str]:
    """Bring tracks that read a Prometheus up to ``at``; SLO name -> sentence for those that failed."""
    live, behind = [], defaultdict(list)
    for track in tracks:
        what = track.reads
        if what.every is not None:
            behind[track.end, track.horizon, what.every].append(track)
        elif track.end is not None and abs(at - track.end - fine) < fine / 2:
            live.append(track)
        else:
            behind[track.end, track.horizon, fine].append(track)
    errors = _poll(source, live, at, fine)
    for (end, horizon, every), group in behind.items():
        wanted = segments(end, at, every, horizon) if every == fine else _slices(group[0], at, every)
        points = sum(round((s.end - s.start) / s.step) + 1 for s in wanted)
        size = max(1, min(len(group), 50, POINTS // max(points, 1)))
        for i in range(0, len(group), size):
            errors |= _catch_up(source, group[i : i + size], at, wanted, fine, progress)
    return errors


def feed_slots(
    source: SlotSource, tracks: Sequence[Track], at: float, fine: float, progress: Progress
) -> dict[str, str]:
    """The same for tracks whose source counts by slot itself; a slow one may wait for a later run
    (:attr:`Track.waits`)."""
    questions = [(track.slo.name, partial(_bring, source, track, at, fine, progress)) for track in tracks]
    answers = ask_in_turn(source, questions, _ROOM * fine)
    for track in tracks:
        track.waits = isinstance(answers[track.slo.name], Later)
    failed = {name: answer for name, answer in answers.items() if isinstance(answer, SourceError)}
    return {name: str(error) for name, error in failed.items() if not isinstance(error, Later)}


def _bring(source: SlotSource, track: Track, at: float, fine: float, progress: Progress) -> None:
    wanted = segments(track.end, at, fine, track.horizon)
    for i, segment in enumerate(wanted, 1):
        _add_slots(source, track, segment)
        if len(wanted) > 1:
            progress(track.slo.name, i / len(wanted))


def _slices(track: Track, at: float, every: float) -> list[Segment]:
    """The ends of whole slices after the track's end: instants that are whole slices from the grid's origin."""
    last = track.origin + int((at - track.origin) / every + 1e-6) * every
    since = at - track.horizon if track.end is None else track.end
    first = track.origin + (int((since - track.origin) / every + 1e-6) + 1) * every
    return list(_cut(first, last, every)) if first <= last + 1e-6 else []


def _poll(source: CounterSource, tracks: Sequence[Track], at: float, fine: float) -> dict[str, str]:
    if not tracks:
        return {}
    try:
        answers = _by_track(tracks, source.counters(_queries(tracks, fine), at))
    except SourceError as error:
        return {track.slo.name: str(error) for track in tracks}
    errors, crowded = {}, []
    for track, answer in zip(tracks, answers, strict=True):
        try:
            if isinstance(answer, SourceError):
                raise answer
            _take_poll(source, track, answer, at, fine)
        except SourceError as error:
            if isinstance(error, TooManySeries) and track.use_sums():
                crowded.append(track)
            else:
                errors[track.slo.name] = str(error)
    return errors | _poll(source, crowded, at, fine)


def _take_poll(source: CounterSource, track: Track, answer: Mapping[str, Reading], at: float, fine: float) -> None:
    what = track.reads
    if what.count is None:
        check_histogram(source, track.slo, {role: bool(reading) for role, reading in answer.items()}, at)
        absorb_poll(track, at, answer)
    else:
        columns = {role: _column(at, reading) for role, reading in answer.items()}
        absorb_counts(track, columns, what, fine)
        _reconsider(source, track, columns, at)


def _check_sums(source: CounterSource, track: Track, columns: Mapping[str, Matrix], at: float) -> None:
    if not track.exact:
        check_histogram(source, track.slo, {role: bool(matrix.keys) for role, matrix in columns.items()}, at)


def _reconsider(source: CounterSource, track: Track, columns: Mapping[str, Matrix], at: float) -> None:
    """Where the server adds up series of which there have been few for long enough, read each of them again."""
    if track.exact:
        return
    _check_sums(source, track, columns, at)
    if series(columns) > ROOM * source.series_limit:
        track.calm_since = None
        return
    track.calm_since = at if track.calm_since is None else track.calm_since
    if at - track.calm_since < CALM_SECONDS:
        return
    roles = reads(track.slo).roles
    readings = dict(zip(roles, source.counters(list(roles.values()), at), strict=True))
    known = {role: reading for role, reading in readings.items() if not isinstance(reading, SourceError)}
    if len(known) == len(readings):
        track.use_counters(remembered(known, track.slo.group_by, at))
    else:
        track.calm_since = None


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
    crowded: set[str] = set()
    young = {track.slo.name for track in tracks if track.first_measured is None}
    for i, segment in enumerate(wanted, 1):
        going = [track for track in tracks if track.slo.name not in errors and track.slo.name not in crowded]
        try:
            matrices = source.history(_queries(going, segment.step), segment.start, segment.end, segment.step)
        except SourceError as error:
            return errors | {track.slo.name: str(error) for track in going}
        for track, answer in zip(going, _by_track(going, matrices), strict=True):
            try:
                if isinstance(answer, SourceError):
                    raise answer
                _take_history(source, track, answer, segment, fine)
            except SourceError as error:
                if isinstance(error, TooManySeries) and track.use_sums():
                    crowded.add(track.slo.name)
                    errors |= _catch_up(source, [track], at, wanted[i - 1 :], fine, progress)
                else:
                    errors[track.slo.name] = str(error)
                continue
            if len(wanted) > 1:
                progress(track.slo.name, i / len(wanted))
    for track in tracks:
        if track.slo.name in young and track.slo.name not in errors:
            _judge_youth(source, track, at)
    return errors


def _take_history(
    source: CounterSource, track: Track, answer: Mapping[str, Matrix], segment: Segment, fine: float
) -> None:
    what = track.reads
    if what.count is not None:
        absorb_counts(track, answer, what, segment.step)
        track.calm_since = None  # what lies between two instants that are far apart is not known to have been calm
        _check_sums(source, track, answer, segment.end)
        return
    check_histogram(source, track.slo, {role: bool(matrix.keys) for role, matrix in answer.items()}, segment.end)
    for part in _with_the_beginning(source, track, answer, segment, fine):
        absorb_history(track, part)


def _with_the_beginning(
    source: CounterSource, track: Track, matrices: Mapping[str, Matrix], segment: Segment, fine: float
) -> Iterator[Mapping[str, Matrix]]:
    """The matrices, and before the first instant where there is anything at all, the fine steps that lead to it.

    Otherwise a young service would lose what it counted between its first sample and the next 5 m instant.
    """
    first = next(iter(matrices.values()))
    there = np.any(~np.isnan(first.values), axis=0)
    begin = int(np.argmax(there))
    older = begin == 0 and track.end is None
    if track.first_measured is not None or segment.step <= fine or not there.any() or older:
        yield matrices
        return
    end = float(first.times[begin])
    answer = _by_track([track], source.history(_queries([track], fine), end - segment.step + fine, end, fine))[0]
    if isinstance(answer, SourceError):
        raise answer
    yield answer
    if begin + 1 < len(first.times):
        yield {role: Matrix(m.times[begin + 1 :], m.keys, m.values[:, begin + 1 :]) for role, m in matrices.items()}


def _judge_youth(source: CounterSource, track: Track, at: float) -> None:
    """History that begins where the server's retention does was cut there: a gap, and not a young service."""
    oldest = source.retention_start(at)
    if oldest is None:
        return
    # The server drops whole blocks, of up to a tenth of the retention, and compacts every two hours.
    cut = oldest + max(0.1 * (at - oldest), 7200.0)
    for group in track.groups.values():
        if group.first_measured is not None and group.first_measured <= cut:
            group.first_measured = min(group.first_measured, at - track.horizon)


def _queries(tracks: Sequence[Track], step: float) -> list[str]:
    return [query for track in tracks for query in track.reads.at_step(step).values()]


def _by_track(tracks: Sequence[Track], answers: Iterable[_T | SourceError]) -> list[dict[str, _T] | SourceError]:
    """The answers in the order of _queries as role -> answer per track; an error stands for all of its track."""
    answer = iter(answers)
    found: list[dict[str, _T] | SourceError] = []
    for track in tracks:
        of_track = {role: next(answer) for role in track.reads.roles}
        failed = next((a for a in of_track.values() if isinstance(a, SourceError)), None)
        found.append(failed or {role: a for role, a in of_track.items() if not isinstance(a, SourceError)})
    return found


def _column(at: float, reading: Reading) -> Matrix:
    return Matrix(np.array([at]), tuple(reading), np.array([*reading.values()], dtype=np.float64).reshape(-1, 1))


def _add_slots(source: SlotSource, track: Track, segment: Segment) -> None:
    sli, start = track.slo.sli, segment.start - segment.step
    query = sli.csv if sli.csv is not None else sli.sql or ""
    slots = source.slots(query, start, segment.end, segment.step, track.slo.group_by)
    count = round((segment.end - start) / segment.step)
    absorb_slots(track, slots, start + np.arange(1, count + 1, dtype=np.float64) * segment.step, segment.step)
