"""Experiments: read, analyse all of them at once, kill on evidence, save."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence

from exporter.collectors import experiment_samples
from exporter.collectors.experiment_analysis import Case, Result, analyse, split
from exporter.collectors.experiment_counters import Counts
from exporter.collectors.experiment_feed import Feed, Key, Progress
from exporter.collectors.experiment_track import KILL, ExperimentTrack, RestatedError
from exporter.contract import Report, Sample
from exporter.sources.base import CounterSource, CountSource, SourceError
from exporter.spec import Experiment
from exporter.state import Latch, State, StateError

DOCUMENT = "experiment"


class ExperimentCollector:
    """All experiments, whatever their sources: false discoveries may be controlled over all of them.

    ``sources`` has every source that a metric names; a metric with ``prometheus`` needs a CounterSource, another one a
    CountSource (the loader guarantees it). :meth:`collect` will be called at multiples of ``refresh`` seconds from one
    another. Failures of a source cost the experiments whose metrics read from it; a store that cannot be written costs
    nothing while the process lives: kills stand, and are saved as soon as it can be. Raises StateError where the store
    cannot be read at the start.
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
    ) -> None:
        self._state = state
        self._feed = Feed(sources, refresh, progress)
        self._unsaved: list[Latch] = []
        documents = state.documents(DOCUMENT)
        kills: dict[str, list[Latch]] = defaultdict(list)
        for latch in state.latches(KILL):
            kills[latch.entity].append(latch)
        self._tracks = [ExperimentTrack(e, documents.get(e.name), kills[e.name]) for e in experiments]
        self._of_spec = {e.name: experiment_samples.of_spec(e) for e in experiments}

    def collect(self, at: float) -> list[Report]:
        """Evaluate every experiment at ``at``; see :class:`exporter.contract.Collector`."""
        readings = [_Reading(track) for track in self._tracks if not track.is_draft]
        answers = self._feed.read([reading.track for reading in readings], at)
        for reading in readings:
            reading.take(answers)
        cases = [case for reading in readings for case in reading.cases()]
        results = iter(analyse(cases))
        for reading in readings:
            reading.results = {name: next(results) for name in reading.track.metrics}
            self._kill(reading, at)
        samples = _samples([reading for reading in readings if reading.answered])
        errors = {reading.track.experiment.name: "; ".join(reading.errors) or None for reading in readings}
        reports = [
            Report(
                name, samples.get(name, ()), experiment_samples.lasting(track, self._of_spec[name]), errors.get(name)
            )
            for track in self._tracks
            for name in (track.experiment.name,)
        ]
        # No experiment can have this name: names have no spaces.
        total = experiment_samples.by_status(track.experiment for track in self._tracks)
        return [*reports, Report("experiments by status", lasting=total), *self._save()]

    def killed_at(self, experiment: str, variant: str) -> float | None:
        """Unix time at which a variant was killed; None where it was not. May be asked from any thread."""
        latch = next((t.killed.get(variant) for t in self._tracks if t.experiment.name == experiment), None)
        return latch.at if latch else None

    def _kill(self, reading: _Reading, at: float) -> None:
        track, rule = reading.track, reading.track.experiment.early_kill
        if rule is None or track.experiment.status != "running" or not reading.answered:
            return
        evidence = reading.results[track.experiment.primary.name].kill_log_e.tolist()
        for variant, log_e in zip(track.variants, evidence, strict=True):
            if variant not in track.killed and log_e >= -math.log(rule.alpha):
                self._unsaved.append(_latch(reading, variant, log_e, at))

    def _save(self) -> list[Report]:
        changed = [track for track in self._tracks if track.changed and not track.is_draft]
        if not changed and not self._unsaved:
            return []
        try:
            documents = {track.experiment.name: track.document() for track in changed}
            self._state.save_documents(DOCUMENT, documents, self._unsaved)
        except StateError as error:
            return [Report("state store", error=str(error))]
        self._unsaved = []
        for track in changed:
            track.changed = False
        return []


