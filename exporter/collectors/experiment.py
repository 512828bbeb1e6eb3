"""Experiments: read, analyse all of them at once, kill on evidence, save."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from exporter.collectors import (
    experiment_apply,
    experiment_kill,
    experiment_progress,
    experiment_samples,
    experiment_show,
    experiment_trend,
)
from exporter.collectors.changes import Changes
from exporter.collectors.experiment_analysis import Result, analyse, split
from exporter.collectors.experiment_cases import Case
from exporter.collectors.experiment_definitions import Definitions
from exporter.collectors.experiment_feed import Feed, Progress, newcomers, waits_for_its_past
from exporter.collectors.experiment_reading import Reading
from exporter.collectors.experiment_track import ExperimentTrack
from exporter.collectors.newcomers import Aside
from exporter.contract import Report, Sample
from exporter.sources.base import CounterSource, CountSource
from exporter.spec import Experiment
from exporter.state import Application, Latch, Lifted, State, StateError

DOCUMENT = "experiment"


class ExperimentCollector:
    """All experiments, whatever their sources: false discoveries may be controlled over all of them.

    ``sources`` has every source that a metric names; a metric with ``prometheus`` needs a CounterSource, another one a
    CountSource (the loader guarantees it). :meth:`collect` will be called at multiples of ``refresh`` seconds from one
    another. Failures of a source cost the experiments whose metrics read from it; a store that cannot be written costs
    nothing while the process lives: kills stand, and are saved as soon as it can be. What commands change in the store
    holds from the next refresh on. ``totals`` over all are left out where others evaluate more of them. Raises
    StateError where the store cannot be read at the start.

    ``before`` is the collector in whose place this one comes; it must not run any more. What has not changed of it goes
    on as it is; the past of counters that are new is read beside the rest, from the sources by name that ``aside``
    opens.
    """

    name = "experiment"

    def __init__(  # noqa: PLR0913 - each is one independent fact
        self,
        sources: Mapping[str, CountSource | CounterSource],
        experiments: Sequence[Experiment],
        state: State,
        *,
        refresh: float,
        progress: Progress | None = None,
        on_kill: Callable[[Latch], None] = lambda _: None,
        wish: Callable[[Iterable[Application]], None] = lambda _: None,
        totals: bool = True,
        before: ExperimentCollector | None = None,
        aside: Aside | None = None,
    ) -> None:
        self._state, self._sources = state, sources
        self._totals = totals
        self._of_spec = {experiment.name: experiment for experiment in experiments}
        self._feed = Feed(sources, refresh, progress)
        self._on_kill, self._wish = on_kill, wish
        self._definitions = Definitions(sources, experiments)
        self._unsaved: list[Latch] = list(before._unsaved) if before else []
        self._last: dict[str, Reading] = {}
        self._next_steps: Mapping[str, str] = before._next_steps if before else {}
        self._changes = Changes(state, experiments)
        documents = state.documents(DOCUMENT, self._of_spec)
        standing = self._changes.look(_seen(documents.values(), before._tracks if before else ()))
        self._lifted, self._stored = dict(standing.lifted), standing.kills
        self._moves, self._seen = standing.moves, standing.seen
        self._commanded = {experiment.name: experiment for experiment in standing.experiments}
        self._newcomers = newcomers(refresh, aside, progress)
        known = self._taken_over(before) if before else {}
        new = [
            ExperimentTrack(e, documents.get(e.name), self._kills_of(e.name), self._moves.get(e.name, ()))
            for e in standing.experiments
            if e.name not in known and e.name not in self._newcomers.waiting
        ]
        for track in new:
            track.seen = self._seen
        late = {t.experiment.name: t for t in new if before and aside and waits_for_its_past(t)}
        self._newcomers.add(late)
        tracks = known | {track.experiment.name: track for track in new if track.experiment.name not in late}
        self._tracks: list[ExperimentTrack] = [tracks[e.name] for e in standing.experiments if e.name in tracks]

    def _taken_over(self, before: ExperimentCollector) -> dict[str, ExperimentTrack]:
        """Of the collector before: experiments that are the same as they are, and others with what is known of them."""
        self._definitions.follow(before._definitions)
        same = {name for name, experiment in self._of_spec.items() if before._of_spec.get(name) == experiment}
        if before._sources == self._sources:
            before._newcomers.keep(same)
            self._newcomers = before._newcomers
        else:
            before._newcomers.keep(())
        known = {}
        for track in before._tracks:
            name = track.experiment.name
            if name in same:
                track.killed = {latch.member: latch for latch in self._kills_of(name)}
                known[name] = track
            elif name in self._of_spec:
                document = json.loads(json.dumps(track.document()))
                known[name] = ExperimentTrack(self._commanded[name], document, self._kills_of(name))
                known[name].changed = True
        return known

    def _kills_of(self, name: str) -> list[Latch]:
        return [*(latch for latch in self._unsaved if latch.entity == name), *self._stored[name]]

    @property
    def sources(self) -> frozenset[str]:
        """The sources of counts: those of counters are asked on the refreshes' grid only."""
        return frozenset(source for track in self._tracks if not track.has_counters for source in track.sources)

    def defined(self, experiment: Experiment) -> Experiment | None:
        """The experiment, as commands left it, as it is in force; None while its API has not been asked, or nothing is
        known of it."""
        if experiment.name not in self._of_spec:
            return None
        return self._definitions.defined(experiment) if self._definitions.asked or not experiment.definition else None

    def collect(self, at: float) -> list[Report]:
        """Evaluate every experiment at ``at``; see :class:`exporter.contract.Collector`."""
        self._welcome(at)
        failures = self._follow(at)
        there = [track for track in self._tracks if not track.has_left(at)]
        self._last = {}  # what became a draft or has left is no hypothesis any more
        readings = self._evaluate([track for track in there if not track.is_draft], at)
        drafts = [Report(t.experiment.name, (), experiment_samples.lasting(t)) for t in there if t.is_draft]
        shown = {reading.experiment.name for reading in readings}
        self._next_steps = {name: step for name, step in self._next_steps.items() if name in shown}
        # No experiment can have this name: names have no spaces.
        answered = [reading for reading in readings if reading.answered]
        of_results, by_status = experiment_show.totals_of_results(answered), experiment_show.by_status(self._tracks)
        totals = [Report("experiments by status", of_results, by_status)] if self._totals else []
        return [*drafts, *readings.values(), *totals, *failures, *self._save(at)]

    def next_steps(self) -> Mapping[str, str]:
        """Experiment -> what to do next, in words. May be asked from any thread."""
        return self._next_steps

    def killed_at(self, experiment: str, variant: str) -> float | None:
        """Unix time at which a variant was killed; None where it was not. May be asked from any thread."""
        latch = next((t.killed.get(variant) for t in self._tracks if t.experiment.name == experiment), None)
        return latch.at if latch else None

    def collect_changed(self, at: float, sources: frozenset[str]) -> list[Report]:
        """Evaluate those that read from these sources and nothing from counters.

        Verdicts over all experiments take the others' evidence from the last refresh.
        """
        touched = [t for t in self._tracks if t.is_running and not t.has_counters and sources & t.sources]
        return [*self._evaluate(touched, at).values(), *self._save(at)]

    def _evaluate(self, tracks: Sequence[ExperimentTrack], at: float) -> dict[Reading, Report]:
        """Read, analyse and judge these experiments; the report of each."""
        readings = [Reading(track) for track in tracks]
        asked = [reading for reading in readings if reading.track.is_read]
        answers = self._feed.read([reading.track for reading in asked], at)
        for reading in asked:
            reading.take(answers, at)
        _analyse_all([*readings, *self._others(readings)])
        self._last.update({reading.experiment.name: reading for reading in readings})
        for reading in readings:
            self._judge(reading, at)
        answered = [reading for reading in readings if reading.answered]
        experiment_progress.look_ahead(answered)
        samples = dict(zip(answered, self._samples(answered, at), strict=True))
        steps = {r.experiment.name: " ".join(dict.fromkeys(a.text for a in r.advice)) for r in answered}
        self._next_steps = {**self._next_steps, **steps}
        self._wish([w for r in answered for w in experiment_apply.wishes(r, self._stored[r.experiment.name], at)])
        return {
            reading: Report(
                reading.experiment.name,
                samples.get(reading, ()),
                experiment_samples.lasting(reading.track),
                "; ".join(reading.errors) or None,
            )
            for reading in readings
        }

    def _others(self, readings: Sequence[Reading]) -> list[Reading]:
        """Readings of the last refresh whose evidence belongs to the family over all experiments that some are of."""
        if not any(reading.experiment.false_discovery == "all" for reading in readings):
            return []
        fresh = {reading.experiment.name for reading in readings}
        last = [reading for name, reading in self._last.items() if name not in fresh]
        return [reading for reading in last if reading.experiment.false_discovery == "all"]

    def _judge(self, reading: Reading, at: float) -> None:
        for variant, log_e in experiment_kill.condemned(reading, self._lifted):
            latch = experiment_kill.latch(reading, variant, log_e, at)
            self._unsaved.append(latch)
            self._on_kill(latch)
        for lifted, floor in experiment_kill.unknown_floors(reading, self._lifted):
            self._note_floor(lifted, floor)

    def _samples(self, readings: Sequence[Reading], at: float) -> list[tuple[Sample, ...]]:
        shares = [reading.shares() for reading in readings]
        effects = [reading.track.design_effect_of_units() for reading in readings]
        p_values, deviations = split([units for units, _ in shares], [plan for _, plan in shares], effects)
        return [
            experiment_show.samples(reading, p, deviation, at)
            for reading, p, deviation in zip(readings, p_values.tolist(), deviations.tolist(), strict=True)
        ]

    def _follow(self, at: float) -> list[Report]:
        """Put in force what commands have changed; while the store cannot be read, all stays as it is."""
        try:
            standing = self._changes.look(self._seen) if self._changes.changed() else None
        except StateError as error:
            return [Report("commands", error=str(error))]
        if standing is not None:
            self._lifted, self._stored = dict(standing.lifted), standing.kills
            self._moves, self._seen = standing.moves, standing.seen
            self._commanded = {experiment.name: experiment for experiment in standing.experiments}
        self._definitions.ask(self._commanded.values(), at)
        for track in self._tracks:
            name = track.experiment.name
            if standing is not None:
                track.killed = {latch.member: latch for latch in self._kills_of(name)}
            track.put_in_force(self._definitions.defined(self._commanded[name]), at, self._moves.get(name, ()))
            track.seen = self._seen
        past = [Report(name, error=error) for name, error in sorted(self._newcomers.errors.items())]
        return past + [Report(f"definition of {name}", error=error) for name, error in self._definitions.errors.items()]

    def _welcome(self, at: float) -> None:
        """Let those join whose past is known by now."""
        if grown := self._newcomers.grown(at):
            tracks = grown | {track.experiment.name: track for track in self._tracks}
            self._tracks = [tracks[name] for name in self._of_spec if name in tracks]

    def _note_floor(self, lifted: Lifted, floor: float) -> None:
        # One that cannot be stored now is asked for again at the next refresh.
        with contextlib.suppress(StateError):
            self._lifted[lifted.entity, lifted.member] = self._state.note_floor(lifted, floor)

    def _save(self, at: float) -> list[Report]:
        due = [track for track in self._tracks if not track.is_draft and track.due(at)]
        if not due and not self._unsaved:
            return []
        try:
            documents = {track.experiment.name: track.document() for track in due}
            self._state.save_documents(DOCUMENT, documents, self._unsaved)
        except StateError as error:
            return [Report("state store", error=str(error))]
        self._unsaved = []
        for track in due:
            track.saved(at)
        return []


