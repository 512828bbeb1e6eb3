"""Read the counts of every metric of every experiment at one instant, each source asked once where it can be.

What fails costs its own metric only. A source that does not answer is not asked again in the same refresh, so that it
costs one timeout and not one a metric; and what took too long the last time is asked last, in turn, so that slow
queries do not starve the others of their source (:mod:`exporter.sources.turns`).
"""

from __future__ import annotations

import contextlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from itertools import islice
from typing import Any, TypeVar, cast

from exporter.collectors import experiment_costs
from exporter.collectors.experiment_costs import COST, Costs, currency_of
from exporter.collectors.experiment_counters import CounterTotals
from exporter.collectors.experiment_counts import Counts, from_rows
from exporter.collectors.experiment_track import ExperimentTrack
from exporter.collectors.newcomers import Aside, Newcomers
from exporter.collectors.slo_feed import POINTS, Segment, segments
from exporter.promql import format_duration
from exporter.sources.base import AmountSource, CounterSource, CountSource, Matrix, Reading, SourceError
from exporter.sources.turns import Source, ask_in_turn
from exporter.spec import Experiment, Metric

HORIZON = 30 * 86400.0
"""Seconds of the past that are read at first sight, where the source has them."""

_CLOCK_TOLERANCE = 3600.0
_AT_ONCE = 50

_T = TypeVar("_T")
Key = tuple[str, str]
"""Experiment and metric, or :data:`exporter.collectors.experiment_costs.COST`."""
Progress = Callable[[str, float], None]
"""Called with an experiment's name and the share (0 to 1) of its past that has been read."""
Answers = dict[Key, Counts | Costs | SourceError]
_Entry = tuple[Key, CounterTotals]
_Ask = Callable[[Any], Counts | Costs]


