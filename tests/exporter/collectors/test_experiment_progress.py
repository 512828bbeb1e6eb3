"""Remaining participants and time, and recommended traffic."""

from __future__ import annotations

import pytest

from exporter.stats import allocation, bayes, progress
from tests.exporter.collectors.lab import Lab, experiment, metric

LIFT = {"minimum_lift": 0.1}
DAY = 86400.0


def remaining(lab: Lab) -> float | None:
    return lab.values("experiment_remaining_participants").get(())


def test_two_arms_need_what_the_statistics_say() -> None:
    lab = Lab(experiment(primary=LIFT)).look(0.0, m={"a": (1000, 100), "b": (1000, 90)})
    assert remaining(lab) == float(progress.remaining_units(2000, 0.09, 0.1, 0.1))
    assert lab.values("experiment_remaining_seconds") == {}
    lab.look(DAY, m={"a": (3000, 300), "b": (3000, 290)})
    left = remaining(lab)
    assert left == float(progress.remaining_units(6000, 0.09, 0.1, 0.1))
    assert lab.values("experiment_remaining_seconds")[()] == pytest.approx(left / 4000 * DAY)


def test_the_arms_together_need_more_than_two_of_them() -> None:
    one = experiment(primary=LIFT, variants={"a": 0.5, "b": 0.25, "c": 0.25})
    lab = Lab(one).look(0.0, m={"a": (2000, 200), "b": (1000, 100), "c": (1000, 110)})
    both = float(progress.remaining_units(3000, 0.09, 0.1, 0.1, 1 / 3))
    assert remaining(lab) == pytest.approx(both * 4000 / 3000, abs=1)


def test_the_unit_of_a_rates_exposure_is_the_unit_of_what_remains() -> None:
    lab = Lab(experiment(primary={"kind": "rate", **LIFT})).look(0.0, m={"a": (1000, 100), "b": (1000, 100)})
    hours = remaining(lab)
    lab = Lab(experiment(primary={"kind": "rate", **LIFT})).look(0.0, m={"a": (3.6e6, 100), "b": (3.6e6, 100)})
    assert hours is not None
    assert remaining(lab) == pytest.approx(3600 * hours, rel=1e-3)


def test_who_is_decided_killed_or_not_planned_is_not_waited_for() -> None:
    decided = Lab(experiment(primary=LIFT)).look(0.0, m={"a": (10_000, 1000), "b": (10_000, 1400)})
    assert remaining(decided) == 0
    assert decided.values("experiment_remaining_seconds") == {(): 0}
    killed = Lab(experiment(primary=LIFT)).look(0.0, m={"a": (1000, 100), "b": (1000, 0)})
    assert remaining(killed) == 0
    one = experiment(primary=LIFT, variants={"a": 0.5, "b": 0.5, "c": 0.0})
    lab = Lab(one).look(0.0, m={"a": (1000, 100), "b": (1000, 90)})
    assert remaining(lab) == float(progress.remaining_units(2000, 0.09, 0.1, 0.1))


def test_nothing_is_said_without_a_minimum_lift_units_or_conversions() -> None:
    assert remaining(Lab().look(0.0, m={"a": (1000, 100), "b": (1000, 90)})) is None
    for counts in ({}, {"a": (100, 10)}, {"a": (100, 0), "b": (100, 0)}):
        assert remaining(Lab(experiment(primary=LIFT)).look(0.0, m=counts)) is None


@pytest.mark.parametrize("direction", ["increase", "decrease"])
def test_a_bandit_of_two_arms_gives_the_better_one_more(direction: str) -> None:
    one = experiment(kind="bandit", primary={"direction": direction}, early_kill=None)
    lab = Lab(one).look(0.0, m={"a": (1000, 100), "b": (1000, 120)})
    shares = lab.values("experiment_variant_traffic_recommended_ratio")
    best = bayes.prob_best([100, 120], [1000, 1000])
    if direction == "decrease":
        best = best[::-1]
    expected = allocation.thompson_weights(best, 0.01)
    assert [shares["a",], shares["b",]] == pytest.approx(list(expected))
    assert (shares["b",] > 0.8) == (direction == "increase")


def test_a_killed_arm_gets_nothing_and_what_is_no_bandit_no_advice() -> None:
    one = experiment(kind="bandit", variants={"a": 0.4, "b": 0.3, "c": 0.3})
    lab = Lab(one).look(0.0, m={"a": (4000, 400), "b": (3000, 0), "c": (3000, 300)})
    shares = lab.values("experiment_variant_traffic_recommended_ratio")
    assert shares["b",] == 0
    assert sum(shares.values()) == pytest.approx(1)
    plain = Lab(experiment(metric("m2", role="secondary"))).look(0.0, m={"a": (9, 1), "b": (9, 1)}, m2={})
    assert plain.values("experiment_variant_traffic_recommended_ratio") == {}
