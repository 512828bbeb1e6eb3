"""Counts of experiments in which the arms do not differ, look after look: cumulative sums as a source would give."""

from __future__ import annotations

import math
import zlib
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from exporter.spec import KINDS
from winburn.aa_test.facts import Facts, Plan

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]
Sums = Mapping[str, Floats]
"""Column of the metric's kind -> cumulative sums of shape (paths, looks, arms)."""


def simulate(plan: Plan, paths: int, seed: int, first: int = 0, lift: float = 0.0) -> tuple[Floats, dict[str, Sums]]:
    """Units of each arm, shape (paths, looks, arms), and the sums of each metric.

    Units fall to the arms by the planned shares; metrics are independent of one another. The same for a seed, an
    experiment and the number ``first`` of the first path, whatever else is simulated. ``lift`` is an effect of all
    variants, to try the power instead of the error rate.
    """
    name = zlib.crc32(plan.experiment.name.encode())
    rng = np.random.default_rng([seed, name, first])
    edges = np.floor(np.linspace(0.0, plan.horizon, plan.looks + 1))
    shares = np.array(plan.shares) / sum(plan.shares)
    new = rng.multinomial(np.diff(edges).astype(np.int64), shares, size=(paths, plan.looks))
    found: dict[str, Sums] = {}
    for facts in plan.facts:
        own = np.random.default_rng([seed, name, first, zlib.crc32(facts.metric.name.encode())])
        factor = np.array([1.0, *[1.0 + lift] * (len(plan.arms) - 1)])
        added = _added(own, facts, new, factor, plan.clusters if facts.is_counted else 1)
        found[facts.metric.name] = {column: np.cumsum(part, axis=1, dtype=np.float64) for column, part in added.items()}
    return np.cumsum(new, axis=1, dtype=np.float64), found


def every_column(facts: Facts, sums: Sums) -> Floats:
    """The sums in the order of :attr:`exporter.spec.Kind.every` on a new last axis, nan where one is not given."""
    columns = KINDS[facts.metric.kind].every
    unknown = np.full(sums[columns[0]].shape, np.nan)
    return np.stack([sums.get(column, unknown) for column in columns], axis=-1)


def _added(rng: np.random.Generator, facts: Facts, new: Whole, factor: Floats, clusters: int) -> dict[str, Floats]:
    kind = facts.metric.kind
    if kind == "proportion":
        rate = np.minimum(facts.mean * factor, 1.0)
        events = clusters * rng.binomial(new // clusters, rate) + rng.binomial(new % clusters, rate)
        return {"n": new.astype(np.float64), "successes": events.astype(np.float64)}
    if kind == "rate":
        events = clusters * rng.poisson(facts.mean * factor * new / clusters)
        return {"exposure": new.astype(np.float64), "events": events.astype(np.float64)}
    return _amounts(rng, facts, new, factor) if kind == "mean" else _ratios(rng, facts, new, factor)


def _amounts(rng: np.random.Generator, facts: Facts, new: Whole, factor: Floats) -> dict[str, Floats]:
    """Some units have amounts, gamma-distributed; normal ones where the mean is not above 0."""
    share, shape = _payers(facts)
    payers = rng.binomial(new, share)
    values = _unit_amounts(rng, facts, share, shape, int(payers.sum()))
    total, squares = (_by_cell(part, payers) for part in (values, values * values))
    found = {"n": new.astype(np.float64), "sum": total * factor, "sum_squares": squares * factor**2}
    return found | ({"nonzero": payers.astype(np.float64)} if facts.nonzero is not None else {})


def _payers(facts: Facts) -> tuple[float, float]:
    """Share of the units with an amount, and the shape of the amounts' gamma distribution (inf: all alike)."""
    if facts.mean <= 0:
        return 1.0, math.nan
    spread = facts.variance / facts.mean**2
    # Without more knowledge: exponential amounts of a few, or, where they scatter less than these, of everybody.
    share = facts.nonzero if facts.nonzero is not None else min(1.0, 2.0 / (1.0 + spread))
    own = (1.0 + spread) * share - 1.0
    return share, 1.0 / own if own > 0 else math.inf


def _unit_amounts(rng: np.random.Generator, facts: Facts, share: float, shape: float, size: int) -> Floats:
    if math.isnan(shape):
        return rng.normal(facts.mean, math.sqrt(facts.variance), size)
    mean = facts.mean / share
    return np.full(size, mean) if math.isinf(shape) else rng.gamma(shape, mean / shape, size)


def _ratios(rng: np.random.Generator, facts: Facts, new: Whole, factor: Floats) -> dict[str, Floats]:
    """Gamma denominators, and numerators that follow them linearly with normal errors."""
    mean, variance, cov = facts.below or (1.0, 0.0, 0.0)
    size = int(new.sum())
    below = rng.gamma(mean**2 / variance, variance / mean, size) if variance > 0 else np.full(size, mean)
    slope = cov / variance if variance > 0 else 0.0
    rest = math.sqrt(max(0.0, facts.variance - slope * cov))
    above = facts.mean + slope * (below - mean) + rest * rng.standard_normal(size)
    return {
        "n": new.astype(np.float64),
        "numerator": _by_cell(above, new) * factor,
        "numerator_squares": _by_cell(above * above, new) * factor**2,
        "denominator": _by_cell(below, new),
        "denominator_squares": _by_cell(below * below, new),
        "product": _by_cell(above * below, new) * factor,
    }


def _by_cell(values: Floats, sizes: Whole) -> Floats:
    """Sums of the first ``sizes[0]`` values, of the next ``sizes[1]``, and so on."""
    filled = sizes.ravel() > 0
    starts = np.cumsum(sizes.ravel()) - sizes.ravel()
    answer = np.zeros(sizes.size)
    if filled.any():
        answer[filled] = np.add.reduceat(values, starts[filled])
    return answer.reshape(sizes.shape)
