"""What an experiment wishes for."""

from __future__ import annotations

from typing import Any

from exporter.collectors.experiment import ExperimentCollector
from exporter.state import Application, State
from tests.exporter.collectors.lab import Shop, experiment

DO = {"sql": {"source": "shop", "statement": "UPDATE v SET s = 1 WHERE name = :variant"}}
WORSE, BETTER = {"a": (5000, 500), "b": (5000, 50)}, {"a": (5000, 500), "b": (5000, 800)}


def wishes(*looks: tuple[float, dict[str, tuple[float, float]]], **spec: Any) -> list[list[Application]]:
    found: list[list[Application]] = []
    shop = Shop()
    collector = ExperimentCollector(
        {"shop": shop}, [experiment(**spec)], State("sqlite://"), refresh=15.0, wish=lambda w: found.append([*w])
    )
    for at, counts in looks:
        shop.now["m"] = counts
        collector.collect(at)
    return found


def test_nothing_is_wished_for_that_the_spec_does_not_allow() -> None:
    assert wishes((0.0, WORSE)) == [[]]
    assert wishes((0.0, WORSE), apply={"ship": DO}) == [[]]
    assert wishes((0.0, BETTER), apply={"kill": DO, "weights": DO}) == [[]]


def test_a_kill_is_wished_for_again_under_the_same_occasion() -> None:
    first, second = wishes((0.0, WORSE), (15.0, BETTER), apply={"kill": DO})
    assert [(w.entity, w.member, w.action, w.occasion) for w in first] == [("x", "b", "kill", "0.000")]
    assert second == first
    assert "b is worse than a" in first[0].facts["reason"]


def test_shipping_is_one_occasion_for_life() -> None:
    first, second = wishes((0.0, BETTER), (15.0, BETTER), apply={"ship": DO})
    assert [(w.member, w.action, w.occasion) for w in first] == [("b", "ship", "better")]
    assert [(w.member, w.action, w.occasion) for w in second] == [("b", "ship", "better")]


def test_weights_change_once_an_hour_and_only_by_what_is_worth_it() -> None:
    spec: dict[str, Any] = {"kind": "bandit", "apply": {"weights": DO}}
    looks = wishes((7200.0, BETTER), (7215.0, BETTER), (10_800.0, BETTER), **spec)
    assert [{w.occasion for w in look} for look in looks] == [{"2"}, {"2"}, {"3"}]
    shares = {w.member: w.facts["weight"] for w in looks[0]}
    assert sum(shares.values()) == 1
    assert shares["b"] > 0.98
    assert wishes((0.0, {"a": (5000, 500), "b": (5000, 500)}), **spec) == [[]]
