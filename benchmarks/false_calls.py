"""How often rules that are watched call what is not there: ``python -m benchmarks.false_calls [--paths N]``.

A simulation, no timing. Each figure is a share of simulated experiments with its standard error.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import Progress

from benchmarks.false_calls_model import (
    CALLS,
    CLUSTER_CALLS,
    KILL_LOOKS,
    RAMP_CALLS,
    clusters,
    kills,
    ramp,
    sample_ratio,
    two_arms,
)
from winburn.aa_test.run import share as rate_and_error

Floats = NDArray[np.float64]
Tick = Callable[[float], None]


def line(*cells: object) -> str:
    """A row of a Markdown table."""
    return f"| {' | '.join(map(str, cells))} |"


def share(hits: NDArray[np.bool_]) -> str:
    """Share in percent and its standard error."""
    rate, error = rate_and_error(hits)
    return f"{100 * rate:.2f} ± {100 * error:.2f} %"


def average(values: Floats) -> str:
    """Mean and its standard error."""
    if not len(values):
        return "-"
    error = np.std(values, ddof=1) / np.sqrt(len(values)) if len(values) > 1 else np.nan
    return f"{np.mean(values):,.0f} ± {error:,.0f}"


def in_chunks(simulate: Callable[[int], Floats], paths: int, chunk: int, tick: Tick) -> Floats:
    """The rows of all chunks together."""
    found = []
    for start in range(0, paths, chunk):
        size = min(chunk, paths - start)
        found.append(simulate(size))
        tick(size)
    return np.concatenate(found)


def visitor_rows(paths: int, tick: Tick) -> Iterator[str]:
    """No difference, a look after every visitor to 100,000."""
    rates = (0.02, 0.1)
    found = []
    for i, rate in enumerate(rates):
        rng = np.random.default_rng([1, i])
        found.append(in_chunks(lambda size, p=rate, r=rng: two_arms(size, p, r), paths, 20, tick))
    for row, name in enumerate(CALLS):
        yield line(name, *(share(each[:, row] > 0) for each in found))


def srm_rows(paths: int, tick: Tick) -> Iterator[str]:
    """Planned shares kept, a look after every visitor to 100,000, level 0.01."""
    for i, arms in enumerate((2, 4)):
        rng = np.random.default_rng([2, i])
        found = in_chunks(lambda size, k=arms, r=rng: sample_ratio(size, k, r), paths, 20, tick)
        yield line(f"{arms} equal arms", *(share(found[:, column] > 0) for column in range(2)))


def kill_rows(paths: int, tick: Tick) -> Iterator[str]:
    """Early kill, a look every 25 visitors to 100,000."""
    for i, (rate, lift) in enumerate((p, lift) for p in (0.1, 0.02) for lift in (0.0, -0.2, -0.5, -1.0)):
        rng = np.random.default_rng([3, i])
        found = in_chunks(lambda size, p=rate, d=lift, r=rng: kills(size, p, d, r), paths, 100, tick)
        cells = []
        for column in range(2):
            killed = found[:, column]
            cells += [share(np.isfinite(killed)), average(killed[np.isfinite(killed)]) if lift else ""]
        yield line(f"p = {rate}, lift {lift:+.0%}", *cells)


def ramp_rows(paths: int, tick: Tick) -> Iterator[str]:
    """Share 10 to 50 % while the rate of both arms goes 8 to 12 %; 100,000 visitors, a look every 250."""
    rng = np.random.default_rng(4)
    found = in_chunks(lambda size: ramp(size, rng), paths, 200, tick)
    for row, name in enumerate(RAMP_CALLS):
        lifts = 100 * found[:, len(RAMP_CALLS) + row]
        spread = np.std(lifts, ddof=1) / np.sqrt(len(lifts)) if len(lifts) > 1 else np.nan
        yield line(name, share(found[:, row] > 0), f"{np.mean(lifts):+.2f} ± {spread:.2f} %")


def cluster_rows(paths: int, tick: Tick) -> Iterator[str]:
    """Events in clusters of users, design effect 3.4; 200 windows, a look after each from the 30th on."""
    found = []
    for i, rate in enumerate((0.1, 0.5, 0.8)):
        rng = np.random.default_rng([5, i])
        found.append(in_chunks(lambda size, p=rate, r=rng: clusters(size, p, r), paths, 100, tick))
    for row, name in enumerate(CLUSTER_CALLS):
        yield line(name, *(share(each[:, row] > 0) for each in found))
    yield line("median estimated design effect", *(f"{np.median(each[:, -1]):.2f}" for each in found))


TABLES: tuple[tuple[tuple[str, ...], Callable[[int, Tick], Iterator[str]], int], ...] = (
    (("called, a look after every visitor", "p = 0.02", "p = 0.1"), visitor_rows, 2),
    (("sample ratio alarm at 0.01, no mismatch", "ours", "chi-square p < 0.01"), srm_rows, 2),
    (("killed", "level 0.05", "mean visitors", "level 0.01", "mean visitors"), kill_rows, 8),
    (("ramp 10 to 50 %, no effect", "called", "mean lift shown at the end"), ramp_rows, 1),
    (("called, clustered events", "p = 0.1", "p = 0.5", "p = 0.8"), cluster_rows, 3),
)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--paths", type=int, default=400, help="simulated experiments of each kind (default 400)")
    paths = parser.parse_args().paths
    print(f"{paths:,} experiments each; ± is one standard error; kills looked for {KILL_LOOKS:,} times\n", flush=True)
    with Progress(console=Console(stderr=True)) as progress:
        for head, rows, runs in TABLES:
            task = progress.add_task(head[0], total=runs * paths)
            print(line(*head), line(*("---" for _ in head)), sep="\n")
            for row in rows(paths, lambda done, t=task: progress.advance(t, done)):
                print(row, flush=True)
            print()


if __name__ == "__main__":
    main()
