"""SLOs that share a database which answers one question after the other: what each of them may cost the rest."""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest

from exporter.collectors.slo import SloCollector
from exporter.contract import Report
from exporter.loop import Loop
from exporter.sources.base import Slots, TooLong, Unreachable
from exporter.sources.turns import Turns
from exporter.spec import Slo
from exporter.state import State
from tests.exporter.collectors.scripted import START, values

TIMEOUT, REFRESH = 10.0, 15.0


@dataclass
class Shop:
    """Ten events a second in each SLO, one of them bad. A question takes so many seconds by its query, on a clock of
    its own."""

    takes: dict[str, float] = field(default_factory=dict)
    dead: bool = False
    now: float = START
    name: str = "shop"
    up: bool | None = None
    asked: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.turns = Turns(TIMEOUT, lambda: self.now)

    def slots(self, query: str, start: float, end: float, step: float, group_by: Sequence[str] = ()) -> Slots:
        assert not group_by
        self.asked.append(query)
        with self.turns.timed():
            takes = math.inf if self.dead else self.takes.get(query, 0.0)
            self.now += min(takes, TIMEOUT)
            self.up = takes <= TIMEOUT
            if self.dead:
                raise Unreachable("source shop gave no answer within 10 s")
            if takes > TIMEOUT:
                raise TooLong("source shop: canceled")
        starts = np.arange(start, end - 1e-6, step)
        return Slots(starts, np.full(len(starts), 10 * step), np.full(len(starts), step))


def slo(name: str) -> Slo:
    sli = {"source": "shop", "sql": name}
    return Slo.model_validate({"name": name, "service": "web", "objective": 99, "period": "7d", "sli": sli})


def collector(shop: Shop, *names: str) -> SloCollector:
    slos = [slo(name) for name in names]
    return SloCollector(shop, slos, State("sqlite://"), refresh=REFRESH, origin=0.0, keep_seconds=60.0)


def run(shop: Shop, running: SloCollector) -> dict[str, Report]:
    """At the next instant."""
    shop.asked.clear()
    shop.now = (shop.now // REFRESH + 1) * REFRESH
    return {report.entity: report for report in running.collect(shop.now)}


def events(report: Report) -> float:
    return values([report], "slo_events", report.entity)["5m"]


def test_a_database_that_hangs_costs_a_refresh_one_timeout_however_many_slos_it_has() -> None:
    shop = Shop()
    names = [f"s{i}" for i in range(12)]
    running = collector(shop, *names)
    run(shop, running)
    shop.dead = True
    for _ in range(3):
        reports = run(shop, running)
        assert shop.now % REFRESH == TIMEOUT
        assert len(shop.asked) == 1
        assert {report.error for report in reports.values()} == {
            "source shop gave no answer within 10 s; no more is asked of it in this refresh"
        }
    shop.dead = False
    reports = run(shop, running)
    assert [events(reports[name]) for name in names] == [3000] * 12, "what was missed is counted"


def test_the_others_of_a_query_that_hangs_go_on() -> None:
    shop = Shop()
    running = collector(shop, "bad", "a", "b")
    run(shop, running)
    shop.takes = {"bad": math.inf}
    for _ in range(10):
        reports = run(shop, running)
        assert [name for name in reports if reports[name].error] == ["bad"]
        assert events(reports["a"]) == 3000
    shop.takes = {}
    shop.now += 20
    assert events(run(shop, running)["bad"]) == 3000


def test_a_slow_slo_whose_turn_comes_later_has_not_failed_and_loses_nothing() -> None:
    shop = Shop()
    running = collector(shop, "s0", "s1", "quick")
    shop.takes = {"s0": 9.0, "s1": 9.0}
    run(shop, running)
    for asked, waiting in (("s0", "s1"), ("s1", "s0")) * 2:
        reports = run(shop, running)
        assert shop.asked == ["quick", asked]
        assert (reports[waiting].waits, reports[waiting].samples, reports[waiting].error) == (True, (), None)
        assert reports[waiting].lasting
        assert not reports[asked].waits
        assert events(reports[asked]) == events(reports["quick"]) == 3000


@pytest.mark.parametrize("dead", [True, False])
def test_what_hangs_is_told_once_and_its_health_is_true(caplog: pytest.LogCaptureFixture, *, dead: bool) -> None:
    shop = Shop()
    running = collector(shop, "a", "b", "c")
    loop = Loop([running], refresh=REFRESH, lag=0.0, keep_seconds=60.0, clock=lambda: shop.now)

    def refresh() -> dict[str, float]:
        shop.now = (shop.now // REFRESH + 1) * REFRESH
        samples = loop.refresh_once(shop.now).samples
        return {one.name: one.value for one in samples if one.name.startswith("winburn_collector_success")}

    with caplog.at_level(logging.INFO):
        assert refresh() == {"winburn_collector_success": 1}
        shop.dead, shop.takes = dead, {"a": math.inf}
        ups = set()
        for _ in range(6):
            assert refresh() == {"winburn_collector_success": 0}
            ups.add(shop.up)
        assert ups == {not dead}, "one bad query is no source that is away"
        shop.dead, shop.takes = False, {}
        shop.now += 20
        assert refresh() == {"winburn_collector_success": 1}
        assert shop.up is True
    said = [record.getMessage() for record in caplog.records]
    text = "source shop gave no answer within 10 s; no more is asked of it in this refresh"
    assert said == (
        [f"slo:shop (a, b, c): {text}", "slo:shop (a, b, c): recovered"]
        if dead
        else ["slo:shop (a): source shop: canceled", "slo:shop (a): recovered"]
    )
