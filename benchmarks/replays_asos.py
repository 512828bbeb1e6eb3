"""52 real experiments (ASOS Digital Experiments Dataset), all four metrics, watched checkpoint by checkpoint.

At every checkpoint a CSV is written beside the old one and renamed over it; the real FileSource reads it and every
experiment takes its counts, opens its epochs, is analysed with all others in one batch, and kills, as it would live.
Samples and trends, which decide nothing, are left out.
"""

from __future__ import annotations

import csv
import gzip
import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from exporter.collectors.experiment_analysis import Result, analyse
from exporter.collectors.experiment_feed import Feed
from exporter.collectors.experiment_kill import condemned, latch
from exporter.collectors.experiment_reading import Reading
from exporter.collectors.experiment_track import ExperimentTrack
from exporter.sources.file import FileSource
from exporter.spec import Experiment

CONTROL, ALPHA, DAY = "control", 0.05, 86400.0
METRICS = ("1", "2", "3", "4")
START = 1_600_000_000.0 // DAY * DAY

Key = tuple[str, str, str]
"""Experiment, variant and metric."""
Sums = tuple[float, float, float]
"""Units, sum and sum of squares."""
Checkpoint = dict[tuple[str, str], Sums]
"""(arm, metric) -> its cumulative sums."""


@dataclass
class Call:
    """What was ever said of one metric of one variant (the checkpoint's number, from 1), and what is said at the end.

    ``watched_z`` and ``final_z`` are of a plain z test on the file's numbers, whose z ``z`` has by checkpoint;
    ``evidence`` is the first e-value of 1 / alpha, before the family is looked at; ``decided`` are the checkpoints with
    a verdict; ``held`` counts those at which the file's counts had fallen.
    """

    z: dict[int, float] = field(default_factory=dict)
    decided: list[int] = field(default_factory=list)
    checkpoints: int = 0
    final_z: float = math.nan
    watched_z: int | None = None
    evidence: int | None = None
    verdict: int | None = None
    killed: int | None = None
    log_e: float = math.nan
    lift: float = math.nan
    lower: float = math.nan
    upper: float = math.nan
    last_verdict: float = 0.0
    first_verdict: float = 0.0
    held: int = 0


@dataclass(frozen=True, slots=True)
class Moment:
    """All arms' sums at one checkpoint, ``days`` after the start: as the file has them, and as a counter would.

    In a few rows the file's counts fall. What is counted live does not: there ``counters`` stay as they were, for both
    arms of the pair, until the file has caught up.
    """

    days: float
    counters: Checkpoint
    raw: Checkpoint


def torn(call: Call, step: int) -> bool:
    """Whether the z of one checkpoint jumps by more than 3 and back at the next.

    Cumulative counts cannot do that by chance: one arm's events were loaded without the other's.
    """
    before, now, after = (call.z.get(at) for at in (step - 1, step, step + 1))
    if before is None or now is None or after is None:
        return False
    return min(now - before, now - after) > 3 or max(now - before, now - after) < -3


def checkpoints(folder: Path) -> dict[str, list[Moment]]:
    """Experiment -> its checkpoints in order of time; what is missing in one stays as it was."""
    rows: dict[str, dict[float, list[dict[str, str]]]] = defaultdict(lambda: defaultdict(list))
    with gzip.open(folder / "checkpoints.csv.gz", "rt", newline="") as file:
        for row in csv.DictReader(file):
            if "" not in row.values() and "nan" not in row.values():
                rows[row["experiment_id"]][float(row["time_since_start"])].append(row)
    return {name: list(_moments(by_time)) for name, by_time in sorted(rows.items())}


def _moments(by_time: Mapping[float, Sequence[Mapping[str, str]]]) -> Iterator[Moment]:
    counters: Checkpoint = {}
    raw: Checkpoint = {}
    for time in sorted(by_time):
        for row in by_time[time]:
            metric = row["metric_id"]
            pair = {(arm, metric): _sums(row, side) for arm, side in ((CONTROL, "c"), (row["variant_id"], "t"))}
            raw = {**raw, **pair}
            if not any(_fell(counters.get(key), sums) for key, sums in pair.items()):
                counters = {**counters, **pair}
        yield Moment(time, counters, raw)


