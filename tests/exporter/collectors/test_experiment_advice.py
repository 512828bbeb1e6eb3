"""The decision table, row by row, over a real collector."""

from __future__ import annotations

from typing import Any

import pytest

from exporter.collectors.experiment_advice import advise
from exporter.collectors.experiment_analysis import analyse
from exporter.collectors.experiment_reading import Reading
from exporter.state import AuditEntry, Override
from tests.exporter.collectors.lab import Lab, experiment, metric

EVEN = {"a": (1000, 100), "b": (1000, 104)}
BETTER = {"a": (10_000, 1000), "b": (10_000, 1300)}
WORSE = {"a": (10_000, 1300), "b": (10_000, 1000)}
THREE = {"a": 0.4, "b": 0.3, "c": 0.3}
HOUR = 3600.0


def said(lab: Lab) -> tuple[str, str]:
    return lab.advice["b"]


def guard(margin: float = 0.0) -> dict[str, Any]:
    return metric("g", role="guardrail", margin=margin)


def test_a_broken_split_comes_first() -> None:
    lab = Lab().look(0.0, m={"a": (10_000, 1000), "b": (9000, 1300)})
    assert said(lab) == ("fix_split", "sample_ratio_mismatch")
    large = Lab().look(0.0, m={"a": (1.005e7, 1.005e6), "b": (1e7, 1e6)})
    assert large.values("experiment_srm_p_value")[()] < 1e-3
    assert said(large) == ("continue", "undecided")


def test_no_unit_and_none_for_long() -> None:
    lab = Lab(experiment(stalled_after="2h")).look(0.0, m={})
    assert said(lab) == ("investigate", "no_data")
    assert said(lab.look(HOUR, m=EVEN)) == ("continue", "undecided")
    assert said(lab.look(3 * HOUR)) == ("continue", "undecided")
    assert said(lab.look(3 * HOUR + 1)) == ("investigate", "stalled")


def test_paused() -> None:
    lab = Lab().look(0.0, m=BETTER)
    plan = {"a": 0.5, "b": 0.5}
    override = Override("paused", None, "running", plan, 1.0, "ann", "why")
    lab.state.set_lifecycle("x", override, AuditEntry(1.0, "experiment", "x", "", "pause", "ann", "why"))
    assert said(lab.look(15.0)) == ("continue", "paused")


@pytest.mark.parametrize("status", ["draft", "completed", "failed"])
def test_nothing_is_advised_of_what_does_not_run(status: str) -> None:
    assert Lab(experiment(status=status)).look(0.0, m=BETTER).advice == {}


def test_killed() -> None:
    assert said(Lab().look(0.0, m=WORSE)) == ("kill", "early_kill")
    lab = Lab().look(0.0, m=WORSE)
    assert said(lab.look(15.0, m=BETTER)) == ("kill", "early_kill")


def test_killed_by_a_guardrail_slo() -> None:
    lab = Lab().look(0.0, m=EVEN)
    lab.collector._tracks[0].latch("b", 0.0, "it burns", {"kind": "guardrail_slo"})
    assert said(lab.look(15.0)) == ("kill", "guardrail_slo")


def test_a_harmed_guardrail() -> None:
    assert said(Lab(experiment(guard())).look(0.0, m=BETTER, g=WORSE)) == ("kill", "guardrail_harmed")


def test_worse_without_the_rule_to_kill() -> None:
    lab = Lab(experiment(early_kill=None))
    assert said(lab.look(0.0, m=WORSE)) == ("kill", "worse")


def test_better() -> None:
    assert said(Lab().look(0.0, m=BETTER)) == ("ship", "better")
    lab = Lab(experiment(primary={"direction": "decrease"}))
    assert said(lab.look(0.0, m=WORSE)) == ("ship", "better")


def test_the_best_of_those_that_are_better() -> None:
    counts = {"a": (12_000, 1200), "b": (9000, 1200), "c": (9000, 1500)}
    lab = Lab(experiment(variants=THREE)).look(0.0, m=counts)
    assert lab.advice == {"b": ("stop", "another_is_better"), "c": ("ship", "better")}


def test_one_that_harms_a_guardrail_is_not_the_best() -> None:
    counts = {"a": (12_000, 1200), "b": (9000, 1200), "c": (9000, 1500)}
    harm = {"a": (12_000, 1200), "b": (9000, 900), "c": (9000, 300)}
    lab = Lab(experiment(guard(), variants=THREE)).look(0.0, m=counts, g=harm)
    assert lab.advice == {"b": ("ship", "better"), "c": ("kill", "guardrail_harmed")}


def test_better_but_the_guardrail_is_not_decided() -> None:
    lab = Lab(experiment(guard(margin=0.1))).look(0.0, m=BETTER, g=EVEN)
    assert said(lab) == ("continue", "guardrail_undecided")
    kept = {"a": (90_000, 9000), "b": (90_000, 9000)}
    assert said(lab.look(15.0, g=kept)) == ("ship", "better")


def test_economics() -> None:
    value = {"metric": "m", "per_event": 1, "currency": "EUR", "horizon": "1h"}
    lab = Lab(experiment(value=value)).look(0.0, m=EVEN)
    assert said(lab.look(HOUR, m={"a": (1500, 150), "b": (1500, 165)})) == ("stop", "economics")
    patient = Lab(experiment(value={**value, "horizon": "365d"})).look(0.0, m=EVEN)
    assert said(patient.look(HOUR, m={"a": (1500, 150), "b": (1500, 165)})) == ("continue", "undecided")


def test_the_minimum_lift_would_have_been_seen() -> None:
    lab = Lab(experiment(primary={"minimum_lift": 0.2}))
    assert said(lab.look(0.0, m=EVEN)) == ("continue", "undecided")
    assert said(lab.look(15.0, m={"a": (50_000, 5000), "b": (50_000, 5050)})) == ("stop", "no_minimum_lift")


def test_each_variant_is_told_of_its_own_minimum_lift() -> None:
    one = experiment(primary={"minimum_lift": 0.2}, variants={"a": 0.5, "b": 0.49, "c": 0.01})
    counts = {"a": (50_000, 5000), "b": (49_000, 4950), "c": (1000, 100)}
    lab = Lab(one).look(0.0, m=counts)
    assert lab.advice == {"b": ("stop", "no_minimum_lift"), "c": ("continue", "undecided")}
    assert lab.values("experiment_remaining_participants")[()] > 1e5


def test_there_is_exactly_one_for_each_variant_with_words_and_numbers() -> None:
    lab = Lab(experiment(variants=THREE)).look(0.0, m={"a": (4000, 400), "b": (3000, 310), "c": (3000, 290)})
    assert lab.advice == {"b": ("continue", "undecided"), "c": ("continue", "undecided")}
    (reading,) = [Reading(track) for track in lab.collector._tracks]
    reading.results = {"m": analyse([reading._case(reading.experiment.primary, known=True)])[0]}
    for advice in advise(reading, 1.0, 0.0, 0.0):
        assert advice.text.startswith("Go on: ")
        assert advice.facts == {"lift": pytest.approx({"b": 0.0333, "c": -0.0333}[advice.variant], abs=1e-4)}
