"""Memory over 10,000 refreshes in which pods, groups, SLOs, experiments and variants come and go.

By hand: ``python -m benchmarks.growth [REFRESHES]``, some minutes. Prints resident megabytes along the way. Every 50
refreshes half of the SLOs and experiments get other names, as a reload of the spec would do it.
"""

from __future__ import annotations

import gc
import os
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.churn import Counters, fill, loop, spec
from benchmarks.live import _resident
from exporter.state import State
from winburn.memory import collect_seldom, share_one_arena

REFRESHES = 10_000
_RELOAD = 50
_GROWTH_MB = 5.0
"""What may be grown from a fifth of the way to the end: the store's page cache, and noise."""


def main() -> int:
    """1 where memory grew."""
    refreshes = int(sys.argv[1]) if len(sys.argv) > 1 else REFRESHES
    share_one_arena()
    collect_seldom()
    curve: list[float] = []
    with tempfile.TemporaryDirectory(prefix="winburn-growth-") as name:
        folder, begin = Path(name), time.time() // 15 * 15
        counters = Counters(2, 900.0, zones=2)
        first = spec(folder, 2, 2, group=True)
        fill(folder, first, 0)
        state = State(first.state.url or "")
        for refresh in range(refreshes):
            if refresh % _RELOAD == 0:
                now = spec(folder, 2, 2, refresh // _RELOAD, group=True)
                fill(folder, now, refresh)
                running = loop(now, state, counters)
            elif refresh % 5 == 0:
                fill(folder, now, refresh)
            running.refresh_once(begin + 15 * refresh)
            if (refresh + 1) % _RELOAD == 0:
                for track in running._roster.tracks.values():
                    track.worker.close()
            if (refresh + 1) % max(refreshes // 20, 1) == 0:
                gc.collect()
                curve.append(_resident(os.getpid()))
                series = running.current.series if running.current else 0
                size = (folder / "state.db").stat().st_size / 1e6
                print(
                    f"{refresh + 1:6} refreshes {curve[-1]:7.1f} MB, {series} series, store {size:.1f} MB", flush=True
                )
        state.close()
    grown = curve[-1] - curve[len(curve) // 5]
    print(f"grown by {grown:.1f} MB since refresh {(len(curve) // 5 + 1) * max(refreshes // 20, 1):,}")
    return int(grown > _GROWTH_MB)


if __name__ == "__main__":
    sys.exit(main())