def _fell(before: Sums | None, now: Sums) -> bool:
    """Whether units or squares (of metric 1: conversions) are fewer than before; amounts alone may fall."""
    return before is not None and (now[0] < before[0] or now[2] < before[2])


def _sums(row: Mapping[str, str], side: str) -> Sums:
    n, mean, variance = (float(row[f"{name}_{side}"]) for name in ("count", "mean", "variance"))
    if row["metric_id"] == "1":
        successes = float(round(n * mean))
        return n, successes, successes
    return n, n * mean, (n - 1.0) * variance + n * mean * mean


def z_score(control: Sums, variant: Sums) -> float:
    """Of a plain comparison of means; 0 where nothing varies."""
    (m_a, v_a), (m_b, v_b) = (_mean(sums) for sums in (control, variant))
    return (m_b - m_a) / math.sqrt(v_a + v_b) if v_a + v_b > 0 else 0.0


def _mean(sums: Sums) -> tuple[float, float]:
    n, total, squares = sums
    if n < 1:
        return 0.0, 0.0
    return total / n, max(0.0, squares / n - (total / n) ** 2) / n


def experiment(name: str, arms: Sequence[str], metrics: Sequence[str] = METRICS) -> Experiment:
    """One experiment with equal planned shares; metric 1, the conversion, decides."""
    return Experiment.model_validate(
        {
            "name": name,
            "control": CONTROL,
            "variants": dict.fromkeys(arms, 1 / len(arms)),
            "alpha": ALPHA,
            "metrics": [_metric(name, metric) for metric in metrics],
        }
    )


def _metric(name: str, metric: str) -> dict[str, Any]:
    columns = {"successes": "sum"} if metric == "1" else {}
    return {
        "name": f"m{metric}",
        "kind": "proportion" if metric == "1" else "mean",
        "role": "primary" if metric == "1" else "secondary",
        "source": "asos",
        "csv": {"where": {"experiment": name, "metric": metric}, "columns": columns},
    }


