"""The world of the soak: counters that move, counts in SQLite that move, the spec over both, and who begins to burn."""

from __future__ import annotations

import json
import random
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from winburn.processes import LOOPBACK

PAST = 2 * 3600
"""Seconds of history that Prometheus is given, so that an hour is not all young."""

_STEP = 30
_BAD = 0.0005
_BURST = 20_000
_MOVE_SECONDS = 2.0

_HEAD = """\
refresh: {refresh}s
lag: 2s
state: {{url: "sqlite:///state.db"}}
sources:
  prod: {{type: prometheus, url: "{prometheus}"}}
  shop: {{type: sql, url: "sqlite:///shop.db"}}
alerting: {{receivers: {{page: {{webhook: "{webhook}"}}}}}}
slos:
"""
_SLO = """\
  - name: slo-{i:04d}
    service: service-{service}
    objective: 99
    period: 7d
    sli: {{source: prod, total: 'hits_total{{slo="{i}"}}', bad: 'misses_total{{slo="{i}"}}'}}
"""
_EXPERIMENT = """\
  - name: experiment-{i:04d}
    control: a
    variants: {{a: 0.5, b: 0.5}}
    metrics:
      - name: conversion
        kind: proportion
        source: shop
        query: SELECT variant, n, successes FROM counts WHERE experiment = {i}
"""


def spec_text(prometheus: str, webhook: str, slos: int, experiments: int, refresh: int) -> str:
    """A spec with so many of both; SLOs are named slo-0000 and on."""
    parts = [_HEAD.format(prometheus=prometheus, webhook=webhook, refresh=refresh)]
    parts += [_SLO.format(i=i, service=i % 20) for i in range(slos)]
    parts += ["experiments:\n", *(_EXPERIMENT.format(i=i) for i in range(experiments))]
    return "".join(parts)


class Counters:
    """A /metrics with two counters for each SLO, which grow with the time, and those of ``burn`` by errors alone."""

    def __init__(self, slos: int) -> None:
        self.burning: dict[int, float] = {}
        self._zero = time.time() // 1 - PAST
        self._slos = slos

    def burn(self, slo: int) -> None:
        """From now on each request of this SLO fails; many failed at once."""
        self.burning[slo] = time.time()

    def past(self, path: Path, instance: str) -> Path:
        """An OpenMetrics file with all counters until a minute ago."""
        end = time.time() // _STEP * _STEP - 60
        with path.open("w") as out:
            for kind in ("hits", "misses"):
                out.write(f"# TYPE {kind} counter\n")
                for slo in range(self._slos):
                    labels = f'slo="{slo}",job="shop",instance="{instance}"'
                    for i in range(PAST // _STEP - 4, -1, -1):
                        at = end - i * _STEP
                        out.write(f"{kind}_total{{{labels}}} {self._value(kind, slo, at)} {at}\n")
            out.write("# EOF\n")
        return path

    def text(self) -> bytes:
        """The exposition of now."""
        at, lines = time.time(), []
        for kind in ("hits", "misses"):
            lines.append(f"# TYPE {kind}_total counter")
            lines += [f'{kind}_total{{slo="{slo}"}} {self._value(kind, slo, at)}' for slo in range(self._slos)]
        return ("\n".join(lines) + "\n").encode()

    def _value(self, kind: str, slo: int, at: float) -> int:
        rate = 1 + slo % 7
        burnt = self.burning.get(slo)
        more = 0.0 if burnt is None else _BURST + rate * max(0.0, at - burnt)
        return int(max(0.0, at - self._zero) * rate * (1.0 if kind == "hits" else _BAD) + more)

    @contextmanager
    def served(self) -> Iterator[int]:
        """The port that serves it."""
        counters = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = counters.text()
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
                pass

        with ThreadingHTTPServer((LOOPBACK, 0), Handler) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            try:
                yield server.server_port
            finally:
                server.shutdown()


@contextmanager
def moving_counts(database: Path, experiments: int) -> Iterator[None]:
    """Counts of two variants for each experiment; all of them grow every two seconds until the end."""
    chance, done = random.Random(1), threading.Event()
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("CREATE TABLE counts (experiment, variant, n, successes)")
        connection.execute("CREATE INDEX by_experiment ON counts (experiment)")
        rows = [(i, arm, 1000, 100) for i in range(experiments) for arm in "ab"]
        connection.executemany("INSERT INTO counts VALUES (?, ?, ?, ?)", rows)
        connection.commit()

    def move() -> None:
        with closing(sqlite3.connect(database, timeout=30)) as connection:
            while not done.wait(_MOVE_SECONDS):
                more = [(n := chance.randint(5, 20), chance.randint(0, n // 4), i, arm) for i, arm, *_ in rows]
                with connection:
                    connection.executemany(
                        "UPDATE counts SET n = n + ?, successes = successes + ? WHERE experiment = ? AND variant = ?",
                        more,
                    )

    mover = threading.Thread(target=move)
    mover.start()
    try:
        yield
    finally:
        done.set()
        mover.join()


@contextmanager
def webhook() -> Iterator[tuple[str, dict[str, list[tuple[float, str]]]]]:
    """Its address, and SLO -> instants and statuses of what was said of its page."""
    arrived: dict[str, list[tuple[float, str]]] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if told["groupLabels"].get("alertname") == "SLOErrorBudgetBurn":
                arrived.setdefault(told["groupLabels"]["slo"], []).append((time.time(), told["status"]))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            pass

    with ThreadingHTTPServer((LOOPBACK, 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://{LOOPBACK}:{server.server_port}/", arrived
        server.shutdown()
