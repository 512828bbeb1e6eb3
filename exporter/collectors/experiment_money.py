"""What an experiment costs and earns: samples of costs, value per day, return, and the loss of waiting.

Value per day is the difference of the means times the units that come in a day times what one is worth, with the ends
of the anytime-valid interval: what shipping the variant to all units would earn, before costs. ROI puts that over the
horizon against what was spent on the variant.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from exporter.collectors.experiment_analysis import Result
from exporter.collectors.experiment_costs import Costs
from exporter.collectors.experiment_reading import Reading
from exporter.collectors.experiment_samples import defined
from exporter.contract import Sample, sample
from exporter.stats import money

_DAY = 86400.0
_VALUE = (
    "experiment_variant_value_per_day",
    "experiment_variant_value_per_day_lower",
    "experiment_variant_value_per_day_upper",
)
_ROI = ("experiment_variant_roi_ratio", "experiment_variant_roi_lower_ratio", "experiment_variant_roi_upper_ratio")
Worth = tuple[list[float], list[float], list[float]]


def samples(reading: Reading) -> list[Sample]:
    """All that one experiment says of money."""
    found = [*_spent(reading)] if reading.costs else []
    value = reading.experiment.value
    if value is None or value.metric not in reading.shown:
        return found
    name, result = reading.experiment.name, reading.results[value.metric]
    days = reading.track.value_pace.per_day()
    worth = value_per_day(result, days, value.per_event)
    for variant, numbers in worth_by_variant(reading.track.variants, worth):
        of = (name, variant, value.currency)
        for family, number in zip(_VALUE, numbers, strict=True):
            found += defined(family, number, *of)
        if reading.costs and reading.costs.currency == value.currency:
            found += _roi(reading, variant, numbers, value.horizon)
    found += defined("experiment_waiting_loss_per_day", waiting_loss(reading, result, days), name, value.currency)
    return found


def value_per_day(
    result: Result, per_day: float | None, per_event: float
) -> tuple[list[float], list[float], list[float]]:
    """(value, lower, upper) with one entry a variant; nan where undefined, infinite where nothing is excluded."""
    day = np.nan if per_day is None else per_day
    ends = (result.difference, result.difference_lower, result.difference_upper)
    value, lower, upper = (np.atleast_1d(part).tolist() for part in money.value_per_day(*ends, day, per_event))
    return value, lower, upper


def worth_by_variant(variants: Sequence[str], worth: Worth) -> Iterable[tuple[str, tuple[float, float, float]]]:
    """Each variant with its value, lower and upper end."""
    return zip(variants, zip(*worth, strict=True), strict=True)


def waiting_loss(reading: Reading, result: Result, per_day: float | None) -> float | None:
    """Expected loss per day of the present split against the best arm for all; None where undefined."""
    value = reading.experiment.value
    if value is None or per_day is None:
        return None
    behind = dict(zip(reading.track.arms, result.behind.tolist(), strict=True))
    shares = _present_shares(reading)
    arms = [arm for arm, share in shares.items() if share > 0]
    if not arms or any(np.isnan(behind[arm]) for arm in arms):
        return None
    loss = money.waiting_loss_per_day(
        [behind[arm] for arm in arms], [shares[arm] for arm in arms], per_day, abs(value.per_event)
    )
    return float(loss)


def cost_impact(reading: Reading, costs: Costs) -> Mapping[tuple[str, str], float]:
    """(variant, category) -> money spent beyond what control would have cost at the same participants."""
    units, control = reading.units(), reading.experiment.control
    if not units.get(control):
        return {}
    categories = sorted({category for of in costs.amounts.values() for category in of})
    return {
        (variant, category): costs.amounts.get(variant, {}).get(category, 0.0)
        - costs.amounts.get(control, {}).get(category, 0.0) / units[control] * units[variant]
        for variant in reading.track.variants
        if units.get(variant)
        for category in categories
    }


def totals(readings: Iterable[Reading]) -> list[Sample]:
    """The cost impact of all running experiments, by currency."""
    sums: dict[str, float] = {}
    for reading in readings:
        if reading.costs and reading.track.is_running:
            impact = sum(cost_impact(reading, reading.costs).values())
            sums[reading.costs.currency] = sums.get(reading.costs.currency, 0.0) + impact
    return [sample("experiments_cost_impact", total, currency=currency) for currency, total in sorted(sums.items())]


def _present_shares(reading: Reading) -> dict[str, float]:
    present = reading.track.primary.present()
    units = {arm: present[arm][0] if arm in present else 0.0 for arm in reading.track.arms}
    total = sum(units.values())
    return {arm: n / total for arm, n in units.items()} if total else {}


def _spent(reading: Reading) -> Iterable[Sample]:
    costs, name = reading.costs, reading.experiment.name
    if costs is None:
        return
    for variant in reading.track.arms:
        for category, amount in sorted(costs.amounts.get(variant, {}).items()):
            yield from defined("experiment_variant_cost", amount, name, variant, category, costs.currency)
    for (variant, category), amount in cost_impact(reading, costs).items():
        yield from defined("experiment_variant_cost_impact", amount, name, variant, category, costs.currency)


def _roi(reading: Reading, variant: str, value: tuple[float, float, float], horizon: float) -> Iterable[Sample]:
    spent = reading.costs.total(variant) if reading.costs else 0.0
    for family, number in zip(_ROI, money.roi(*value, horizon / _DAY, spent), strict=True):
        yield from defined(family, float(number), reading.experiment.name, variant)
