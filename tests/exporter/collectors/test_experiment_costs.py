"""What was spent: from rows, and from counters with a category label."""

from __future__ import annotations

import pytest

from exporter.collectors.experiment_costs import Costs, counters_of, currency_of, from_counters, from_rows
from exporter.sources.base import Amount, series_key
from exporter.spec import Cost
from tests.exporter.collectors.lab import experiment

VALUE = {"metric": "m", "per_event": 2, "currency": "EUR"}


def test_rows_are_added_by_category_and_unknown_ones_are_other() -> None:
    rows = [Amount("a", "storage", 5), Amount("a", "coffee", 2), Amount("a", "tea", 1), Amount("b", "storage", 7)]
    costs = from_rows(rows, "EUR")
    assert costs == Costs({"a": {"storage": 5, "other": 3}, "b": {"storage": 7}}, "EUR")
    assert costs.total("a") == 8
    assert costs.total("c") == 0


def test_there_is_one_currency() -> None:
    assert from_rows([Amount("a", "other", 1, "USD")], "").currency == "USD"
    assert from_rows([Amount("a", "other", 1, "EUR")], "EUR").currency == "EUR"
    assert from_rows([], "EUR") == Costs({}, "EUR")
    with pytest.raises(ValueError, match="costs in USD, where all should be in EUR"):
        from_rows([Amount("a", "other", 1, "USD")], "EUR")
    with pytest.raises(ValueError, match="costs in EUR and USD"):
        from_rows([Amount("a", "other", 1, "USD"), Amount("b", "other", 1, "EUR")], "")


def test_the_costs_currency_is_its_own_or_the_values() -> None:
    cost = {"source": "shop", "query": "c"}
    assert currency_of(experiment(value=VALUE, cost=cost)) == "EUR"
    assert currency_of(experiment(cost={**cost, "currency": "USD"})) == "USD"
    assert currency_of(experiment()) == ""


def test_counters_are_summed_over_targets_and_survive_a_restart() -> None:
    cost = Cost.model_validate({"source": "prod", "prometheus": {"spent": "s"}, "currency": "EUR"})

    def series(variant: str, category: str, instance: str) -> str:
        return series_key({"variant": variant, "category": category, "instance": instance, "job": "j"})

    first = {series("a", "storage", "1"): 3.0, series("a", "storage", "2"): 4.0, series("a", "", "1"): 2.0}
    totals = counters_of(cost)
    assert totals is not None
    totals.poll(0.0, [first])
    totals = counters_of(cost, totals.document())
    assert totals is not None
    totals.poll(15.0, [{**first, series("a", "storage", "1"): 5.0, series("b", "gold", "1"): 1.0}])
    assert from_counters(totals.counts, "EUR") == Costs({"a": {"storage": 9, "other": 2}, "b": {"other": 1}}, "EUR")
    assert counters_of(Cost.model_validate({"source": "shop", "query": "q", "currency": "EUR"})) is None
