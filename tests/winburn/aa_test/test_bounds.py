"""The bounds lie above the exporter's own evidence, whatever the counts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.collectors.experiment_analysis import analyse
from tests.winburn.aa_test.plans import PROPORTION, RATE, experiment, plan
from winburn.aa_test.bounds import moments_of, most_kill_log_e, most_log_e
from winburn.aa_test.counts import Sums
from winburn.aa_test.evidence import Counted, Watched, cases

ARMS = st.lists(st.tuples(st.integers(1, 20_000), st.floats(0, 1)), min_size=3, max_size=3)


@settings(max_examples=60, deadline=None)
@given(ARMS, st.sampled_from([0.0, 0.1, 0.5]), st.sampled_from(["increase", "decrease"]), st.floats(1.0, 4.0))
@pytest.mark.parametrize("metric", [PROPORTION, RATE])
def test_no_evidence_exceeds_its_bound(
    metric: dict[str, Any], arms: list[tuple[int, float]], margin: float, way: str, phi: float
) -> None:
    chosen = {**metric, "direction": way, "margin": margin, "role": "primary"}
    it = plan(experiment(chosen, shares=(0.5, 0.3, 0.2), early_kill={"margin": margin}))
    n = np.array([[[float(size) for size, _ in arms]]])
    x = np.floor(n * np.array([share for _, share in arms]))
    names = ("n", "successes") if metric["kind"] == "proportion" else ("exposure", "events")
    sums: Sums = dict(zip(names, (n, x), strict=True))
    (facts,) = it.facts
    each = Watched(Counted(it, n, {facts.metric.name: sums}), 0, facts, moments_of(facts, sums), 0)
    zero = np.zeros(1, dtype=np.intp)
    (result,) = analyse(cases(each, zero, zero, zero, [phi]))
    assert (np.nan_to_num(result.log_e) <= most_log_e(facts, each.arms)[0, 0] + 1e-6).all()
    assert (np.nan_to_num(result.kill_log_e) <= most_kill_log_e(facts, each.arms, margin)[0, 0] + 1e-6).all()
