"""Server CPU of one scrape: our app under uvicorn against ``prometheus_client.start_http_server``, same series.

Both run in processes of their own on loopback and are asked with the headers of Prometheus 3, over one connection where
the server keeps it. CPU is the server process's own, from /proc, over as many scrapes as resolve its 10 ms ticks.
"""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.result import Result

ROOT = Path(__file__).resolve().parents[1]
SIZES = {1_000: None, 10_000: 500.0}
"""Series, and the bar: how many times less CPU than the peer."""

# As Prometheus 3.5.3 sends them.
HEADERS = {
    "Accept": (
        "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
        "application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,"
        "text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
    ),
    "Accept-Encoding": "gzip",
    "User-Agent": "Prometheus/3.5.3",
    "X-Prometheus-Scrape-Timeout-Seconds": "10",
}

_ROUNDS = 5
_CPU_SECONDS = 0.5  # a round: enough for 2 % at ticks of 10 ms
_WALL_SECONDS = 4.0
_FEWEST = 3
_WARM_UP = 3
_TICKS = os.sysconf("SC_CLK_TCK")


def run() -> Iterator[Result]:
    """One result a size: the least of several rounds, taken in turn, because neighbours only ever add to the CPU."""
    for series, bar in SIZES.items():
        with server("winburn", series) as ours, server("prometheus_client", series) as theirs:
            rounds = [(milliseconds(*ours, series), milliseconds(*theirs, series)) for _ in range(_ROUNDS)]
        least, peer = (min(side) for side in zip(*rounds, strict=True))
        what = f"scrape of {series:,} series, gzip, server CPU"
        yield Result(what, f"{least:.3f} ms", f"{peer:.1f} ms", peer / least, bar)


def milliseconds(pid: int, connection: http.client.HTTPConnection, series: int) -> float:
    """CPU of the server process for one scrape, in ms."""
    for _ in range(_WARM_UP):
        _scrape(connection, series)
    before, began, scrapes, used = _cpu(pid), time.monotonic(), 0, 0.0
    while scrapes < _FEWEST or (used < _CPU_SECONDS and time.monotonic() - began < _WALL_SECONDS):
        # The peer's scrapes are few and long, ours many and short: do not look at the clocks after each of those.
        for _ in range(100 if scrapes and used / scrapes < 0.005 else 1):
            _scrape(connection, series)
            scrapes += 1
        used = _cpu(pid) - before
    return 1000 * used / scrapes


def _scrape(connection: http.client.HTTPConnection, series: int) -> None:
    connection.request("GET", "/metrics", headers=HEADERS)
    response = connection.getresponse()
    body = response.read()
    if response.status != 200 or response.headers["Content-Encoding"] != "gzip" or len(body) < series:
        raise RuntimeError(f"not a whole scrape: {response.status}, {len(body)} bytes")


def _cpu(pid: int) -> float:
    """User and system seconds of the process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


@contextmanager
def server(side: str, series: int, *more: str) -> Iterator[tuple[int, http.client.HTTPConnection]]:
    """One of the servers as a process of its own, with ``more`` arguments: its id, and a connection to it."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "benchmarks.scrape_servers", side, str(series), str(port), *more]
    with subprocess.Popen(command, cwd=ROOT) as process:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        try:
            _wait(connection, process)
            yield process.pid, connection
        finally:
            connection.close()
            process.send_signal(signal.SIGKILL)


def _wait(connection: http.client.HTTPConnection, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 30
    while process.poll() is None and time.monotonic() < deadline:
        try:
            connection.connect()
        except ConnectionRefusedError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"the server did not start (exit code {process.poll()})")