def write(path: Path, now: Mapping[str, Checkpoint]) -> None:
    """The file as it is at one checkpoint."""
    beside = path.with_suffix(".new")
    with beside.open("w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["experiment", "metric", "variant", "n", "sum", "sum_squares"])
        out.writerows([e, metric, arm, *map(repr, s)] for e, arms in now.items() for (arm, metric), s in arms.items())
    beside.rename(path)


def replay(folder: Path, work: Path, tick: Callable[[int, int], None] = lambda _done, _all: None) -> dict[Key, Call]:
    """Watch all experiments side by side, each from its first to its last checkpoint."""
    past = checkpoints(folder)
    path = work / "checkpoints.csv"
    tracks = [ExperimentTrack(experiment(name, _arms(times[-1].raw)), None, ()) for name, times in past.items()]
    feed = Feed({"asos": FileSource("asos", str(path))}, 15.0)
    calls: dict[Key, Call] = defaultdict(Call)
    steps = max(map(len, past.values()))
    for step in range(steps):
        going = [track for track in tracks if step < len(past[track.experiment.name])]
        now = {track.experiment.name: past[track.experiment.name][step] for track in going}
        write(path, {name: moment.counters for name, moment in now.items()})
        for reading in look(feed, going, START + step * DAY / 2):
            _note(reading, calls, step + 1, now[reading.experiment.name])
        tick(step + 1, steps)
    return dict(calls)


def _arms(sums: Checkpoint) -> list[str]:
    return [CONTROL, *sorted({arm for arm, _ in sums} - {CONTROL})]


def look(feed: Feed, tracks: Sequence[ExperimentTrack], at: float) -> list[Reading]:
    """One refresh: the readings of all experiments, analysed in one batch."""
    answers = feed.read(tracks, at)
    readings = [Reading(track) for track in tracks]
    for reading in readings:
        reading.take(answers, at)
    cases = [case for reading in readings for case in reading.cases()]
    results = iter(analyse(cases))
    for reading in readings:
        reading.results = {name: next(results) for name in reading.track.metrics}
        for variant, log_e in list(condemned(reading, {})):
            latch(reading, variant, log_e, at)
    return readings


def _note(reading: Reading, calls: dict[Key, Call], step: int, moment: Moment) -> None:
    for i, variant in enumerate(reading.track.variants):
        for name, result in reading.results.items():
            metric = name.removeprefix("m")
            if (variant, metric) not in moment.raw:
                continue
            call = calls[reading.experiment.name, variant, metric]
            call.checkpoints = step
            call.final_z = z_score(moment.raw[CONTROL, metric], moment.raw[variant, metric])
            call.z[step] = call.final_z
            call.watched_z = call.watched_z or (step if abs(call.final_z) > 1.96 else None)
            if metric == "1" and variant in reading.track.killed:
                call.killed = call.killed or step
            call.held += moment.counters.get((variant, metric)) != moment.raw[variant, metric]
            _note_result(call, result, i, step)


def _note_result(call: Call, result: Result, i: int, step: int) -> None:
    verdict, log_e = float(result.verdict[i]), float(result.log_e[i])
    call.log_e, call.lift = log_e, float(result.lift[i])
    call.lower, call.upper = float(result.lower[i]), float(result.upper[i])
    call.last_verdict = 0.0 if math.isnan(verdict) else verdict
    if log_e >= -math.log(ALPHA):
        call.evidence = call.evidence or step
    if call.last_verdict:
        call.verdict = call.verdict or step
        call.decided.append(step)
        call.first_verdict = call.first_verdict or call.last_verdict


def reference_z(folder: Path) -> dict[Key, float]:
    """The z of the last checkpoint of metric 1, as published beside the data."""
    with (folder / "metric1_reference_z.csv").open(newline="") as file:
        return {(r["experiment_id"], r["variant_id"], "1"): float(r["final_z"]) for r in csv.DictReader(file)}


def summary(calls: Mapping[Key, Call]) -> list[list[str]]:
    """Per metric: how many pairs end with or without a difference, and how many of each a rule ever called."""
    head = [
        "metric",
        "ends",
        "pairs",
        "z ever beyond 1.96",
        "ever e >= 20",
        "ever a verdict",
        "not only torn",
        "at the end",
        "killed",
    ]
    rows = [head]
    for metric in METRICS:
        mine = [call for (_, _, m), call in sorted(calls.items()) if m == metric]
        for ends, part in (
            ("undecided", [c for c in mine if abs(c.final_z) < 1.96]),
            ("z beyond 1.96", [c for c in mine if abs(c.final_z) >= 1.96]),
        ):
            counts = (
                sum(c.watched_z is not None for c in part),
                sum(c.evidence is not None for c in part),
                sum(c.verdict is not None for c in part),
                sum(not all(torn(c, step) for step in c.decided) for c in part),
                sum(c.last_verdict != 0 for c in part),
                sum(c.killed is not None for c in part) if metric == "1" else "",
            )
            rows.append([metric, ends, str(len(part)), *map(str, counts)])
    return rows


def details(calls: Mapping[Key, Call]) -> list[list[str]]:
    """Every pair that winburn ever called, and when."""
    rows = [
        [
            "experiment",
            "v",
            "metric",
            "final z",
            "lift",
            "interval",
            "e-value",
            "of",
            "watched z",
            "e >= 20",
            "verdict",
            "killed",
        ]
    ]
    for (name, variant, metric), c in sorted(calls.items()):
        if c.evidence is None and c.verdict is None and c.killed is None:
            continue
        firsts = ["" if step is None else str(step) for step in (c.watched_z, c.evidence)]
        verdict = "" if c.verdict is None else f"{'better' if c.first_verdict > 0 else 'worse'} {c.verdict}"
        verdict += " (torn)" if c.decided and all(torn(c, step) for step in c.decided) else ""
        e_value = f"{math.exp(min(c.log_e, 690)):.3g}"
        interval = f"{c.lower:+.2%} .. {c.upper:+.2%}"
        numbers = [f"{c.final_z:+.2f}", f"{c.lift:+.2%}", interval, e_value, str(c.checkpoints)]
        rows.append([name, variant, metric, *numbers, *firsts, verdict, "" if c.killed is None else str(c.killed)])
    return rows
