"""What is done to the outside: recorded before it is begun, done once, never repeated where it may have happened.

An application is recorded as intended, durably, and only then done; then what came of it is recorded. So whatever dies
in between, the record says at least that it was begun, and what was begun by a process that is gone is unknown: told,
and left to people. Only what certainly did not happen (a refused connection, an answer that says no) is tried again.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from exporter.apply_outcome import Act, Outcome, in_time
from exporter.apply_sql import execute
from exporter.apply_webhook import post
from exporter.contract import Sample, sample
from exporter.spec import SqlSource
from exporter.spec.apply_models import Apply, ApplyTarget, VariantApply
from exporter.spec.semantics_apply import PARAMETERS
from exporter.state import Application, State, StateError

_LOG = logging.getLogger("winburn")
ATTEMPTS = 10
"""How often what is refused is tried, in all processes together."""
GRACE = 120.0
"""Seconds after which what was intended and has no end is taken for lost; longer than any attempt takes."""
_REMEMBERED = 10_000
_LOST = "winburn ended, or lost its state store, before it could say what came of it"

Key = tuple[str, str, str, str, str]


def backoff(attempt: int) -> float:
    """Seconds to wait after the attempt of this number, from 1: doubling from 5 s to 10 minutes."""
    return float(min(5 * 2 ** (attempt - 1), 600))


def acts(
    applies: Mapping[str, Apply], sources: Mapping[str, SqlSource], variants: VariantApply | None = None
) -> Callable[[Application], Act | None]:
    """What does an application, from the ``apply`` of each experiment, that of content ``variants``, and the spec's
    sources of type sql; None where its ``apply`` does not name the action."""
    of_variants = _act(variants.kill, sources) if variants else None
    known = {
        (name, action): _act(target, sources)
        for name, apply in applies.items()
        for action in PARAMETERS
        if (target := getattr(apply, action)) is not None
    }

    def act(application: Application) -> Act | None:
        if application.kind == "variant":
            return of_variants
        return known.get((application.entity, application.action))

    return act


def samples(state: State, wanted: Mapping[str, Apply]) -> list[Sample]:
    """experiment_applied_total of every action that an experiment applies or has applied, since the store began."""
    counts = {(name, action): 0 for name, apply in wanted.items() for action in PARAMETERS if getattr(apply, action)}
    counts.update(state.applied())
    return [
        sample("experiment_applied_total", number, experiment=experiment, action=action)
        for (experiment, action), number in sorted(counts.items())
    ]


class Applier:
    """Does what is wished, in a thread of its own, one after the other.

    ``act`` gives what does an application, None where nothing is to be done. ``clock`` gives Unix seconds. Several
    processes may have one on the same store: each application is done by one of them.
    """

    def __init__(
        self,
        state: State,
        act: Callable[[Application], Act | None],
        *,
        clock: Callable[[], float] = time.time,
        wait: Callable[[int], float] = backoff,
        attempts: int = ATTEMPTS,
        grace: float = GRACE,
    ) -> None:
        self._state = state
        self._act = act
        self._clock = clock
        self._wait = wait
        self._attempts = attempts
        self._grace = grace
        self._owner = uuid.uuid4().hex
        self._news = threading.Condition()
        self._pending: dict[Key, _Pending] = {}
        self._settled: dict[Key, None] = {}
        self._unsaid: list[tuple[Application, Outcome]] = []
        self._stopping = False
        self._look_at = 0.0
        self._thread = threading.Thread(target=self._run, name="apply", daemon=True)
        self._thread.start()

    def wish(self, applications: Iterable[Application]) -> None:
        """Have these done, unless they are or may be; returns at once, and may be called again with the same."""
        with self._news:
            for application in applications:
                if application.key not in self._settled and application.key not in self._pending:
                    self._pending[application.key] = _Pending(application, 0.0)
                    self._news.notify()

    def follow(self, act: Callable[[Application], Act | None]) -> None:
        """Do applications by this from now on; what is done or begun stays so."""
        with self._news:
            self._act = act
            self._settled.clear()  # what nobody wanted done may be wanted now; the store knows what was

    def close(self, timeout: float = 5.0) -> None:
        """Begin nothing more, and wait for what is being done for at most ``timeout`` seconds."""
        with self._news:
            self._stopping = True
            self._news.notify()
        self._thread.join(timeout)

    def _run(self) -> None:
        while True:
            with self._news:
                due = self._due()
                while due is None and not self._stopping and time.monotonic() < self._look_at:
                    self._news.wait(max(0.0, self._next() - time.monotonic()))
                    due = self._due()
                if self._stopping:
                    break
            try:
                self._catch_up()
                if due is not None:
                    self._apply(due)
            except StateError as error:
                _LOG.warning("apply: %s", error)
                self._look_at = time.monotonic() + self._wait(1)
                self._again(due, self._wait(1))
            except Exception as error:  # noqa: BLE001 - a mistake of ours must not cost every later kill
                _LOG.error("apply: unexpected %s", type(error).__name__)
                self._look_at = time.monotonic() + self._wait(1)
                self._again(due, self._grace)
        with contextlib.suppress(StateError):
            self._say()

    def _due(self) -> Application | None:
        now = time.monotonic()
        return next((p.application for p in self._pending.values() if p.not_before <= now), None)

    def _next(self) -> float:
        return min([self._look_at, *(pending.not_before for pending in self._pending.values())])

    def _catch_up(self) -> None:
        """Say what could not be said, and from time to time look for what nobody will say any more."""
        self._say()
        if time.monotonic() < self._look_at:
            return
        now = self._clock()
        for lost in self._state.give_up_applications(now - self._grace, now, _LOST):
            _LOG.error(
                "apply: whether %s of %s %s happened is not known: %s; look, it is not tried again",
                lost.action,
                lost.entity,
                lost.member,
                _LOST,
            )
        self._look_at = time.monotonic() + self._grace

    def _apply(self, application: Application) -> None:
        act = self._act(application)
        if act is None:
            self._settle(application)
            return
        known = self._state.begin_application(application, self._clock(), self._owner, attempts=self._attempts)
        if known is not None:
            if known.result == "intended":  # by another process, which may die over it
                self._again(application, self._grace)
            else:
                self._settle(application)
            return
        outcome = in_time(act, application, self._clock())
        self._unsaid.append((application, outcome))
        self._log(application, outcome)
        if outcome.result == "refused":
            with self._news:
                attempt = self._pending[application.key].attempts + 1
            self._again(application, self._wait(attempt), attempt)
        else:
            self._settle(application)
        self._say()

    def _say(self) -> None:
        while self._unsaid:
            application, outcome = self._unsaid[0]
            self._state.end_application(application, self._clock(), self._owner, outcome.result, outcome.detail)
            self._unsaid.pop(0)

    def _settle(self, application: Application) -> None:
        with self._news:
            self._pending.pop(application.key, None)
            self._settled[application.key] = None
            if len(self._settled) > _REMEMBERED:  # the store knows it still
                del self._settled[next(iter(self._settled))]

    def _again(self, application: Application | None, seconds: float, attempts: int = 0) -> None:
        with self._news:
            if application is not None and application.key in self._pending:
                self._pending[application.key] = _Pending(application, time.monotonic() + seconds, attempts)

    @staticmethod
    def _log(application: Application, outcome: Outcome) -> None:
        level = {"done": logging.INFO, "refused": logging.WARNING}.get(outcome.result, logging.ERROR)
        a = application
        _LOG.log(level, "apply: %s of %s %s: %s: %s", a.action, a.entity, a.member, outcome.result, outcome.detail)


@dataclass(frozen=True, slots=True)
class _Pending:
    application: Application
    not_before: float
    attempts: int = 0


def _act(target: ApplyTarget, sources: Mapping[str, SqlSource]) -> Act:
    if target.sql is not None:
        return execute(sources[target.sql.source], target.sql.statement)
    if target.webhook is not None:
        return post(target.webhook)
    raise ValueError("the loader guarantees sql or webhook")
