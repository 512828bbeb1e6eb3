"""One thread for each target, so that one that hangs holds up neither the refresh nor the others.

Only the latest snapshot waits for a target: what is older has nothing to say that the latest does not say better.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import NamedTuple, Protocol

from exporter.contract import Sample, sample
from exporter.snapshot import Snapshot

RESULTS = ("ok", "failed", "replaced")
_FIRST_PAUSE, _LONGEST_PAUSE = 0.25, 15.0


class PushError(Exception):
    """A target did not take what it was told; the message is one sentence without secrets."""


class Pushed(NamedTuple):
    """How a push went: whether anything was ``sent``, and in how many seconds to push without news (None: never)."""

    sent: bool
    again: float | None = None


class Target(Protocol):
    """Who is told."""

    @property
    def name(self) -> str:
        """Value of the label ``target``, for instance ``alertmanager/localhost:9093``."""
        ...

    def push(self, snapshot: Snapshot) -> Pushed:
        """Tell what the snapshot says; PushError where that fails, to be tried again."""
        ...


class Counts:
    """Pushes by target and result, for the health families; any thread may add."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[tuple[str, str]] = Counter()

    def add(self, target: str, result: str, count: int = 1) -> None:
        """Count one; 0 lets the series begin."""
        with self._lock:
            self._counts[target, result] += count

    def forget(self, target: str) -> None:
        """A target that is told nothing any more."""
        with self._lock:
            for key in [key for key in self._counts if key[0] == target]:
                del self._counts[key]

    def samples(self) -> list[Sample]:
        """winburn_live_push_total of every target."""
        with self._lock:
            counts = sorted(self._counts.items())
        return [
            sample("winburn_live_push_total", count, target=target, result=result) for (target, result), count in counts
        ]


class Pusher:
    """Hands each snapshot to a target on a thread of its own; ``least`` is the shortest time between two pushes.

    What fails is tried again after a pause that doubles up to 15 s, with the snapshot that is the latest then.
    """

    def __init__(
        self,
        target: Target,
        counts: Counts,
        *,
        least: float = 0.0,
        monotonic: Callable[[], float] = time.monotonic,
        log: logging.Logger = logging.getLogger("winburn.push"),  # noqa: B008 - loggers are singletons
    ) -> None:
        self.name = target.name
        self._target, self._counts, self._least = target, counts, least
        self._monotonic, self._log = monotonic, log
        self._news = threading.Condition()
        self._waiting: Snapshot | None = None
        self._latest: Snapshot | None = None
        self._closed = False
        self._error: str | None = None
        self._failures = 0
        self._thread: threading.Thread | None = None
        for result in RESULTS:
            counts.add(target.name, result, 0)

    def publish(self, snapshot: Snapshot) -> None:
        """Let the snapshot wait for the target in place of an older one. Returns at once."""
        with self._news:
            if self._waiting is not None:
                self._counts.add(self._target.name, "replaced")
            self._waiting = snapshot
            if self._thread is None and not self._closed:
                # A daemon: the process must be able to end while a target never answers.
                self._thread = threading.Thread(target=self._work, name=f"push {self._target.name}", daemon=True)
                self._thread.start()
            self._news.notify()

    def close(self, timeout: float = 0.0) -> None:
        """Push no more; waits at most ``timeout`` seconds for a push that is under way."""
        with self._news:
            self._closed = True
            self._news.notify()
        if self._thread is not None:
            self._thread.join(timeout)

    def _work(self) -> None:
        earliest, again = -math.inf, math.inf
        while (snapshot := self._next(earliest, again)) is not None:
            began = self._monotonic()
            pushed = self._push(snapshot)
            if pushed is None:
                pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** min(self._failures, 10))
                self._failures += 1
                earliest = again = self._monotonic() + pause
            else:
                self._failures = 0
                earliest = began + self._least
                again = math.inf if pushed.again is None else self._monotonic() + pushed.again

    def _next(self, earliest: float, again: float) -> Snapshot | None:
        """Wait for news, or until ``again``, and in any case until ``earliest``; None once closed."""
        with self._news:
            while not self._closed:
                due = earliest if self._waiting is not None else max(again, earliest)
                left = due - self._monotonic()
                if left <= 0:
                    self._latest, self._waiting = self._waiting or self._latest, None
                    return self._latest
                self._news.wait(None if left == math.inf else left)
            return None

    def _push(self, snapshot: Snapshot) -> Pushed | None:
        try:
            pushed = self._target.push(snapshot)
        except PushError as error:
            self._note_failure(str(error))
            return None
        except Exception as error:  # noqa: BLE001 - a mistake of ours must not end the thread unseen
            self._note_failure(f"{type(error).__name__} in the push")
            return None
        if pushed.sent:
            self._counts.add(self._target.name, "ok")
        if self._error is not None:
            self._error = None
            self._log.info("%s: answers again", self._target.name)
        return pushed

    def _note_failure(self, error: str) -> None:
        self._counts.add(self._target.name, "failed")
        if error != self._error:
            self._error = error
            self._log.warning("%s: %s", self._target.name, error)
