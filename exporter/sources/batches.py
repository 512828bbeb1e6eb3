"""Many selectors in one query, so that one bad selector costs no other more than once, and a heavy one none much."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol, TypeVar

from exporter.promql import quote, union
from exporter.sources.allowance import Allowance
from exporter.sources.base import SourceError
from exporter.sources.prometheus_answers import Kind, NotCounters, Series, split
from exporter.sources.prometheus_api import QueryRefused, TooMuch, TooSlow

BATCH = 48
"""Selectors in one query. Measured with 1,000 selectors of 50 series each on Prometheus 2.42: asked one by one they
cost us 2.1 s of CPU and the server 2.8 s; 20 to 50 together 0.3 s and 1.5 s; from 100 on the server's cost rises. A
question costs us two milliseconds whatever is in it, hence not the fewest of those."""

_MARKER = "winburn_query"
_SLOW = 3
_LOOK = 0.1
"""Share of the timeout that a suspect may take: a well one must not wait for long behind heavy ones."""

_SHORTEST_LOOK = 1.0
"""Seconds, where the timeout is as long: on a busy machine a well one needs some."""

_WASTE = 2.0
"""Times the timeout."""

_FORGET = 86400.0
"""Seconds after which a selector that nobody asks for has left the spec: a source may outlive any number of specs."""

_STILL_ASKED = 300.0
"""Seconds after which a heavy selector that nobody asks for lets others go before it."""

Answer = TypeVar("Answer")


@dataclass(slots=True)
class _Heavy:
    error: SourceError | None
    """None where it was answered in the end."""
    wanted_at: float


class Question(Protocol):
    """Sends a query that may take so many seconds; the data of its answer."""

    def __call__(self, query: str, *, seconds: float) -> Any: ...


class Batches:
    """Asks selectors together and splits the answer; at most ``concurrency`` queries are open at once.

    A selector that the server refused, or that was in a query that took too long, is a suspect: it is asked alone, one
    after the other and after all others, until it is answered, and may take a tenth of ``timeout`` (seconds), at least
    a second. One that takes longer than that alone is heavy: it is asked last, and with all of the timeout. One that is
    answered then stays apart for as long as it takes so long, because in one query with others it could cost them their
    answer; it is asked each time, and before those that were not answered. What single selectors waste by taking too
    long is limited, so that they hold up the others for twice the timeout at most, and for a third of the time on the
    average; one that cannot be asked within that keeps its last failure. After three slow queries no more of the others
    are asked. What is said here holds for instants and for ranges apart.

    ``check_alive`` raises SourceError where the server answers nothing at all; it is asked after a query that took too
    long.
    """

    def __init__(
        self,
        name: str,
        check_alive: Callable[[], None],
        timeout: float,
        concurrency: int = 1,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._name = name
        self._check_alive = check_alive
        self._timeout = timeout
        self._look = min(timeout, max(_LOOK * timeout, _SHORTEST_LOOK))
        self._concurrency = concurrency
        self._monotonic = monotonic
        self._suspects: dict[tuple[Kind, str], float] = {}
        self._heavy: dict[tuple[Kind, str], _Heavy] = {}
        self._allowance = Allowance(_WASTE * timeout, monotonic)

    def ask(
        self, selectors: Sequence[str], kind: Kind, question: Question, read: Callable[[list[Series]], Answer]
    ) -> list[Answer | SourceError]:
        """``read`` of the series of each selector, or why there are none; ``question`` sends a query, which may take so
        many seconds.

        SourceError from ``read`` stands for its selector. Raised are SourceError where the server does not answer and
        where its answer has a wrong shape. ``question`` and ``read`` are called in several threads.
        """
        answers: dict[str, Answer | SourceError] = {}
        late = SourceError(f"source {self._name} was not asked: other selectors took too long")
        calm, suspects, heavy = self._groups(selectors, kind)
        asked: deque[tuple[list[str], float, Callable[[], dict[str, Answer | SourceError]]]] = deque()
        slow = 0
        # What one query alone needs is done here, without a thread.
        width = self._concurrency if len(calm) > 1 else 1
        with ThreadPoolExecutor(width, thread_name_prefix=f"source-{self._name}") as pool:
            while calm or suspects or asked:
                while slow < _SLOW and ((calm and len(asked) < width) or (suspects and not asked)):
                    limit = self._timeout if calm else self._look
                    if not calm and not self._allowance.covers(limit):
                        suspects.clear()
                        break
                    group = (calm or suspects).popleft()
                    work = partial(self._group, group, kind, partial(question, seconds=limit), read)
                    asked.append((group, limit, work if width == 1 else pool.submit(work).result))
                if not asked:
                    break
                # In the order of asking, so that nothing depends on which answer is the quicker one.
                group, limit, outcome = asked.popleft()
                try:
                    answers.update(self._trusted(group, kind, outcome()))
                except QueryRefused as error:
                    if len(group) > 1:
                        calm.extendleft(reversed(_smaller(group, error)))
                    else:
                        answers.update(self._suspect(group, kind, error))
                except TooSlow as error:
                    self._check_alive()
                    slow += 1
                    answers.update(self._too_slow(group, kind, error, limit))
        for one in sorted(heavy, key=lambda one: not self._is_slow(one, kind)):
            work = partial(self._group, [one], kind, partial(question, seconds=self._timeout), read)
            answers.update(self._ask_heavy(one, kind, work))
        return [answers.get(selector, late) for selector in selectors]

    def _groups(self, selectors: Sequence[str], kind: Kind) -> tuple[deque[list[str]], deque[list[str]], list[str]]:
        asked = dict.fromkeys(selectors)
        self._forget(asked, kind)
        # Copies: the SLOs and the experiments of a source ask it from threads of their own.
        suspects, heavy = tuple(self._suspects), tuple(self._heavy)
        alone = {*suspects, *heavy}
        calm = [selector for selector in asked if (kind, selector) not in alone]
        together = deque(calm[begin : begin + BATCH] for begin in range(0, len(calm), BATCH))
        return (
            together,
            deque([one] for of, one in suspects if of == kind and one in asked),
            [one for of, one in heavy if of == kind and one in asked],
        )

    def _forget(self, wanted: Collection[str], kind: Kind) -> None:
        now = self._monotonic()
        for (of, one), last in list(self._suspects.items()):  # lists: other threads add to them
            if of == kind and one in wanted:
                self._suspects[of, one] = now
            elif now - last > _FORGET:
                self._suspects.pop((of, one), None)
        for (of, one), heavy in list(self._heavy.items()):
            if not (of == kind and one in wanted) and now - heavy.wanted_at > _FORGET:
                self._heavy.pop((of, one), None)

    def _suspect(self, group: Sequence[str], kind: Kind, error: SourceError) -> dict[str, SourceError]:
        for selector in group:
            # To the end: where only some suspects can be asked, each gets its turn.
            self._suspects.pop((kind, selector), None)
            self._suspects[kind, selector] = self._monotonic()
        return dict.fromkeys(group, error)

    def _too_slow(self, group: Sequence[str], kind: Kind, error: SourceError, seconds: float) -> dict[str, SourceError]:
        if len(group) > 1:
            return self._suspect(group, kind, error)
        (key,) = [(kind, selector) for selector in group]
        self._allowance.spend(seconds)
        self._suspects.pop(key, None)
        self._heavy.pop(key, None)  # to the end, as above
        self._heavy[key] = _Heavy(error, self._monotonic())
        return dict.fromkeys(group, error)

    def _is_turn_of(self, wanted: tuple[Kind, str]) -> bool:
        """Whether there is time for a heavy selector, and none waits for longer that is still asked for."""
        now = self._monotonic()
        if (mine := self._heavy.get(wanted)) is not None:
            mine.wanted_at = now
        for key, other in tuple(self._heavy.items()):
            if key == wanted:
                break
            if other.error is not None and now - other.wanted_at < _STILL_ASKED:
                return False
        return self._allowance.covers(self._timeout)

    def _ask_heavy(
        self, one: str, kind: Kind, work: Callable[[], dict[str, Answer | SourceError]]
    ) -> Mapping[str, Answer | SourceError]:
        """Ask a heavy selector, if it may be asked now; else what it answered the last time."""
        if not self._is_slow(one, kind) and not self._is_turn_of((kind, one)):
            known = self._heavy.get((kind, one))
            return {} if known is None or known.error is None else {one: known.error}
        began = self._monotonic()
        try:
            answers = work()
        except QueryRefused as error:
            self._heavy.pop((kind, one), None)
            return self._suspect([one], kind, error)
        except TooSlow as error:
            self._check_alive()
            return self._too_slow([one], kind, error, self._timeout)
        self._heavy.pop((kind, one), None)
        now = self._monotonic()
        if now - began > self._look:
            self._heavy[kind, one] = _Heavy(None, now)
        return answers

    def _is_slow(self, one: str, kind: Kind) -> bool:
        """Whether a heavy one was answered the last time."""
        known = self._heavy.get((kind, one))
        return known is not None and known.error is None

    def _group(
        self, group: Sequence[str], kind: Kind, question: Callable[[str], Any], read: Callable[[list[Series]], Answer]
    ) -> dict[str, Answer | SourceError]:
        alone = len(group) == 1
        data = question(group[0] if alone else _together(group))
        try:
            series = split(data, kind, None if alone else _MARKER, len(group))
            answers = {one: _settle(read, its) for one, its in zip(group, series, strict=True)}
        except NotCounters as error:
            raise QueryRefused(f"source {self._name}: a selector gives {error}") from None
        except ValueError as error:
            raise SourceError(f"source {self._name} did not answer as the Prometheus API does: {error}") from None
        return answers

    def _trusted(self, group: Sequence[str], kind: Kind, answers: dict[str, Answer]) -> dict[str, Answer]:
        for selector in group:
            self._suspects.pop((kind, selector), None)
        return answers


def _smaller(group: list[str], error: QueryRefused) -> list[list[str]]:
    """What to ask in place of a group: halves where it was too much, else each alone, as one of them is mistaken."""
    if isinstance(error, TooMuch):
        half = len(group) // 2
        return [group[:half], group[half:]]
    return [[selector] for selector in group]


def _settle(read: Callable[[list[Series]], Answer], series: list[Series]) -> Answer | SourceError:
    try:
        return read(series)
    except SourceError as error:
        return error.with_traceback(None)  # its frames hold the whole answer


def _together(group: Sequence[str]) -> str:
    # The line break ends a comment in the selector. The label keeps series of different selectors apart, both in the
    # answer and for "or", which compares labels without the metric's name.
    return union(
        [f'label_replace({one}\n, "{_MARKER}", {quote(str(number))}, "", "")' for number, one in enumerate(group)]
    )
