"""How old composites are while their components fail or wait: as old as the oldest of them."""

from __future__ import annotations

import contextlib
import itertools
import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest

from exporter.collectors.slo import SloCollector
from exporter.collectors.slo_composite import Components, in_order
from exporter.collectors.slo_samples import BREACHED, NO_DATA, OK
from exporter.loop import Loop
from exporter.sources.base import Slots, TooLong, Unreachable
from exporter.sources.turns import Turns
from exporter.spec import Slo
from exporter.state import State
from tests.exporter.collectors.scripted import DAY, START, Scripted, key, steady, values

TIMEOUT, REFRESH, KEEP = 10.0, 15.0, 50.0
AGE = 3
"""Refreshes after which samples have aged out."""


@dataclass
class Clock:
    now: float = START


@dataclass
class Shop:
    """Ten events a second in each SLO, one of them bad. A question takes so many seconds by its query."""

    name: str
    clock: Clock
    takes: dict[str, float] = field(default_factory=dict)
    dead: bool = False
    up: bool | None = None

    def __post_init__(self) -> None:
        self.turns = Turns(TIMEOUT, lambda: self.clock.now)

    def slots(self, query: str, start: float, end: float, step: float, group_by: Sequence[str] = ()) -> Slots:
        assert not group_by
        with self.turns.timed():
            takes = math.inf if self.dead else self.takes.get(query, 0.0)
            self.clock.now += 5.5 if self.dead else min(takes, TIMEOUT)
            if self.dead:
                raise Unreachable(f"source {self.name} refused the connection")
            if takes > TIMEOUT:
                raise TooLong(f"source {self.name}: canceled")
        starts = np.arange(start, end - 1e-6, step)
        return Slots(starts, np.full(len(starts), 10 * step), np.full(len(starts), step))


def made(name: str, **sli: object) -> Slo:
    return Slo.model_validate({"name": name, "service": "s", "objective": 99, "period": "7d", "sli": sli})


