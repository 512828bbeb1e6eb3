"""The SLOs of one source: fetch, count, evaluate, save."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from exporter.collectors import slo_samples
from exporter.collectors.newcomers import Aside
from exporter.collectors.slo_choice import Choice
from exporter.collectors.slo_composite import Components, feed_composites
from exporter.collectors.slo_evaluate import Evaluation, evaluate
from exporter.collectors.slo_feed import Progress, feed, newcomers
from exporter.collectors.slo_forecast import Forecaster
from exporter.collectors.slo_track import Track
from exporter.contract import Report, Sample, sample
from exporter.promql import format_duration
from exporter.sources.base import CounterSource, SlotSource
from exporter.spec import Slo
from exporter.state import State, StateError, StoredLedger

_NEAR = 20
"""Refreshes that may be missing for a track to go on with the others at once."""
_CLOCK_TOLERANCE = 3600.0
_PRUNE_EVERY = 600.0
_SLOTS_AT_ONCE = 10_000
_SLOS_AT_ONCE = 10
"""In one transaction: the first pasts of a thousand SLOs are three million, which at once would take gigabytes."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What :meth:`SloCollector.measure` found: an evaluation of each group, SLO name -> why it could not be brought up
    to date, and the tracks that were tried."""

    evaluations: Sequence[Evaluation]
    errors: Mapping[str, str]
    due: Sequence[Track]


class SloCollector:
    """SLOs that share a source.

    :meth:`collect` will be called at instants ``origin + k x refresh``; slots end on that grid too, wider ones at
    ``wide_origin + k x width``. Of a grouped SLO at most ``groups`` groups are shown. Failures of the source and of the
    store are reported per SLO; the SLOs' counts are not lost by them. ``only`` gives the groups to follow of SLOs of
    which not all are.

    ``before`` is the collector in whose place this one comes; it must not run any more. What has not changed of it goes
    on as it is, and what is new is brought up to now beside the rest, with sources that ``aside`` opens. StateError
    where the store must be asked and cannot be.
    """

    def __init__(  # noqa: PLR0913 - each is one independent fact
        self,
        source: CounterSource | SlotSource | Components,
        slos: Sequence[Slo],
        state: State,
        *,
        refresh: float,
        origin: float,
        keep_seconds: float,
        wide_origin: float = 0.0,
        groups: int = 50,
        only: Mapping[str, frozenset[str]] | None = None,
        progress: Progress = lambda _name, _share: None,
        before: SloCollector | None = None,
        aside: Aside | None = None,
    ) -> None:
        self._source = source
        self._state = state
        self.lock: threading.Lock = before.lock if before else threading.Lock()
        """Held while :attr:`tracks` change."""
        self._fine, self._origin, self._wide_origin, self._groups = refresh, origin, wide_origin, groups
        self._keep_seconds, self._only = keep_seconds, only or {}
        self._progress = progress
        self.errors: dict[str, str] = {}
        """SLO name -> why it could not be brought up to date at the last run."""
        self._pruned = 0.0
        self._newcomers = newcomers(self.name, refresh, aside, progress)
        self._forecaster: Forecaster = before._forecaster if before else Forecaster()
        known = self._taken_over(before, slos) if before else {}
        waiting = self._still_waiting(before, slos) if before else set()
        self._forecaster.keep(known)
        others = [slo for slo in slos if slo.name not in known and slo.name not in waiting]
        restored = [track for some in _a_few(others) for track in self._stored(some)]
        late = before is not None and aside is not None
        self.tracks = [*known.values(), *([] if late else restored)]
        self._unseen = restored if late else []
        choices: dict[str, Choice] = before._choices if before and before._groups == groups else {}
        self._choices: dict[str, Choice] = {s.name: choices.get(s.name, Choice(groups)) for s in slos}

    @property
    def name(self) -> str:
        """Value of the label ``collector``."""
        return f"slo:{self._source.name}"

    @property
    def waits_for(self) -> frozenset[str]:
        """See :class:`exporter.contract.WaitingCollector`: of composites, whose components must have been brought up to
        the same instant, or two exporters would say different things of it."""
        return self._source.names if isinstance(self._source, Components) else frozenset()

    def collect(self, at: float) -> list[Report]:
        """Bring every SLO up to ``at`` and evaluate it; see :class:`exporter.contract.Collector`."""
        with self.lock:
            return self._collect(at)

    def _collect(self, at: float) -> list[Report]:
        waiting = self.welcome(at)
        found = self.measure(self.tracks, at)
        self.errors = {report.entity: report.error for report in waiting if report.error} | dict(found.errors)
        evaluations: dict[str, list[Evaluation]] = {track.slo.name: [] for track in self.tracks}
        for evaluation in self._forecaster.attach(found.evaluations):
            evaluations[evaluation.track.slo.name].append(evaluation)
        reports = [
            self._report(track, evaluations[track.slo.name], at, found.errors.get(track.slo.name))
            for track in self.tracks
        ]
        return reports + waiting + self.save(found.due, at)

    def welcome(self, at: float) -> list[Report]:
        """Let those join :attr:`tracks` whose past is known by now; a report of each whose past cannot be read. For who
        holds the :attr:`lock`."""
        unseen, self._unseen = self._unseen, []
        near = [t for t in unseen if t.end is not None and at - t.end <= _NEAR * self._fine]
        self.tracks += near
        self._newcomers.add({track.slo.name: track for track in unseen if track not in near})
        self.tracks += self._newcomers.grown(at).values()
        return [Report(name, error=error) for name, error in sorted(self._newcomers.errors.items())]

    def measure(self, tracks: Sequence[Track], at: float) -> Measured:
        """Bring some of :attr:`tracks` up to ``at`` and evaluate them, as part of what :meth:`collect` does; whoever
        calls it holds the :attr:`lock` and calls :meth:`save` afterwards."""
        errors = self._check_clock(tracks, at)
        sound = [t for t in tracks if t.slo.name not in errors]
        due = [t for t in sound if t.end is None or t.end < at]
        for track in tracks:
            track.news = False
        errors |= self._feed(sound, due, at)
        return Measured(evaluate(tracks, at), errors, due)

    def _feed(self, tracks: Sequence[Track], due: Sequence[Track], at: float) -> dict[str, str]:
        if isinstance(self._source, Components):
            return feed_composites(self._source, tracks, self.tracks, at, self._fine)
        errors = feed(self._source, due, at, self._fine, self._progress)
        for track in tracks:
            track.news = track.slo.name not in errors and not track.waits and track.end is not None
            track.fresh = at if track.news else track.fresh
        return errors

    def _still_waiting(self, before: SloCollector, slos: Sequence[Slo]) -> set[str]:
        """The names of those whose past is being read from the same source already, as they are now."""
        wanted = {slo.name: slo for slo in slos} if before._source is self._source else {}
        waiting = before._newcomers.waiting
        still = {name for name, t in waiting.items() if name in wanted and self._goes_on(t, wanted[name])}
        before._newcomers.keep(still)
        if still:
            self._newcomers = before._newcomers
        return still

    def _goes_on(self, track: Track, slo: Slo) -> bool:
        grid = (self._fine, self._origin, self._wide_origin)
        return track.continues(slo, grid, self._groups) and track.only == self._only.get(slo.name)

    def _taken_over(self, before: SloCollector, slos: Sequence[Slo]) -> dict[str, Track]:
        """Of the collector before: its tracks that count the same on the same grid. What counts the same and is now
        said otherwise is found in the store, to which this brings it up."""
        wanted = {slo.name: slo for slo in slos}
        there = {track.slo.name: track for track in before.tracks if track.slo.name in wanted}
        kept = {name: track for name, track in there.items() if self._goes_on(track, wanted[name])}
        changed = [track for name, track in there.items() if name not in kept and track.end is not None]
        for report in before.save(changed, before._pruned):
            raise StateError(report.error)
        return kept

    def _stored(self, slos: Sequence[Slo]) -> list[Track]:
        """Each as the store has it, or new."""
        ledgers: dict[str, list[StoredLedger]] = defaultdict(list)
        for ledger in self._state.ledgers([slo.name for slo in slos]):
            ledgers[ledger.slo].append(ledger)
        return [self._restored(slo, ledgers) for slo in slos]

    def _restored(self, slo: Slo, stored: Mapping[str, Sequence[StoredLedger]]) -> Track:
        only = self._only.get(slo.name)
        track = Track(slo, self._fine, self._origin, self._wide_origin, self._groups, only)
        if slo.name in stored and not track.restore(stored[slo.name]):
            self._drop(slo.name, [ledger.slo_group for ledger in stored[slo.name]])
            track.forget()
        elif only is not None:
            for ledger in stored[slo.name]:
                if ledger.slo_group and ledger.slo_group not in only:
                    self._state.drop_ledger(slo.name, ledger.slo_group)
        return track

    def _drop(self, slo: str, groups: Sequence[str]) -> None:
        for group in dict.fromkeys(["", *groups]):
            self._state.drop_ledger(slo, group)

    def _report(self, track: Track, evaluations: Sequence[Evaluation], at: float, error: str | None) -> Report:
        shown = evaluations
        more: tuple[Sample, ...] = ()
        if track.slo.group_by:
            choice = self._choices[track.slo.name]
            shown = choice.choose(evaluations)
            dropped = len(evaluations) - len(shown) + len(track.refused)
            more = (
                sample("slo_groups", len(evaluations) + len(track.refused), slo=track.slo.name),
                sample("slo_groups_dropped", dropped, slo=track.slo.name),
            )
        samples: list[Sample] = []
        if track.news:
            samples += [s for evaluation in shown for s in slo_samples.measured(evaluation)]
            samples += [s for evaluation in shown for s in self._forecaster.samples(evaluation)]
            samples += [*more, sample("slo_newborn_series_total", track.newborn, slo=track.slo.name)]
        always = [s for evaluation in shown for s in slo_samples.lasting(evaluation, at, self._keep_seconds)]
        always.append(sample("winburn_slo_exact", track.exact, slo=track.slo.name))
        behind = at - track.fresh if track.news and track.fresh is not None else 0.0
        waits = track.waits and not error
        return Report(track.slo.name, tuple(samples), tuple(always), error, waits=waits, behind=behind)

    def _check_clock(self, tracks: Sequence[Track], at: float) -> dict[str, str]:
        """SLOs that were measured in what is now the future wait; by more than an hour, that clock was wrong."""
        errors = {}
        for track in tracks:
            ahead = (track.end or at) - at
            if ahead > _CLOCK_TOLERANCE:
                self._drop(track.slo.name, list(track.groups))
                track.forget()
            elif ahead > 0:
                errors[track.slo.name] = (
                    f"measured up to {format_duration(max(ahead, 0.001))} ahead of now: the clock was set back; waiting"
                )
        return errors

    def save(self, tracks: Sequence[Track], at: float) -> list[Report]:
        """Save what :meth:`measure` brought up to date; a report where the store could not be written."""
        changed = [track for track in tracks if track.end is not None]
        prune = at - self._pruned > _PRUNE_EVERY
        keep = self._oldest(at) if prune else {}
        try:
            for some, stored in _in_parts(changed):
                self._state.save_ledgers(stored, keep)
                for track in some:
                    track.mark_saved()
            if prune:
                for track in changed:
                    for group in track.forget_groups():
                        self._state.drop_ledger(track.slo.name, group)
        except StateError as error:
            return [Report("state store", error=str(error))]
        if prune:
            self._pruned = at
        return []

    def _oldest(self, at: float) -> dict[float, float]:
        spans: dict[float, float] = {}
        for track in self.tracks:
            for group in track.groups.values():
                for width, span in group.ledger.spans.items():
                    spans[width] = max(span, spans.get(width, 0.0))
        return {width: at - span - 2 * width for width, span in spans.items()}


def _a_few(slos: Sequence[Slo]) -> Iterator[Sequence[Slo]]:
    """So many that what is stored of them fits into little memory: an SLO has 10,000 slots, of 200 bytes as objects."""
    for begin in range(0, len(slos), _SLOS_AT_ONCE):
        yield slos[begin : begin + _SLOS_AT_ONCE]


def _in_parts(tracks: Sequence[Track]) -> Iterator[tuple[list[Track], list[StoredLedger]]]:
    """Tracks and what is to be stored of them, about so many slots at a time."""
    some: list[Track] = []
    stored: list[StoredLedger] = []
    slots = 0
    for track in tracks:
        ledgers = track.stored()
        some.append(track)
        stored += ledgers
        slots += sum(len(ledger.slots) for ledger in ledgers)
        if slots >= _SLOTS_AT_ONCE:
            yield some, stored
            some, stored, slots = [], [], 0
    if some or not tracks:
        yield some, stored
