"""What ``winburn serve`` has in memory with many SLOs and experiments, in a process of its own that prints megabytes.

``python -m benchmarks.memory_server FOLDER SLOS EXPERIMENTS``
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

import winburn.cli.serve  # noqa: F401 - what serve imports is part of what it takes
from benchmarks.churn import Counters, fill, loop, spec
from benchmarks.live import _resident
from exporter.sources.base import Matrix, SourceError
from exporter.state import State
from winburn.memory import collect_seldom, expect_series, share_one_arena

_REFRESHES = 8


class Grown(Counters):
    """Counters of which one pod has been there for ever, so that ledgers are as full as after a month."""

    def history(self, selectors: Sequence[str], start: float, end: float, step: float) -> list[Matrix | SourceError]:
        """All of the past of that pod."""
        times = np.arange(start, end + step / 2, step)
        found: list[Matrix | SourceError] = []
        for selector in selectors:
            key, last = next(iter(self._reading(selector, end).items()))
            rate = 0.001 if "code" in selector else 1.0
            found.append(Matrix(times, (key,), np.floor(last - (end - times) * rate)[None, :]))
        return found


def main() -> None:
    """Print resident megabytes and series after some refreshes."""
    folder, slos, experiments = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    share_one_arena()
    collect_seldom()
    of = spec(folder, slos, experiments)
    fill(folder, of, 0)
    state = State(of.state.url or "")
    running, begin = loop(of, state, Grown(10, 1e9)), time.time() // 15 * 15
    for refresh in range(_REFRESHES):
        if refresh in (2, 5):
            fill(folder, of, refresh)
        # No deadline counts here, only memory: wait until the collectors are done.
        running.refresh_once(begin + 15 * refresh)
        while any(track.worker.running_since is not None for track in running._roster.tracks.values()):
            running._take(running._roster.done.get())
        if running.current is not None:
            expect_series(running.current.series)  # as serve does
    snapshot = running.refresh_once(begin + 15 * _REFRESHES)
    print(f"{_resident(os.getpid()):.1f} {snapshot.series}")
    state.close()


if __name__ == "__main__":
    main()
