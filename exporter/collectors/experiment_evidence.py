"""Evidence, intervals and the case for a kill, of pairs of arms: pure functions, vectorised over the pairs.

Whatever the kind of the metric, the normal part speaks of means and variances combined over the epochs; proportions and
rates also have the exact split of the events. Over several epochs the two-sided split has one lift for all
(:func:`exporter.stats.epochs.split_log_e`); of the one-sided split the epochs' e-values are multiplied, which is one
e-process again, because each holds whatever came before it.

The kill asks whether the variant is worse than control by more than a margin. For a metric that should decrease the
arms are exchanged: "the variant's rate is at most 1 + m times control's" is "control's rate is at least 1 - m/(1 + m)
times the variant's", which :func:`exporter.stats.kill.kill_log_e` tests as it stands.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import numpy as np
from numpy.typing import NDArray

from exporter.collectors.experiment_cases import Pairs
from exporter.stats import contrast, epochs, event_split, kill, sequential, strata
from exporter.stats.tails import log_mean_exp

Floats = NDArray[np.float64]
COUNTED = frozenset({"proportion", "rate"})
"""Kinds whose events can be split between the arms."""


def some(pairs: Pairs, rows: NDArray[np.bool_] | NDArray[np.intp]) -> Pairs:
    """Some of the pairs."""
    pair, null_pair = (
        strata.Pair(*(np.asarray(field)[rows] for field in each)) for each in (pairs.pair, pairs.null_pair)
    )
    events = (pairs.events[0][rows], pairs.events[1][rows])
    return Pairs(pair, null_pair, pairs.conversions[rows], pairs.units[rows], events, pairs.shares[rows])


def speaks(pairs: Pairs, null_ratio: Floats | float = 1.0) -> NDArray[np.bool_]:
    """Whether there are enough conversions for the normal part."""
    enough = contrast.enough(
        pairs.conversions[:, 0], pairs.units[:, 0], pairs.conversions[:, 1], pairs.units[:, 1], null_ratio
    )
    return np.asarray(enough)


def headline(kind: str, pairs: Pairs, null_ratio: Floats, alpha: float) -> Floats:
    """Two-sided log e-value against the null; nan where nothing may be said."""
    split = _split(pairs, null_ratio) if kind in COUNTED else None
    log_e = np.asarray(contrast.headline_log_e(pairs.pair, speaks(pairs, null_ratio), split, null_ratio, alpha))
    # A margin of a negative mean points the other way: an equal variant would be called harmful.
    return np.where((pairs.pair.mean_control < 0) & (null_ratio != 1.0), np.nan, log_e)


def _split(pairs: Pairs, null_ratio: Floats) -> Floats:
    share = np.asarray(contrast.event_share(pairs.shares, null_ratio[:, None]))
    if share.shape[1] == 1:
        return np.asarray(sequential.event_split_log_e(pairs.events[0][:, 0], pairs.events[1][:, 0], share[:, 0]))
    return np.asarray(epochs.split_log_e(*pairs.events, share))


def lift_interval(kind: str, pairs: Pairs, alpha: float) -> tuple[Floats, Floats]:
    """Ends of the anytime-valid interval of the lift: -1 and inf where the data exclude nothing.

    Fieller's where the normal part may speak and both arms have a variance; else, within one epoch, the split's, also
    for an arm without a single event, of which the former knows nothing.
    """
    heard = speaks(pairs) & (pairs.pair.var_control > 0) & (pairs.pair.var_variant > 0)
    floor = -1.0 if kind in COUNTED else -np.inf
    lower, upper = np.full(len(heard), floor), np.full(len(heard), np.inf)
    normal = some(pairs, heard)
    lower[heard], upper[heard] = contrast.fieller(normal.pair, boundary(normal.pair.units, alpha), floor)
    if kind in COUNTED and pairs.shares.shape[1] == 1:
        rest = ~heard & (pairs.units > 0).all(axis=1)
        few = some(pairs, rest)
        lower[rest], upper[rest] = event_split.event_split_lift_interval(
            few.events[0][:, 0], few.events[1][:, 0], few.shares[:, 0], alpha
        )
    return lower, upper


def difference_interval(pairs: Pairs, alpha: float) -> tuple[Floats, Floats]:
    """Ends of the anytime-valid interval of the difference; infinite where the normal part may not speak."""
    lower, upper = contrast.difference_interval(pairs.pair, boundary(pairs.pair.units, alpha))
    heard = speaks(pairs)
    return np.where(heard, lower, -np.inf), np.where(heard, upper, np.inf)


def boundary(units: Floats, alpha: float) -> Floats:
    """Half-width in standard errors; nan and 0 units have none: inf."""
    known = np.nan_to_num(units)
    # Almost flat in the units: to a tenth of a per mille of them is more than enough, and shared by many pairs.
    digits = np.floor(np.log10(np.maximum(known, 1.0))) - 3.0
    coarse = np.floor(known / 10.0**digits) * 10.0**digits
    distinct, place = np.unique(coarse, return_inverse=True)
    return np.asarray(sequential.z_boundary(distinct, alpha))[place]


def kill_log_e(kind: str, pairs: Pairs, increase: NDArray[np.bool_], margin: Floats) -> Floats:
    """Log e-value that the variant is worse than control by more than the margin; nan where the margin is.

    A metric that should increase cannot be worse by more than the whole: nan for a margin of 1.
    """
    answer = np.full(len(margin), np.nan)
    for up in (True, False):
        rows = (increase == up) & ~np.isnan(margin) & ((margin < 1) | (not up)) & (pairs.units > 0).all(axis=1)
        if rows.any():
            answer[rows] = _harm(kind, some(pairs, rows), margin[rows], increase=up)
    return answer


def _harm(kind: str, pairs: Pairs, margin: Floats, *, increase: bool) -> Floats:
    if kind == "proportion" and pairs.shares.shape[1] == 1:
        return _harm_of_one_epoch(pairs, margin, increase=increase)
    null_ratio = 1.0 - margin if increase else 1.0 + margin
    heard = speaks(pairs, null_ratio)
    normal = np.asarray(contrast.one_sided_log_e(pairs.null_pair, heard, null_ratio, "below" if increase else "above"))
    if kind not in COUNTED:
        return normal
    first, second, share, lost = _exchanged(pairs, margin, increase=increase)
    split = np.asarray(kill.split_log_e(first, second, share, lost[:, None])).sum(axis=1)
    both = log_mean_exp(np.stack([np.nan_to_num(normal), split], axis=-1))
    return np.where(np.isnan(normal), split, both)


def _harm_of_one_epoch(pairs: Pairs, margin: Floats, *, increase: bool) -> Floats:
    """With the null-pooled variance, which does not vanish with the variant's conversions."""
    first, second, share, lost = _exchanged(pairs, margin, increase=increase)
    units = pairs.units if increase else pairs.units[:, ::-1]
    return np.asarray(kill.kill_log_e(first[:, 0], units[:, 0], second[:, 0], units[:, 1], share[:, 0], lost))


def _exchanged(pairs: Pairs, margin: Floats, *, increase: bool) -> tuple[Floats, Floats, Floats, Floats]:
    """Events of the arm that should not have fewer last, its share, and the margin in its terms."""
    control, variant = pairs.events
    if increase:
        return control, variant, pairs.shares, margin
    return variant, control, 1.0 - pairs.shares, margin / (1.0 + margin)


def by_alpha(alpha: Floats, answer: Callable[[NDArray[np.intp], float], tuple[Floats, ...]]) -> tuple[Floats, ...]:
    """Answers of many rows, each at its level; ``answer`` gets the rows of one level and that level."""
    whole: tuple[Floats, ...] = ()
    for level in sorted(set(alpha.tolist())):  # np.unique would load masked arrays: 2 MB
        rows = cast("NDArray[np.intp]", np.flatnonzero(alpha == level))
        part = answer(rows, level)
        whole = whole or tuple(np.full(len(alpha), np.nan) for _ in part)
        for column, values in zip(whole, part, strict=True):
            column[rows] = values
    return whole
