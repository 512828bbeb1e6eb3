"""What goes wrong at once in a bad night, with the real servers: each trouble is one page, whatever dies meanwhile."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from tests.e2e.storm import Rehearsal
from tests.e2e.storm_parts import end, events, kill
from tests.e2e.test_chain import Shop
from tests.e2e.test_push_burn import fast
from tests.e2e.webhook import Webhook
from winburn.processes import Group
from winburn.servers import Servers

SETTLED = 6
"""Seconds: a flush of Alertmanager's group, and more than `keep_firing_for` bridges."""

LONGEST_GAP = 1
"""Evaluations between two at which a page fired."""


@pytest.fixture
def storm(servers: Servers, group: Group, webhook: Webhook, tmp_path: Path) -> Iterator[Rehearsal]:
    shop = Shop()
    rehearsal = Rehearsal(servers, group, webhook, shop, tmp_path)
    yield rehearsal
    print(f"\n{rehearsal.diary()}")
    shop.close()


def widest_gap(storm: Rehearsal, slo: str) -> int:
    """In evaluations: a busy machine leaves some of one each second out, and nothing can be seen then."""
    fired = storm.fired_at(slo)
    evaluated = storm.evaluated_at(slo)
    assert set(fired) <= set(evaluated)
    assert len(fired) > SETTLED
    widest = max(sum(before < at < after for at in evaluated) for before, after in pairwise(fired))
    print(f"{slo}: at most {widest} evaluations between two at which it fired, of {len(fired)}")
    return widest


def test_a_page_outlives_its_exporters_and_a_restart_of_prometheus_and_one_alertmanager(storm: Rehearsal) -> None:
    storm.begin(exporters=2, pagers=2)
    storm.act("a burst of errors")
    storm.shop.count("500", 300_000)
    storm.wait(lambda: storm.pages("checkout"), 120)
    page = storm.firing("checkout")
    recorded = "slo:sli_bad:increase1h{slo='checkout'} / slo:sli_total:increase1h{slo='checkout'} > 0.0144"
    storm.wait(lambda: storm.query(recorded), 120)

    storm.act("exporter a killed")
    kill(storm.exporters[0].process)
    time.sleep(SETTLED)
    storm.act("exporter b killed")
    kill(storm.exporters[1].process)
    time.sleep(SETTLED)
    now = storm.firing("checkout")
    assert now["activeAt"] == page["activeAt"]
    assert float(now["value"]) > 14.4, "it is frozen, not counted"
    assert not storm.query("slo_status")
    storm.act("both exporters started")
    for exporter in storm.exporters:
        storm.start_exporter(exporter)
    storm.wait(lambda: len(storm.query("slo_burn_rate{slo='checkout',window='1h'}")) == 2, 120)
    time.sleep(SETTLED)
    assert storm.firing("checkout")["activeAt"] == page["activeAt"]
    assert widest_gap(storm, "checkout") <= LONGEST_GAP

    storm.act("Prometheus restarted")
    end(storm.prometheus)
    storm.start_prometheus()
    storm.wait(lambda: storm.firing("checkout"), 120)
    storm.act("Alertmanager a killed")
    kill(storm.pagers[0].process)
    time.sleep(SETTLED)
    storm.act("Alertmanager a started")
    storm.start_pager(storm.pagers[0])
    time.sleep(SETTLED)
    assert len(storm.pages("checkout")) == 1
    assert not storm.pages("checkout", "resolved")

    storm.act("a flood of good requests ends it")
    storm.shop.count("200", 5e9)
    # The tiers may end one after the other, and each Alertmanager tells what it saw when it looked.
    storm.wait(lambda: not storm.firing("checkout") and storm.pages("checkout", "resolved"), 120)
    storm.wait(lambda: storm.pages("checkout", "resolved")[-1].at > storm.pages("checkout")[-1].at, 120)
    assert not storm.pages("orders")


def test_a_page_outlives_its_database_a_step_of_the_clock_and_a_change_of_the_spec(storm: Rehearsal) -> None:
    storm.begin(exporters=1, pagers=1)
    storm.act("orders fail")
    events(storm.folder / "shop.db", time.time() // 1 - 8, 8, 3000, 3000)
    storm.wait(lambda: storm.pages("orders"), 120)
    page = storm.firing("orders")

    def still(**changed: bool) -> None:
        time.sleep(SETTLED)
        assert storm.firing("orders")["activeAt"] == page["activeAt"]
        # A scrape that a busy machine misses freezes it for a moment.
        storm.wait(lambda: (float(storm.firing("orders")["value"]) == 0) is changed.get("frozen", False), 120)

    database, away = storm.folder / "shop.db", storm.folder / "away.db"
    storm.act("the database is gone")
    database.rename(away)
    storm.wait(lambda: storm.query("winburn_source_up{source='db'} == 0"), 120)
    storm.wait(lambda: not storm.query("slo_events{slo='orders'}"), 120)
    still(frozen=True)
    storm.act("the database is back")
    away.rename(database)
    storm.wait(lambda: storm.query("slo_events{slo='orders'}"), 120)
    still()
    storm.act("the exporter's clock is set 15 s forward")
    storm.set_clock(15)
    still()
    storm.act("the exporter's clock is set 15 s back")
    storm.set_clock(0)
    time.sleep(15)  # what it has counted lies ahead of it: it measures nothing, and the page is frozen, until then
    storm.wait(lambda: float(storm.firing("orders")["value"]) > 0, 120)
    still()
    storm.act("spec with another objective and one more SLO: Prometheus loads its rules, the exporter starts again")
    storm.objective = "99.5"
    storm.more = "  - {name: late, service: shop, objective: 99, period: 7d, sli: {source: prod, bool: up}}\n"
    storm.write()
    assert storm.get("/-/reload", "post").ok
    end(storm.exporters[0].process)
    storm.start_exporter(storm.exporters[0])
    storm.wait(lambda: storm.query("slo_status{slo='late'}"), 120)
    still()
    assert len(storm.pages("orders")) == 1
    assert widest_gap(storm, "orders") <= LONGEST_GAP
    storm.act("a flood of good orders ends it")
    events(database, time.time() // 1 - 5, 8, 5_000_000, 0)
    storm.wait(lambda: storm.pages("orders", "resolved"), 120)
    time.sleep(SETTLED)
    # Where Alertmanager tells the group while its tiers end, what the fast one has muted is in one more message.
    assert [len(told) for told in (fast(storm.pages("orders")), storm.pages("orders", "resolved"))] == [1, 1]
    assert not storm.pages("checkout")
