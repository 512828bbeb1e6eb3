"""Questions to a source that is asked one thing after another: the quick ones first, and what takes too long last.

The same as :mod:`exporter.sources.batches` does for selectors, where each question is a query of its own.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Collection, Hashable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from exporter.sources.allowance import Allowance
from exporter.sources.base import Later, SourceError, TooLong, Unreachable

_SLOW = 0.1
"""Share of the timeout up to which an answer is a quick one."""

_SHORTEST_SLOW = 1.0
"""Seconds, where the timeout is as long: what takes less holds up nobody."""

_WASTE = 2.0
"""Times the timeout."""

_FORGET = 86400.0
"""Seconds after which a question that nobody asks has left the spec: a source may outlive any number of specs."""

Key = TypeVar("Key", bound=Hashable)
Answer = TypeVar("Answer")


@dataclass(slots=True)
class _Last:
    """How a question went that is not a quick one: its failure (None where it was answered, slowly), its seconds, and
    when it was last wanted."""

    error: SourceError | None
    seconds: float
    wanted: float


class _Longest(threading.local):
    seconds = 0.0


class Turns:
    """What is known of the questions to one source, by their keys. For any thread.

    ``timeout`` (seconds) is what one question may take; without it none is ever slow.
    """

    def __init__(self, timeout: float = math.inf, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._timeout = timeout
        self.monotonic = monotonic
        self._slow = min(timeout, max(_SLOW * timeout, _SHORTEST_SLOW))
        self._known: dict[Hashable, _Last] = {}
        self._left: dict[Hashable, float] = {}
        self._allowance = Allowance(_WASTE * timeout, monotonic)
        self._longest = _Longest()

    @contextmanager
    def timed(self) -> Iterator[None]:
        """Around each question to the source itself, so that what others took before it is not its own."""
        began = self.monotonic()
        try:
            yield
        finally:
            self._longest.seconds = max(self._longest.seconds, self.monotonic() - began)

    def begin(self) -> None:
        """This thread asks something new."""
        self._longest.seconds = 0.0

    @property
    def took(self) -> float:
        """Seconds of the longest question since then."""
        return self._longest.seconds

    def in_order(self, keys: Sequence[Key]) -> tuple[list[Key], list[Key], list[Key]]:
        """The quick ones, the slow ones and the suspects, each as they should be asked.

        Those that the last run did not get to come after the other quick ones, and from their other end: what stands
        behind many that take too long would else wait for all of them.
        """
        wanted = set(keys)
        self._forget(wanted)
        known, left = dict(self._known), dict(self._left)
        quick = dict.fromkeys(key for key in keys if key not in known)
        late = [key for key in known if key in wanted]
        return (
            [key for key in quick if key not in left] + [key for key in reversed(left) if key in quick],
            [key for key in late if known[key].error is None],
            [key for key in late if known[key].error is not None],
        )

    def _forget(self, wanted: Collection[Hashable]) -> None:
        now = self.monotonic()
        for key, last in list(self._known.items()):  # lists: other threads add to them
            if key in wanted:
                last.wanted = now
            elif now - last.wanted > _FORGET:
                self._known.pop(key, None)
        for key, since in list(self._left.items()):
            if now - since > _FORGET:
                self._left.pop(key, None)

    def answered(self, key: Hashable) -> None:
        """In time, if only that it is refused."""
        self._known.pop(key, None)  # to the end: where only some can be asked, each gets its turn
        if self.took > self._slow:
            self._known[key] = _Last(None, self.took, self.monotonic())

    def failed(self, key: Hashable, error: SourceError, *, wasted: bool) -> None:
        """No answer; ``wasted`` is whether others could have been answered meanwhile."""
        self._known.pop(key, None)
        # A copy: what was raised holds the frames of the whole question.
        self._known[key] = _Last(SourceError(str(error)), self.took, self.monotonic())
        if wasted:
            self._allowance.spend(self.took)

    def leave(self, keys: Sequence[Hashable], of: Sequence[Hashable]) -> None:
        """Of some questions these quick ones were not asked."""
        for key in of:
            self._left.pop(key, None)
        self._left |= dict.fromkeys(keys, self.monotonic())

    def may_waste(self) -> bool:
        """Whether there is time for one that may take all of the timeout for nothing."""
        return self._allowance.covers(self._timeout)

    def seconds(self, key: Hashable) -> float:
        """What a slow one took the last time."""
        known = self._known.get(key)
        return known.seconds if known else 0.0

    def error(self, key: Hashable) -> SourceError | None:
        """Why a suspect was not answered the last time."""
        known = self._known.get(key)
        return known.error if known else None


class Source(Protocol):
    """A source that is asked in turn."""

    name: str
    up: bool | None
    turns: Turns


def ask_in_turn(
    source: Source, questions: Sequence[tuple[Key, Callable[[], Answer]]], room: float = math.inf
) -> dict[Key, Answer | SourceError]:
    """Ask a run's questions one after the other; the answer of each, or why there is none.

    - A question that got no answer is a suspect: it is asked last, in turn with the others, until it is answered.
    - After one that the source did not answer at all (Unreachable), no more is asked in this run; the next run begins
      with another.
    - After one that was given up by a source that is there (TooLong) the others are asked on, as far as the allowance
      covers: what single questions waste is twice the timeout at once at most, and a third of the time on the average.
      A suspect that cannot be asked within that keeps its last failure. An outage of the source wastes nothing.
    - One that is answered after more than a tenth of the timeout (at least a second) is slow: it is asked after the
      quick ones, in turn, and where there are any, only as long as the run's ``room`` (seconds) is not used up; at
      least one is. For the others :class:`Later` stands.

    The source is up where others were answered in the run before one was given up or a suspect was not answered.
    """
    return _Run(source, dict(questions)).ask(room)


class _Run(Generic[Key, Answer]):
    def __init__(self, source: Source, questions: dict[Key, Callable[[], Answer]]) -> None:
        self._source, self._turns = source, source.turns
        self._questions = questions
        self._answers: dict[Key, Answer | SourceError] = {}
        self._down: SourceError | None = None
        self._answered = self._wasted = False

    def ask(self, room: float) -> dict[Key, Answer | SourceError]:
        ends = self._turns.monotonic() + room
        quick, slow, suspects = self._turns.in_order(list(self._questions))
        left = [key for key in quick if not self._try(key)]
        self._turns.leave(left, quick)
        self._ask_slow(slow, ends if quick else math.inf)
        for key in suspects:
            self._try(key, suspect=True)
        return {key: self._answers[key] for key in self._questions}

    def _ask_slow(self, keys: Sequence[Key], ends: float) -> None:
        # What was slow may have been asked for a long past, or of a busy source: the last one shows what it takes now.
        pace: float | None = None
        for key in keys:
            known = self._turns.seconds(key)
            if pace is not None and self._turns.monotonic() + pace * known > ends and not self._down:
                self._answers[key] = Later(f"source {self._source.name} is asked for this in a later refresh")
            elif self._try(key):
                pace = min(self._turns.took / known, 1.0)

    def _try(self, key: Key, *, suspect: bool = False) -> bool:
        """Ask, unless that must wait; whether it was asked."""
        if (refusal := self._down or self._refusal(key, suspect=suspect)) is not None:
            self._answers[key] = refusal
            return False
        self._turns.begin()
        try:
            self._answers[key] = self._questions[key]()
        except SourceError as error:
            self._answers[key] = error
            if isinstance(error, Unreachable | TooLong):
                self._fail(key, error, suspect=suspect)
                return True
        self._turns.answered(key)
        self._answered = True
        return True

    def _refusal(self, key: Key, *, suspect: bool) -> SourceError | None:
        if not (suspect or self._wasted) or self._turns.may_waste():
            return None
        known = self._turns.error(key) if suspect else None
        return known or SourceError(f"source {self._source.name} was not asked: other questions took too long")

    def _fail(self, key: Key, error: SourceError, *, suspect: bool) -> None:
        given_up = isinstance(error, TooLong)
        if self._answered and (given_up or suspect):
            self._source.up = True  # one bad query must not look, and page, like a source that is away
        self._wasted |= given_up
        self._turns.failed(key, error, wasted=given_up or self._answered)
        if given_up:
            return
        if len(self._answers) < len(self._questions):
            # One sentence for all of them, whichever is asked: it is news once.
            error = SourceError(f"{error}; no more is asked of it in this refresh")
            self._answers[key] = error
        self._down = error
