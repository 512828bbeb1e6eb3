"""Reloads in which everything gets another name, and each source another connection: nothing of before may remain."""

from __future__ import annotations

import gc
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import requests
import sqlalchemy as sa

from exporter.contract import sample
from exporter.contract.sample import labels_of
from exporter.snapshot import Snapshot
from exporter.spec import Spec, load
from tests.exporter.sources.fake_prometheus import Fake
from winburn.running import Running, Watching

NOW = 1_700_000_000.0 // 15 * 15
LIBRARIES = (requests.Session, requests.adapters.HTTPAdapter, sa.Engine, sa.pool.Pool, sqlite3.Connection)

OVERLAP = Counter(_Http=6, Connection=3, threads=6, files=7)
"""Connections more, with both of their ends and the threads that serve them, where questions came at once, to the
Prometheus or to the store, which they need not have done in the generations before. What each reload leaves is there
eight times."""


class World:
    """A spec of generations, with a Prometheus, a database and an Alertmanager that all of it is new to."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.at, self.prometheus = folder, NOW, Fake()
        nobody = Watching(live=False, clients=1, origins=())
        self.running = Running(self.spec(0), nobody, progress=lambda *_: None)

    def close(self) -> None:
        self.running.close()
        self.prometheus.close()

    def spec(self, n: int) -> Spec:
        fake, variants = self.prometheus, ("a", f"b{n}")
        fake.series = {
            f'r{{n="s{n}"{more}}}': [
                ({"job": "shop", "instance": f"{v}-{n}", "variant": v, "zone": f"z{n}"}, value) for v in variants
            ]
            for more, value in (("", lambda at: f"{at:.0f}"), (',code="5"', lambda _: "0"))
        }
        fake.asked.clear()
        with closing(sqlite3.connect(self.folder / "shop.db")) as db, db:
            db.execute("CREATE TABLE IF NOT EXISTS visits (variant, n, successes)")
            db.execute("DELETE FROM visits")
            db.executemany("INSERT INTO visits VALUES (?, 1000, 100)", [[v] for v in variants])
        (self.folder / "winburn.yml").write_text(f"""\
sources:
  prom: {{type: prometheus, url: "{fake.url}", timeout: {10 + n % 2}s}}
  shop: {{type: sql, url: "sqlite:///shop.db", timeout: {10 + n % 2}s}}
slos:
  - name: s{n}
    service: shop
    objective: 99
    period: 1d
    group_by: [zone]
    sli: {{source: prom, total: 'r{{n="s{n}"}}', bad: 'r{{n="s{n}",code="5"}}'}}
experiments:
  - name: e{n}
    control: a
    variants: {{a: 0.5, b{n}: 0.5}}
    guardrails: [{{slo: s{n}, by: variant}}]
    metrics:
      - name: conversion
        kind: proportion
        source: shop
        query: "SELECT variant, n, successes FROM visits WHERE {n} >= 0"
alerting: {{alertmanager: ["{fake.url}/{n}"], push: true}}
state: {{url: "sqlite:///state.db"}}
""")
        return load(self.folder / "winburn.yml")

    def reload(self, n: int) -> None:
        """Go over to generation ``n``, until all of it is there and nothing else."""
        self.running.change(self.spec(n))
        end = time.monotonic() + 90
        while not self._is_there(n, self.refresh()):
            assert time.monotonic() < end
            time.sleep(0.01)
        self.refresh()

    def refresh(self) -> Snapshot:
        self.at += 15.0
        return self.running.loop.refresh_once(self.at)

    def _is_there(self, n: int, snapshot: Snapshot) -> bool:
        said = [(s.name, dict(s.labels)) for s in snapshot.samples]
        names = {labels.get("slo", labels.get("experiment")) for _, labels in said}
        counted = {labels["slo"] for name, labels in said if name == "slo_events"}
        guarded = any(name.startswith("experiment_variant_slo_") for name, _ in said)
        return names - {None} == {f"s{n}", f"e{n}"} and counted == {f"s{n}"} and guarded


def things() -> Counter[str]:
    """What is alive of ours, and of the libraries what holds something open."""
    gc.collect()
    alive = Counter(
        kind.__qualname__
        for kind in map(type, gc.get_objects())
        if str(kind.__module__).startswith(("exporter.", "winburn.")) or issubclass(kind, LIBRARIES)
    )
    return alive + Counter(threads=threading.active_count(), files=len([*Path("/proc/self/fd").iterdir()]))


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    world.close()


def test_what_every_name_has_left_is_gone_with_all_that_it_held_open(world: World) -> None:
    for n in range(1, 4):
        world.reload(n)
    before = things()
    for n in range(4, 12):
        world.reload(n)
    assert before["SloCollector"] >= 2  # the guardrail's within; other tests of the process may have left some
    end = time.monotonic() + 60
    # Wait for what ends by itself, such as a server's thread.
    while (more := things() - before - OVERLAP) and time.monotonic() < end:
        time.sleep(0.05)
    assert more == Counter()


def test_labels_of_names_that_are_gone_are_not_kept(world: World) -> None:
    world.reload(1)
    for i in range(2000):
        labels_of("slo_objective_ratio", f"s{i}")
        sample("slo_objective_ratio", 1.0, slo=f"s{i}")
    assert labels_of.cache_info().currsize >= 2000
    world.refresh()
    assert labels_of.cache_info().currsize < 500
