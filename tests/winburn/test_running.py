"""What serve runs, without its ports."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from exporter.collectors.engagement_kills import LATCH
from exporter.collectors.experiment_track import KILL
from exporter.contract.sample import Labels
from exporter.spec import load
from exporter.state import Latch, State
from winburn.running import Running, Watching
from winburn.shard import Shard

SPEC = """\
state: {{url: "sqlite:///{folder}/state.db"}}
sources:
  csv: {{type: file, path: counts.csv}}
  shop: {{type: sql, url: "sqlite:///{folder}/shop.db"}}
experiments:
  - name: buttons
    control: blue
    variants: {{blue: 0.5, green: 0.5}}
    metrics: [{{name: conversion, kind: proportion, source: csv, csv: {{}}}}]
    apply: {{kill: {{sql: {{source: shop, statement: "UPDATE v SET status = 'killed' WHERE name = :variant"}}}}}}
"""


@pytest.mark.parametrize(
    ("shard", "own", "all_"),
    [
        (None, [], []),
        (Shard(1, 1), [], []),
        (
            Shard(2, 3),
            [(("shard", "2"), ("shards", "3"))],
            [(("shard", number), ("shards", "3")) for number in ("1", "2", "3")],
        ),
    ],
)
def test_a_shard_says_which_it_is_and_which_there_must_be(
    tmp_path: Path, shard: Shard | None, own: list[Labels], all_: list[Labels]
) -> None:
    with closing(sqlite3.connect(tmp_path / "shop.db")):
        pass
    (tmp_path / "winburn.yml").write_text(SPEC.format(folder=tmp_path))
    nobody = Watching(live=False, clients=1, origins=())
    running = Running(load(tmp_path / "winburn.yml"), nobody, progress=lambda *_: None, shard=shard)
    try:
        samples = running.loop.refresh_once(1_700_000_000.0).samples
    finally:
        running.close()
    assert [each.labels for each in samples if each.name == "winburn_shard_info"] == own
    assert [each.labels for each in samples if each.name == "winburn_shard_expected"] == all_


def test_a_store_that_is_gone_costs_no_health_but_its_own(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "shop.db")):
        pass
    (tmp_path / "winburn.yml").write_text(SPEC.format(folder=tmp_path))
    nobody = Watching(live=False, clients=1, origins=())
    running = Running(load(tmp_path / "winburn.yml"), nobody, progress=lambda *_: None)
    try:
        names = {each.name for each in running.loop.refresh_once(1_700_000_000.0).samples}
        assert {"experiment_applied_total", "winburn_build_info"} <= names
        (tmp_path / "state.db").rename(tmp_path / "away.db")
        names = {each.name for each in running.loop.refresh_once(1_700_000_015.0).samples}
        assert "winburn_build_info" in names
        assert "experiment_applied_total" not in names
    finally:
        running.close()


def test_kills_with_damaged_facts_keep_nothing_from_starting(tmp_path: Path) -> None:
    state = State(f"sqlite:///{tmp_path / 'state.db'}")
    latches = [Latch(KILL, "buttons", "green", 10.0, "worse", {"n": 9}), Latch(LATCH, "ann", "post", 10.0, "low", {})]
    state.save_documents("experiment", {}, latches)
    state.close()
    with closing(sqlite3.connect(tmp_path / "state.db")) as connection, connection:
        for table in ("latches", "audit"):
            connection.execute(f"UPDATE winburn_{table} SET facts = substr(facts, 2)")
    with closing(sqlite3.connect(tmp_path / "shop.db")):
        pass
    (tmp_path / "winburn.yml").write_text(SPEC.format(folder=tmp_path) + "engagement: {source: shop}\n")
    (tmp_path / "counts.csv").write_text("timestamp,variant,n,successes\n1700000000,blue,10,1\n1700000000,green,10,1\n")
    nobody = Watching(live=True, clients=1, origins=())
    running = Running(load(tmp_path / "winburn.yml"), nobody, progress=lambda *_: None)
    try:
        found = {(each.name, each.labels): each.value for each in running.loop.refresh_once(1_700_000_115.0).samples}
    finally:
        running.close()
    green = (("experiment", "buttons"), ("variant", "green"))
    assert found["experiment_variant_early_kill", green] == 1.0
