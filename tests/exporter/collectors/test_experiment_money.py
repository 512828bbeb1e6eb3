"""Samples of money over a real collector."""

from __future__ import annotations

from typing import Any

import pytest

from exporter.sources.base import Amount
from tests.exporter.collectors.lab import Lab, Shop, experiment, metric

VALUE = {"metric": "m", "per_event": 10.0, "currency": "EUR", "horizon": "10d"}
COST = {"source": "shop", "query": "c", "currency": "EUR"}
DAY = 86400.0


def watched(one: Any, shop: Shop, first: dict[str, Any], then: dict[str, Any]) -> Lab:
    """Two looks a day apart."""
    return Lab(one, shop).look(0.0, **first).look(DAY, **then)


def test_value_per_day_is_the_difference_for_everybody() -> None:
    lab = watched(
        experiment(value=VALUE),
        Shop(),
        {"m": {"a": (1000, 100), "b": (1000, 120)}},
        {"m": {"a": (6000, 600), "b": (6000, 780)}},
    )
    (value,) = lab.values("experiment_variant_value_per_day").values()
    assert value == pytest.approx(0.03 * 10_000 * 10)
    (lower,), (upper,) = (lab.values(f"experiment_variant_value_per_day_{end}").values() for end in ("lower", "upper"))
    assert 0 < lower < value < upper
    assert lab.values("experiment_waiting_loss_per_day")[("EUR",)] == pytest.approx(0.015 * 10_000 * 10, rel=0.01)
    assert lab.values("experiment_variant_roi_ratio") == {}


def test_what_should_fall_earns_by_a_negative_worth() -> None:
    lab = watched(
        experiment(primary={"direction": "decrease"}, value={**VALUE, "per_event": -10.0}),
        Shop(),
        {"m": {"a": (1000, 130), "b": (1000, 100)}},
        {"m": {"a": (6000, 780), "b": (6000, 600)}},
    )
    (value,), (lower,), (upper,) = (
        lab.values(f"experiment_variant_value_per_day{end}").values() for end in ("", "_lower", "_upper")
    )
    assert value == pytest.approx(3000)
    assert 0 < lower < value < upper
    assert lab.values("experiment_waiting_loss_per_day")[("EUR",)] == pytest.approx(1500, rel=0.01)


@pytest.mark.parametrize(
    ("kind", "then", "per_day"),
    [
        # Orders, of which there are fewer than visitors; hours of exposure; denominators, not users.
        ("mean", {"a": (600, 6000, 70_000), "b": (600, 7200, 100_000)}, 1000),
        ("rate", {"a": (1100, 500), "b": (1100, 600)}, 2000),
        (
            "ratio",
            {"a": (600, 900, 1500, 3000, 18_000, 5000), "b": (600, 1100, 2300, 3000, 18_000, 6000)},
            5000,
        ),
    ],
)
def test_what_earns_has_a_pace_of_its_own(kind: str, then: dict[str, Any], per_day: float) -> None:
    opening = {"mean": (100, 1000, 12_000), "rate": (100, 50), "ratio": (100, 150, 250, 500, 3000, 800)}[kind]
    lab = watched(
        experiment(metric("m2", kind=kind, role="secondary"), value={**VALUE, "metric": "m2"}),
        Shop(),
        {"m": {"a": (1e6, 100), "b": (1e6, 120)}, "m2": {"a": opening, "b": opening}},
        {"m": {"a": (6e6, 600), "b": (6e6, 780)}, "m2": then},
    )
    (value,) = lab.values("experiment_variant_value_per_day").values()
    means = lab.values("experiment_variant_metric_value")
    assert value == pytest.approx((means["b", "m2"] - means["a", "m2"]) * per_day * 10)
    before = dict(lab.values("experiment_variant_value_per_day"))
    lab.collector._tracks[0].changed = True
    lab.look(DAY).begin()
    assert lab.look(DAY).values("experiment_variant_value_per_day") == pytest.approx(before)


def test_costs_impact_and_return() -> None:
    spent = [Amount("a", "storage", 100), Amount("b", "storage", 150), Amount("b", "ai_provider", 30)]
    lab = watched(
        experiment(value=VALUE, cost=COST),
        Shop(spent=spent),
        {"m": {"a": (1000, 100), "b": (500, 60)}},
        {"m": {"a": (2000, 200), "b": (1000, 120)}},
    )
    assert lab.values("experiment_variant_cost") == {
        ("a", "storage", "EUR"): 100,
        ("b", "ai_provider", "EUR"): 30,
        ("b", "storage", "EUR"): 150,
    }
    # At b's participants control would have cost half of what it did.
    assert lab.values("experiment_variant_cost_impact") == {
        ("b", "ai_provider", "EUR"): 30,
        ("b", "storage", "EUR"): 100,
    }
    assert lab.values("experiments_cost_impact", "experiments by status") == {("EUR",): 130}
    assert lab.values("experiment_variant_roi_ratio")[("b",)] == pytest.approx((0.02 * 1500 * 10 * 10 - 180) / 180)


def test_costs_in_another_currency_return_nothing_and_failing_ones_are_absent() -> None:
    counts = {"m": {"a": (1000, 100), "b": (1000, 120)}}
    dollars = [Amount("b", "storage", 150, "USD")]
    lab = watched(experiment(value=VALUE, cost={**COST, "currency": "USD"}), Shop(spent=dollars), counts, counts)
    assert list(lab.values("experiment_variant_cost")) == [("b", "storage", "USD")]
    assert lab.values("experiment_variant_roi_ratio") == {}
    lab = watched(experiment(value=VALUE, cost=COST), Shop(), counts, counts)
    assert lab.values("experiment_variant_cost") == {}
    assert lab.errors == {"x": "source shop: no costs"}
    assert len(lab.values("experiment_variant_value_per_day")) == 1


def test_nothing_is_worth_anything_before_the_pace_is_known() -> None:
    lab = Lab(experiment(value=VALUE)).look(0.0, m={"a": (1000, 100), "b": (1000, 120)})
    assert lab.values("experiment_variant_value_per_day") == lab.values("experiment_waiting_loss_per_day") == {}
