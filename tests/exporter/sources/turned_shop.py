"""A database that is asked in turn, on a clock of its own."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial

from exporter.sources.base import SourceError, TooLong, Unreachable
from exporter.sources.turns import Turns, ask_in_turn

TIMEOUT, REFRESH, MAX_AGE = 10.0, 15.0, 60.0
"""Those of the defaults."""


class Database:
    """Answers at once; a question in ``takes`` after so many seconds, and never where these are more than the timeout.
    ``dead`` answers nobody, ``silent`` not these: the same, as seen from here."""

    name = "shop"

    def __init__(self) -> None:
        self.now = 0.0
        self.up: bool | None = None
        self.takes: dict[str, float] = {}
        self.refused: set[str] = set()
        self.silent: set[str] = set()
        self.dead = False
        self.asked: list[str] = []
        self.turns = Turns(TIMEOUT, lambda: self.now)

    def question(self, name: str) -> str:
        self.asked.append(name)
        self.up = False
        with self.turns.timed():
            if self.dead or name in self.silent:
                self.now += TIMEOUT
                raise Unreachable("source shop gave no answer within 10 s")
            self.now += min(self.takes.get(name, 0.0), TIMEOUT)
            if self.takes.get(name, 0.0) > TIMEOUT:
                raise TooLong("source shop: canceled")
            self.up = True
            if name in self.refused:
                raise SourceError("source shop: no such column")
        return name.upper()

    def ask(self, names: Sequence[str], room: float = math.inf) -> dict[str, str | SourceError]:
        self.asked.clear()
        answers = ask_in_turn(self, [(name, partial(self.question, name)) for name in names], room)
        assert list(answers) == list(names)
        return answers

    def run(self, names: Sequence[str]) -> list[str]:
        """A refresh at the next instant after the last one's end, as SLOs are asked; who is answered."""
        self.now = (self.now // REFRESH + 1) * REFRESH
        answers = self.ask(names, 0.7 * REFRESH)
        return [name for name, answer in answers.items() if not isinstance(answer, SourceError)]


def numbered(name: str, count: int) -> list[str]:
    return [f"{name}{i}" for i in range(count)]


def oldest(shop: Database, names: Sequence[str], watched: Sequence[str], runs: int = 60) -> list[float]:
    """How old each of ``watched`` became between two of its answers.

    What a run finds is served from its end on, and holds for its beginning."""
    good = dict.fromkeys(watched, shop.now)
    ages: list[float] = []
    for _ in range(runs):
        start = (shop.now // REFRESH + 1) * REFRESH
        found = set(shop.run(names))
        well = [name for name in watched if name in found]
        ages += [shop.now - good[name] for name in well]
        good |= dict.fromkeys(well, start)
    return ages
