"""What is to be analysed, and the arms of many cases as arrays: pure functions.

A case is one metric of one experiment, or of one segment of its units. Cases of one kind are analysed together; where
one has more epochs than another the rest are empty, and empty epochs weigh nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray

from exporter.spec import KINDS
from exporter.stats import moments, strata
from exporter.stats.moments import Kind

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Case:
    """One metric of one experiment.

    ``epochs`` has for each allocation epoch the sums of each arm, the control first, in the order of the kind's
    columns, 0 where nothing could be read. ``planned`` are the arms' planned shares. ``family`` names the hypotheses
    among which false discoveries are controlled. The null is that the variant's mean is ``null_ratio`` times that of
    the control: 1, or less or more by the margin of a guardrail. ``kill_margin`` is None where nothing may be killed by
    this metric. Counts are divided by ``design_effect``; where it is nan, not known yet, no evidence is given.
    ``earns`` says whether the loss against the best arm is wanted.
    """

    kind: str
    epochs: tuple[tuple[tuple[float, ...], ...], ...]
    planned: tuple[float, ...]
    increase: bool = True
    alpha: float = 0.05
    family: str = ""
    null_ratio: float = 1.0
    kill_margin: float | None = None
    design_effect: float = 1.0
    earns: bool = False


@dataclass(frozen=True, slots=True)
class Arms:
    """Cases of one kind and number of arms. ``mean``, ``variance`` (of the mean) and ``units`` have the shape
    (cases, epochs, arms), as have ``conversions`` and ``events``, which are already divided by the design effect.

    ``share_of`` are the units or the exposure that the shares of the traffic are taken from.
    """

    kind: str
    mean: Floats
    variance: Floats
    units: Floats
    conversions: Floats
    share_of: Floats

    def at(self, rows: NDArray[np.intp]) -> Arms:
        """Some of the cases."""
        return Arms(self.kind, *(getattr(self, name)[rows] for name in Arms.__slots__[1:]))


def arms_of(cases: Sequence[Case]) -> Arms:
    """The arms of cases of one kind and one number of arms."""
    kind = KINDS[cases[0].kind]
    most = max(len(case.epochs) for case in cases)
    nothing = ((0.0,) * len(kind.every),) * len(cases[0].planned)
    # A case without any epoch has one in which nothing was counted.
    table = np.array([[*case.epochs, *[nothing] * (most - len(case.epochs))] for case in cases], dtype=np.float64)
    table = (
        table.reshape(len(cases), max(most, 1), len(cases[0].planned), len(kind.every))
        if most
        else np.zeros((len(cases), 1, len(cases[0].planned), len(kind.every)))
    )
    phi = np.array([case.design_effect for case in cases])[:, None, None]
    sums = {name: table[..., i] for i, name in enumerate(kind.every)}
    share_of = sums[kind.units]
    return Arms(cases[0].kind, *_moments(cast(Kind, cases[0].kind), sums, phi), share_of)


def _moments(kind: Kind, sums: dict[str, Floats], phi: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Means, their variances, units and conversions; optional columns where they are given for all arms of a case."""
    known = {name: sums[name] for name in moments.SUMS[kind]}
    mean, variance = moments.mean_of(kind, known)
    units, conversions = moments.units_of(kind, known), moments.conversions_of(kind, known)
    if kind == "mean":
        mean, variance = _better(sums, known, mean, variance)
        given = ~np.isnan(sums["nonzero"])
        conversions = np.where(given, np.where(given, sums["nonzero"], 0.0), conversions)
    return mean, variance * phi, units / phi, conversions / phi


def _better(sums: dict[str, Floats], plain: dict[str, Floats], mean: Floats, variance: Floats) -> tuple[Floats, Floats]:
    """With winsorised amounts where their sums are given, and adjusted by a covariate where that is given (CUPED)."""
    capped = ~np.isnan(sums["capped_sum"] + sums["capped_squares"]).any(axis=-1, keepdims=True)
    if capped.any():
        plain = {
            "n": plain["n"],
            "sum": np.where(capped, np.nan_to_num(sums["capped_sum"]), plain["sum"]),
            "sum_squares": np.where(capped, np.nan_to_num(sums["capped_squares"]), plain["sum_squares"]),
        }
        mean, variance = moments.mean_of("mean", plain)
    covariate = ~np.isnan(sums["pre_sum"] + sums["pre_squares"] + sums["pre_product"]).any(axis=-1, keepdims=True)
    adjusts = covariate & ~capped  # the products are those of the amounts as they are
    if adjusts.any():
        pre = {name: np.where(adjusts, np.nan_to_num(sums[name]), 0.0) for name in moments.COVARIATE}
        adjusted = moments.mean_of("mean", {**plain, **pre})
        mean, variance = (np.where(adjusts, a, b) for a, b in zip(adjusted, (mean, variance), strict=True))
    return mean, variance


@dataclass(frozen=True, slots=True)
class Pairs:
    """Each variant of each case against its control, one row a pair.

    ``pair`` is combined over the epochs; ``null_pair`` is the same, but for proportions with variances pooled over the
    two arms, which do not vanish with an arm's conversions. ``events`` (control's, the variant's) and ``shares`` (the
    variant's of the exposure), of shape (pairs, epochs), are for the split of the events.
    """

    pair: strata.Pair
    null_pair: strata.Pair
    conversions: Floats
    units: Floats
    events: tuple[Floats, Floats]
    shares: Floats


def pairs_of(arms: Arms) -> Pairs:
    """All pairs: the variants of the first case, then those of the second, and so on."""

    def rows(values: Floats, *, control: bool) -> Floats:
        """(pairs, epochs)"""
        variants = values.shape[2] - 1
        chosen = np.repeat(values[:, :, :1], variants, axis=2) if control else values[:, :, 1:]
        return np.moveaxis(chosen, 2, 1).reshape(-1, values.shape[1])

    sides = [{name: rows(getattr(arms, name), control=side) for name in Arms.__slots__[1:]} for side in (True, False)]
    control, variant = sides
    means = ("mean", "variance", "share_of")
    pair = strata.combine(*(control[name] for name in means), *(variant[name] for name in means))
    counted = (control["share_of"] > 0) & (variant["share_of"] > 0)
    both = [np.where(counted, side["units"], 0.0).sum(axis=1) for side in sides]
    conversions = [np.where(counted, side["conversions"], 0.0).sum(axis=1) for side in sides]
    with np.errstate(invalid="ignore", divide="ignore"):
        shares = variant["share_of"] / (control["share_of"] + variant["share_of"])
    pair = pair._replace(units=both[0] + both[1])
    return Pairs(
        pair,
        _pooled(control, variant)._replace(units=pair.units) if arms.kind == "proportion" else pair,
        np.stack(conversions, axis=1),
        np.stack(both, axis=1),
        (np.where(counted, control["conversions"], 0.0), np.where(counted, variant["conversions"], 0.0)),
        np.where(counted, shares, 0.5),
    )


def _pooled(control: dict[str, Floats], variant: dict[str, Floats]) -> strata.Pair:
    """The arms' means with the variances that they would have if both had the rate of both together."""
    sides = (control, variant)
    with np.errstate(invalid="ignore", divide="ignore"):
        rate = sum(side["conversions"] for side in sides) / sum(side["units"] for side in sides)
        variances = [rate * (1.0 - rate) / side["units"] for side in sides]
    columns = [
        (side["mean"], np.where(side["units"] > 0, variance, np.nan), side["share_of"])
        for side, variance in zip(sides, variances, strict=True)
    ]
    return strata.combine(*columns[0], *columns[1])
