"""Guardrails of experiments: SLOs measured for each variant by itself; a variant that burns one is killed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from exporter.collectors.changes import Changes, Standing
from exporter.collectors.guardrail_track import GuardrailTrack
from exporter.collectors.newcomers import Aside
from exporter.collectors.slo import SloCollector
from exporter.collectors.slo_evaluate import Evaluation
from exporter.collectors.slo_feed import Progress
from exporter.collectors.slo_track import Track
from exporter.contract import Report
from exporter.sources.base import CounterSource, SlotSource
from exporter.spec import Experiment, Slo
from exporter.state import Latch, State, StateError

DOCUMENT = "guardrail"
_OF_KILLS = "experiment"
"""Kind of the kills' audit entries: whoever reads an experiment's trail finds them there."""


def as_spec(experiment: Experiment) -> Experiment | None:
    """The experiment as it is."""
    return experiment


class GuardrailCollector:
    """All guardrails whose SLO reads from one source.

    They are measured as SLOs are (:class:`SloCollector`), grouped by the label or column that names the variant, while
    the experiment runs: what happens while it is seen to be paused, ended or a draft does not count. A breach
    (:func:`~exporter.collectors.guardrail_breach.breaches`) kills the variant where the experiment has ``early_kill``:
    it is latched in the state store, and the experiment's own collector finds it there at its next refresh. After a
    kill was lifted only a breach that begins later kills again. ``defined`` gives an experiment, as commands left it,
    as it is in force; None while that is not known.

    ``before`` and ``aside`` are as of :class:`SloCollector`.

    A source that fails decides nothing; a store that fails costs nothing while the process lives: the kill is saved as
    soon as it can be. Raises StateError where the store cannot be read at the start.
    """

    def __init__(  # noqa: PLR0913 - each is one independent fact
        self,
        source: CounterSource | SlotSource,
        slos: Mapping[str, Slo],
        experiments: Sequence[Experiment],
        state: State,
        *,
        refresh: float,
        origin: float,
        keep_seconds: float,
        wide_origin: float = 0.0,
        defined: Callable[[Experiment], Experiment | None] = as_spec,
        on_kill: Callable[[Latch], None] = lambda _: None,
        progress: Progress = lambda _name, _share: None,
        before: GuardrailCollector | None = None,
        aside: Aside | None = None,
    ) -> None:
        self.name = f"guardrail:{source.name}"
        self._state, self._refresh, self._defined, self._on_kill = state, refresh, defined, on_kill
        self._unsaved: list[Latch] = list(before._unsaved) if before else []
        guarded = [e for e in experiments if any(g.slo in slos for g in e.guardrails)]
        self._changes = Changes(state, guarded)
        self._standing = self._changes.look()
        tracks = [GuardrailTrack(e, g, slos[g.slo]) for e in guarded for g in e.guardrails if g.slo in slos]
        documents = state.documents(DOCUMENT, [track.name for track in tracks])
        known = {track.name: track.document() for track in before._tracks} if before else {}
        for track in tracks:
            track.restore(documents.get(track.name))
            track.restore(known.get(track.name), is_stored=False)
        self._tracks: list[GuardrailTrack] = tracks
        self._slos: SloCollector = SloCollector(
            source,
            [track.slo for track in tracks],
            state,
            refresh=refresh,
            origin=origin,
            keep_seconds=keep_seconds,
            wide_origin=wide_origin,
            only={track.name: frozenset(track.variants) for track in tracks},
            progress=progress,
            before=before._slos if before else None,
            aside=aside,
        )
        self._measured: dict[str, Track] = {}

    def collect(self, at: float) -> list[Report]:
        """Measure the guardrails of the experiments that run; see :class:`exporter.contract.Collector`."""
        failures = self._follow()
        with self._slos.lock:
            failures += self._slos.welcome(at)
            self._measured = {track.slo.name: track for track in self._slos.tracks}
            running = self._running(at)
            found = self._slos.measure([self._measured[track.name] for track in running], at)
            evaluations: dict[str, list[Evaluation]] = {track.name: [] for track in running}
            for evaluation in found.evaluations:
                evaluations[evaluation.track.slo.name].append(evaluation)
            reports = [self._report(t, evaluations[t.name], found.errors.get(t.name), at) for t in running]
            reports += self._slos.save(found.due, at)
        return [*reports, *failures, *self._save()]

    def _follow(self) -> list[Report]:
        """See what commands have changed; while the store cannot be read, all stays as it is."""
        try:
            if self._changes.changed():
                self._standing = self._changes.look()
        except StateError as error:
            return [Report("commands", error=str(error))]
        return []

    def _running(self, at: float) -> list[GuardrailTrack]:
        """The guardrails that are measured now."""
        statuses = {e.name: in_force.status for e in self._standing.experiments if (in_force := self._defined(e))}
        running = []
        for track in self._tracks:
            status = statuses.get(track.experiment.name)
            if track.name not in self._measured:
                continue  # its past is being read
            if status == "running":
                track.begin(self._measured[track.name], at - self._refresh)
                running.append(track)
            elif status is not None:
                track.rest()
        return running

    def _report(self, track: GuardrailTrack, evaluations: Sequence[Evaluation], error: str | None, at: float) -> Report:
        if error is not None:
            return Report(track.entity, error=error)
        if self._measured[track.name].waits:
            return Report(track.entity, waits=True)
        lifted = _lifted(self._standing, track.experiment)
        now = track.look(evaluations, lifted, at)
        for variant in track.breaches:
            if self._condemns(track, variant, lifted.get(variant, 0.0), at):
                latch = track.latch(variant, now, at)
                self._unsaved.append(latch)
                self._on_kill(latch)
        return Report(track.entity, track.samples(now), error=track.unknown(self._measured[track.name]))

    def _condemns(self, track: GuardrailTrack, variant: str, lifted: float, at: float) -> bool:
        name = track.experiment.name
        if track.experiment.early_kill is None or not track.episodes.kills(variant, at, lifted):
            return False
        dead = {latch.member for latch in self._standing.kills[name]}
        return variant not in dead and (name, variant) not in {(x.entity, x.member) for x in self._unsaved}

    def _save(self) -> list[Report]:
        """The kills, then what is to be known of the breaches after a restart."""
        changed = [track for track in self._tracks if track.changed]
        try:
            if self._unsaved:
                self._state.save_documents(_OF_KILLS, {}, self._unsaved)
                self._unsaved = []
            if changed:
                self._state.save_documents(DOCUMENT, {track.name: track.document() for track in changed})
        except StateError as error:
            return [Report("state store", error=str(error))]
        for track in changed:
            track.saved()
        return []


def _lifted(standing: Standing, experiment: Experiment) -> dict[str, float]:
    """Variant -> when its kill was last lifted."""
    return {member: x.at for (entity, member), x in standing.lifted.items() if entity == experiment.name}
