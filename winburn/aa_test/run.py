"""The whole simulation: families of experiments, in chunks of paths, to rates with their standard errors."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from winburn.aa_test.calls import watch
from winburn.aa_test.counts import simulate
from winburn.aa_test.evidence import Counted
from winburn.aa_test.facts import Plan

_CELLS, _UNITS = 1_000_000, 2_000_000


@dataclass(frozen=True, slots=True)
class Outcome:
    """One experiment: rule (:data:`winburn.aa_test.calls.RULES`) -> (share of the paths it called, standard error)."""

    plan: Plan
    paths: int
    rates: dict[str, tuple[float, float]]

    @property
    def broken(self) -> list[str]:
        """Promises that the figures contradict: more than the level by over three standard errors."""
        experiment = self.plan.experiment
        levels = {"verdict": experiment.alpha, "kill": kill_level(self.plan)}
        return [rule for rule, level in levels.items() if self.rates[rule][0] - 3 * self.rates[rule][1] > level]


def kill_level(plan: Plan) -> float:
    """The kill's error rate is for each variant: that any of several is killed may be so many times more likely."""
    rule = plan.experiment.early_kill
    return 1.0 if rule is None else min(1.0, rule.alpha * (len(plan.arms) - 1))


def share(hits: NDArray[np.bool_]) -> tuple[float, float]:
    """Share that is true and its standard error; nan without any.

    Nothing seen does not mean no error: there one hit bounds it.
    """
    if not len(hits):
        return math.nan, math.nan
    rate = float(np.mean(hits))
    return rate, math.sqrt(max(rate, 1.0 / len(hits)) * (1.0 - rate) / len(hits))


def families(plans: Iterable[Plan]) -> list[list[Plan]]:
    """Experiments whose false discoveries are controlled together, in the spec's order; all with equally many looks."""
    groups: dict[str, list[Plan]] = defaultdict(list)
    for plan in plans:
        groups[plan.family].append(plan)
    return [[replace(p, looks=max(q.looks for q in group)) for p in group] for group in groups.values()]


def aa_test(
    plans: Sequence[Plan], paths: int, seed: int = 0, tick: Callable[[str, int], None] = lambda _name, _paths: None
) -> list[Outcome]:
    """Simulate every experiment ``paths`` times. ``tick`` hears of each chunk: an experiment's name, and its paths."""
    outcomes = []
    for family in families(plans):
        found: list[list[dict[str, NDArray[np.bool_]]]] = []
        size = chunk(family, paths)
        for first in range(0, paths, size):
            part = min(size, paths - first)
            found.append(watch([Counted(plan, *simulate(plan, part, seed, first)) for plan in family]))
            for plan in family:
                tick(plan.experiment.name, part)
        for i, plan in enumerate(family):
            rates = {
                rule: share(np.concatenate([each[i][rule] for each in found]))
                for rule in (found[0][i] if found else ())
            }
            outcomes.append(Outcome(plan, paths, rates))
    return outcomes


def chunk(family: Sequence[Plan], paths: int) -> int:
    """Paths at once, so that their counts and amounts fit into little memory."""
    cells = sum(plan.looks * len(plan.arms) * len(plan.facts) for plan in family)
    amounts = max(plan.horizon if any(f.metric.kind in {"mean", "ratio"} for f in plan.facts) else 1 for plan in family)
    return max(1, min(paths, int(_CELLS // cells), int(_UNITS // amounts)))