class _Reading:
    """One experiment in one refresh: counts by metric, totals and those of the epoch, and what went wrong."""

    def __init__(self, track: ExperimentTrack) -> None:
        self.track = track
        self.totals: dict[str, Counts] = {}
        self.epoch: dict[str, Counts] = {}
        self.errors: list[str] = []
        self.results: dict[str, Result] = {}

    @property
    def answered(self) -> bool:
        """Whether the primary metric was read; without it the others are not shown either, and all age together."""
        return self.track.experiment.primary.name in self.epoch

    def take(self, answers: Mapping[Key, Counts | SourceError]) -> None:
        """Keep what the sources said, counted from the epoch's opening."""
        for name in self.track.metrics:
            answer = answers[self.track.experiment.name, name]
            if isinstance(answer, SourceError):
                self._fail(str(answer))
                continue
            try:
                self.epoch[name] = self.track.since_opening(name, answer)
                self.totals[name] = answer
            except RestatedError as error:
                self._fail(str(error))

    def cases(self) -> list[Case]:
        """What is to be analysed: every metric of the spec, so that a failing source does not shrink the family."""
        experiment = self.track.experiment
        family = "" if experiment.false_discovery == "all" else experiment.name
        cases = []
        for name, metric in self.track.metrics.items():
            counts = self.epoch.get(name, {})
            arms = [counts.get(arm, (0.0, 0.0)) for arm in self.track.arms]
            kills = experiment.early_kill if name == experiment.primary.name else None
            cases.append(
                Case(
                    trials=tuple(n for n, _ in arms),
                    successes=tuple(s for _, s in arms),
                    planned=tuple(experiment.variants[arm] for arm in self.track.arms),
                    increase=metric.metric.direction == "increase",
                    alpha=experiment.alpha,
                    family=family,
                    margin=kills.margin if kills else None,
                )
            )
        return cases

    def shares(self) -> tuple[list[float], list[float]]:
        """Units and planned shares of the arms that the plan still holds for, then of those that it does not know.

        A killed variant is left out: that its traffic stops is what the kill is for. The others keep their shares of
        what is left.
        """
        counts, plan = self.epoch[self.track.experiment.primary.name], self.track.experiment.variants
        arms = [arm for arm in self.track.arms if arm not in self.track.killed]
        strangers = [variant for variant in counts if variant not in plan]
        left = sum(plan[arm] for arm in arms)
        if left <= 0:
            return [0.0], [1.0]
        units = [counts.get(arm, (0.0, 0.0))[0] for arm in [*arms, *strangers]]
        return units, [*(plan[arm] / left for arm in arms), *(0.0 for _ in strangers)]

    def _fail(self, error: str) -> None:
        if error not in self.errors:
            self.errors.append(error)


def _samples(readings: Sequence[_Reading]) -> dict[str, tuple[Sample, ...]]:
    shares = [reading.shares() for reading in readings]
    p_values, deviations = split([units for units, _ in shares], [plan for _, plan in shares])
    samples = {}
    for reading, p, deviation in zip(readings, p_values.tolist(), deviations.tolist(), strict=True):
        track, primary = reading.track, reading.track.experiment.primary.name
        found = experiment_samples.traffic(track, reading.totals[primary], reading.epoch[primary])
        found += experiment_samples.split(track, p, deviation)
        for name, counts in reading.epoch.items():
            found += experiment_samples.metric(track, name, reading.totals[name], counts, reading.results[name])
        samples[track.experiment.name] = tuple(found)
    return samples


def _latch(reading: _Reading, variant: str, log_e: float, at: float) -> Latch:
    track, experiment = reading.track, reading.track.experiment
    rule, metric = experiment.early_kill, experiment.primary
    if rule is None:
        raise ValueError(f"experiment {experiment.name} kills nothing")
    counts, evidence = reading.epoch[metric.name], experiment_samples.e_value(log_e)
    margin = f" by more than {rule.margin:.4g} of its rate" if rule.margin else ""
    reason = (
        f"{metric.name}: {variant} is worse than {experiment.control}{margin}, "
        f"e-value {evidence:.4g} >= {1 / rule.alpha:.4g}"
    )
    facts = {
        "metric": metric.name,
        "direction": metric.direction,
        "epoch": track.epoch,
        "e_value": evidence,
        "alpha": rule.alpha,
        "margin": rule.margin,
        **{
            who: dict(zip(("variant", "n", "successes"), (arm, *counts.get(arm, (0.0, 0.0))), strict=True))
            for who, arm in (("control", experiment.control), ("killed", variant))
        },
    }
    return track.latch(variant, at, reason, facts)