def _seen(documents: Iterable[Mapping[str, Any]], tracks: Iterable[ExperimentTrack]) -> int | None:
    """The id from which on moves may be news to some experiment that ran when it was last seen; None where that is not
    known."""
    running = [document for document in documents if document.get("in_force", {}).get("status") == "running"]
    found = [*(document.get("seen") for document in running), *(t.seen for t in tracks if t.is_running)]
    return min((seen for seen in found if seen is not None), default=None)


def _analyse_all(readings: Sequence[Reading]) -> None:
    """Analyse what can be; counts that nothing can be said of cost their own experiment only."""
    try:
        _analyse(readings)
    except ValueError:
        for reading in readings:
            try:
                _analyse([reading])
            except ValueError as error:
                reading.refuse(error)
        # Again together, because false discoveries may be controlled over all.
        _analyse([reading for reading in readings if not reading.unusable])


def _analyse(readings: Sequence[Reading]) -> None:
    """One batch for all cases of all experiments."""
    cases: list[Case] = []
    into: list[tuple[dict[str, Result], str]] = []
    halves: list[tuple[Case, Case]] = []
    trends: list[tuple[Reading, str]] = []
    for reading in readings:
        for found, wanted in (
            (reading.results, dict(zip(reading.track.metrics, reading.cases(), strict=True))),
            (reading.segments, reading.segment_cases()),
        ):
            cases += wanted.values()
            into += [(found, name) for name in wanted]
        pairs = reading.halves()
        halves += pairs.values()
        trends += [(reading, name) for name in pairs]
    for (found, name), result in zip(into, analyse(cases), strict=True):
        found[name] = result
    for (reading, name), values in zip(trends, experiment_trend.trends(halves), strict=True):
        reading.trends[name] = values
