"""The design effect of a simulated path is that of the exporter's own windows."""

from __future__ import annotations

import numpy as np
import pytest

from exporter.collectors.experiment_windows import Windows
from tests.winburn.aa_test.plans import COUNTER, experiment, plan
from winburn.aa_test.bounds import moments_of
from winburn.aa_test.counts import simulate
from winburn.aa_test.evidence import Counted, Watched, design_effect


@pytest.mark.parametrize("looks", [192, 96, 48, 1200])
def test_windows_are_those_of_the_exporter(looks: int) -> None:
    it = plan(experiment(COUNTER, shares=(0.5, 0.3, 0.2)), per_day=20_000, looks=looks, clusters=4)
    units, sums = simulate(it, 2, seed=5)
    (facts,) = it.facts
    each = Watched(Counted(it, units, sums), 0, facts, moments_of(facts, sums["clicks"]), 0)
    windows = Windows(facts.metric)
    told = []
    for look in range(looks):
        counts = {
            arm: (float(sums["clicks"]["n"][1, look, i]), float(sums["clicks"]["successes"][1, look, i]))
            for i, arm in enumerate(it.arms)
        }
        windows.take(1800.0 * 1000 + (look + 1) * it.seconds_per_look, counts, it.arms)
        told.append(windows.design_effect(it.arms))
    every = np.arange(looks)
    found = design_effect(each, np.ones(looks, dtype=np.intp), every)
    np.testing.assert_allclose(found, told, rtol=1e-9)
    if looks > 48:
        assert np.isfinite(found[-1])
        assert found[-1] > 2
