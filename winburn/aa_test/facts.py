"""What an experiment is simulated with: its own plan from the spec, and base rates from its data or assumed."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from exporter.spec import KINDS, Experiment, Metric
from exporter.stats import moments

HORIZON = 100_000.0
"""Units of all arms together, unless asked otherwise: there a watched t test calls half of all A/A tests."""

PER_DAY = 10_000.0
"""Units a day, where the source does not tell."""

LOOKS = 2_000
"""Looks at most, unless asked otherwise."""

MOST_FOR_WINDOWS = 20_000.0
"""Looks at most for the sake of windows; where the pace is too slow for that, windows are as long as looks."""


@dataclass(frozen=True, slots=True)
class Facts:
    """One metric without any effect.

    ``mean`` and ``variance`` are of one unit: of its success, amount, numerator, or (rate, only the mean) of its
    events: exposure is counted in units, for its own measure changes no evidence. ``nonzero`` is the share of the units
    whose amount is not 0, None where it is not known.
    ``below`` has mean and variance of the denominator and its covariance with the numerator. ``origin`` says in words
    where the numbers are from.
    """

    metric: Metric
    mean: float
    variance: float = 0.0
    nonzero: float | None = None
    below: tuple[float, float, float] | None = None
    origin: str = "assumed"

    @property
    def is_counted(self) -> bool:
        """Whether the exporter estimates a design effect for it, because its counters may count a unit many times."""
        read = self.metric.prometheus
        return read is not None and not read.once and self.metric.kind in {"proportion", "rate"}

    @property
    def null_ratio(self) -> float:
        """The ratio of the means that the evidence is against: 1, or what a guardrail's margin allows."""
        margin = self.metric.margin if self.metric.role == "guardrail" else 0.0
        return 1.0 - margin if self.metric.direction == "increase" else 1.0 + margin

    @property
    def text(self) -> str:
        """The numbers in words."""
        about = {
            "proportion": f"{100 * self.mean:.4g} %",
            "rate": f"{self.mean:.4g} events per unit",
            "mean": f"mean {self.mean:.4g}, standard deviation {math.sqrt(self.variance):.4g}",
            "ratio": f"ratio {self.mean / self.below[0]:.4g}" if self.below else "",
        }[self.metric.kind]
        few = f", {100 * self.nonzero:.3g} % of the units not 0" if self.nonzero is not None else ""
        return f"{about}{few}"


@dataclass(frozen=True, slots=True)
class Plan:
    """One experiment to be simulated.

    ``horizon`` counts units of all arms (exposure, where all metrics are rates), ``per_day`` how many of them come in a
    day. ``looks`` are evenly spaced over the horizon, every refresh if there are few enough. ``clusters`` is the
    number of alike events that counters count at once where they do not say ``once``.
    """

    experiment: Experiment
    facts: tuple[Facts, ...]
    horizon: float = HORIZON
    per_day: float = PER_DAY
    per_day_known: bool = False
    looks: int = LOOKS
    clusters: int = 1

    @property
    def arms(self) -> tuple[str, ...]:
        """The control first."""
        control = self.experiment.control
        return (control, *(v for v in self.experiment.variants if v != control))

    @property
    def shares(self) -> tuple[float, ...]:
        """Planned shares of the arms."""
        return tuple(self.experiment.variants[arm] for arm in self.arms)

    @property
    def family(self) -> str:
        """Name of the family in which false discoveries are controlled, as the exporter has it."""
        return "" if self.experiment.false_discovery == "all" else self.experiment.name

    @property
    def seconds_per_look(self) -> float:
        """Time between two looks."""
        return self.horizon / self.per_day * 86400.0 / self.looks


def base(experiment: Experiment) -> Metric:
    """The metric whose units are counted: the primary one, or the first other one if that is a rate."""
    by_units = [metric for metric in experiment.metrics if metric.kind != "rate"]
    return experiment.primary if experiment.primary in by_units or not by_units else by_units[0]


def default_horizon(experiment: Experiment, facts: Iterable[Facts]) -> float:
    """:data:`HORIZON`, or where all metrics are rates exposure enough for 5,000 events of the primary one."""
    if base(experiment).kind != "rate":
        return HORIZON
    return max(HORIZON, *(math.ceil(5000.0 / f.mean) for f in facts if f.metric.role == "primary"))


def refreshes(plan: Plan, refresh: float) -> float:
    """How many refreshes could show something new: one a unit at most."""
    return max(1.0, min(plan.horizon / plan.per_day * 86400.0 / refresh, plan.horizon))


def with_looks(plan: Plan, refresh: float, most: int) -> Plan:
    """A look at every refresh, up to ``most``; but one at least for each window of a design effect, for they end so."""
    windows = [plan.horizon / plan.per_day * 86400.0 / (3.0 * f.metric.conversion_lag) for f in plan.facts]
    counted = [count for count, f in zip(windows, plan.facts, strict=True) if f.is_counted]
    wanted = max([float(most), *(min(count, MOST_FOR_WINDOWS) for count in counted)])
    return replace(plan, looks=math.ceil(min(refreshes(plan, refresh), wanted)))


def assumed(metric: Metric, rate: float | None = None) -> Facts:
    """Stated defaults: 5 % of the units convert, 5 % pay amounts that scatter as orders do; or ``rate``."""
    if rate is not None:
        return Facts(metric, rate, origin="given")
    if metric.kind in {"proportion", "rate"}:
        return Facts(metric, 0.05)
    if metric.kind == "mean":
        # Amounts of those who pay: mean 1, squared coefficient of variation e^(1.2^2) - 1, as of lognormal orders.
        square = math.exp(1.2**2)
        return Facts(metric, 0.05, 0.05 * square - 0.05**2, 0.05)
    return Facts(metric, 2.0, 4.0, below=(4.0, 8.0, 4.0))


def observed(metric: Metric, sums: Mapping[str, float], origin: str) -> Facts | None:
    """From a metric's cumulative sums over many units; None where they have too little to go by."""
    kind = metric.kind
    known = {name: sums[name] for name in moments.SUMS[kind]}
    units = known[KINDS[kind].units]
    if units < 2:
        return None
    mean, variance = (float(value) for value in moments.mean_of(kind, known))
    if kind in {"proportion", "rate"}:
        return Facts(metric, mean, origin=origin) if mean > 0 and (kind == "rate" or mean < 1) else None
    if kind == "mean":
        nonzero = sums.get("nonzero", math.nan)
        share = None if math.isnan(nonzero) or nonzero <= 0 else nonzero / units
        return Facts(metric, mean, variance * units, share, origin=origin) if variance > 0 else None
    above = _moments(units, known["numerator"], known["numerator_squares"])
    below = _moments(units, known["denominator"], known["denominator_squares"])
    cov = known["product"] / units - above[0] * below[0]
    return Facts(metric, *above, below=(*below, cov), origin=origin) if above[1] > 0 and below[0] > 0 else None


def _moments(n: float, total: float, squares: float) -> tuple[float, float]:
    return total / n, max(0.0, squares / n - (total / n) ** 2)
