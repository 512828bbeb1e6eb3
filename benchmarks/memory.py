"""Resident memory with a thousand SLOs and a thousand experiments; that of live clients is in :mod:`benchmarks.live`
and :mod:`benchmarks.latency`, growth over days in :mod:`benchmarks.growth`."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.result import Result

ROOT = Path(__file__).resolve().parents[1]
SLOS, EXPERIMENTS, MEGABYTES = 1000, 1000, 200.0


def run() -> Iterator[Result]:
    """One row: the megabytes against their bar."""
    with tempfile.TemporaryDirectory(prefix="winburn-bench-") as folder:
        words = [sys.executable, "-m", "benchmarks.memory_server", folder, str(SLOS), str(EXPERIMENTS)]
        done = subprocess.run(words, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    resident, series = map(float, done.stdout.split())
    what = f"resident with {SLOS:,} SLOs and {EXPERIMENTS:,} experiments, {series:,.0f} series; peer: the bar"
    yield Result(what, f"{resident:.0f} MB", f"{MEGABYTES:.0f} MB", MEGABYTES / resident, 1.0)
