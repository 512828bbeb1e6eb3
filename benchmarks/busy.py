"""Scrapes of 100,000 series while a refresh runs all the time: how long they take, and what Prometheus makes of it.

The time of a scrape is wall time, with the client on the same machine; a machine that does other things adds its own.
"""

from __future__ import annotations

import http.client
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.busy_server import SERIES
from benchmarks.result import Result
from benchmarks.scrape import HEADERS
from winburn.processes import LOOPBACK, Group, free_port, start_prometheus, wait_http
from winburn.servers import ServersUnavailable, cache_folder, fetch

ROOT = Path(__file__).resolve().parents[1]
P99_MS = 20.0
MODES = {"0.0005": "switch interval 0.5 ms, as served", "0.005": "Python's own 5 ms", "process": "process of its own"}
_SCRAPES = 300
_SECONDS = 20
_SETTLE = 15
"""Prometheus' first scrape, which makes all series, is not what is measured."""


def run() -> Iterator[Result]:
    """The way that is served against the bar, the others for comparison, then Prometheus at an interval of 1 s."""
    what = f"scrape of {SERIES:,} series while a refresh runs, gzip"
    for mode, name in MODES.items():
        with _server(mode) as port:
            times = sorted(_times(port))
        p50, p99 = statistics.median(times), times[int(0.99 * len(times))]
        bar = 1.0 if mode == "0.0005" else None
        row = f"{what}: {name}: p99 (p50 {p50:.1f} ms); peer: the bar"
        yield Result(row, f"{p99:.1f} ms", "20 ms", P99_MS / p99, bar)
    try:
        servers = fetch(cache_folder(os.environ), os.environ, lambda line: print(line, file=sys.stderr))
    except ServersUnavailable as problem:
        print(f"Prometheus at 1 s: skipped: {problem}", file=sys.stderr)
        return
    with _server("0.0005") as port, tempfile.TemporaryDirectory(prefix="winburn-bench-") as name, Group() as group:
        config = "global: {scrape_interval: 1s, scrape_timeout: 1s}\n"
        config += f"scrape_configs: [{{job_name: all, static_configs: [{{targets: ['{LOOPBACK}:{port}']}}]}}]\n"
        prometheus, folder = free_port(), Path(name)
        process = group.add(start_prometheus(servers, folder, config, prometheus, folder / "log"))
        url = f"http://{LOOPBACK}:{prometheus}"
        wait_http(f"{url}/-/ready", 60, process)
        time.sleep(_SETTLE + _SECONDS)
        scrapes, up = (_asked(url, f"{of}_over_time(up[{_SECONDS}s])") for of in ("count", "sum"))
    what = f"Prometheus scrapes {SERIES:,} series every second while a refresh runs: up"
    yield Result(f"{what}; peer: scrapes", f"{up:.0f}", f"{scrapes:.0f}", up / scrapes, 1.0)


def _times(port: int) -> Iterator[float]:
    """Milliseconds of scrapes over one connection, a moment apart."""
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=30)
    time.sleep(3.0)
    for number in range(_SCRAPES + 10):
        began = time.perf_counter()
        connection.request("GET", "/metrics", headers=HEADERS)
        response = connection.getresponse()
        body = response.read()
        took = 1000 * (time.perf_counter() - began)
        if response.status != 200 or len(body) < SERIES:
            raise RuntimeError(f"not a whole scrape: {response.status}, {len(body)} bytes")
        if number >= 10:
            yield took
        time.sleep(0.02)
    connection.close()


def _asked(url: str, query: str) -> float:
    with urllib.request.urlopen(f"{url}/api/v1/query?{urllib.parse.urlencode({'query': query})}") as response:
        (one,) = json.load(response)["data"]["result"]
    return float(one["value"][1])


@contextmanager
def _server(mode: str) -> Iterator[int]:
    port = free_port()
    with subprocess.Popen([sys.executable, "-m", "benchmarks.busy_server", mode, str(port)], cwd=ROOT) as process:
        try:
            _wait(port, process)
            yield port
        finally:
            process.terminate()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < deadline:
        try:
            http.client.HTTPConnection(LOOPBACK, port, timeout=1).connect()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError(f"the server did not start (exit code {process.poll()})")
