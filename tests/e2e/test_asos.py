"""52 real experiments (ASOS Digital Experiments Dataset), replayed checkpoint by checkpoint through a file on disk.

At every checkpoint a CSV is written beside the old one and renamed over it, as its writer should; the real FileSource
reads it and the collector looks, as it would live. A watched z test calls 14 of the 48 variants that end without a
difference; the anytime-valid rule may call few. The table of calls is printed (pytest -s).
"""

from __future__ import annotations

import csv
import gzip
import math
import os
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from exporter.collectors.experiment import ExperimentCollector
from exporter.sources.file import FileSource
from exporter.spec import Experiment
from exporter.state import State

SHARED = Path(os.environ.get("WINBURN_SHARED", Path(__file__).resolve().parents[3] / "shared"))
ASOS = SHARED / "data" / "asos"
pytestmark = [
    pytest.mark.skipif(not ASOS.is_dir(), reason=f"the ASOS data set is not in {ASOS}"),
    pytest.mark.xdist_group("asos"),  # all of them look at one replay of a quarter of a minute
]

ALPHA, CONTROL = 0.05, "control"
Pair = tuple[str, str]
Checkpoint = dict[str, tuple[int, int]]
"""Arm -> (units, conversions), cumulative."""


@dataclass
class Calls:
    """What was ever said of one variant, and what is said at the end."""

    final_z: float
    watched_z: int | None = None
    evidence: int | None = None
    verdict: int | None = None
    killed: int | None = None
    e_value: float = math.nan
    lift: float = math.nan
    lower: float = math.nan
    upper: float = math.nan
    last_verdict: float = 0.0


def checkpoints() -> dict[str, list[Checkpoint]]:
    """Experiment -> its checkpoints in order of time, of metric 1 (a conversion)."""
    found: dict[str, dict[float, Checkpoint]] = defaultdict(lambda: defaultdict(dict))
    with gzip.open(ASOS / "checkpoints.csv.gz", "rt", newline="") as file:
        for row in csv.DictReader(file):
            if row["metric_id"] != "1":
                continue
            at = found[row["experiment_id"]][float(row["time_since_start"])]
            for arm, side in ((CONTROL, "c"), (row["variant_id"], "t")):
                n = float(row[f"count_{side}"])
                at[arm] = (int(n), round(n * float(row[f"mean_{side}"])))
    return {name: [by_time[time] for time in sorted(by_time)] for name, by_time in sorted(found.items())}


def spec(name: str, arms: list[str]) -> Experiment:
    return Experiment.model_validate(
        {
            "name": name,
            "control": CONTROL,
            "variants": dict.fromkeys(arms, 1 / len(arms)),
            "alpha": ALPHA,
            "metrics": [
                {"name": "m1", "kind": "proportion", "source": "asos", "csv": {"where": {"experiment": name}}},
            ],
        }
    )