class Feed:
    """The metrics' sources. ``refresh`` is the width of the grid of instants that will be asked for (seconds)."""

    def __init__(
        self, sources: Mapping[str, CountSource | CounterSource], refresh: float, progress: Progress | None = None
    ) -> None:
        self._sources = sources
        self._refresh = refresh
        self._progress = progress or (lambda _name, _share: None)

    def read(self, tracks: Sequence[ExperimentTrack], at: float) -> Answers:
        """The cumulative counts of every metric at ``at``, and what was spent, or why that is not known.

        Of those that are read; see :attr:`ExperimentTrack.is_read`.
        """
        asked: dict[str, list[tuple[Key, _Ask]]] = defaultdict(list)
        counters: dict[str, list[_Entry]] = defaultdict(list)
        for track in tracks:
            if track.is_read:
                for key, source, totals, ask in _questions(track, at):
                    if totals:
                        counters[source].append((key, totals))
                        track.changed = True
                    else:
                        asked[source].append((key, ask))
        answers: Answers = {}
        for source, questions in asked.items():
            of = self._sources[source]
            answers |= ask_in_turn(cast(Source, of), [(key, partial(ask, of)) for key, ask in questions])
        for source, entries in counters.items():
            answers |= self._counters(cast(CounterSource, self._sources[source]), entries, at)
        return answers

    def _counters(self, source: CounterSource, entries: Sequence[_Entry], at: float) -> Answers:
        errors = dict(_wait_for_clock(entries, at))
        due = [(key, c) for key, c in entries if key not in errors and (c.polled is None or c.polled < at)]
        live = [(key, c) for key, c in due if c.polled is not None and at - c.polled < 1.5 * self._refresh]
        behind: dict[float | None, list[_Entry]] = defaultdict(list)
        for key, totals in due:
            if totals.polled is None or at - totals.polled >= 1.5 * self._refresh:
                behind[totals.polled].append((key, totals))
        try:
            errors |= _poll(source, live, at)
            for polled, group in behind.items():
                errors |= self._catch_up(source, group, polled, at)
        except SourceError as error:
            errors = {key: error for key, _ in due} | errors
        return {key: errors.get(key) or totals.counts for key, totals in entries}

    def _catch_up(
        self, source: CounterSource, entries: Sequence[_Entry], polled: float | None, at: float
    ) -> dict[Key, SourceError]:
        """Read the same past of several metrics; one that fails keeps what it has and goes on there next time."""
        wanted = segments(None if polled is None else max(polled, at - HORIZON), at, self._refresh, HORIZON)
        points = sum(round((s.end - s.start) / s.step) + 1 for s in wanted)
        size = max(1, min(_AT_ONCE, POINTS // points))
        errors: dict[Key, SourceError] = {}
        for first in range(0, len(entries), size):
            group = entries[first : first + size]
            for i, segment in enumerate(wanted, 1):
                going = [(key, totals) for key, totals in group if key not in errors]
                errors |= _replay(source, going, segment)
                if len(wanted) > 1:
                    for key, _ in going:
                        self._progress(key[0], i / len(wanted))
            for key, totals in group:
                if key not in errors:
                    totals.caught_up()
        return errors


def newcomers(refresh: float, aside: Aside | None, progress: Progress | None) -> Newcomers[ExperimentTrack]:
    """Where experiments wait that come later, until the past of their counters was read from the sources by name that
    ``aside`` opens; without it none may ever wait there."""

    def bring(
        sources: Mapping[str, CountSource | CounterSource], tracks: Sequence[ExperimentTrack], at: float
    ) -> dict[str, str]:
        errors: dict[str, str] = {}
        answers = Feed(sources, refresh, progress).read(tracks, at)
        for track in tracks:
            name = track.experiment.name
            failed = [str(answers[key]) for key in answers if key[0] == name and isinstance(answers[key], SourceError)]
            if failed and waits_for_its_past(track):
                errors[name] = "; ".join(dict.fromkeys(failed))
        return errors

    return Newcomers("experiments", aside or contextlib.nullcontext, bring)


def waits_for_its_past(track: ExperimentTrack) -> bool:
    """Whether it has counters of which nothing has been read."""
    counters = [metric.counters for metric in track.metrics.values()] + [track.cost_counters]
    return track.is_read and any(each is not None and each.polled is None for each in counters)


def _questions(track: ExperimentTrack, at: float) -> Iterable[tuple[Key, str, CounterTotals | None, _Ask]]:
    """(key, source, counters or else how to ask) of every metric, and of the costs."""
    name, cost = track.experiment.name, track.experiment.cost
    for metric_name, epochs in track.metrics.items():
        yield (name, metric_name), epochs.metric.source, epochs.counters, partial(_counts, epochs.metric, at)
    if cost:
        yield (name, COST), cost.source, track.cost_counters, partial(_costs, track.experiment, at)


def _counts(metric: Metric, at: float, source: CountSource) -> Counts:
    return from_rows(source.counts(metric, at))


def _costs(experiment: Experiment, at: float, source: AmountSource) -> Costs:
    query = experiment.cost.query if experiment.cost else None
    try:
        return experiment_costs.from_rows(source.amounts(query or "", at), currency_of(experiment))
    except ValueError as error:
        raise SourceError(f"source {source.name}: {error}") from None


def _wait_for_clock(entries: Iterable[_Entry], at: float) -> Iterable[tuple[Key, SourceError]]:
    """Metrics that were read in what is now the future wait; by more than an hour, that clock was wrong."""
    for key, totals in entries:
        ahead = (totals.polled or at) - at
        if ahead > _CLOCK_TOLERANCE:
            totals.move_clock(at - _JUST_BEFORE)
        elif ahead > 0:
            text = format_duration(max(ahead, 0.001))
            yield key, SourceError(f"metric {key[1]} was read {text} ahead of now: the clock was set back; waiting")


_JUST_BEFORE = 1e-3


def _poll(source: CounterSource, entries: Sequence[_Entry], at: float) -> dict[Key, SourceError]:
    if not entries:
        return {}
    answers: list[Reading | SourceError] = source.counters(_selectors(entries), at)
    errors = {}
    for (key, totals), readings in _by_entry(entries, answers):
        if isinstance(readings, SourceError):
            errors[key] = readings
        else:
            totals.poll(at, readings)
    return errors


def _replay(source: CounterSource, entries: Sequence[_Entry], segment: Segment) -> dict[Key, SourceError]:
    if not entries:
        return {}
    answers: list[Matrix | SourceError] = source.history(_selectors(entries), segment.start, segment.end, segment.step)
    errors = {}
    for (key, totals), matrices in _by_entry(entries, answers):
        if isinstance(matrices, SourceError):
            errors[key] = matrices
        else:
            totals.replay(matrices)
    return errors


def _selectors(entries: Iterable[_Entry]) -> list[str]:
    return [selector for _, totals in entries for selector in totals.selectors]


def _by_entry(
    entries: Sequence[_Entry], answers: Sequence[_T | SourceError]
) -> Iterable[tuple[_Entry, list[_T] | SourceError]]:
    """Each entry with the answers to its selectors, or with the first error among them."""
    rest = iter(answers)
    for entry in entries:
        good: list[_T] = []
        error: SourceError | None = None
        for answer in islice(rest, len(entry[1].selectors)):
            if isinstance(answer, SourceError):
                error = error or answer
            else:
                good.append(answer)
        yield entry, error or good
