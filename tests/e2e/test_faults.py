"""Sources that die, hang or answer nonsense, all at once in one exporter: each costs its own series and no others."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import dropwhile, pairwise
from pathlib import Path
from typing import Any

import pytest

from exporter.contract import FAMILIES, HEALTH
from tests.e2e.exporter import Exporter, Scrape, serve
from tests.e2e.world import EXPERIMENTS, SECRET, World, csv
from tests.exporter.sources.fake_prometheus import hang, saying, trickle
from winburn.processes import Group, free_port

Act = Callable[[World], object]

SELF = """\
global: {{scrape_interval: 1s}}
scrape_configs: [{{job_name: prometheus, static_configs: [{{targets: ["127.0.0.1:{port}"]}}]}}]
"""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is broken, of which SLO or experiment; then ``up`` of its source, and the sentence in the log."""

    entity: str
    source: str
    up: float
    sentence: str
    harm: Act
    mend: Act

    @property
    def collector(self) -> str:
        return "experiment" if self.entity in EXPERIMENTS else f"slo:{self.source}"


def behave(name: str, behaviour: Callable[..., None] | None) -> Act:
    return lambda world: setattr(world.fakes[name], "behaviour", behaviour)


def update(change: str) -> Act:
    return lambda world: world.update(change)


def rename(old: str, new: str) -> Act:
    return lambda world: (world.folder / old).rename(world.folder / new)


FAULTS = (
    Fault(
        "dead",
        "dead",
        0,
        "source dead does not answer: connection refused",
        lambda world: world.fakes["dead"].stop(),
        lambda world: world.fakes["dead"].start(),
    ),
    Fault(
        "hanging",
        "hanging",
        0,
        "source hanging gave no whole answer within 1 s",
        behave("hanging", hang),
        behave("hanging", None),
    ),
    Fault(
        "toggle",
        "hanging",
        0,
        "source hanging gave no whole answer within 1 s",
        lambda _: "hangs already",
        lambda _: "mended already",
    ),
    Fault(
        "slow",
        "slow",
        0,
        "source slow gave no whole answer within 1 s",
        behave("slow", trickle(10)),
        behave("slow", None),
    ),
    Fault(
        "garbage",
        "garbage",
        0,
        "source garbage did not answer as the Prometheus API does (content type text/html)",
        behave("garbage", saying(200, b"<html>Please sign in</html>", "text/html")),
        behave("garbage", None),
    ),
    Fault(
        "half",
        "half",
        0,
        "source half did not answer as the Prometheus API does",
        behave("half", saying(200, b'{"status": "success", "data": {"resultType": "vec')),
        behave("half", None),
    ),
    Fault(
        "partial",
        "partial",
        0,
        "source partial warns that the answer may be partial: store *** is away",
        lambda world: world.fakes["partial"].warnings.append(f"store {SECRET} is away"),
        lambda world: world.fakes["partial"].warnings.clear(),
    ),
    Fault(
        "fussy",
        "fussy",
        1,
        "source fussy answered HTTP 400: not today",
        lambda world: world.fakes["fussy"].refused.update(hits_total="not today"),
        lambda world: world.fakes["fussy"].refused.clear(),
    ),
    Fault(
        "moved",
        "moved",
        0,
        "source moved: there is no SQLite file",
        rename("moved.db", "away.db"),
        rename("away.db", "moved.db"),
    ),
    Fault(
        "locked",
        "locked",
        0,
        "source locked: database is locked",
        lambda world: world.lock(),
        lambda world: world.unlock(),
    ),
    Fault(
        "null-slots",
        "shop",
        1,
        "source shop, row 1: bad is NULL; write COALESCE(bad, 0) if that means none",
        update("events SET bad = NULL WHERE slo = 'null-slots'"),
        update("events SET bad = 0 WHERE slo = 'null-slots'"),
    ),
    Fault(
        "negative-slots",
        "shop",
        1,
        "source shop, row 1: total is -5; a count cannot be below 0",
        update("events SET total = -5 WHERE slo = 'negative-slots'"),
        update("events SET total = 100 WHERE slo = 'negative-slots'"),
    ),
    Fault(
        "null-counts",
        "shop",
        1,
        "source shop, row 1: successes is NULL",
        update("counts SET successes = NULL WHERE experiment = 'null-counts'"),
        update("counts SET successes = 100 WHERE experiment = 'null-counts'"),
    ),
    Fault(
        "negative-counts",
        "shop",
        1,
        "source shop, row 1: n is -3; a count cannot be below 0",
        update("counts SET n = -3 WHERE experiment = 'negative-counts'"),
        update("counts SET n = 1000 WHERE experiment = 'negative-counts'"),
    ),
    Fault(
        "too-many",
        "shop",
        1,
        "source shop, row 1: 1001 successes of 1000 units",
        update("counts SET successes = 1001 WHERE experiment = 'too-many'"),
        update("counts SET successes = 100 WHERE experiment = 'too-many'"),
    ),
    Fault(
        "half-file",
        "csv",
        0,
        "source csv, line 3: 2 cells under 3 columns; the file may be half written",
        lambda world: (world.folder / "counts.csv").write_text(csv(1000)[:-6]),
        lambda world: world.write("counts.csv", csv(1000)),
    ),
)
WELL = ("prod", "neighbour", "rows", "buttons", "whole-file")
"""SLOs and experiments that nothing happens to; neighbour, rows and buttons share a source with what is broken."""


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.close()


