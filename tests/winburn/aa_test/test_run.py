"""The rates: known ones of watched tests, ours within its promise, the same for a seed."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.winburn.aa_test.plans import COUNTER, MEAN, PROPORTION, RATE, experiment, plan
from winburn.aa_test.facts import Plan
from winburn.aa_test.run import Outcome, aa_test, chunk, families, kill_level, share


def rates(it: Plan, paths: int, seed: int = 0) -> dict[str, tuple[float, float]]:
    (outcome,) = aa_test([it], paths, seed)
    assert not outcome.broken
    return outcome.rates


def test_a_watched_t_test_has_its_known_error_rate() -> None:
    """A check every 5,000 of 100,000 visitors calls 25 %, one after every visitor 50 %."""
    it = plan(experiment(), rate=0.1, horizon=100_000.0, looks=20)
    rate, error = rates(it, 1000)["t_test"]
    assert abs(rate - 0.251) < 3 * error
    often = rates(plan(experiment(), rate=0.1, horizon=100_000.0, looks=1000), 400)
    assert 0.35 < often["t_test"][0] < 0.5
    assert often["win"][0] > often["t_test"][0]
    assert often["verdict"][0] <= 0.05 + 3 * often["verdict"][1]


@pytest.mark.parametrize(
    "it",
    [
        plan(experiment(shares=(0.9, 0.1)), rate=0.02, looks=300),
        plan(experiment(PROPORTION, MEAN, RATE, shares=(0.25, 0.25, 0.25, 0.25)), looks=200),
        plan(experiment({**PROPORTION, "direction": "decrease"}), looks=300),
        plan(experiment(COUNTER), per_day=7_000, looks=200, clusters=3),
    ],
    ids=["90/10", "four arms, three metrics with a guardrail", "decrease", "clusters"],
)
def test_our_rate_keeps_its_promise(it: Plan) -> None:
    found = rates(it, 150)
    assert found["verdict"][0] <= 0.05 + 3 * found["verdict"][1]
    assert found["kill"][0] <= kill_level(it) + 3 * found["kill"][1]
    assert found["t_test"][0] > found["verdict"][0]


def test_chunks_and_company_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = plan(experiment(name="one")), plan(experiment(name="two"))
    together, alone = aa_test([first, second], 20), aa_test([second], 20)
    assert together[1] == alone[0]
    assert aa_test([second], 20, seed=1)[0].rates != alone[0].rates
    monkeypatch.setattr("winburn.aa_test.run._CELLS", 2 * 100 * 7)
    assert chunk([second], 20) == 7
    assert aa_test([second], 20)[0].rates.keys() == alone[0].rates.keys()


def test_every_path_is_told_of() -> None:
    heard: list[tuple[str, int]] = []
    aa_test(
        [plan(experiment(MEAN | {"role": "primary"}, name="one"), horizon=1_000_000.0)],
        5,
        tick=lambda *x: heard.append(x),
    )
    assert sum(paths for _, paths in heard) == 5
    assert len(heard) == 3


def test_families_share_their_looks() -> None:
    plans = [
        plan(experiment(name=n, false_discovery=scope), looks=k)
        for n, scope, k in (("one", "all", 10), ("two", "experiment", 20), ("three", "all", 30))
    ]
    assert [[(p.experiment.name, p.looks) for p in family] for family in families(plans)] == [
        [("one", 30), ("three", 30)],
        [("two", 20)],
    ]


def test_a_share_has_the_error_of_a_binomial() -> None:
    assert share(np.array([True] * 20 + [False] * 80)) == (0.2, pytest.approx(0.04))
    assert share(np.zeros(100, dtype=np.bool_)) == (0.0, pytest.approx(0.1 * math.sqrt(0.01) * 10 / 10, rel=1e-6))
    assert all(math.isnan(x) for x in share(np.zeros(0, dtype=np.bool_)))


def test_a_promise_is_broken_beyond_three_standard_errors() -> None:
    it = plan(experiment(shares=(0.4, 0.3, 0.3)))
    assert kill_level(it) == pytest.approx(0.02)
    fine = {"verdict": (0.079, 0.01), "kill": (0.049, 0.01)}
    assert Outcome(it, 1, fine).broken == []
    assert Outcome(it, 1, {"verdict": (0.081, 0.01), "kill": (0.051, 0.01)}).broken == ["verdict", "kill"]
