"""Money spent on the variants, by category: cumulative, like all counts of an experiment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from exporter.collectors.experiment_counters import CounterTotals
from exporter.collectors.experiment_counts import Counts, parts
from exporter.sources.base import Amount
from exporter.spec import Cost, Experiment

CATEGORIES = ("ai_provider", "infrastructure", "networking", "operational", "other", "storage")
COST = "\x1fcost"
"""Stands where a metric's name would: no metric can have it."""

Amounts = dict[str, dict[str, float]]
"""Variant -> category -> money spent."""


def currency_of(experiment: Experiment) -> str:
    """The currency of an experiment's costs, where the source does not say another; empty where there are none."""
    if experiment.cost and experiment.cost.currency:
        return experiment.cost.currency
    return experiment.value.currency if experiment.value else ""


def counters_of(cost: Cost, document: Mapping[str, Any] | None = None) -> CounterTotals | None:
    """The totals of a counter of money; None where a database knows them."""
    if cost.prometheus is None:
        return None
    labels = (cost.prometheus.by, cost.prometheus.category)
    return CounterTotals((cost.prometheus.spent,), labels, (0.0,), document)


@dataclass(frozen=True, slots=True)
class Costs:
    """What one experiment has cost so far."""

    amounts: Amounts
    currency: str

    def document(self) -> dict[str, Any]:
        """As a JSON value."""
        return {"amounts": self.amounts, "currency": self.currency}

    def total(self, variant: str) -> float:
        """Over all categories."""
        return sum(self.amounts.get(variant, {}).values())


def from_rows(rows: Iterable[Amount], currency: str) -> Costs:
    """What a database answered; ValueError where it has more than one currency, or another than the spec's."""
    amounts: Amounts = {}
    found = {row.currency or currency for row in rows}
    if len(found) > 1 or (found and currency and found != {currency}):
        raise ValueError(f"costs in {' and '.join(sorted(found))}, where all should be in {currency or 'one currency'}")
    for row in rows:
        _add(amounts, row.variant, row.category, row.amount)
    return Costs(amounts, next(iter(found), currency))


def from_counters(counts: Counts, currency: str) -> Costs:
    """What counters have added up to."""
    amounts: Amounts = {}
    for of, sums in counts.items():
        variant, segment = parts(of)
        if segment:
            _add(amounts, variant, segment.partition("=")[2], sums[0])
    for of, sums in counts.items():
        variant, segment = parts(of)
        if not segment and (rest := sums[0] - sum(amounts.get(variant, {}).values())) > 0:
            _add(amounts, variant, "other", rest)
    return Costs(amounts, currency)


def _add(amounts: Amounts, variant: str, category: str, amount: float) -> None:
    """Categories that nobody has heard of are bounded to one."""
    known = category if category in CATEGORIES else "other"
    of_variant = amounts.setdefault(variant, {})
    of_variant[known] = of_variant.get(known, 0.0) + amount
