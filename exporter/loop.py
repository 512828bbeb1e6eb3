"""Refreshes on its own clock: runs the collectors, isolates their failures, and publishes one snapshot each time."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import partial
from queue import Empty, SimpleQueue

from exporter.ageing import visible
from exporter.contract import Collector, Sample, forget_labels, sample
from exporter.notices import Notices
from exporter.nudges import Nudges
from exporter.render import Renderer, cut
from exporter.roster import Plan, Roster
from exporter.schedule import latest_instant, next_instant, wait_until
from exporter.snapshot import Snapshot, build, event_latency, process_exposition, process_registry
from exporter.worker import Outcome, sentence

# A refresh waits this share of the interval for its collectors, so that one that hangs costs no instant.
_DEADLINE = 0.8
_STOP_POLL_SECONDS = 0.1
_REST_SECONDS = 0.03
_SLICE_SECONDS = 1.0


def in_slices(stop: threading.Event, seconds: float) -> bool:
    """Wait for a while, at most a second: somebody may have come with a new plan. Whether ``stop`` is set."""
    return stop.wait(min(seconds, _SLICE_SECONDS))


class Loop:
    """Owns the refreshes. ``current`` is the snapshot to serve; None until :meth:`run` or :meth:`refresh_once`.

    ``refresh`` and ``lag`` are seconds: at every multiple of ``refresh`` the collectors evaluate that instant minus
    ``lag``. ``keep_seconds`` is how long an entity's last samples are served while it fails. ``publish`` is called with
    each snapshot after ``current`` was set, ``health`` gives the samples of ``contract.HEALTH`` that others know.
    ``nudges`` tell of changes that are evaluated at once, by the collectors that can.
    A family keeps at most ``family_cap`` series. Clocks and the wait are arguments for tests and replays.
    """

    def __init__(  # noqa: PLR0913 - all of the loop's surroundings, by keyword
        self,
        collectors: Sequence[Collector],
        *,
        refresh: float,
        lag: float,
        keep_seconds: float,
        publish: Callable[[Snapshot], None] = lambda _: None,
        health: Callable[[], Iterable[Sample]] = tuple,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
        wait: Callable[[threading.Event, float], bool] = in_slices,
        nudges: Nudges | None = None,
        log: logging.Logger = logging.getLogger("winburn.loop"),  # noqa: B008 - loggers are singletons
        family_cap: int = 200_000,
        tenant: str | None = None,
    ) -> None:
        self.current: Snapshot | None = None
        self._refresh, self._lag, self._keep_seconds, self._family_cap = refresh, lag, keep_seconds, family_cap
        self._publish, self._health = publish, health
        self._clock, self._monotonic, self._wait = clock, monotonic, wait
        self._log, self._notices = log, Notices(log)
        self._roster = Roster(collectors, clock, monotonic)
        self._plans: SimpleQueue[Plan] = SimpleQueue()
        self._dropped: Counter[str] = Counter()
        self._be(tenant)
        self._nudges = nudges or Nudges()
        self._resting_until = 0.0
        self._next_instant = math.inf
        self._stop = threading.Event()

    def begin(self) -> None:
        """Publish what is known before anything was asked: an answer for probes and scrapes during a long first run.

        :meth:`run` does it where nobody did: whoever lets them in does, before that.
        """
        self._guarded("first snapshot", lambda: self._show(self._clock()))

    def run(self, stop: threading.Event) -> None:
        """Refresh until ``stop`` is set: once at once, for the latest instant, then at each next one."""
        self._stop = stop
        instant: float | None = latest_instant(self._clock(), self._refresh)
        if self.current is None:
            self.begin()
        while instant is not None:
            began = self._monotonic()
            self._next_instant = instant + self._refresh
            self._guarded("snapshot", partial(self.refresh_once, instant))
            self._note_slow(self._monotonic() - began)
            instant = self._next(instant)
        self._roster.close()

    def change(self, plan: Plan) -> None:
        """Run these collectors at these instants from the next refresh on; from any thread, returns at once.

        What is served stays until then. Of a collector that goes on, and of one that takes the place of another of its
        name, everything is served on until its own next run says something else.
        """
        self._plans.put(plan)

    def _be(self, tenant: str | None) -> None:
        """Serve everything of ours as this tenant's."""
        self._renderer, self._registry = Renderer(tenant), process_registry()
        self._latency = event_latency(self._registry, tenant)

    def _next(self, instant: float) -> float | None:
        """Wait for the next instant to evaluate, by the plan of then; None once told to stop."""
        while True:
            self._take_plans()
            target = self._next_instant = next_instant(self._clock(), instant, self._refresh)
            found = wait_until(target, self._refresh, self._stop, self._clock, self._wait_for_news, self._has_plan)
            if found is not None or self._stop.is_set():
                return found

    def _has_plan(self) -> bool:
        return not self._plans.empty()

    def _take_plans(self) -> None:
        while self._has_plan():  # each one says what it changes of the one before
            plan = self._plans.get()
            self._refresh, self._lag, self._keep_seconds = plan.refresh, plan.lag, plan.keep_seconds
            if plan.tenant != self._renderer.tenant:
                self._be(plan.tenant)
            for name in self._roster.change(plan.parts):
                self._notices.forget(name)

    def refresh_once(self, now: float) -> Snapshot:
        """Evaluate every collector at ``now`` minus the lag and publish what is known by the deadline.

        A collector whose last run is not over is not asked again; its outcome is taken whenever it comes. Once told to
        stop it publishes nothing more.
        """
        self._take_plans()
        deadline = self._monotonic() + _DEADLINE * self._refresh
        while not self._roster.done.empty():
            self._take(self._roster.done.get())
        self._roster.start(now - self._lag)
        self._gather(deadline)
        if self._stop.is_set() and self.current is not None:
            return self.current  # nobody will ask: a snapshot of 100,000 series would only delay the end
        for name, track in self._roster.tracks.items():
            self._notices.failures(name, track.failures())
        return self._show(now - self._lag)

    def _wait_for_news(self, stop: threading.Event, seconds: float) -> bool:
        """Wait, but evaluate at once what sources tell of; whether ``stop`` is set."""
        if not self._roster.prompt:
            return self._wait(stop, seconds)
        resting = self._resting_until - self._monotonic()
        if resting > 0:
            return self._wait(stop, min(seconds, resting))
        if self._nudges.told.wait(min(seconds, _STOP_POLL_SECONDS)) and not stop.is_set():
            self._answer_news()
        return stop.is_set()

    def _answer_news(self) -> None:
        began = self._monotonic()
        self._guarded("snapshot of a change", self.refresh_changed)
        # Sources that change all the time leave the other threads two thirds of the processor.
        self._resting_until = self._monotonic() + max(_REST_SECONDS, 2 * (self._monotonic() - began))

    def _can_answer_news(self) -> bool:
        """Whether something was told, and those who would evaluate it are waiting while others still work."""
        idle = all(self._roster.tracks[name].worker.running_since is None for name in self._roster.prompt)
        return self._nudges.told.is_set() and idle and self._monotonic() >= self._resting_until

    def refresh_changed(self) -> Snapshot | None:
        """Evaluate what reads from sources that have changed, and publish; None where that is nothing.

        Never at a later time than the next refresh, so that time does not go backwards for a collector.
        """
        changes = self._nudges.take()
        at, started = min(self._clock(), self._next_instant) - self._lag, False
        for name, sources in self._roster.prompt.items():
            if (touched := frozenset(changes) & sources) and not self._roster.tracks[name].worker.is_changing:
                started |= self._roster.tracks[name].worker.start(at, touched)
        if not started:
            return None
        self._gather(self._monotonic() + _DEADLINE * self._refresh, frozenset(self._roster.prompt))
        snapshot = self._show(at)
        for changed_at in changes.values():
            if changed_at is not None:
                self._latency.observe(max(0.0, self._clock() - changed_at))
        return snapshot

    def _gather(self, deadline: float, of: Collection[str] | None = None) -> None:
        """Take outcomes until every collector (or those of the names ``of``) is done, or the deadline is over, or the
        loop is told to stop."""
        waited = [track.worker for name, track in self._roster.tracks.items() if of is None or name in of]
        patience = (deadline - self._monotonic()) / 2
        while not self._stop.is_set():
            left = deadline - self._monotonic()
            later = of is None and self._roster.start_later(in_time=left > patience)
            if not later and all(worker.running_since is None for worker in waited):
                return
            if of is None and left > 0 and self._roster.prompt and self._can_answer_news():
                self._answer_news()  # a source that hangs must not hold up what others tell
            try:
                self._take(self._roster.done.get(timeout=min(max(left, 0.0), _STOP_POLL_SECONDS)))
            except Empty:
                if left <= 0:  # what is there is taken however late this thread got its turn
                    return

    def _take(self, outcome: Outcome) -> None:
        self._roster.take(outcome, _DEADLINE * self._refresh)

    def _show(self, at: float) -> Snapshot:
        """Build the snapshot of what is known now, make it the current one and publish it."""
        now = self._monotonic()
        groups = {name: visible(track.kept, now, self._keep_seconds) for name, track in self._roster.tracks.items()}
        samples, dropped = cut([s for group in groups.values() for s in group], self._family_cap)
        self._note_dropped(dropped)
        health = [*self._collectors_health(groups), *self._others_health()]
        duplicates: list[Sample] = []
        snapshot = build(
            [*samples, *_with_dropped(health, self._dropped)],
            own=process_exposition(self._registry),
            at=at,
            expires=now + self._keep_seconds + self._refresh,
            waiting=tuple(name for name, t in self._roster.tracks.items() if t.last is None and not t.late),
            joining=tuple(name for name, t in self._roster.tracks.items() if t.last is None and t.late),
            renderer=self._renderer,
            on_duplicate=duplicates.append,
        )
        self._note_duplicates(duplicates)
        forget_labels(snapshot.series)
        self.current = snapshot
        self._guarded("publish", lambda: self._publish(snapshot))
        return snapshot

    def _collectors_health(self, groups: dict[str, list[Sample]]) -> Iterable[Sample]:
        for name, track in self._roster.tracks.items():
            yield sample("winburn_collector_series", len(groups[name]), collector=name)
            running = track.worker.running_since is not None
            if track.last is not None or running:
                good = track.last is not None and not running and not track.last.failures
                yield sample("winburn_collector_success", float(good), collector=name)
            if track.last is not None:
                yield sample("winburn_collector_duration_seconds", max(0.0, track.last.duration), collector=name)
            if track.last_success is not None:
                success = track.last_success
                yield sample("winburn_collector_last_success_timestamp_seconds", success, collector=name)

    def _others_health(self) -> list[Sample]:
        try:
            found = list(self._health())
        except Exception as error:  # noqa: BLE001 - isolation is this module's purpose
            self._notices.state("health", sentence(error))
            return []
        self._notices.state("health", None)
        return found

    def _guarded(self, subject: str, step: Callable[[], object]) -> None:
        try:
            step()
        except Exception as error:  # noqa: BLE001 - one bad refresh or subscriber must not end the loop
            self._notices.state(subject, sentence(error))
        else:
            self._notices.state(subject, None)

    def _note_slow(self, seconds: float) -> None:
        slow = seconds > self._refresh
        self._notices.state("refresh", "takes longer than its interval; instants are skipped" if slow else None)

    def _note_dropped(self, dropped: dict[str, int]) -> None:
        self._dropped.update(dropped)
        text = f"more than {self._family_cap} series; the first {self._family_cap} are kept"
        self._notices.failures("series cap", dict.fromkeys(dropped, text))

    def _note_duplicates(self, duplicates: list[Sample]) -> None:
        text = "two entities claim the same series; the first is kept"
        self._notices.failures("duplicate series", {duplicate.name: text for duplicate in duplicates})


def _with_dropped(health: Iterable[Sample], dropped: Counter[str]) -> list[Sample]:
    """The health samples with our own drops added to those that a source counted for the same family."""
    name = "winburn_series_dropped_total"
    total: defaultdict[str, float] = defaultdict(float, dropped)
    others = []
    for one in health:
        if one.name == name:
            total[dict(one.labels)["family"]] += one.value
        else:
            others.append(one)
    return [*others, *(sample(name, count, family=family) for family, count in total.items())]
