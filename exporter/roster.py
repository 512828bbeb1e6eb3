"""Which collectors run, what is known of each, and how one set of them takes the place of another."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from queue import SimpleQueue

from exporter.ageing import Kept, merge
from exporter.contract import Collector, PromptCollector, WaitingCollector
from exporter.worker import Make, Outcome, Worker


@dataclass(frozen=True, slots=True)
class Part:
    """One collector of a plan. ``make`` gives it, None where the one of this name that runs already goes on; ``after``
    names those of now whose last run must be over before, because they had something that this one is to have."""

    name: str
    make: Make | None
    after: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to run from the next refresh on; the seconds as of :class:`exporter.loop.Loop`."""

    parts: Sequence[Part]
    refresh: float
    lag: float
    keep_seconds: float
    tenant: str | None = None


@dataclass(slots=True)
class Track:
    """What the loop knows of one collector. ``late`` is whether it came while others ran already."""

    worker: Worker
    late: bool = False
    after: frozenset[str] = frozenset()
    kept: dict[str, Kept] = field(default_factory=dict)
    last: Outcome | None = None
    last_success: float | None = None
    behind: str | None = None

    def take(self, outcome: Outcome, in_time: float) -> None:
        """Make an outcome the last one; where the collector raised, what it did not get to stays, to age."""
        self.worker.taken(outcome)
        if outcome.late <= in_time:
            self.behind = None
        fresh = merge(self.kept, outcome.reports, outcome.started)
        self.kept = fresh if outcome.error is None and not outcome.partial else {**self.kept, **fresh}
        if outcome.partial and self.last is not None:
            # The others' failures are as they were.
            mended = {report.entity for report in outcome.reports}
            kept = (report for report in self.last.reports if report.entity not in mended)
            outcome = replace(outcome, reports=(*kept, *outcome.reports), duration=self.last.duration)
        self.last = outcome
        if not outcome.failures:
            self.last_success = outcome.finished

    def failures(self) -> dict[str, str]:
        """Sentences by entity; the collector's own under the empty name.

        One sentence from the first run that is late to the first that is in time again: a source that hangs makes each
        run late, and must not be news each time.
        """
        if self.behind is None and self.worker.running_since is not None:
            since = datetime.fromtimestamp(self.worker.running_since, UTC)
            what = "the first run, which reads the past," if self.last is None else "each run"
            self.behind = f"{what} takes longer than a refresh since {since:%H:%M:%S} UTC"
        known = self.last.failures if self.last else {}
        return known if self.behind is None else {"": self.behind, **known}


class Roster:
    """The collectors that run, by name. For the loop's thread only."""

    def __init__(
        self, collectors: Iterable[Collector], clock: Callable[[], float], monotonic: Callable[[], float]
    ) -> None:
        collectors = tuple(collectors)
        self.done: SimpleQueue[Outcome] = SimpleQueue()
        self._clock, self._monotonic = clock, monotonic
        self.tracks = {c.name: Track(self._worker(c.name, c)) for c in collectors}
        if len(self.tracks) < len(collectors):
            raise ValueError(f"collectors need names of their own; given {sorted(c.name for c in collectors)}")
        self._leaving: dict[str, Track] = {}
        self._later: dict[str, tuple[float, float]] = {}
        self._note_wishes()

    def start(self, at: float) -> None:
        """Have every collector evaluate ``at``, but those whose last run is not over, and those that must wait for
        another one's."""
        waiting = [name for name, track in self.tracks.items() if any(self._is_busy(n) for n in track.after - {name})]
        for name, track in self.tracks.items():
            if name in waiting:
                continue
            track.after = frozenset()
            if name in self._second:
                self._later[name] = (at, self._monotonic())
            else:
                track.worker.start(at)

    def start_later(self, *, in_time: bool) -> bool:
        """Start those that read what others evaluate, once these are done or, if that is not ``in_time``, at once;
        whether some must wait on."""
        for name, (at, since) in list(self._later.items()):
            track = self.tracks.get(name)
            if track is None or not in_time or not any(self._is_busy(each) for each in self._second.get(name, ())):
                del self._later[name]
                if track is not None:
                    track.worker.start(at, since=since)
        return bool(self._later)

    def take(self, outcome: Outcome, in_time: float) -> None:
        """Take an outcome; of a collector that has left nothing is kept."""
        if (gone := self._leaving.pop(outcome.collector, None)) is not None:
            gone.worker.taken(outcome)
            gone.worker.close()
            return
        self.tracks[outcome.collector].take(outcome, in_time)
        if outcome.made is not None:
            self._note_wishes()

    def change(self, parts: Sequence[Part]) -> list[str]:
        """Run these from now on; the names of those that leave.

        A collector that leaves in the middle of a run is waited for, unseen: should its name come back before, the new
        one is made after that run.
        """
        before, self.tracks = self.tracks, {}
        for part in parts:
            track = before.pop(part.name, None) or self._arriving(part.name)
            if part.make is not None:
                track.worker.replace(part.make)
                track.after |= part.after
            self.tracks[part.name] = track
        for name, track in before.items():
            if track.worker.running_since is None:
                track.worker.close()
            else:
                self._leaving[name] = track
        self._note_wishes()
        return sorted(before)

    def close(self) -> None:
        """Let every thread end after its present run."""
        for track in (*self.tracks.values(), *self._leaving.values()):
            track.worker.close()

    def _arriving(self, name: str) -> Track:
        gone = self._leaving.pop(name, None)
        return Track(gone.worker if gone else self._worker(name, None), late=True)

    def _worker(self, name: str, collector: Collector | None) -> Worker:
        return Worker(name, collector, self.done, self._clock, self._monotonic)

    def _is_busy(self, name: str) -> bool:
        track = self.tracks.get(name) or self._leaving.get(name)
        return track is not None and track.worker.running_since is not None

    def _note_wishes(self) -> None:
        """Of the collectors that can: name -> the sources whose changes matter at once, and name -> the others that are
        to be done first."""
        collectors = {name: track.worker.collector for name, track in self.tracks.items()}
        self.prompt = {name: c.sources for name, c in collectors.items() if isinstance(c, PromptCollector)}
        waiting = {name: c.waits_for for name, c in collectors.items() if isinstance(c, WaitingCollector)}
        self._second = {name: others for name, others in waiting.items() if others}
