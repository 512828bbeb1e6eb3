"""Experiments: read, analyse all of them at once, kill on evidence, save."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

from exporter.collectors import experiment_kill, experiment_samples, experiment_show, experiment_trend
from exporter.collectors.experiment_analysis import Result, analyse, split
from exporter.collectors.experiment_cases import Case
from exporter.collectors.experiment_feed import Feed, Progress
from exporter.collectors.experiment_reading import Reading
from exporter.collectors.experiment_track import KILL, ExperimentTrack
from exporter.collectors.lifecycle import in_force
from exporter.contract import Report, Sample
from exporter.sources.base import CounterSource, CountSource
from exporter.spec import Experiment
from exporter.state import Latch, Lifted, Override, State, StateError

DOCUMENT = "experiment"


class ExperimentCollector:
    """All experiments, whatever their sources: false discoveries may be controlled over all of them.

    ``sources`` has every source that a metric names; a metric with ``prometheus`` needs a CounterSource, another one a
    CountSource (the loader guarantees it). :meth:`collect` will be called at multiples of ``refresh`` seconds from one
    another. Failures of a source cost the experiments whose metrics read from it; a store that cannot be written costs
    nothing while the process lives: kills stand, and are saved as soon as it can be. What commands change in the store
    holds from the next refresh on. Raises StateError where the store cannot be read at the start.
    """

    name = "experiment"

    def __init__(
        self,
        sources: Mapping[str, CountSource | CounterSource],
        experiments: Sequence[Experiment],
        state: State,
        *,
        refresh: float,
        progress: Progress | None = None,
        on_kill: Callable[[Latch], None] = lambda _: None,
    ) -> None:
        self._state = state
        self._feed = Feed(sources, refresh, progress)
        self._of_spec = {experiment.name: experiment for experiment in experiments}
        self._on_kill = on_kill
        self._unsaved: list[Latch] = []
        self._seen = -1
        self._floors: dict[tuple[str, str], Lifted] = {}
        self._overrides: dict[str, Override] = {}
        documents = state.documents(DOCUMENT)
        kills = self._commands()
        self._tracks = [
            ExperimentTrack(in_force(e, self._overrides.get(e.name)), documents.get(e.name), kills[e.name])
            for e in experiments
        ]

    def collect(self, at: float) -> list[Report]:
        """Evaluate every experiment at ``at``; see :class:`exporter.contract.Collector`."""
        failures = self._follow(at)
        readings = [Reading(track) for track in self._tracks if not track.is_draft and not track.has_left(at)]
        asked = [reading for reading in readings if reading.track.is_read]
        answers = self._feed.read([reading.track for reading in asked], at)
        for reading in asked:
            reading.take(answers, at)
        _analyse(readings)
        for reading in readings:
            for variant, log_e in experiment_kill.condemned(reading, self._floors):
                latch = experiment_kill.latch(reading, variant, log_e, at)
                self._unsaved.append(latch)
                self._on_kill(latch)
            for lifted, floor in experiment_kill.unknown_floors(reading, self._floors):
                self._note_floor(lifted, floor)
        answered = [reading for reading in readings if reading.answered]
        samples = dict(zip((r.experiment.name for r in answered), self._samples(answered, at), strict=True))
        errors = {reading.experiment.name: "; ".join(reading.errors) or None for reading in readings}
        reports = [
            Report(name, samples.get(name, ()), experiment_samples.lasting(track), errors.get(name))
            for track in self._tracks
            if not track.has_left(at)
            for name in (track.experiment.name,)
        ]
        # No experiment can have this name: names have no spaces.
        totals = Report("experiments by status", (), experiment_show.totals(self._tracks, answered))
        return [*reports, totals, *failures, *self._save(at)]

    def _samples(self, readings: Sequence[Reading], at: float) -> list[tuple[Sample, ...]]:
        shares = [reading.shares() for reading in readings]
        effects = [reading.track.design_effect_of_units() for reading in readings]
        p_values, deviations = split([units for units, _ in shares], [plan for _, plan in shares], effects)
        return [
            experiment_show.samples(reading, p, deviation, at)
            for reading, p, deviation in zip(readings, p_values.tolist(), deviations.tolist(), strict=True)
        ]

    def _follow(self, at: float) -> list[Report]:
        """Put in force what commands have changed; the store's failure is told, and what is known holds."""
        try:
            kills = self._commands() if self._state.last_change() != self._seen else None
        except StateError as error:
            return [Report("commands", error=str(error))]
        for track in self._tracks:
            name = track.experiment.name
            track.put_in_force(in_force(self._of_spec[name], self._overrides.get(name)), at)
            if kills is not None:
                unsaved = [latch for latch in self._unsaved if latch.entity == name]
                track.killed = {latch.member: latch for latch in [*unsaved, *kills[name]]}
        return []

    def _commands(self) -> dict[str, list[Latch]]:
        """Read what another process may have changed; the kills by experiment."""
        seen = self._state.last_change()
        self._overrides = self._state.lifecycle()
        self._floors = {(lifted.entity, lifted.member): lifted for lifted in self._state.lifted(KILL)}
        kills: dict[str, list[Latch]] = defaultdict(list)
        for latch in self._state.latches(KILL):
            kills[latch.entity].append(latch)
        self._seen = seen
        return kills

    def _note_floor(self, lifted: Lifted, floor: float) -> None:
        try:
            self._state.note_floor(lifted, floor)
        except StateError:
            return  # it is asked for again at the next refresh
        self._seen = -1

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
