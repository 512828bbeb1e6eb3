"""A small spec without any server, for the commands."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

TEXT = """\
refresh: 1s
lag: 0s
sources:
  shop: {type: sql, url: "sqlite:///shop.db"}
slos:
  - name: checkout
    service: checkout
    objective: 99
    period: 30d
    sli:
      source: shop
      sql: >-
        SELECT :start + CAST((at - :start) / :step AS INTEGER) * :step AS slot, COUNT(*) AS total, SUM(bad) AS bad
        FROM requests WHERE at >= :start AND at < :end GROUP BY 1
experiments:
  - name: buttons
    control: a
    variants: {a: 0.5, b: 0.5}
    metrics:
      - name: conversion
        kind: proportion
        source: shop
        query: SELECT variant, n, successes FROM counts
links: {runbooks: "https://runbooks.example.org"}
"""
AT = 1_700_000_000
"""The instant up to which there are requests: one each second of an hour, every hundredth bad."""


def written(folder: Path, text: str = TEXT) -> Path:
    """The spec's file, with the database that it names."""
    with closing(sqlite3.connect(folder / "shop.db")) as shop, shop:
        shop.execute("CREATE TABLE requests (at, bad)")
        shop.executemany("INSERT INTO requests VALUES (?, ?)", [(AT - 1 - i, int(i % 100 == 0)) for i in range(3600)])
        shop.execute("CREATE TABLE counts (variant, n, successes)")
        shop.execute("INSERT INTO counts VALUES ('a', 1000, 100), ('b', 1000, 120)")
    path = folder / "winburn.yml"
    path.write_text(text)
    return path
