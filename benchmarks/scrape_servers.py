"""The two servers that the scrape benchmark compares: ``python -m benchmarks.scrape_servers SIDE SERIES PORT``; ours
takes a web config file after that."""

from __future__ import annotations

import sys
import threading
import time
from itertools import islice, product
from pathlib import Path

from prometheus_client import Gauge, start_http_server

from exporter.contract import family, sample
from exporter.server import Address, serve
from exporter.snapshot import build, process_exposition, process_registry
from exporter.web import app
from exporter.web_config import Gate

WINDOWS = ("5m", "30m", "1h", "2h", "6h", "1d", "3d", "period")


def rows(series: int) -> list[tuple[str, str, float]]:
    """(slo, window, value) of that many burn rates."""
    pairs = product((f"service-{i:05d}-availability" for i in range(series)), WINDOWS)
    return [(slo, window, 1 / (3 + i)) for i, (slo, window) in enumerate(islice(pairs, series))]


def winburn(series: int, port: int, *files: str) -> None:
    """Our application as ``winburn serve`` runs it, without a loop."""
    samples = [sample("slo_burn_rate", value, slo=slo, window=window) for slo, window, value in rows(series)]
    own = process_exposition(process_registry())
    snapshot = build(samples, own=own, at=time.time(), expires=time.monotonic() + 3600)
    web = app(lambda: snapshot, monotonic=time.monotonic, version="0", config=str)
    gate = Gate(Path(files[0]), time.monotonic) if files else None
    context = gate.context if gate else None
    sys.exit(serve(gate.protect(web) if gate else web, [Address("127.0.0.1", port)], context=context))


def prometheus_client(series: int, port: int) -> None:
    """The usual way: gauges in a registry, with the process's own series, and the library's server."""
    registry, burn_rate = process_registry(), family("slo_burn_rate")
    gauge = Gauge(burn_rate.name, burn_rate.help, burn_rate.labels, registry=registry)
    for slo, window, value in rows(series):
        gauge.labels(slo, window).set(value)
    start_http_server(port, addr="127.0.0.1", registry=registry)
    threading.Event().wait()


if __name__ == "__main__":
    sides = {"winburn": winburn, "prometheus_client": prometheus_client}
    sides[sys.argv[1]](int(sys.argv[2]), int(sys.argv[3]), *sys.argv[4:])
