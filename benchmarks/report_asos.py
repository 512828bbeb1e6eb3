"""The report of 52 real experiments (ASOS Digital Experiments Dataset): python -m benchmarks.report_asos DATA FOLDER

The collector of `winburn serve` watches them checkpoint by checkpoint, half a day apart, and keeps what it finds in a
state store; then their report is written in every format. Only the conversion is compared, as the metric that decides.
"""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.replays_asos import DAY, START, Checkpoint, checkpoints, experiment, write
from exporter.collectors.experiment import ExperimentCollector
from exporter.sources.file import FileSource
from exporter.spec import FileSource as FileModel
from exporter.spec import Spec, StateStore
from exporter.state import State
from winburn.report.document import Document
from winburn.report.formats import FORMATS, rendered, tables
from winburn.report.gather import gather
from winburn.report.standing import evaluated
from winburn.report.values import Period

METRICS = ("1",)


def watched(data: Path, folder: Path) -> tuple[Spec, float]:
    """The spec of all experiments, with its state store filled; and when the last checkpoint was."""
    past = checkpoints(data)
    arms = {name: sorted({arm for arm, _ in times[-1].raw} - {"control"}) for name, times in past.items()}
    spec = Spec(
        sources={"asos": FileModel(type="file", path=str(folder / "checkpoints.csv"))},
        experiments=tuple(experiment(name, ["control", *arms[name]], METRICS) for name in past),
        state=StateStore(url=f"sqlite:///{folder}/state.db"),
    )
    state = State(str(spec.state.url))
    source = FileSource("asos", str(folder / "checkpoints.csv"))
    collector = ExperimentCollector({"asos": source}, spec.experiments, state, refresh=DAY / 2)
    latest: dict[str, Checkpoint] = {}
    for step in range(max(map(len, past.values()))):
        latest |= {name: times[step].counters for name, times in past.items() if step < len(times)}
        write(folder / "checkpoints.csv", latest)
        at = START + step * DAY / 2
        collector.collect(at)
    state.close()
    return spec, at


def report(spec: Spec, end: float) -> Document:
    """As `winburn report` makes it, with the last checkpoint for the present."""
    when = Period(START, end, "the replay")
    state = State(str(spec.state.url))
    standing, _ = evaluated(spec, state, when, end + spec.lag)
    return gather(spec, state, when, standing)


def main() -> None:
    """Write everything into a folder."""
    data, folder = map(Path, sys.argv[1:3])
    folder.mkdir(parents=True, exist_ok=True)
    spec, end = watched(data, folder)
    document = report(spec, end)
    for layout in FORMATS:
        if layout != "csv":
            (folder / f"report.{layout}").write_bytes(rendered(document, layout))
    for name, text in tables(document).items():
        (folder / name).write_text(text, encoding="utf-8")
    print(folder)


if __name__ == "__main__":
    main()
