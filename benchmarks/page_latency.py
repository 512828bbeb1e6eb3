"""Seconds from the commit of errors in a database to the page at a webhook, by the slow and sure way: the exporter's
refresh, Prometheus' scrape and evaluation, Alertmanager's group_wait; against theory. Nothing is pushed.

``python -m benchmarks.page_latency [SECONDS ...]``: refresh, scrape and evaluation of each run, by default 1 and 15;
run by hand, it takes about 5 minutes.
"""

from __future__ import annotations

import json
import os
import sqlite3
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import fmean, median

import requests

from alert_rules import ALERTMANAGER_FILE, RULES_FILE, generate
from exporter.spec import load
from winburn.processes import LOOPBACK, Group, free_ports, start, start_alertmanager, start_prometheus, wait_http
from winburn.servers import Servers, cache_folder, fetch

SLOS = 24
LAG, GROUP_WAIT = 2.0, 5.0
_EVERY = 10
"""Seconds between two rows of an SLO's ordinary traffic."""

_HEAD = """\
refresh: {pace}s
lag: 2s
sources: {{db: {{type: sql, url: "sqlite:///events.db"}}}}
alerting: {{receivers: {{page: {{webhook: "{webhook}"}}}}}}
slos:
"""
_SLO = """\
  - name: slo-{i}
    service: bench
    objective: 99
    period: 7d
    sli:
      source: db
      sql: >-
        SELECT :start + CAST((at - :start) / :step AS INTEGER) * :step AS slot, SUM(total) AS total, SUM(bad) AS bad
        FROM events WHERE slo = {i} AND at >= :start AND at < :end GROUP BY 1
"""
_PROMETHEUS = """\
global: {{scrape_interval: {pace}s, evaluation_interval: {pace}s}}
rule_files: ['{rules}']
alerting: {{alertmanagers: [{{static_configs: [{{targets: ['{pager}']}}]}}]}}
scrape_configs: [{{job_name: winburn, static_configs: [{{targets: ['{exporter}']}}]}}]
"""


def measure(servers: Servers, pace: int) -> list[float]:
    """Latencies of all SLOs, each of which begins to burn at an instant of its own within the three cycles."""
    with tempfile.TemporaryDirectory(prefix="winburn-bench-") as name, Group() as group, _webhook() as (url, arrived):
        folder, (exporter, pager, prometheus) = Path(name), free_ports(3)
        spec = folder / "winburn.yml"
        spec.write_text(_HEAD.format(pace=pace, webhook=url) + "".join(_SLO.format(i=i) for i in range(SLOS)))
        files = generate(load(spec))
        for file, text in files.items():
            (folder / file).write_text(text)
        _traffic(folder / "events.db")
        command = [sys.executable, "-m", "winburn", "serve", "--config.file", spec]
        command += ["--web.listen-address", f"{LOOPBACK}:{exporter}"]
        serving = group.add(start(command, folder / "exporter.log", env=os.environ))
        wait_http(f"http://{LOOPBACK}:{exporter}/-/ready", 60, serving)
        paging = start_alertmanager(servers, folder, files[ALERTMANAGER_FILE], pager, folder / "pager.log")
        wait_http(f"http://{LOOPBACK}:{pager}/-/ready", 60, group.add(paging))
        config = _PROMETHEUS.format(
            pace=pace, rules=folder / RULES_FILE, pager=f"{LOOPBACK}:{pager}", exporter=f"{LOOPBACK}:{exporter}"
        )
        watching = start_prometheus(servers, folder, config, prometheus, folder / "prometheus.log")
        wait_http(f"http://{LOOPBACK}:{prometheus}/-/ready", 60, group.add(watching))
        query = f"http://{LOOPBACK}:{prometheus}/api/v1/query?query=slo_status"
        while not requests.get(query, timeout=5).json()["data"]["result"]:
            time.sleep(0.5)
        time.sleep(5 + 2 * pace)  # Prometheus learns of its Alertmanagers within 5 s
        committed = dict(_burns(folder / "events.db", pace))
        end = time.monotonic() + 60 + 3 * pace
        while len(arrived) < SLOS and time.monotonic() < end:
            time.sleep(0.1)
        return [arrived[name] - at for name, at in committed.items() if name in arrived]


def _burns(database: Path, pace: int) -> Iterator[tuple[str, float]]:
    """Name and instant of each SLO that begins to burn: no two at the same phase of the cycles."""
    for i in range(SLOS):
        time.sleep(pace * (0.25 + 1 / SLOS))
        with closing(sqlite3.connect(database, timeout=10)) as connection, connection:
            connection.execute("INSERT INTO events VALUES (?, ?, 100000, 100000)", (i, time.time()))
        yield f"slo-{i}", time.time()


def _traffic(database: Path) -> None:
    now = int(time.time()) // _EVERY * _EVERY
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("CREATE TABLE events (slo, at, total, bad)")
        connection.execute("CREATE INDEX by_time ON events (slo, at)")
        instants = range(now - 7200, now + 1200, _EVERY)
        connection.executemany(
            "INSERT INTO events VALUES (?, ?, 100, 0)", ((i, at) for i in range(SLOS) for at in instants)
        )


@contextmanager
def _webhook() -> Iterator[tuple[str, dict[str, float]]]:
    """Its address, and SLO -> the instant of its first page."""
    arrived: dict[str, float] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            at = time.time()
            told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if told["groupLabels"].get("alertname") == "SLOErrorBudgetBurn":
                arrived.setdefault(told["groupLabels"]["slo"], at)
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            pass

    with ThreadingHTTPServer((LOOPBACK, 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://{LOOPBACK}:{server.server_port}/", arrived
        server.shutdown()
        thread.join()


def main(paces: list[int]) -> None:
    """Print a table."""
    servers = fetch(cache_folder(os.environ), os.environ, lambda line: print(line, file=sys.stderr))
    print("| refresh, scrape, evaluation | pages | least | median | mean | most | theory: least, mean, most |")
    print("|---|---|---|---|---|---|---|")
    for pace in paces:
        found = measure(servers, pace)
        numbers = (min(found), median(found), fmean(found), max(found))
        least = LAG + GROUP_WAIT
        theory = ", ".join(f"{least + part * pace:.1f}" for part in (0, 1.5, 3))
        cells = (f"{pace} s", f"{len(found)} of {SLOS}", *(f"{each:.1f} s" for each in numbers), theory)
        print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main([int(word) for word in sys.argv[1:]] or [1, 15])
