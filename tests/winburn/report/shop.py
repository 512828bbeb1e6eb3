"""A shop of an hour: its spec, its database, and a state store that an exporter has filled."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from exporter.spec import Spec, load
from exporter.state import State
from winburn.assemble import assemble

AT = 1_700_000_400.0  # a multiple of 5 minutes
TEXT = """\
refresh: 15s
lag: 0s
sources:
  shop: {type: sql, url: "sqlite:///FOLDER/shop.db"}
slos:
  - name: checkout
    service: checkout
    objective: 99
    period: 1d
    labels: {team: payments}
    sli:
      source: shop
      sql: >-
        SELECT :start + CAST((at - :start) / :step AS INTEGER) * :step AS slot, COUNT(*) AS total, SUM(bad) AS bad
        FROM requests WHERE at >= :start AND at < :end GROUP BY 1
    corrections: [{from: 2023-11-14T22:00:00Z, to: 2023-11-14T22:05:00Z, reason: failover drill}]
  - name: search
    service: search
    objective: 99.9
    period: 30d
    sli:
      source: shop
      sql: SELECT :start AS slot, COUNT(*) AS total, 0 AS bad FROM requests WHERE at < :start AND at > :end AND :step > 0
experiments:
  - name: buttons
    control: a
    variants: {a: 0.5, b: 0.5}
    metrics:
      - name: conversion
        kind: proportion
        source: shop
        query: SELECT variant, n, successes FROM counts
        minimum_lift: 0.02
    value: {metric: conversion, per_event: 2, currency: EUR, horizon: 30d}
    cost: {source: shop, query: "SELECT variant, 'ads' AS category, 0.1 * n AS amount FROM counts"}
  - {name: later, status: draft, control: a, variants: {a: 0.5, b: 0.5}, metrics: [{name: x, kind: proportion, source: shop, query: SELECT variant FROM counts}]}
state: {url: "sqlite:///FOLDER/state.db"}
"""  # noqa: E501 - a draft on one line


@dataclass(frozen=True)
class Shop:
    """Where it is."""

    folder: Path

    @property
    def file(self) -> Path:
        return self.folder / "winburn.yml"

    @property
    def spec(self) -> Spec:
        return load(self.file)

    def state(self) -> State:
        return State(f"sqlite:///{self.folder}/state.db")

    def count(self, a: tuple[int, int], b: tuple[int, int]) -> None:
        """Units and conversions so far."""
        with closing(sqlite3.connect(self.folder / "shop.db")) as shop, shop:
            shop.execute("DELETE FROM counts")
            shop.executemany("INSERT INTO counts VALUES (?, ?, ?)", [("a", *a), ("b", *b)])


def opened(folder: Path) -> Shop:
    """One request a second for six hours until AT, of ten minutes half of them bad."""
    shop = Shop(folder)
    with closing(sqlite3.connect(folder / "shop.db")) as database, database:
        database.execute("CREATE TABLE requests (at, bad)")
        outage = range(7201, 7801)
        rows = [(AT - i, int(i in outage and i % 2 == 0)) for i in range(1, 6 * 3600)]
        database.executemany("INSERT INTO requests VALUES (?, ?)", rows)
        database.execute("CREATE TABLE counts (variant, n, successes)")
    shop.file.write_text(TEXT.replace("FOLDER", str(folder)))
    return shop


def watched(folder: Path, until: float = AT) -> Shop:
    """What an exporter leaves behind that has run for the last half hour."""
    shop = opened(folder)
    state = shop.state()
    assembly = assemble(shop.spec, state)
    for i in range(13):
        shop.count((400 * i, 40 * i), (400 * i, 60 * i))
        for collector in assembly.collectors:
            assert not [r.error for r in collector.collect(until - 1800 + 150 * i) if r.error]
    state.close()
    return shop
