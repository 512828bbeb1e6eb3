"""A spec with a source of every kind, and the sources themselves, each of which can be broken and mended."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from tests.exporter.sources.fake_prometheus import Fake

SECRET = "correct-horse-battery"  # in the address of every fake
MAX_AGE = 15
"""Seconds, from the beginning of a run: much longer than one can take in which a source of ours is slow only because
the machine is. A question to all, three to suspects and as many whether it lives, each of at most a second, are seven;
what shares the source with a fault would else vanish for a moment, and a fault's own series before it is noticed."""
FAKES = {"dead": 10, "hanging": 1, "slow": 1, "garbage": 10, "half": 10, "partial": 10, "fussy": 10}
"""Sources -> seconds to answer in: few for those of which none comes, many where a late one would be another fault."""
TABLES = {"shop.db": ("rows", "null-slots", "negative-slots"), "moved.db": ("moved",), "locked.db": ("locked",)}
"""SQLite file -> SLOs that read from it."""

_QUERY = "query: SELECT variant, n, successes FROM counts WHERE experiment = '{name}'"
_COUNTERS = "prometheus: {exposures: shown_total, events: bought_total, by: variant}"
EXPERIMENTS = {
    "buttons": ("shop", _QUERY),
    "null-counts": ("shop", _QUERY),
    "negative-counts": ("shop", _QUERY),
    "too-many": ("shop", _QUERY),
    "half-file": ("csv", "csv: {}"),
    "whole-file": ("other", "csv: {}"),
    "toggle": ("hanging", _COUNTERS),
}
"""Experiment -> its source, and where in it."""

_HEAD = """\
refresh: 1s
lag: 2s
max_age: {max_age}s
sources:
  prod: {{type: prometheus, url: "{prod}"}}
  shop: {{type: sql, url: "sqlite:///shop.db"}}
  moved: {{type: sql, url: "sqlite:///moved.db"}}
  locked: {{type: sql, url: "sqlite:///locked.db", timeout: 1s}}
  csv: {{type: file, path: counts.csv}}
  other: {{type: file, path: other.csv}}
"""
_FAKE = '  {name}: {{type: prometheus, url: "http://winburn:{secret}@127.0.0.1:{port}", timeout: {timeout}s}}\n'
_SLO = "  - name: {name}\n    service: shop\n    objective: 99\n    period: 7d\n    sli:\n      source: {source}\n"
_SELECTORS = "      total: {total}\n      bad: {bad}\n"
_SQL = """\
      sql: >-
        SELECT :start + CAST((at - :start) / :step AS INTEGER) * :step AS slot, SUM(total) AS total, SUM(bad) AS bad
        FROM events WHERE slo = '{name}' AND at >= :start AND at < :end GROUP BY 1
"""
_EXPERIMENT = """\
  - name: {name}
    control: a
    variants: {{a: 0.5, b: 0.5}}
    metrics:
      - name: conversion
        kind: proportion
        source: {source}
        {where}
"""


class World:
    """The sources, in and around a folder: an hour of events behind them and ten minutes ahead."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._since = time.time() // 1 - 3600
        self.fakes = {name: self._fake() for name in FAKES}
        self._holder: sqlite3.Connection | None = None
        for file, slos in TABLES.items():
            with self.database(file) as database:
                database.execute("CREATE TABLE events (slo, at, total, bad)")
                rows = [(slo, self._since + second) for slo in slos for second in range(4200)]
                database.executemany("INSERT INTO events VALUES (?, ?, 100, 0)", rows)
        with self.database("shop.db") as shop:
            shop.execute("CREATE TABLE counts (experiment, variant, n, successes)")
            arms = [(name, arm) for name, (source, _) in EXPERIMENTS.items() if source == "shop" for arm in "ab"]
            shop.executemany("INSERT INTO counts VALUES (?, ?, 1000, 100)", arms)
        self.write("counts.csv", csv(1000))
        self.write("other.csv", csv(1000))

    def spec(self, prod: str) -> Path:
        """The spec's file; ``prod`` is the address of a real Prometheus that scrapes itself."""
        requests = "prometheus_http_requests_total"
        selectors = {name: (name, "hits_total", "misses_total") for name in FAKES}
        selectors["neighbour"] = ("fussy", "other_hits_total", "other_misses_total")
        selectors["prod"] = ("prod", requests, f'{requests}{{code=~"5.."}}')
        text = _HEAD.format(max_age=MAX_AGE, prod=prod)
        text += "".join(
            _FAKE.format(name=name, secret=SECRET, port=fake.port, timeout=FAKES[name])
            for name, fake in self.fakes.items()
        )
        text += "slos:\n"
        for name, (source, total, bad) in selectors.items():
            text += _SLO.format(name=name, source=source) + _SELECTORS.format(total=total, bad=bad)
        for file, names in TABLES.items():
            text += "".join(_SLO.format(name=n, source=Path(file).stem) + _SQL.format(name=n) for n in names)
        text += "experiments:\n"
        for name, (source, where) in EXPERIMENTS.items():
            text += _EXPERIMENT.format(name=name, source=source, where=where.replace("{name}", name))
        path = self.folder / "winburn.yml"
        path.write_text(text)
        return path

    @contextmanager
    def database(self, name: str) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self.folder / name, timeout=60)) as connection, connection:
            yield connection

    def update(self, change: str) -> None:
        with self.database("shop.db") as shop:
            shop.execute(f"UPDATE {change}")

    def lock(self) -> None:
        """Let nobody read ``locked.db``, as a writer does that is in the middle of its transaction."""
        self._holder = sqlite3.connect(self.folder / "locked.db", timeout=60, isolation_level=None)
        self._holder.execute("BEGIN EXCLUSIVE")

    def unlock(self) -> None:
        if self._holder is not None:
            self._holder.close()
            self._holder = None

    def write(self, name: str, text: str) -> None:
        """As a careful program writes a file that others read."""
        beside = self.folder / f"{name}.new"
        beside.write_text(text)
        beside.replace(self.folder / name)

    def close(self) -> None:
        self.unlock()
        for fake in self.fakes.values():
            fake.close()

    def _fake(self) -> Fake:
        fake = Fake()
        for name, rate in (("hits", 10.0), ("misses", 0.0), ("other_hits", 10.0), ("other_misses", 0.0)):
            fake.series[f"{name}_total"] = [({"job": "shop"}, self._counter(rate))]
        for name, rate in (("shown", 10.0), ("bought", 1.0)):
            fake.series[f"{name}_total"] = [({"variant": arm}, self._counter(rate)) for arm in "ab"]
        return fake

    def _counter(self, rate: float) -> Callable[[float], str]:
        return lambda at: str(max(0.0, (at - self._since) * rate))


def csv(n: int) -> str:
    """A file of counts."""
    return f"variant,n,successes\na,{n},100\nb,{n},110\n"
