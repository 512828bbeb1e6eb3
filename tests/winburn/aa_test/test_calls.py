"""What is called of simulated experiments: the same as by looking everywhere, and as the collector itself calls."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from exporter.collectors.experiment import ExperimentCollector
from exporter.sources.file import FileSource
from exporter.spec import Experiment
from exporter.state import State
from tests.winburn.aa_test.plans import COUNTER, MEAN, PROPORTION, RATE, RATIO, experiment, plan
from winburn.aa_test.calls import RULES, watch
from winburn.aa_test.counts import simulate
from winburn.aa_test.evidence import Counted
from winburn.aa_test.facts import Plan

OURS = ("verdict", "primary", "kill")
DECREASE = {**PROPORTION, "direction": "decrease"}
LOOSE = {"alpha": 0.4, "early_kill": {"alpha": 0.3}}
"""Levels at which a few paths have calls to compare."""


def counted(it: Plan, paths: int, seed: int = 1, lift: float = 0.0) -> Counted:
    return Counted(it, *simulate(it, paths, seed, lift=lift))


@pytest.mark.parametrize("lift", [0.0, 0.1, -0.1])
@pytest.mark.parametrize(
    "it",
    [
        plan(experiment(**LOOSE), looks=40),
        plan(experiment(DECREASE, **LOOSE), looks=40),
        plan(experiment(PROPORTION, MEAN, RATE, shares=(0.4, 0.3, 0.2, 0.1), **LOOSE), looks=20),
        plan(experiment({**MEAN, "role": "primary"}, RATIO, **LOOSE), looks=20),
        plan(experiment({**RATE, "role": "primary"}, shares=(0.9, 0.1), **LOOSE), looks=20),
        plan(experiment(PROPORTION, {**RATE, "margin": 0.5}, shares=(0.5, 0.5, 0.0), **LOOSE), looks=20),
        plan(experiment(COUNTER, **LOOSE), per_day=10_000, looks=192, clusters=3),
    ],
    ids=["proportion", "decrease", "four arms", "mean and ratio", "rate", "wide margin, empty arm", "counter"],
)
def test_looking_only_where_a_call_is_possible_finds_the_same_calls(it: Plan, lift: float) -> None:
    here = counted(it, 12, lift=lift)
    quick, slow = watch([here])[0], watch([here], every_look=True)[0]
    for rule in RULES:
        np.testing.assert_array_equal(quick[rule], slow[rule], err_msg=rule)
    if lift < 0 and it.looks == 40:
        assert quick["verdict"].any()


def test_a_shared_family_is_decided_together() -> None:
    members = [
        counted(plan(experiment(name=name, false_discovery="all", alpha=alpha)), 30, lift=0.06)
        for name, alpha in (("one", 0.3), ("two", 0.5))
    ]
    quick, slow = watch(members), watch(members, every_look=True)
    alone = watch(members[1:])[0]
    for i in (0, 1):
        np.testing.assert_array_equal(quick[i]["verdict"], slow[i]["verdict"])
    assert quick[1]["verdict"].sum() <= alone["verdict"].sum()


def series(it: Experiment, here: Counted, path: int, folder: Path) -> dict[str, bool]:
    """What the collector calls of one path, fed from a file look after look."""
    file = folder / "counts.csv"
    state = State("sqlite://")
    collector = ExperimentCollector({"shop": FileSource("shop", str(file))}, [it], state, refresh=15.0)
    ever = dict.fromkeys(OURS, False)
    for look in range(here.plan.looks):
        with file.open("w", newline="") as stream:
            out = csv.writer(stream)
            sums = here.sums
            columns = [(m, c) for m, s in sums.items() for c in s]
            out.writerow(["variant", *(f"{m}_{c}" for m, c in columns)])
            for i, arm in enumerate(here.plan.arms):
                out.writerow([arm, *(repr(float(sums[m][c][path, look, i])) for m, c in columns)])
        for report in collector.collect(1_000_000.0 + 15.0 * look):
            assert report.error is None
            for one in (*report.samples, *report.lasting):
                labels = dict(one.labels)
                if one.name == "experiment_variant_verdict":
                    called = one.value == -1 if labels["metric"] == "errors" else one.value != 0
                    ever["verdict"] |= called
                    ever["primary"] |= called and labels["metric"] == it.primary.name
                elif one.name == "experiment_variant_early_kill":
                    ever["kill"] |= one.value == 1
    state.close()
    return ever


def from_file(metric: dict[str, Any]) -> dict[str, Any]:
    columns = {
        "proportion": ("n", "successes"),
        "mean": ("n", "sum", "sum_squares", "nonzero"),
        "rate": ("exposure", "events"),
    }[metric["kind"]]
    return {**metric, "csv": {"columns": {c: f"{metric['name']}_{c}" for c in columns}}}


@pytest.mark.parametrize("lift", [0.0, -0.12])
def test_the_collector_calls_the_same(lift: float, tmp_path: Path) -> None:
    metrics = [from_file(metric) for metric in (PROPORTION, MEAN, RATE)]
    it = experiment(*metrics, shares=(0.5, 0.3, 0.2), alpha=0.2, early_kill={"alpha": 0.1})
    here = counted(plan(it, looks=25), 6, seed=3, lift=lift)
    found = watch([here])[0]
    for path in range(6):
        said = series(it, here, path, tmp_path)
        assert said == {rule: bool(found[rule][path]) for rule in OURS}
    assert found["verdict"].any() == bool(lift)


@pytest.mark.parametrize("metric", [PROPORTION, DECREASE, {**MEAN, "role": "primary"}])
def test_a_real_effect_is_called_by_every_rule(metric: dict[str, Any]) -> None:
    it = plan(experiment(metric), rate=0.2 if metric["kind"] == "proportion" else None)
    found = watch([counted(it, 30, lift=0.5 if metric["kind"] == "proportion" else 1.5)])
    for rule in ("verdict", "primary", "t_test", "win"):
        assert found[0][rule].mean() > 0.9, rule
    assert found[0]["kill"].mean() == pytest.approx(float(metric is DECREASE), abs=0.1)


def test_an_early_kill_that_is_off_kills_nothing() -> None:
    found = watch([counted(plan(experiment(early_kill=None)), 10, lift=-0.9)])[0]
    assert found["verdict"].all()
    assert not found["kill"].any()


def test_no_call_before_thirty_windows() -> None:
    it = plan(experiment(COUNTER), per_day=35_000, looks=100)  # 27 windows
    found = watch([counted(it, 10, lift=0.9)])[0]
    assert not found["verdict"].any()
    assert found["t_test"].all()
