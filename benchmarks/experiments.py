"""Ten thousand experiments of four variants: CPU of their analysis, against GrowthBook's engine in the same run.

Ours computes evidence, intervals, kill, win rates and losses of all; the peer (gbstats, in a virtual environment of its
own beside the cached servers) its results for the same kind of data, a few hundred of them. Both of its engines are
measured, and the quicker one counts.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.result import Result
from exporter.collectors.experiment_analysis import analyse
from exporter.collectors.experiment_cases import Case
from winburn.servers import ServersUnavailable, cache_folder

ROOT = Path(__file__).resolve().parents[1]
EXPERIMENTS, ARMS = 10_000, 4
SECONDS, BAR = 1.5, 100.0

_PEER = "gbstats==0.8.0"
_PEERS = 200
_ROUNDS = 3


def run() -> Iterator[Result]:
    """The seconds against their bar, and the ratio where the peer can be had."""
    ours = _seconds([sys.executable, "-m", "benchmarks.experiments"])
    what = f"{EXPERIMENTS:,} experiments x {ARMS} variants analysed, CPU"
    yield Result(f"{what}; peer: the bar", f"{ours:.2f} s", f"{SECONDS:g} s", SECONDS / ours, 1.0)
    try:
        python = peer(cache_folder(os.environ) / "gbstats", _PEER)
    except (OSError, ServersUnavailable, subprocess.CalledProcessError) as problem:
        print(f"experiments against gbstats: skipped: it could not be installed: {problem}")
        return
    script = Path(__file__).with_name("experiments_peer.py")
    engines = [[python, "-W", "ignore", script, str(_PEERS), engine] for engine in ("bayesian", "frequentist")]
    theirs = min(_seconds(words) for words in engines for _ in range(_ROUNDS)) * EXPERIMENTS / _PEERS
    yield Result(f"{what}; peer: {_PEER}, {_PEERS} scaled", f"{ours:.2f} s", f"{theirs:.0f} s", theirs / ours, BAR)


def experiments() -> list[Case]:
    """Cases of one proportion each, without a difference, small and large."""
    rng = np.random.default_rng(1)
    found = []
    for i in range(EXPERIMENTS):
        n = rng.integers(500, 50_000, ARMS)
        arms = tuple((float(a), float(b)) for a, b in zip(n, rng.binomial(n, rng.uniform(0.01, 0.3)), strict=True))
        found.append(Case("proportion", (arms,), (1 / ARMS,) * ARMS, family=f"x{i}", kill_margin=0.0))
    return found


def seconds(cases: list[Case]) -> float:
    """CPU of one analysis of all, in seconds."""
    before = time.process_time()
    results = analyse(cases)
    used = time.process_time() - before
    if len(results) != len(cases) or any(np.isnan(result.log_e).any() for result in results):
        raise RuntimeError("not all experiments were analysed")
    return used


def peer(folder: Path, what: str) -> Path:
    """The Python of a virtual environment that has a peer, a package, made where it is missing."""
    python = folder / "bin" / "python"
    if not (folder / "ready").exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        quiet = ["--quiet", "--disable-pip-version-check"]
        subprocess.run([python, "-m", "pip", "install", *quiet, what], check=True)
        (folder / "ready").touch()
    return python


def _seconds(words: list[str | Path]) -> float:
    """What a process of its own prints, on one thread: several that wait for one another would count as work."""
    one = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    env = {**os.environ, **one}
    return float(subprocess.run(words, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True, env=env).stdout)


def main() -> None:
    """Print our CPU seconds."""
    cases = experiments()
    analyse(cases[:100])  # fills what is kept for good
    print(min(seconds(cases) for _ in range(_ROUNDS)))


if __name__ == "__main__":
    main()
