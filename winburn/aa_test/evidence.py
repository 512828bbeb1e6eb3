"""The exporter's evidence at some looks of some paths, and the cases that its analysis is asked with there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from exporter.collectors.experiment_cases import Arms, Case, Pairs, pairs_of
from exporter.collectors.experiment_evidence import headline, kill_log_e, some
from exporter.collectors.experiment_windows import MOST_WINDOWS
from exporter.stats import dispersion
from winburn.aa_test.bounds import Moments
from winburn.aa_test.counts import Floats, Sums, every_column
from winburn.aa_test.facts import Facts, Plan

Masks = NDArray[np.bool_]
Rows = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Counted:
    """One experiment's plan with its units and sums, of shape (paths, looks, arms)."""

    plan: Plan
    units: Floats
    sums: Mapping[str, Sums]


@dataclass(frozen=True, slots=True, eq=False)
class Watched:
    """One metric of the family's experiment number ``place``; its hypotheses begin at ``column``."""

    counted: Counted
    place: int
    facts: Facts
    arms: Moments
    column: int

    @property
    def variants(self) -> int:
        """How many arms are compared with the control."""
        return len(self.counted.plan.arms) - 1

    @property
    def primary(self) -> bool:
        """Whether it decides, and kills."""
        return self.facts.metric.role == "primary"

    @property
    def holds(self) -> bool:
        """Whether its null is true without an effect: not where a margin says that less would be allowed."""
        return self.facts.null_ratio == 1.0


def evidence(each: Watched, path: Rows, look: Rows, effect: Floats) -> tuple[Floats, Masks]:
    """The exporter's log evidence, shape (rows, variants), and whether some variant would be killed, shape (rows,)."""
    phi = effect[:, None, None]
    mean, variance, units, conversions, share_of = (
        getattr(each.arms, name)[path, look][:, None, :] for name in Moments.__slots__
    )
    metric, plan = each.facts.metric, each.counted.plan
    pairs = pairs_of(Arms(metric.kind, mean, variance * phi, units / phi, conversions / phi, share_of))
    known = np.isfinite(np.repeat(effect, each.variants)) & (pairs.units > 0).all(axis=1)
    known &= ~np.isnan(pairs.pair.mean_control + pairs.pair.mean_variant)
    heard = some(pairs, known)
    null_ratio = np.full(int(known.sum()), each.facts.null_ratio)
    log_e = _filled(known, headline(metric.kind, heard, null_ratio, plan.experiment.alpha))
    return log_e.reshape(-1, each.variants), _condemned(each, heard, known)


def _condemned(each: Watched, heard: Pairs, known: Masks) -> Masks:
    rule = each.counted.plan.experiment.early_kill
    if rule is None or not each.primary:
        return np.zeros(len(known) // each.variants, dtype=np.bool_)
    increase = np.full(len(heard.units), each.facts.metric.direction == "increase")
    killing = kill_log_e(each.facts.metric.kind, heard, increase, np.full(len(increase), rule.margin))
    answer: Masks = (_filled(known, killing) >= -np.log(rule.alpha)).reshape(-1, each.variants).any(axis=-1)
    return answer


def _filled(known: Masks, values: Floats) -> Floats:
    answer = np.full(len(known), np.nan)
    answer[known] = values
    return answer


def design_effect(each: Watched, path: Rows, look: Rows) -> Floats:
    """Of each row, from the windows that have closed by then; 1 where counters count a unit once."""
    if not each.facts.is_counted or not len(path):
        return np.ones(len(path))
    per_window = max(1, round(3.0 * each.facts.metric.conversion_lag / each.counted.plan.seconds_per_look))
    # What was there at the first look is in no window; the first window opens with it.
    ends = np.unique([0, *(np.arange(1, each.arms.mean.shape[1] // per_window + 1) * per_window - 1)])
    closed = (look + 1) // per_window - (per_window == 1)
    answer = np.full(len(path), np.nan)
    if len(ends) < 2:
        return answer
    windows = [np.diff(part[:, ends], axis=1) for part in (each.arms.conversions, each.arms.share_of)]
    place = np.arange(MOST_WINDOWS)
    at_most_one = each.facts.metric.kind == "proportion"
    for begin in range(0, len(path), 500):
        some_rows = slice(begin, begin + 500)
        index = closed[some_rows, None] - 1 - place
        there = (index >= 0)[..., None]
        events, exposures = (
            np.where(there, part[path[some_rows, None], np.maximum(index, 0)], 0.0) for part in windows
        )
        answer[some_rows] = dispersion.design_effect(events, exposures, at_most_one=at_most_one)
    return answer


def cases(each: Watched, path: Rows, look: Rows, rows: Rows, effects: Sequence[float]) -> list[Case]:
    """The metric at these rows, as the collector would ask for it; each row is a family of its own."""
    plan, metric = each.counted.plan, each.facts.metric
    table = every_column(each.facts, {n: s[path, look] for n, s in each.counted.sums[metric.name].items()})
    kill = plan.experiment.early_kill if each.primary else None
    return [
        Case(
            kind=metric.kind,
            epochs=(tuple(map(tuple, sums)),),
            planned=plan.shares,
            increase=metric.direction == "increase",
            alpha=plan.experiment.alpha,
            family=str(row),
            null_ratio=each.facts.null_ratio,
            kill_margin=kill.margin if kill else None,
            design_effect=effect,
        )
        for sums, row, effect in zip(table.tolist(), rows.tolist(), effects, strict=True)
    ]
