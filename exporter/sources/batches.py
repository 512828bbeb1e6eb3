"""Many selectors in one query, so that one bad selector costs no other more than once."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

from exporter.promql import quote, union
from exporter.sources.base import SourceError
from exporter.sources.prometheus_answers import Kind, NotCounters, Series, split
from exporter.sources.prometheus_api import QueryRefused, TooMuch, TooSlow

BATCH = 48
"""Selectors in one query. Measured with 1,000 selectors of 50 series each on Prometheus 2.42: asked one by one they
cost us 2.1 s of CPU and the server 2.8 s; 20 to 50 together 0.3 s and 1.5 s; from 100 on the server's cost rises."""

_MARKER = "winburn_query"
_SLOW = 3

Answer = TypeVar("Answer")


class Batches:
    """Asks selectors together and splits the answer; at most ``concurrency`` queries are open at once.

    Suspects are selectors that the server refused or that were in a query that took too long. They are asked alone,
    one after the other and after all others, until they are answered. ``check_alive`` raises SourceError where the
    server answers nothing at all; it is asked after a query that took too long. After three slow queries the rest is
    not asked.
    """

    def __init__(self, name: str, check_alive: Callable[[], None], concurrency: int = 1) -> None:
        self._name = name
        self._check_alive = check_alive
        self._concurrency = concurrency
        self._suspects: dict[str, None] = {}

    def ask(
        self,
        selectors: Sequence[str],
        kind: Kind,
        question: Callable[[str], Any],
        read: Callable[[list[Series]], Answer],
    ) -> list[Answer | SourceError]:
        """``read`` of the series of each selector, or why there are none; ``question`` sends a query.

        SourceError from ``read`` stands for its selector. Raised are SourceError where the server does not answer and
        where its answer has a wrong shape. ``question`` and ``read`` are called in several threads.
        """
        answers: dict[str, Answer | SourceError] = {}
        calm, suspects = self._groups(selectors)
        asked: deque[tuple[list[str], Callable[[], dict[str, Answer | SourceError]]]] = deque()
        slow = 0
        # What one query alone needs is done here, without a thread.
        width = self._concurrency if len(calm) > 1 else 1
        with ThreadPoolExecutor(width, thread_name_prefix=f"source-{self._name}") as pool:
            while calm or suspects or asked:
                while slow < _SLOW and ((calm and len(asked) < width) or (suspects and not asked)):
                    group = (calm or suspects).popleft()
                    work = partial(self._group, group, kind, question, read)
                    asked.append((group, work if width == 1 else pool.submit(work).result))
                if not asked:
                    break
                # In the order of asking, so that nothing depends on which answer is the quicker one.
                group, outcome = asked.popleft()
                try:
                    answers.update(self._trusted(group, outcome()))
                except QueryRefused as error:
                    if len(group) > 1:
                        calm.extendleft(reversed(_smaller(group, error)))
                    else:
                        answers.update(self._suspect(group, error))
                except TooSlow as error:
                    self._check_alive()
                    slow += 1
                    answers.update(self._suspect(group, error))
        late = SourceError(f"source {self._name} was not asked: other selectors took too long")
        return [answers.get(selector, late) for selector in selectors]

    def _groups(self, selectors: Sequence[str]) -> tuple[deque[list[str]], deque[list[str]]]:
        asked = dict.fromkeys(selectors)
        calm = [selector for selector in asked if selector not in self._suspects]
        together = deque(calm[begin : begin + BATCH] for begin in range(0, len(calm), BATCH))
        # A copy: the SLOs and the experiments of a source ask it from threads of their own.
        return together, deque([suspect] for suspect in tuple(self._suspects) if suspect in asked)

    def _suspect(self, group: Sequence[str], error: SourceError) -> dict[str, SourceError]:
        for selector in group:
            # To the end: where only some suspects can be asked, each gets its turn.
            self._suspects.pop(selector, None)
            self._suspects[selector] = None
        return dict.fromkeys(group, error)

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

    def _trusted(self, group: Sequence[str], answers: dict[str, Answer]) -> dict[str, Answer]:
        for selector in group:
            self._suspects.pop(selector, None)
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