class Bench:
    """SLOs of the shops ``one`` and ``two`` by shop -> names, the composites over them, and the loop they run in."""

    def __init__(self, one: str, two: str, *composites: Slo, clock: Clock | None = None) -> None:
        self.clock = clock or Clock()
        self.one, self.two = Shop("one", self.clock), Shop("two", self.clock)
        self.names = {"one": one.split(), "two": two.split()}
        self.composites = in_order(composites)
        self.store = {name: State("sqlite://") for name in ("one", "two", "composite")}
        self.begin()

    def begin(self) -> None:
        """The process starts, with what is stored."""
        of_shops = [
            self._collector(shop, [made(name, source=shop.name, sql=name) for name in self.names[shop.name]])
            for shop in (self.one, self.two)
        ]
        collectors = [*of_shops, self._collector(Components(*of_shops), self.composites)]
        self.loop = Loop(
            collectors,
            refresh=REFRESH,
            lag=0.0,
            keep_seconds=KEEP,
            clock=lambda: self.clock.now,
            monotonic=lambda: self.clock.now,
        )

    def _collector(self, source: Shop | Components, slos: Sequence[Slo]) -> SloCollector:
        state = self.store[source.name]
        return SloCollector(source, slos, state, refresh=REFRESH, origin=0.0, keep_seconds=KEEP)

    def refresh(self, times: int = 1) -> None:
        for _ in range(times):
            self.clock.now = (self.clock.now // REFRESH + 1) * REFRESH
            self.samples = self.loop.refresh_once(self.clock.now).samples

    def know_slow(self, names: Sequence[str]) -> None:
        """Each of these questions of the shop ``one`` was slow before."""
        for name in names:
            self.one.turns.begin()
            with self.one.turns.timed():
                self.clock.now += self.one.takes[name]
            self.one.turns.answered(name)

    def values(self, family: str, label: str = "slo", window: str = "5m") -> dict[str, float]:
        """SLO (or collector) -> value."""
        found = {}
        for one in self.samples:
            labels = dict(one.labels)
            if one.name == family and labels.get("window", window) == window:
                found[labels[label]] = one.value
        return found

    @property
    def shown(self) -> set[str]:
        return set(self.values("slo_burn_rate"))

    @property
    def success(self) -> dict[str, float]:
        return self.values("winburn_collector_success", "collector")


BOTH = made("both", composite=[{"slo": "a"}, {"slo": "b"}])
OF_A = made("of-a", composite=[{"slo": "a"}])
OUTER = made("outer", journey=["both", "a"])


def test_a_composite_ages_and_disappears_with_the_component_whose_source_fails(
    caplog: pytest.LogCaptureFixture,
) -> None:
    bench = Bench("a", "b", BOTH, OF_A, OUTER)
    with caplog.at_level(logging.INFO):
        bench.refresh(3)
        assert bench.shown == {"a", "b", "both", "of-a", "outer"}
        bench.two.dead = True
        for _ in range(AGE - 1):
            bench.refresh()
            assert bench.shown == {"a", "b", "both", "of-a", "outer"}
            assert bench.success == {"slo:one": 1, "slo:two": 0, "slo:composite": 0}
        for _ in range(3):
            bench.refresh()
            assert bench.shown == {"a", "of-a"}, "what is made of others goes on"
            assert bench.success == {"slo:one": 1, "slo:two": 0, "slo:composite": 0}
        status = bench.values("slo_status")
        assert {name for name in status if status[name] == NO_DATA} == {"b", "both", "outer"}
        bench.two.dead = False
        bench.refresh()
    assert bench.shown == {"a", "b", "both", "of-a", "outer"}
    assert bench.success == {"slo:one": 1, "slo:two": 1, "slo:composite": 1}
    assert bench.values("slo_events")["both"] == 6000, "what was missed is counted"
    said = [record.getMessage() for record in caplog.records]
    assert said == [
        "slo:two (b): source two refused the connection",
        "slo:composite (both, outer): waits for b: source two refused the connection",
        "slo:two (b): recovered",
        "slo:composite (both, outer): recovered",
    ]


def test_a_composite_of_slow_queries_that_take_turns_is_as_old_as_the_one_that_waits() -> None:
    slow = ["a", "c", "d", "e", "f", "g"]
    pair = made("pair", journey=["a", "c"])
    bench = Bench(f"{' '.join(slow)} quick", "b", BOTH, pair)
    bench.refresh(2)
    bench.one.takes = dict.fromkeys(slow, 5.9)
    bench.know_slow(slow)
    seen = set()
    for _ in range(2 * len(slow)):
        bench.refresh()
        shown = bench.shown
        assert ("both" in shown) == ("a" in shown)
        assert ("pair" in shown) == ({"a", "c"} <= shown)
        assert {"b", "quick"} <= shown
        assert bench.success == {"slo:one": 1, "slo:two": 1, "slo:composite": 1}, "nothing failed"
        assert bench.values("slo_events")["quick"] == 3000
        seen.add(frozenset(shown & {"both", "pair"}))
    assert frozenset() in seen
    assert {"both", "pair"} in seen


def test_after_a_restart_a_composite_with_a_source_that_is_down_is_not_current() -> None:
    bench = Bench("a", "b", BOTH, OF_A)
    bench.refresh(3)
    bench.two.dead = True
    bench.clock.now += 7200
    bench.begin()
    bench.refresh()
    assert bench.shown == {"a", "of-a"}
    assert bench.values("slo_status") == {"a": BREACHED, "of-a": BREACHED, "b": NO_DATA, "both": NO_DATA}
    bench.two.dead = False
    bench.refresh()
    assert bench.shown == {"a", "b", "both", "of-a"}


def polled(source: Scripted, *composites: Slo) -> tuple[SloCollector, SloCollector]:
    """SLOs ``web`` of counters and ``slow`` of slices of 5 minutes, and composites over them."""
    slices = {"good_when": "x < 5", "slice": "5m"}
    slos = [made("web", source="prod", total="t", bad="b"), made("slow", source="prod", slices=slices)]
    of_source = SloCollector(source, slos, State("sqlite://"), refresh=REFRESH, origin=0.0, keep_seconds=KEEP)
    components = Components(of_source)
    whole = SloCollector(components, composites, State("sqlite://"), refresh=REFRESH, origin=0.0, keep_seconds=KEEP)
    return of_source, whole


def test_what_a_composite_knows_is_said_once_and_kept_by_the_loop() -> None:
    source = Scripted(steady(3600))
    of_source, whole = polled(source, made("both", composite=[{"slo": "web"}]))
    for i in range(3):
        of_source.collect(START + i * REFRESH)
        (report,) = whole.collect(START + i * REFRESH)
    assert report.samples
    source.broken = "source prod: down"
    of_source.collect(START + 3 * REFRESH)
    (report,) = whole.collect(START + 3 * REFRESH)
    assert report.samples == ()
    assert report.lasting
    assert report.error == "waits for web: source prod: down"


def test_a_component_of_slices_is_up_to_date_between_their_ends() -> None:
    script = {**steady(DAY, start=START - DAY / 2), "(x) < bool (5)": {key("x"): [(START - DAY, 1.0)]}}
    of_source, whole = polled(Scripted(script), made("both", composite=[{"slo": "web"}, {"slo": "slow"}]))
    for i in range(50):
        of_source.collect(START + i * REFRESH)
        (report,) = whole.collect(START + i * REFRESH)
        assert (report.error, report.waits, report.behind) == (None, False, 0)
        assert values([report], "slo_burn_rate", "both")["1h"] == 0
        assert values([report], "slo_status", "both") == {"": OK}


def test_many_components_that_fail_are_told_in_one_short_sentence() -> None:
    bench = Bench("a c d e f", "b", made("all", journey=["a", "b", "c", "d", "e", "f"]))
    bench.refresh()
    bench.one.dead = bench.two.dead = True
    bench.refresh()
    error = bench.loop._roster.tracks["slo:composite"].failures()["all"]
    of_one = "source one refused the connection; no more is asked of it in this refresh"
    assert error == f"waits for a, c, d and 2 more: {of_one}; for b: source two refused the connection"


def test_a_source_that_takes_long_holds_up_none_but_its_own_composites() -> None:
    clock = Clock()
    one, two = (
        SloCollector(
            Shop(shop, clock),
            [made(name, source=shop, sql=name)],
            State("sqlite://"),
            refresh=REFRESH,
            origin=0.0,
            keep_seconds=KEEP,
        )
        for shop, name in (("one", "a"), ("two", "b"))
    )
    seconds = itertools.count(step=REFRESH)  # each look at this clock is a refresh later: nobody has patience
    components = Components(one, two, monotonic=lambda: next(seconds))
    whole = SloCollector(
        components, in_order([BOTH, OF_A, OUTER]), State("sqlite://"), refresh=REFRESH, origin=0.0, keep_seconds=KEEP
    )
    said = []
    for i in range(4):
        at = START + i * REFRESH
        one.collect(at)
        if i == 0:
            two.collect(at)
        with two.lock if i else contextlib.nullcontext():  # in the middle of a run
            reports = {report.entity: report for report in whole.collect(at)}
        assert values([reports["of-a"]], "slo_events", "of-a")["5m"] == 3000
        assert reports["of-a"].behind == 0
        said.append([(bool(reports[name].samples), reports[name].waits, reports[name].error) for name in reports])
    late = "waits for b: slo:two takes longer than a refresh"
    assert said == [
        [(True, False, None)] * 3,
        [(False, True, None), (True, False, None), (False, True, None)],
        [(False, False, late), (True, False, None), (False, False, late)],
        [(False, False, late), (True, False, None), (False, False, late)],
    ]
    two.collect(at)
    assert [(report.error, report.behind) for report in whole.collect(at)] == [(None, 0)] * 3
