"""The server of :mod:`benchmarks.live`: the real application under the real uvicorn; a line on stdin is one refresh.

Each refresh changes the numbers of a demo-sized spec, and carries the monotonic clock's reading at which it was
published, as a text of the document. ``python -m benchmarks.live_server PORT``.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator

from exporter.contract import Sample, sample
from exporter.live import Feed, LiveStream
from exporter.render import Exposition
from exporter.server import parse_listen_address, serve
from exporter.snapshot import Snapshot, build
from exporter.web import app

SLOS, EXPERIMENTS = 20, 10
WINDOWS = ("5m", "30m", "1h", "2h", "6h", "1d", "3d", "period")


def samples(tick: int) -> Iterator[Sample]:
    """All numbers move a little with each tick."""
    for number in range(SLOS):
        slo, wave = f"slo-{number}", (tick * 7 + number * 13) % 101 / 100
        yield sample("slo_info", 1, slo=slo, slo_service="shop", category="quality", source="prod", period="30d")
        yield sample("slo_status", tick // 10 % 3, slo=slo)
        yield sample("slo_error_budget_remaining_ratio", wave, slo=slo)
        yield from (sample("slo_burn_rate", wave * size, slo=slo, window=name) for size, name in enumerate(WINDOWS))
    for number in range(EXPERIMENTS):
        name, wave = f"experiment-{number}", (tick * 3 + number) % 97 / 100
        yield sample("experiment_info", 1, experiment=name, kind="ab_test", control="a", primary_metric="m")
        for variant, win in (("a", 1 - wave), ("b", wave)):
            yield sample("experiment_variant_participants", 1000 + tick, experiment=name, variant=variant)
            yield sample("experiment_variant_win_ratio", win, experiment=name, variant=variant, metric="m")
            yield sample("experiment_variant_lift_ratio", win - 0.5, experiment=name, variant=variant, metric="m")


def main() -> int:
    """Serve; refresh at each line of stdin, and end with it."""
    current: list[Snapshot] = []
    published = [0.0]
    feed = Feed(
        lambda: current[0] if current else None,
        monotonic=time.monotonic,
        clock=time.time,
        words=lambda: {"published": published[0]},
    )
    stream = LiveStream(feed, monotonic=time.monotonic)

    def refresh(tick: int) -> None:
        current[:] = [build(samples(tick), own=Exposition(), at=time.time(), expires=1e18)]
        published[0] = time.monotonic()
        stream.publish()

    def listen() -> None:
        for tick, _ in enumerate(sys.stdin, start=1):
            refresh(tick)

    refresh(0)
    web = app(lambda: current[0], monotonic=time.monotonic, version="0", config=str, feed=feed, live=stream)
    threading.Thread(target=listen, daemon=True).start()
    return serve(web, [parse_listen_address(f"127.0.0.1:{sys.argv[1]}")], limit_concurrency=2000)


if __name__ == "__main__":
    sys.exit(main())
