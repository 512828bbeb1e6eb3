"""Our server with 100,000 series and a refresh that never rests: ``python -m benchmarks.busy_server MODE PORT``.

MODE is the interpreter's switch interval in seconds, at which the thread that refreshes gives way to the one that
serves, or ``process``: the refreshes run in a process of their own and send their bodies.
"""

from __future__ import annotations

import multiprocessing
import sys
import threading
import time
from multiprocessing.connection import Connection

from benchmarks.scrape_servers import rows
from exporter.contract import Sample, sample
from exporter.pieces import Whole
from exporter.render import Renderer
from exporter.server import Address, serve
from exporter.snapshot import Bodies, Snapshot, build, process_exposition, process_registry
from exporter.web import app
from winburn.memory import collect_seldom, expect_series, share_one_arena

SERIES = 100_000


class Refreshes:
    """A snapshot after the other, in each of which every value is another."""

    def __init__(self) -> None:
        self._samples = [sample("slo_burn_rate", value, slo=slo, window=w) for slo, w, value in rows(SERIES)]
        self._renderer, self._own = Renderer(), process_exposition(process_registry())

    def next(self) -> Snapshot:
        """One refresh."""
        self._samples = [Sample(one.name, one.labels, one.value * 1.0001) for one in self._samples]
        at = time.time()
        return build(self._samples, own=self._own, at=at, expires=1e18, renderer=self._renderer)


def _send(to: Connection) -> None:
    refreshes = Refreshes()
    while True:
        full = refreshes.next().full
        for body in (full.text, full.text_gzip, full.openmetrics, full.openmetrics_gzip):
            to.send_bytes(body)


def main() -> int:
    """Serve and refresh."""
    mode, port = sys.argv[1], int(sys.argv[2])
    share_one_arena()
    collect_seldom()
    expect_series(SERIES)
    first = Refreshes()
    current = [first.next()]
    ready = threading.Event()

    def refresh() -> None:
        ready.wait()
        if mode == "process":
            here, there = multiprocessing.get_context("spawn").Pipe(duplex=False)
            multiprocessing.get_context("spawn").Process(target=_send, args=(there,), daemon=True).start()
            empty = current[0]
            while True:
                text, text_gzip, openmetrics, openmetrics_gzip = (here.recv_bytes() for _ in range(4))
                full = Bodies(Whole((text,)), text_gzip, Whole((openmetrics,)), openmetrics_gzip)
                current[0] = Snapshot(full, empty.health, (), time.time(), 1e18)
        time.sleep(1.0)  # serve() sets the interval itself
        sys.setswitchinterval(float(mode))
        while True:
            current[0] = first.next()

    threading.Thread(target=refresh, daemon=True).start()
    web = app(lambda: current[0], monotonic=time.monotonic, version="0", config=str)
    return serve(web, [Address("127.0.0.1", port)], ready=ready.set)


if __name__ == "__main__":
    sys.exit(main())
