"""The shop's own raw counters on a small /metrics endpoint, as any instrumented service has them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, Counter, start_http_server

from winburn.demo import traffic
from winburn.demo.shop import Observer


@contextmanager
def serving(port: int) -> Iterator[tuple[str, Observer]]:
    """Serve ``shop_requests_total{route,code}`` on 127.0.0.1 until the context ends.

    Gives ``host:port`` for a scrape, and what to call with new requests. Port 0 takes a free one.
    """
    registry = CollectorRegistry()
    counter = Counter("shop_requests", "Requests by route and response code.", ("route", "code"), registry=registry)
    for route in traffic.ROUTES:  # present from the first scrape on, so that no increase is lost
        for code in ("200", "503"):
            counter.labels(route.name, code)
    server, thread = start_http_server(port, addr="127.0.0.1", registry=registry)
    try:
        yield f"127.0.0.1:{server.server_port}", lambda route, code, count: counter.labels(route, code).inc(count)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
