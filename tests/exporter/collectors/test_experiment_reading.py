"""One refresh of one experiment: what is asked, shown, and refused."""

from __future__ import annotations

import pytest

from exporter.collectors.experiment import ExperimentCollector
from exporter.collectors.experiment_reading import Reading
from exporter.state import State
from tests.exporter.collectors.lab import Lab, Shop, experiment, metric, reading

COUNTS = {"a": (1000.0, 100.0), "b": (1000.0, 130.0)}


def test_every_metric_is_a_hypothesis_also_where_it_is_not_read() -> None:
    found: Reading = reading(experiment(metric("m2", role="secondary")), m=COUNTS, m2=COUNTS)
    found.read.discard("m2")
    read, missing = found.cases()
    assert read.epochs == ((COUNTS["a"], COUNTS["b"]),)
    assert missing.epochs == ()
    assert read.family == missing.family == "x"
    assert found.shown == ["m"]
    assert found.answered


@pytest.mark.parametrize(("direction", "ratio"), [("increase", 0.9), ("decrease", 1.1)])
def test_a_guardrails_null_is_its_margin_in_its_direction(direction: str, ratio: float) -> None:
    guard = metric("g", role="guardrail", margin=0.1, direction=direction)
    primary, guardrail = reading(experiment(guard), m=COUNTS, g=COUNTS).cases()
    assert (primary.null_ratio, primary.kill_margin) == (1.0, 0.0)
    assert guardrail.null_ratio == pytest.approx(ratio)
    assert guardrail.kill_margin is None


def test_false_discoveries_over_all_are_one_family_the_segments_another() -> None:
    one = experiment(false_discovery="all", dimensions=["country"])
    found = reading(one, m={**COUNTS, ("a", "country=de"): (5.0, 1.0), ("b", "country=de"): (5.0, 1.0)})
    (case,), segments = found.cases(), found.segment_cases()
    assert case.family == ""
    assert list(segments) == ["country=de"]
    assert segments["country=de"].family not in {"", "x"}
    assert segments["country=de"].kill_margin is None


def test_shares_leave_out_the_killed_and_name_strangers() -> None:
    one = experiment(variants={"a": 0.4, "b": 0.4, "c": 0.2, "d": 0.0})
    found = reading(one, m={"a": (400.0, 1.0), "b": (400.0, 1.0), "c": (200.0, 1.0), "zz": (3.0, 0.0)})
    assert found.shares() == ([400, 400, 200, 0, 3], [0.4, 0.4, 0.2, 0.0, 0.0])
    found.track.latch("b", 0.0, "why", {})
    units, plan = found.shares()
    assert units == [400, 200, 0, 3]
    assert plan == pytest.approx([2 / 3, 1 / 3, 0, 0])


def test_a_zero_share_arm_does_not_blur_the_others_and_a_unit_in_it_is_a_leak() -> None:
    one = experiment(variants={"a": 0.5, "b": 0.5, "c": 0.0})
    fine = Lab(one).look(0.0, m={"a": (5000, 500), "b": (5000, 500)})
    assert fine.values("experiment_srm_p_value") == {(): 1}
    leak = Lab(one).look(0.0, m={"a": (5000, 500), "b": (5000, 500), "c": (1, 0)})
    assert leak.values("experiment_srm_p_value") == {(): 0}
    assert leak.advice["b"] == ("continue", "undecided")  # no more than a single unit


def test_counts_that_cannot_be_analysed_cost_their_own_experiment() -> None:
    shop = Shop({"m": {"a": (1.0, 5.0), "b": (1e17, 5.0)}, "good": COUNTS})
    several = [experiment(primary={"kind": "rate"}), experiment(name="y", primary={"query": "good"})]
    collector = ExperimentCollector({"shop": shop}, several, State("sqlite://"), refresh=15.0)
    bad, good, *_ = collector.collect(0.0)
    assert "the counts of experiment x cannot be analysed" in str(bad.error)
    assert bad.samples == ()
    assert good.error is None
    assert {"experiment_variant_verdict", "experiment_variant_win_ratio"} <= {s.name for s in good.samples}


def test_late_successes_do_not_stop_the_collector() -> None:
    lab = Lab()
    for i, n in enumerate((0, 200, 400, 600, 800, 1000)):
        lab.look(15.0 * i, m={"a": (n, n / 10), "b": (n, n / 10)})
    lab.look(90.0, m={"a": (1000, 600), "b": (1000, 650)})
    assert lab.errors == {}
    assert lab.values("experiment_variant_events")["b", "m"] == 650


def test_exposure_without_a_design_effect_has_no_sample_ratio_mismatch() -> None:
    seconds = {"a": (5.0e6, 500.0), "b": (4.9e6, 490.0)}
    lab = Lab(experiment(primary={"kind": "rate"})).look(0.0, m=seconds)
    assert lab.values("experiment_srm_p_value") == {}
    assert lab.values("experiment_srm_deviation_ratio")[()] == pytest.approx(0.005, abs=1e-4)
    assert lab.advice["b"] == ("continue", "undecided")
