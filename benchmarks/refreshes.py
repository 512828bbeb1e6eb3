"""Ten thousand refreshes with entities that come and go: does memory grow? ``python -m benchmarks.refreshes``; by hand.

The loop, the renderer, the health of collectors and the live stream's document are the real ones; what is evaluated is
made up, with names that never come again, because whatever remembers names would show.
"""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Sequence

from benchmarks.live import _resident
from exporter.contract import Report, sample
from exporter.live import Feed
from exporter.loop import Loop

REFRESHES, ENTITIES, TURN = 10_000, 40, 5
"""So many in all, so many entities at once; a new one takes the place of the oldest every ``TURN`` refreshes."""
MARKS = 10


class Visitors:
    """A collector of entities that come, fail now and then, and go."""

    name = "visitors"

    def __init__(self) -> None:
        self._asked = 0

    def collect(self, at: float) -> Sequence[Report]:
        """Every entity of now; each seventh fails."""
        self._asked += 1
        first = self._asked // TURN
        return [self._report(f"slo-{number}", at) for number in range(first, first + ENTITIES)]

    def _report(self, name: str, at: float) -> Report:
        if (self._asked + hash(name)) % 7 == 0:
            return Report(name, error=f"{name} was not measured at {at:.0f}")
        windows = ("5m", "1h", "6h", "period")
        return Report(name, tuple(sample("slo_events", at % 1000, slo=name, window=window) for window in windows))


def main() -> None:
    """Print megabytes at ten marks, and the number of objects."""
    loop = Loop([Visitors()], refresh=1.0, lag=0.0, keep_seconds=5.0)
    feed = Feed(lambda: loop.current, monotonic=time.monotonic, clock=time.time)
    for done in range(1, REFRESHES + 1):
        loop.refresh_once(1_760_000_000.0 + done)
        feed.document()
        if done % (REFRESHES // MARKS) == 0:
            gc.collect()
            print(
                f"{done:6} refreshes  {_resident(os.getpid()):6.1f} MB  {len(gc.get_objects()):7} objects", flush=True
            )


if __name__ == "__main__":
    main()
