"""A thread for one collector, so that a run that hangs holds up nothing but itself."""

from __future__ import annotations

import re
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePath
from queue import SimpleQueue
from typing import cast

from exporter.contract import Collector, PromptCollector, Report

Make = Callable[[], Collector]
"""Gives the collector that is to run from now on; what it takes over, from whom, is its own business."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one run of a collector ended.

    ``reports`` are those that came before ``error``, if it raised. ``finished`` is Unix time. What was found is as
    old as the monotonic ``started``, and was there ``late`` seconds after it: with a wait for others, longer than the
    run's own ``duration``.
    ``partial`` runs speak only of the entities that read from sources that had changed. ``made`` is what put another
    collector in the place of the one before, where that was asked for and went well.
    """

    collector: str
    reports: tuple[Report, ...]
    error: str | None
    started: float
    duration: float
    late: float
    finished: float
    partial: bool = False
    made: Make | None = None

    @property
    def failures(self) -> dict[str, str]:
        """Sentences by entity; the collector's own under the empty name."""
        entities = {report.entity: report.error for report in self.reports if report.error is not None}
        return entities if self.error is None else {"": self.error, **entities}


class Worker:
    """Runs a collector on request and puts the outcome into ``done``.

    Another one may take its place (:meth:`replace`): it is made at the start of the next run and on the same thread, so
    that two never work on the same state at once, however long the last run of the old one hangs. Where it cannot be
    made the run fails, and the next one tries again. ``collector`` is None before the first one is made.

    ``running_since`` (Unix time) belongs to the thread that starts runs and takes outcomes: it is set by
    :meth:`start` and cleared by :meth:`taken`, never by the worker's own thread.
    """

    def __init__(
        self,
        name: str,
        collector: Collector | None,
        done: SimpleQueue[Outcome],
        clock: Callable[[], float],
        monotonic: Callable[[], float],
    ) -> None:
        self.name = name
        self.running_since: float | None = None
        self.collector = collector
        self._make: Make | None = None
        self._done = done
        self._clock = clock
        self._monotonic = monotonic
        self._asked: SimpleQueue[tuple[float, frozenset[str] | None, Make | None, float | None] | None] = SimpleQueue()
        self._thread: threading.Thread | None = None

    def start(self, at: float, changed: frozenset[str] | None = None, *, since: float | None = None) -> bool:
        """Begin a run that evaluates at ``at``, of all entities or those that read from ``changed`` sources.

        ``since`` is the monotonic second from when its result is as old as others' of this instant; now if None.

        Nothing, and False, where the last one is not over.
        """
        if self.running_since is not None:
            return False
        self.running_since = self._clock()
        if self._thread is None:
            # A daemon: the process must be able to end while a source never answers.
            self._thread = threading.Thread(target=self._work, name=f"collector {self.name}", daemon=True)
            self._thread.start()
        self._asked.put((at, changed, self._make, since))
        return True

    def replace(self, make: Make) -> None:
        """Let another collector run, from the next run on."""
        self._make = make

    @property
    def is_changing(self) -> bool:
        """Whether the next run is the first of another collector."""
        return self._make is not None

    def taken(self, outcome: Outcome) -> None:
        """The outcome was taken from the queue: the next run may start."""
        self.running_since = None
        if outcome.made is not None and outcome.made is self._make:
            self._make = None

    def close(self) -> None:
        """Let the thread end after its present run."""
        self._asked.put(None)

    def _work(self) -> None:
        while (asked := self._asked.get()) is not None:
            self._done.put(self._run(*asked))

    def _run(self, at: float, changed: frozenset[str] | None, make: Make | None, since: float | None) -> Outcome:
        started = self._monotonic()
        reports: list[Report] = []
        error, made = None, None
        try:
            if make is not None:
                self.collector, made, changed = make(), make, None
            collector = cast(Collector, self.collector)
            # extend() keeps what a generator yielded before it raised.
            if changed is not None and isinstance(collector, PromptCollector):
                reports.extend(collector.collect_changed(at, changed))
            else:
                reports.extend(collector.collect(at))
        except BaseException as raised:  # noqa: BLE001 - even SystemExit must not end the thread unseen
            error = sentence(raised)
        ended, old = self._monotonic(), started if since is None else since
        partial = changed is not None
        return Outcome(
            self.name, tuple(reports), error, old, ended - started, ended - old, self._clock(), partial, made
        )


def sentence(error: BaseException) -> str:
    """An exception as one line for the log: kind, message without a URL's user and password, where it was raised."""
    message = re.sub(r"(?<=://)\S+@", "", " ".join(str(error).split()))
    frames = traceback.extract_tb(error.__traceback__)
    where = f" ({PurePath(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}: {message}{where}"
