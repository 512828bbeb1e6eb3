"""What ``winburn serve`` has in memory with many SLOs and experiments, in a process of its own that prints megabytes.

``python -m benchmarks.memory_server FOLDER SLOS EXPERIMENTS``
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import winburn.cli.serve  # noqa: F401 - what serve imports is part of what it takes
from benchmarks.churn import Counters, fill, loop, spec
from benchmarks.live import _resident
from exporter.state import State
from winburn.memory import collect_seldom, expect_series, share_one_arena

_REFRESHES = 8


def main() -> None:
    """Print resident megabytes and series after some refreshes."""
    folder, slos, experiments = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    share_one_arena()
    collect_seldom()
    of = spec(folder, slos, experiments)
    fill(folder, of, 0)
    state = State(of.state.url or "")
    running, begin = loop(of, state, Counters(10, 1e9)), time.time() // 15 * 15
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
