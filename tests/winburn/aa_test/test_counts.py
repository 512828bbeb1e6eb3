"""Simulated counts: the planned shares, the given moments, sums that never contradict each other."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from exporter.spec import KINDS
from exporter.stats import moments
from tests.winburn.aa_test.plans import MEAN, PROPORTION, RATE, RATIO, experiment, plan
from winburn.aa_test.counts import every_column, simulate
from winburn.aa_test.facts import Facts, Plan

EVERY = experiment(PROPORTION, MEAN, RATIO, RATE, shares=(0.4, 0.3, 0.2, 0.1))


def test_units_fall_to_the_arms_by_the_planned_shares_and_reach_the_horizon() -> None:
    units, sums = simulate(plan(EVERY, horizon=10_007.0, looks=100), 50, seed=1)
    assert units.shape == (50, 100, 4)
    np.testing.assert_array_equal(units[:, -1].sum(axis=-1), 10_007)
    assert (np.diff(units, axis=1) >= 0).all()
    np.testing.assert_allclose(units[:, -1].mean(axis=0) / 10_007, [0.4, 0.3, 0.2, 0.1], atol=0.003)
    for name, columns in sums.items():
        np.testing.assert_array_equal(columns["exposure" if name == "errors" else "n"], units)


@pytest.mark.parametrize("i", range(4))
def test_moments_are_those_given(i: int) -> None:
    it = plan(EVERY, horizon=40_000.0)
    facts = it.facts[i]
    kind = facts.metric.kind
    _, sums = simulate(it, 20, seed=2)
    mean, variance = moments.mean_of(kind, sums[facts.metric.name])
    n = sums[facts.metric.name][KINDS[kind].units]
    wanted = facts.mean / facts.below[0] if facts.below else facts.mean
    scale = np.sqrt(np.mean(variance[:, -1]) / 80)
    assert np.mean(mean[:, -1]) == pytest.approx(wanted, abs=5 * scale)
    if kind == "mean":
        assert np.mean(variance[:, -1] * n[:, -1]) == pytest.approx(facts.variance, rel=0.1)
        assert np.mean(sums["revenue"]["nonzero"] / n) == pytest.approx(0.05, rel=0.05)


@pytest.mark.parametrize(
    ("mean", "variance", "nonzero"),
    [(4.0, 74.0, None), (10.0, 5.0, None), (-1.0, 4.0, None), (2.0, 4.0, 0.6), (0.5, 0.25, 0.5)],
)
def test_amounts_have_the_mean_and_the_variance_of_the_data(
    mean: float, variance: float, nonzero: float | None
) -> None:
    it = experiment({**MEAN, "role": "primary"})
    _, sums = simulate(Plan(it, (Facts(it.primary, mean, variance, nonzero),), horizon=50_000, looks=20), 4, seed=3)
    found = sums["revenue"]
    n = found["n"][:, -1]
    average = found["sum"][:, -1] / n
    assert np.mean(average) == pytest.approx(mean, abs=5 * np.sqrt(variance / n.sum()))
    assert np.mean(found["sum_squares"][:, -1] / n - average**2) == pytest.approx(variance, rel=0.1)
    assert ("nonzero" in found) == (nonzero is not None)


def test_clusters_make_a_counter_overdispersed_by_their_size() -> None:
    counter = {**PROPORTION, "source": "prod", "prometheus": {"exposures": "e", "events": "c"}}
    rates = []
    for clusters in (1, 5):
        _, sums = simulate(plan(experiment(counter), looks=2, clusters=clusters), 400, seed=4)
        rates.append(np.var(sums["conversion"]["successes"][:, -1, 0] / sums["conversion"]["n"][:, -1, 0]))
    assert rates[1] / rates[0] == pytest.approx(5, rel=0.3)


def test_a_lift_moves_the_variants_alone() -> None:
    _, sums = simulate(plan(EVERY), 20, seed=5, lift=0.5)
    for facts in plan(EVERY).facts:
        mean = np.asarray(moments.mean_of(facts.metric.kind, sums[facts.metric.name])[0])[:, -1].mean(axis=0)
        wanted = facts.mean / facts.below[0] if facts.below else facts.mean
        np.testing.assert_allclose(mean, wanted * np.array([1, 1.5, 1.5, 1.5]), rtol=0.1)


def test_columns_that_are_not_given_are_unknown() -> None:
    it = plan(EVERY)
    _, sums = simulate(it, 1, seed=1)
    table = every_column(it.facts[1], sums["revenue"])
    known = [
        column for column, nan in zip(KINDS["mean"].every, np.isnan(table).all(axis=(0, 1, 2)), strict=True) if not nan
    ]
    assert known == ["n", "sum", "sum_squares", "nonzero"]


def test_the_same_seed_gives_the_same_numbers_whatever_the_hash_seed() -> None:
    program = (
        "from tests.winburn.aa_test.test_counts import EVERY, plan, simulate\n"
        "units, sums = simulate(plan(EVERY), 2, seed=7)\n"
        "print(units.sum(), [repr(float(c.sum())) for s in sums.values() for c in s.values()])"
    )
    root = Path(__file__).resolve().parents[3]
    said = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed},
            cwd=root,
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(said) == 1
