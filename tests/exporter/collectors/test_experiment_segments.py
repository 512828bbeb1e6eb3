"""Segments over a real collector: which are kept, shown, and how they are judged."""

from __future__ import annotations

from typing import Any

import pytest

from exporter.collectors.experiment_reading import SEGMENTS_SHOWN
from tests.exporter.collectors.lab import Lab, experiment

DE, FR = "country=de", "country=fr"
ONE = {"dimensions": ["country"]}


def counts(**segments: tuple[tuple[float, float], tuple[float, float]]) -> dict[Any, tuple[float, float]]:
    found: dict[Any, tuple[float, float]] = {"a": (90_000, 9000), "b": (90_000, 9000)}
    for name, (a, b) in segments.items():
        found |= {("a", f"country={name}"): a, ("b", f"country={name}"): b}
    return found


def test_a_segment_is_judged_among_the_segments() -> None:
    lab = Lab(experiment(**ONE))
    lab.look(0.0, m=counts(de=((5000, 500), (5000, 800)), fr=((5000, 500), (5000, 505))))
    assert lab.values("experiment_segment_verdict") == {("b", "m", DE): 1, ("b", "m", FR): 0}
    assert lab.values("experiment_segment_lift_ratio")["b", "m", DE] == pytest.approx(0.6)
    lower = lab.values("experiment_segment_lift_lower_ratio")["b", "m", DE]
    upper = lab.values("experiment_segment_lift_upper_ratio")["b", "m", DE]
    assert 0 < lower < 0.6 < upper
    assert lab.values("experiment_segment_srm_p_value") == {(DE,): 1, (FR,): 1}
    assert lab.values("experiment_variant_verdict") == {("b", "m"): 0}


def test_looking_closer_costs_the_experiment_nothing_but_the_segments_one_another() -> None:
    strong = ((4000, 400), (4000, 510))
    alone = Lab(experiment(**ONE)).look(0.0, m=counts(de=strong))
    assert alone.values("experiment_segment_verdict")["b", "m", DE] == 1
    nulls = {f"n{i}": ((1000.0, 100.0), (1000.0, 100.0)) for i in range(12)}
    among = Lab(experiment(**ONE)).look(0.0, m=counts(de=strong, **nulls))
    assert among.values("experiment_segment_verdict")["b", "m", DE] == 0
    better = counts(**nulls) | {"b": (90_000, 10_000)}
    assert Lab(experiment(**ONE)).look(0.0, m=better).values("experiment_variant_verdict") == {("b", "m"): 1}


def test_the_most_interesting_are_shown() -> None:
    nulls = {f"n{i:02}": ((1000.0 + i, 100.0), (1000.0 + i, 100.0)) for i in range(40)}
    lab = Lab(experiment(**ONE)).look(0.0, m=counts(**nulls, tiny=((300, 5), (300, 60))))
    shown = {of[2] for of in lab.values("experiment_segment_verdict")}
    assert len(shown) == SEGMENTS_SHOWN
    assert "country=tiny" in shown


def test_a_split_that_is_wrong_in_one_segment_only() -> None:
    lab = Lab(experiment(**ONE)).look(0.0, m=counts(de=((5000, 500), (4000, 400)), fr=((5000, 500), (5000, 500))))
    p_values = lab.values("experiment_segment_srm_p_value")
    assert p_values[DE,] < 1e-6
    assert p_values[FR,] == 1
    assert lab.advice["b"][0] != "fix_split"


def test_dimensions_that_the_spec_does_not_name_are_ignored() -> None:
    rows = counts(de=((500, 50), (500, 60))) | {("a", "device=tv"): (5.0, 1.0), ("b", "device=tv"): (5.0, 1.0)}
    lab = Lab(experiment(**ONE)).look(0.0, m=rows)
    assert set(lab.values("experiment_segment_srm_p_value")) == {(DE,)}
    assert Lab().look(0.0, m=rows).values("experiment_segment_verdict") == {}


def test_a_ramp_is_no_lift_in_a_segment_either() -> None:
    ramped = {"variants": {"a": 0.5, "b": 0.5}}
    lab = Lab(experiment(variants={"a": 0.9, "b": 0.1}, **ONE))
    before = counts(de=((90_000, 7200), (10_000, 800)))
    lab.look(0.0, m=before).begin(experiment(**ramped, **ONE))
    lab.look(15.0).look(30.0, m=counts(de=((140_000, 13_200), (60_000, 6800))))
    assert lab.values("experiment_segment_lift_ratio")["b", "m", DE] == pytest.approx(0, abs=1e-9)
    assert lab.values("experiment_segment_verdict")["b", "m", DE] == 0