def write(path: Path, now: dict[str, Checkpoint]) -> None:
    beside = path.with_suffix(".new")
    with beside.open("w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["experiment", "variant", "n", "successes"])
        out.writerows([name, arm, n, s] for name, arms in now.items() for arm, (n, s) in arms.items())
    beside.rename(path)


def z_score(control: tuple[int, int], variant: tuple[int, int]) -> float:
    (n_a, s_a), (n_b, s_b) = control, variant
    p_a, p_b = s_a / max(n_a, 1), s_b / max(n_b, 1)
    variance = p_a * (1 - p_a) / max(n_a, 1) + p_b * (1 - p_b) / max(n_b, 1)
    return (p_b - p_a) / math.sqrt(variance) if variance else 0.0


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> dict[Pair, Calls]:
    """Replay everything once."""
    past = checkpoints()
    with (ASOS / "metric1_reference_z.csv").open(newline="") as file:
        found = {(r["experiment_id"], r["variant_id"]): Calls(float(r["final_z"])) for r in csv.DictReader(file)}
    path = tmp_path_factory.mktemp("asos") / "checkpoints.csv"
    experiments = [spec(name, list(times[-1])) for name, times in past.items()]
    state = State("sqlite://")
    collector = ExperimentCollector({"asos": FileSource("asos", str(path))}, experiments, state, refresh=15.0)
    for step in range(max(map(len, past.values()))):
        now = {name: times[min(step, len(times) - 1)] for name, times in past.items()}
        write(path, now)
        for experiment, arm, family, value in series(collector, 15.0 * step):
            note(found[experiment, arm], step, family, value)
        for (experiment, arm), call in found.items():
            if call.watched_z is None and abs(z_score(now[experiment][CONTROL], now[experiment][arm])) > 1.96:
                call.watched_z = step
    state.close()
    return found


def series(collector: ExperimentCollector, at: float) -> Iterator[tuple[str, str, str, float]]:
    for report in collector.collect(at):
        assert report.error is None
        for sample in (*report.samples, *report.lasting):
            labels = dict(sample.labels)
            if labels.get("variant", CONTROL) != CONTROL:
                yield (
                    labels["experiment"],
                    labels["variant"],
                    sample.name.removeprefix("experiment_variant_"),
                    sample.value,
                )


def note(call: Calls, step: int, family: str, value: float) -> None:
    if family == "e_value":
        call.e_value = value
        call.evidence = step if call.evidence is None and value >= 1 / ALPHA else call.evidence
    elif family == "verdict":
        call.last_verdict = value
        call.verdict = step if call.verdict is None and value else call.verdict
    elif family == "early_kill":
        call.killed = step if call.killed is None and value else call.killed
    elif family in ("lift_ratio", "lift_lower_ratio", "lift_upper_ratio"):
        setattr(call, {"lift_ratio": "lift"}.get(family, family.split("_")[1]), value)


def table(calls: dict[Pair, Calls]) -> str:
    head = ["experiment", "v", "final z", "lift", "interval", "e-value", "watched z", "e >= 20", "verdict", "killed"]
    lines = [head, ["---"] * len(head)]
    for (experiment, arm), c in sorted(calls.items()):
        firsts = [None if step is None else step + 1 for step in (c.watched_z, c.evidence, c.verdict, c.killed)]
        if any(firsts):
            interval = f"{c.lower:+.2%} .. {c.upper:+.2%}"
            numbers = [f"{c.final_z:+.2f}", f"{c.lift:+.2%}", interval, f"{c.e_value:.3g}"]
            lines.append([experiment, arm, *numbers, *("" if first is None else str(first) for first in firsts)])
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def test_sixty_six_pairs_are_replayed_to_their_reference_z(calls: dict[Pair, Calls]) -> None:
    assert len(calls) == 66
    past = checkpoints()
    for (experiment, arm), call in calls.items():
        last = past[experiment][-1]
        assert z_score(last[CONTROL], last[arm]) == pytest.approx(call.final_z, abs=0.01)
        assert call.lower < call.lift < call.upper


def test_harmful_variants_are_called_worse_and_killed(calls: dict[Pair, Calls]) -> None:
    for pair in (("4509ec", "1"), ("9b959e", "1")):
        assert calls[pair].last_verdict == -1
        assert calls[pair].upper < 0
        assert calls[pair].killed is not None


def test_watching_calls_few_of_the_variants_without_a_difference(calls: dict[Pair, Calls]) -> None:
    equal = [call for call in calls.values() if abs(call.final_z) < 1.96]
    differ = [call for call in calls.values() if abs(call.final_z) >= 1.96]
    rules = ("watched_z", "evidence", "verdict", "killed")
    ever = {rule: sum(getattr(call, rule) is not None for call in equal) for rule in rules}
    found = {rule: sum(getattr(call, rule) is not None for call in differ) for rule in rules}
    print("\nfirst checkpoint at which each rule called (of those that any rule called)\n")
    print(table(calls))
    print(f"\never called of {len(equal)} with final |z| < 1.96: {ever}; of the other {len(differ)}: {found}")
    assert len(equal) == 48
    assert ever["watched_z"] == 14
    assert ever["evidence"] <= 4
    assert ever["verdict"] <= ever["evidence"]  # e-BH asks at least 1/alpha of everyone
    assert found["evidence"] > 0
