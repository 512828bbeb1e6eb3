"""Kills: the facts that are written down, the floor of a spared variant."""

from __future__ import annotations

import math

import pytest

from exporter.state import Latch
from tests.exporter.collectors.lab import Lab, Shop, experiment

NONE_AT_ALL = {"a": (5000, 50), "b": (5000, 0)}


def latched(lab: Lab) -> list[Latch]:
    return lab.state.latches("kill")


def test_zero_of_five_thousand_is_killed_with_the_numbers() -> None:
    lab = Lab().look(15.0, m=NONE_AT_ALL)
    assert lab.values("experiment_variant_early_kill") == {("b",): 1}
    assert lab.values("experiment_variant_verdict") == {("b", "m"): -1}
    (latch,) = latched(lab)
    facts = dict(latch.facts)
    assert facts.pop("e_value") > 100
    assert facts == {
        "kind": "evidence",
        "metric": "m",
        "direction": "increase",
        "epoch": 1,
        "alpha": 0.01,
        "margin": 0.0,
        "control": {"variant": "a", "n": 5000, "successes": 50},
        "killed": {"variant": "b", "n": 5000, "successes": 0},
    }


@pytest.mark.parametrize("kind", ["proportion", "mean", "rate"])
def test_every_kind_kills_and_the_counts_are_those_of_all_epochs(kind: str) -> None:
    def arm(n: float, s: float) -> tuple[float, ...]:
        return (n, 3 * s, 10 * s) if kind == "mean" else (n, s)

    lab = Lab(experiment(primary={"kind": kind}, variants={"a": 0.9, "b": 0.1}))
    lab.look(0.0, m={"a": arm(9000, 900), "b": arm(1000, 95)})
    lab.begin(experiment(primary={"kind": kind}))
    lab.look(15.0).look(30.0, m={"a": arm(12_000, 1200), "b": arm(4000, 125)})
    (latch,) = latched(lab)
    assert latch.facts["epoch"] == 2
    assert latch.facts["killed"]["exposure" if kind == "rate" else "n"] == 4000
    assert not any(isinstance(x, float) and math.isnan(x) for x in latch.facts["killed"].values())


def test_a_margin_is_tolerated() -> None:
    counts = {"a": (20_000, 4000), "b": (20_000, 3500)}
    assert latched(Lab().look(0.0, m=counts))
    assert not latched(Lab(experiment(early_kill={"margin": 0.2})).look(0.0, m=counts))


def test_a_spared_variant_needs_more_evidence_than_there_was() -> None:
    lab = Lab().look(0.0, m=NONE_AT_ALL)
    assert lab.state.lift_latch("kill", "x", "b", 1.0, "ann", "why")
    for at in (15.0, 30.0):
        assert lab.look(at).values("experiment_variant_early_kill") == {("b",): 0}
    lab.begin()
    assert lab.look(45.0).values("experiment_variant_early_kill") == {("b",): 0}
    again = lab.look(60.0, m={"a": (50_000, 500), "b": (50_000, 0)})
    assert again.values("experiment_variant_early_kill") == {("b",): 1}


def test_a_killed_variants_traffic_may_stop() -> None:
    one = experiment(variants={"a": 0.4, "b": 0.3, "c": 0.3})
    lab = Lab(one).look(0.0, m={"a": (4000, 400), "b": (3000, 0), "c": (3000, 300)})
    lab.look(15.0, m={"a": (40_000, 4000), "b": (3000, 0), "c": (30_000, 3000)})
    assert lab.values("experiment_srm_p_value")[()] > 0.5
    assert lab.values("experiment_srm_deviation_ratio")[()] < 0.001
    assert lab.advice["c"] == ("continue", "undecided")


def test_a_failing_source_neither_kills_nor_spares() -> None:
    lab = Lab(shop=Shop({"m": NONE_AT_ALL})).look(0.0)
    del lab.shop.now["m"]
    lab.look(15.0)
    assert lab.values("experiment_variant_early_kill") == {("b",): 1}
    assert len(latched(lab)) == 1