def served(scrape: Scrape, entity: str, *, lasting: bool) -> set[str]:
    """Names of the entity's families that age, or of those that stay."""
    names = scrape.names(**{"experiment" if entity in EXPERIMENTS else "slo": entity})
    return {name for name in names - HEALTH if FAMILIES[name].stays == lasting}


def noticed(scrape: Scrape, fault: Fault) -> bool:
    """Whether the health series say that the fault is there."""
    return scrape.values("winburn_collector_success", collector=fault.collector) == [0] and scrape.values(
        "winburn_source_up", source=fault.source
    ) == [fault.up]


def well(scrape: Scrape) -> bool:
    """Whether the health series say that nothing is wrong."""
    return all(set(scrape.values(name)) == {1} for name in ("winburn_source_up", "winburn_collector_success"))


def amount(scrape: Scrape, entity: str) -> float:
    """Events or participants so far."""
    if entity in EXPERIMENTS:
        return sum(scrape.values("experiment_variant_participants", experiment=entity))
    return scrape.values("slo_events", slo=entity, window="period")[0]


def why(exporter: Exporter, scrape: Scrape) -> str:
    """What the exporter says of its health, and its last words."""
    health = {f"{name}{dict(labels)}": value for (name, labels), value in scrape.items() if name in HEALTH}
    return "\n".join([*(f"{name} {value}" for name, value in health.items()), *map(str, exporter.log()[-40:])])


def watch(exporter: Exporter, look: Callable[[Scrape, Fault], bool]) -> dict[str, float]:
    """Scrape until ``look`` has been true of every fault; entity -> seconds until it first was."""
    began, found = time.monotonic(), dict[str, float]()
    while len(found) < len(FAULTS):
        scrape, after = exporter.scrape(), time.monotonic() - began
        assert after < 120, f"not yet: {sorted({fault.entity for fault in FAULTS} - found.keys())}"
        for fault in FAULTS:
            if fault.entity not in found and look(scrape, fault):
                found[fault.entity] = after
        for entity in WELL:
            assert served(scrape, entity, lasting=False), f"{entity} is not served any more: {why(exporter, scrape)}"
        time.sleep(0.3)
    return found


def test_each_fault_costs_its_own_series_and_heals(
    world: World,
    prometheus: Callable[..., Any],
    group: Group,
    wait_for: Callable[[Callable[[], object], float], None],
) -> None:
    port = free_port()
    exporter = serve(group, world.spec(prometheus(SELF.format(port=port), port=port).url))
    everything = [*(fault.entity for fault in FAULTS), *WELL]
    wait_for(lambda: all(served(exporter.scrape(), entity, lasting=False) for entity in everything), 60)
    wait_for(lambda: well(exporter.scrape()), 60)
    before, quiet = exporter.scrape(), len(exporter.log())

    for fault in FAULTS:
        fault.harm(world)
    seen = dict[str, bool]()

    def gone(scrape: Scrape, fault: Fault) -> bool:
        there = served(scrape, fault.entity, lasting=False)
        if fault.entity not in seen and noticed(scrape, fault):
            seen[fault.entity] = there == served(before, fault.entity, lasting=False)
        return not there

    vanished = watch(exporter, gone)
    assert seen == dict.fromkeys(vanished, True), "the health series say it while the last numbers are still there"
    slos = [fault.entity for fault in FAULTS if fault.entity not in EXPERIMENTS]
    wait_for(lambda: all(exporter.scrape().values("slo_status", slo=slo) == [3] for slo in slos), 60)
    broken = exporter.scrape()
    for fault in FAULTS:
        assert served(broken, fault.entity, lasting=True) == served(before, fault.entity, lasting=True)
        assert noticed(broken, fault), fault.entity
        assert not served(broken, fault.entity, lasting=False)

    world.update("counts SET n = n + 500 WHERE experiment = 'buttons'")
    world.write("other.csv", csv(1500))
    wait_for(lambda: all(amount(exporter.scrape(), entity) > amount(broken, entity) for entity in WELL), 60)

    log = exporter.log()[quiet:]
    for fault in FAULTS:
        fault.mend(world)
    back = watch(exporter, lambda scrape, fault: bool(served(scrape, fault.entity, lasting=False)))
    wait_for(lambda: well(exporter.scrape()), 60)

    for fault in FAULTS:
        print(f"{fault.entity:16} gone {vanished[fault.entity]:4.1f} s  back {back[fault.entity]:4.1f} s")
        told = [event for event in log if f"({fault.entity})" in event["msg"]]
        told = [*dropwhile(lambda event: event["level"] == "info", told)]  # a busy machine's own fault, which was over
        assert {event["level"] for event in told} == {"warning"}
        # Where the machine has its moments too, there may be other reasons in between; none is told each time.
        reasons = [event["msg"] for event in told]
        assert any(why.startswith(f"{fault.collector} ({fault.entity}): {fault.sentence}") for why in reasons), reasons
        assert all(one != other for one, other in pairwise(reasons)), f"{fault.entity} is named once: {reasons}"
    late = [event["msg"] for event in log if event["msg"].startswith("slo:hanging: ")]
    assert len(late) <= 6, "a run that is late is no news each time: there were dozens"
    texts = [exporter.process.log.read_text(), *(exporter.get(path).text for path in ("/", "/metrics", "/config"))]
    assert not any(SECRET in text for text in texts)
