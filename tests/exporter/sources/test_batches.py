from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from exporter.sources.base import Reading, SourceError
from exporter.sources.batches import BATCH, Batches
from exporter.sources.prometheus_answers import Kind, reading
from exporter.sources.prometheus_api import QueryRefused, TooSlow

TIMEOUT = 10.0


class Server:
    """Answers at once, on a clock of its own; what is in ``heavy`` takes so many seconds, ``refused`` is refused."""

    def __init__(self) -> None:
        self.now = 0.0
        self.heavy: dict[str, float] = {}
        self.heavy_ranges: set[str] = set()
        self.refused: set[str] = set()
        self.alive = True
        self.asked: list[tuple[list[str], float]] = []
        self.batches = Batches("prod", self.check_alive, TIMEOUT, 1, lambda: self.now)

    def check_alive(self) -> None:
        if not self.alive:
            raise SourceError("dead")

    def question(self, kind: Kind) -> Callable[..., Any]:
        def ask(query: str, *, seconds: float) -> Any:
            joined = re.findall(r'label_replace\((\w+)\n, "winburn_query", "(\d+)"', query) or [(query, None)]
            names = [name for name, _ in joined]
            self.asked.append((names, seconds))
            takes = sum(self.heavy.get(name, 0.0) for name in names)  # one after the other, as Prometheus does
            if kind == "matrix" and self.heavy_ranges & {*names}:
                takes = math.inf
            self.now += min(takes, seconds)
            if takes > seconds:
                raise TooSlow(f"no whole answer within {seconds:g} s")
            if self.refused & {*names}:
                raise QueryRefused("no")
            series = [
                {"metric": {"a": name} | ({} if n is None else {"winburn_query": n}), "value": [0, "1"]}
                for name, n in joined
            ]
            if kind == "matrix":
                series = [{"metric": each["metric"], "values": [each["value"]]} for each in series]
            return {"resultType": kind, "result": series}

        return ask

    def ask(self, selectors: Sequence[str], kind: Kind = "vector") -> list[Reading | SourceError]:
        def read(series: Sequence[tuple[str, Any]]) -> Reading:
            return reading(series) if kind == "vector" else {key: 1.0 for key, _ in series}

        return self.batches.ask(selectors, kind, self.question(kind), read)

    def well(self, selectors: Sequence[str], kind: Kind = "vector") -> list[str]:
        """Those that are answered."""
        answers = self.ask(selectors, kind)
        return [one for one, answer in zip(selectors, answers, strict=True) if not isinstance(answer, SourceError)]


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize(("heavy", "unrest"), [(1, 0), (2, 0), (8, 0), (40, 5)])
def test_heavy_selectors_do_not_keep_the_others_from_their_series(heavy: int, unrest: int, *, first: bool) -> None:
    """The defaults: a refresh of 15 s, a timeout of 10 s, series that live for 60 s. Each heavy SLO is behind by a time
    of its own, so that it is asked by itself, and at both ends of its gap. A run begins at the first instant after the
    last one's end, and what it found is served from its own end to that of the next that finds something."""
    server = Server()
    neighbours = [f"well{i}" for i in range(10)]
    names = [f"heavy{i}" for i in range(heavy)]
    everything = [*names, *neighbours] if first else [*neighbours, *names]
    assert server.well(everything) == everything
    server.heavy = dict.fromkeys(names, math.inf)
    good, ages = 0.0, []
    for run in range(60):
        server.now = start = (server.now // 15 + 1) * 15
        well = set(neighbours) <= set(server.well(neighbours if run else everything))
        for name in names:
            if server.well([name]):
                server.well([name])
        if well:
            ages.append(server.now - good)
            good = start
    assert len(ages) > 50
    assert max(ages[unrest:]) < 60
    # Nobody is given up: each is asked again and again, with all of the timeout.
    tried = {names[0] for names, limit in server.asked if limit == TIMEOUT and len(names) == 1}
    assert len(tried) >= min(heavy, 25)


def test_well_ones_are_found_behind_heavy_ones_within_one_refresh() -> None:
    server = Server()
    server.heavy = {"h0": math.inf, "h1": math.inf}
    assert server.well(["h0", "h1", "a"]) == []
    began = server.now
    assert server.well(["h0", "h1", "a"])[-1:] == ["a"]
    assert server.asked[1:4] == [(["h0"], 0.1 * TIMEOUT), (["h1"], 0.1 * TIMEOUT), (["a"], 0.1 * TIMEOUT)]
    assert server.now - began == 0.2 * TIMEOUT


def test_one_that_needs_most_of_the_timeout_gets_it() -> None:
    server = Server()
    server.heavy = {"h": math.inf, "slow": 0.6 * TIMEOUT}
    assert server.well(["h", "slow"]) == []
    assert server.well(["h", "slow"]) == []
    assert server.well(["h", "slow"]) == []  # h comes first
    server.now += 15
    assert server.well(["h", "slow"]) == ["slow"]


@pytest.mark.parametrize("slow", [1, 2, 3])
def test_slow_answers_do_not_keep_the_others_from_their_series(slow: int) -> None:
    """Each is answered within the timeout, but not two of them in one query."""
    server = Server()
    neighbours, names = [f"well{i}" for i in range(10)], [f"slow{i}" for i in range(slow)]
    everything = [*names, *neighbours]
    server.heavy = dict.fromkeys(names, 0.6 * TIMEOUT)
    good, ages, answered = 0.0, [], 0
    for _ in range(60):
        server.now = start = (server.now // 15 + 1) * 15
        well = server.well(everything)
        if {*well} >= {*neighbours}:
            ages.append(server.now - good)
            good = start
        answered += well == everything
    assert max(ages[1:]) < 60
    assert answered >= 55, "they are asked each time"


def test_a_slow_one_that_is_quick_again_goes_with_the_others() -> None:
    server = Server()
    server.heavy = dict.fromkeys(("s0", "s1"), 0.6 * TIMEOUT)
    for _ in range(3):
        server.well(["s0", "s1", "a"])
    server.asked.clear()
    assert server.well(["s0", "s1", "a"]) == ["s0", "s1", "a"]
    assert [names for names, _ in server.asked] == [["a"], ["s0"], ["s1"]]
    server.heavy = {}
    server.well(["s0", "s1", "a"])
    server.asked.clear()
    assert server.well(["s0", "s1", "a"]) == ["s0", "s1", "a"]
    assert [names for names, _ in server.asked] == [["s0", "s1", "a"]]


def test_a_heavy_one_that_is_never_answered_waits_for_no_slow_one() -> None:
    server = Server()
    server.heavy = {"slow": 0.6 * TIMEOUT, "h": math.inf}
    for _ in range(4):
        server.now += 15
        server.well(["slow", "h"])
    server.now += 40
    server.well(["slow"])
    server.well(["h"])
    server.now += 40
    server.asked.clear()
    server.well(["h"])
    assert server.asked == [(["h"], TIMEOUT)]


def test_a_slow_one_is_asked_each_time_and_before_those_that_are_never_answered() -> None:
    server = Server()
    server.heavy = {"slow": 0.6 * TIMEOUT, "h": math.inf}
    for _ in range(4):
        server.now += 40
        server.well(["h", "slow"])
    for _ in range(10):
        server.now += 5
        server.asked.clear()
        assert server.well(["h", "slow"]) == ["slow"]
        assert server.asked[0] == (["slow"], TIMEOUT)


def test_a_heavy_one_keeps_its_last_failure_while_it_is_not_asked() -> None:
    server = Server()
    server.heavy = {"h": math.inf}
    failures = {str(server.ask(["h"])[0]) for _ in range(6)}
    assert failures == {"no whole answer within 10 s"}
    assert len(server.asked) == 2  # of which the second needs a rest
    server.now += 20
    server.heavy = {}
    assert server.well(["h"]) == ["h"]
    server.asked.clear()
    assert server.well(["h", "a"]) == ["h", "a"]
    assert [names for names, _ in server.asked] == [["h", "a"]]


def test_a_heavy_one_that_is_refused_now_is_a_suspect() -> None:
    server = Server()
    server.heavy = {"h": math.inf}
    server.ask(["h"])
    server.heavy, server.refused = {}, {"h"}
    assert str(server.ask(["h"])[0]) == "no"
    server.asked.clear()
    assert str(server.ask(["h"])[0]) == "no"
    assert server.asked == [(["h"], 0.1 * TIMEOUT)]


def test_a_range_that_is_too_heavy_is_asked_alone_however_light_its_instants_are() -> None:
    server = Server()
    server.heavy_ranges = {"h"}
    found = []
    for _ in range(2):
        assert server.well(["a", "h"]) == ["a", "h"]
        found.append(server.well(["a", "h"], "matrix"))
    assert found == [[], ["a"]]


def test_a_server_that_answers_nothing_is_told_of_at_once() -> None:
    server = Server()
    server.heavy, server.alive = {"h": math.inf}, False
    for _ in range(2):
        with pytest.raises(SourceError, match="dead"):
            server.ask(["h"])


def test_many_slow_queries_end_the_asking() -> None:
    server = Server()
    names = [f"m{i}" for i in range(5 * BATCH)]
    server.heavy = dict.fromkeys(names, math.inf)
    answers = server.ask(names)
    assert len(server.asked) == 3
    assert "was not asked" in str(answers[-1])


@pytest.mark.parametrize("kind", ["vector", "matrix"])
def test_what_has_left_the_spec_is_forgotten_after_a_day(kind: Kind) -> None:
    """A source outlives specs: selectors that come and go must not pile up in it. What is asked is never forgotten."""
    server = Server()
    server.heavy, server.refused = {"heavy": math.inf, "kept": math.inf}, {"refused"}
    names = ["heavy", "refused", "kept", "well"]
    for _ in range(6):
        server.ask(names, kind)
        server.now += 300
    for _ in range(26):
        assert server.well(["kept", "well"], kind) == ["well"]
        server.now += 3600
    server.heavy, server.refused = {}, set()
    server.asked.clear()
    assert server.well(names, kind) == names
    assert [asked for asked, _ in server.asked] == [["heavy", "refused", "well"], ["kept"]]
