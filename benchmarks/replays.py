"""Real experiments, as winburn would have called them: ``python -m benchmarks.replays [--data FOLDER]``.

ASOS: all 66 pairs and four metrics, watched checkpoint by checkpoint. Upworthy: headline tests by their final totals.
No timing. The data sets are not part of winburn; without them there is nothing to show.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from benchmarks import replays_asos, replays_upworthy
from benchmarks.replays_upworthy import AA_TEST, HeadlineTest

SHARED = Path(os.environ.get("WINBURN_SHARED", Path(__file__).resolve().parents[2] / "shared"))


def markdown(rows: Sequence[Sequence[str]]) -> str:
    """A table with its head."""
    lines = [rows[0], ["---"] * len(rows[0]), *rows[1:]]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def asos(folder: Path) -> Iterable[str]:
    """The tables of the ASOS replay."""
    with tempfile.TemporaryDirectory() as work, Progress(console=Console(stderr=True)) as progress:
        task = progress.add_task("ASOS", total=None)
        calls = replays_asos.replay(
            folder, Path(work), lambda done, steps: progress.update(task, completed=done, total=steps)
        )
    yield "ASOS: 66 variants, ever called while watched (torn: one arm was loaded without the other)\n"
    yield markdown(replays_asos.summary(calls))
    yield "\nWhat winburn called, and the first checkpoint of each rule\n"
    yield markdown(replays_asos.details(calls))


def upworthy(folder: Path) -> Iterable[str]:
    """The table of the Upworthy totals."""
    yield "\nUpworthy: final totals, valid period\n"
    yield markdown(replays_upworthy.table(replays_upworthy.tests(folder)))
    (result,) = replays_upworthy.results([HeadlineTest("A/A", AA_TEST)])
    e_values = ", ".join(f"{e:.3g}" for e in result.log_e)
    z = ", ".join(f"{each:+.2f}" for each in result.z)
    yield f"\nA/A test 546d88fb84ad38b2ce000024: z {z}; log e-values {e_values}; verdicts {result.verdict.tolist()}"


def main() -> int:
    """Print the tables of the data sets that are there; 1 where none is."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, default=SHARED / "data", help="folder with asos/ and upworthy/")
    folder = parser.parse_args().data
    sets = [(folder / name, show) for name, show in (("asos", asos), ("upworthy", upworthy))]
    there = [(path, show) for path, show in sets if path.is_dir()]
    for path, show in there:
        for text in show(path):
            print(text, flush=True)
    if not there:
        print(f"neither asos nor upworthy is in {folder}", file=sys.stderr)
    return 0 if there else 1


if __name__ == "__main__":
    sys.exit(main())
