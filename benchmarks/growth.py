"""Memory over 10,000 refreshes in which pods, groups, SLOs, experiments and variants come and go.

By hand: ``python -m benchmarks.growth [REFRESHES [RELOAD]]``, some minutes. Every 50 refreshes, or every ``RELOAD``,
half of the SLOs and experiments get other names by a reload of the spec, as ``winburn serve`` does it; 0 is for never.
For the state store a day passes with each reload, so that it comes to where it forgets. Prints resident megabytes along
the way, Python's objects, threads and open files, and the slope of memory since a fifth of the way.
"""

from __future__ import annotations

import gc
import os
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np

import winburn.assemble
from benchmarks.churn import Counters, fill, spec
from benchmarks.live import _resident
from winburn.memory import collect_seldom, share_one_arena
from winburn.running import Running, Watching

REFRESHES, RELOAD = 10_000, 50
MARKS = 20
_DAY = 86_400.0
_GROWTH_MB = 5.0
"""What may be grown from a fifth of the way to the end: the store's page cache, and noise."""


def main() -> int:
    """1 where memory grew."""
    refreshes, reload = [*map(int, sys.argv[1:3]), *(REFRESHES, RELOAD)[len(sys.argv[1:3]) :]]
    share_one_arena()
    collect_seldom()
    _count_ourselves(Counters(2, 900.0, zones=2))
    every = max(refreshes // MARKS, 1)
    curve: list[float] = []
    with tempfile.TemporaryDirectory(prefix="winburn-growth-") as name:
        folder, begin = Path(name), time.time() // 15 * 15
        of = spec(folder, 2, 2, group=True)
        running = Running(of, Watching(live=True, clients=1, origins=()), progress=lambda *_: None)
        for done in range(1, refreshes + 1):
            if reload and done % reload == 0:
                of = spec(folder, 2, 2, done // reload, group=True)
                running.change(of)
                running.keeper.sweep(begin + done // reload * _DAY)
            if done % 5 == 1:
                fill(folder, of, done)
            running.loop.refresh_once(begin + 15 * done)
            running.feed.document()
            if done % every == 0:
                curve.append(_mark(done, running, folder))
        running.close()
    warm = len(curve) // 5
    slope = np.polyfit(np.arange(len(curve) - warm) * every / 1000, curve[warm:], 1)[0] if len(curve) > 5 else 0.0
    grown = curve[-1] - curve[warm]
    print(f"grown by {grown:.1f} MB since refresh {(warm + 1) * every:,}: {slope:+.2f} MB per 1,000 refreshes")
    return int(grown > _GROWTH_MB)


def _count_ourselves(counters: Counters) -> None:
    """Have the spec's Prometheus be made up here; the other sources are what they are."""
    real: Any = winburn.assemble.open_source

    def opened(name: str, *arguments: Any, **named: Any) -> Any:
        return counters if name == counters.name else real(name, *arguments, **named)

    setattr(winburn.assemble, "open_source", opened)  # noqa: B010 - mypy knows another type


def _mark(done: int, running: Running, folder: Path) -> float:
    gc.collect()
    resident = _resident(os.getpid())
    series = running.loop.current.series if running.loop.current else 0
    store = (folder / "state.db").stat().st_size / 1e6
    files = len([*Path("/proc/self/fd").iterdir()])
    things = f"{len(gc.get_objects())} objects, {threading.active_count()} threads, {files} files"
    print(f"{done:6} refreshes {resident:7.1f} MB, {series} series, {things}, store {store:.2f} MB", flush=True)
    return resident


if __name__ == "__main__":
    sys.exit(main())
