"""From counts of one allocation epoch to what is said of an experiment: pure functions, one batch for all experiments.

Whether more is better is settled here, in one place. For a metric that should decrease, Bayesian answers come from the
complements (units that did not succeed: the flat prior is symmetric, so nothing else changes), the two-sided evidence
is the same, and the kill test exchanges the arms: "the variant's rate is at most 1 + m times control's" is "control's
rate is at least 1 - m/(1 + m) times the variant's", which :func:`exporter.stats.kill.kill_log_e` tests as it stands.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from exporter.stats import bayes, kill, multiple, sequential, srm

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Case:
    """One metric of one experiment.

    ``trials``, ``successes`` and ``planned`` have one entry an arm, the control first; counts are those since the
    epoch's opening, 0 or nan where they could not be read. ``family`` names the hypotheses among which false
    discoveries are controlled. ``margin`` is None where nothing may be killed by this metric.
    """

    trials: tuple[float, ...]
    successes: tuple[float, ...]
    planned: tuple[float, ...]
    increase: bool
    alpha: float
    family: str
    margin: float | None = None


@dataclass(frozen=True, slots=True)
class Pairs:
    """Variants against their controls, one entry a pair."""

    trials_control: Floats
    successes_control: Floats
    trials_variant: Floats
    successes_variant: Floats
    increase: NDArray[np.bool_]
    alpha: Floats
    margin: Floats

    def at(self, rows: NDArray[np.bool_]) -> Pairs:
        """Some of the pairs."""
        return Pairs(*(getattr(self, name)[rows] for name in self.__slots__))

    @property
    def counts(self) -> tuple[Floats, Floats, Floats, Floats]:
        """In the order in which the statistics take them."""
        return self.successes_control, self.trials_control, self.successes_variant, self.trials_variant

    @property
    def share(self) -> Floats:
        """The variant's observed share of the units of both arms."""
        return self.trials_variant / (self.trials_control + self.trials_variant)


@dataclass(frozen=True, slots=True)
class Result:
    """What is said of one case; nan where undefined. ``win`` has one entry an arm, the control first, the others one
    entry a variant.

    ``loss`` is the expected loss of shipping the variant over the control's posterior mean. ``lower`` is -1 and
    ``upper`` inf where the data exclude nothing on that side. ``verdict`` is -1 worse, 0 undecided, 1 better.
    """

    win: Floats
    beats: Floats
    loss: Floats
    lift: Floats
    lower: Floats
    upper: Floats
    log_e: Floats
    kill_log_e: Floats
    verdict: Floats


def analyse(cases: Sequence[Case]) -> list[Result]:
    """The results of all cases, in their order."""
    if not cases:
        return []
    pairs = _pairs(cases)
    known = (pairs.trials_control > 0) & (pairs.trials_variant > 0)
    some = pairs.at(known)

    def spread(values: Floats) -> Floats:
        whole = np.full(len(known), np.nan)
        whole[known] = values
        return whole

    log_e = spread(_by_alpha(some, lambda p, alpha: (sequential.headline_log_e(*p.counts, p.share, alpha),))[0])
    columns = [*map(spread, _posterior(some)), *map(spread, lift(some)), log_e, spread(kill_evidence(some))]
    columns.append(_verdicts(cases, log_e, spread(_direction(some))))
    table = np.stack(columns)
    ends = accumulate(len(case.trials) - 1 for case in cases)
    return [Result(win, *table[:, end - len(win) + 1 : end]) for win, end in zip(_wins(cases), ends, strict=True)]


def lift(pairs: Pairs) -> tuple[Floats, Floats, Floats]:
    """Relative difference of the rates, and the ends of its anytime-valid interval; all arms need trials.

    Fieller's interval where the normal approximation may speak and both arms have a variance; else the event split's,
    also for an arm without a single success, of which the former knows nothing.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        estimate = (pairs.successes_variant / pairs.trials_variant) / (pairs.successes_control / pairs.trials_control)
    estimate = np.where(pairs.successes_control > 0, estimate - 1.0, np.nan)
    lower, upper = _by_alpha(pairs, _interval)
    return estimate, lower, upper


def kill_evidence(pairs: Pairs) -> Floats:
    """Log e-value that the variant is worse than control by more than the margin; nan where the margin is.

    A metric that should increase cannot be worse by more than the whole: nan for a margin of 1.
    """
    # The test looks for too few successes in its second arm: for a decreasing metric that is the control.
    first, second = np.where(pairs.increase, 0, 2), np.where(pairs.increase, 2, 0)
    counts, rows = np.stack(pairs.counts), np.arange(len(first))
    share = np.where(pairs.increase, pairs.share, 1.0 - pairs.share)
    margin = np.where(pairs.increase, pairs.margin, pairs.margin / (1.0 + pairs.margin))
    answer = np.full(len(first), np.nan)
    tested = margin < 1
    columns = (counts[first, rows], counts[first + 1, rows], counts[second, rows], counts[second + 1, rows])
    answer[tested] = kill.kill_log_e(*(c[tested] for c in (*columns, share, margin)))
    return answer


def split(trials: Sequence[Sequence[float]], planned: Sequence[Sequence[float]]) -> tuple[Floats, Floats]:
    """Sample ratio mismatch of many experiments: (p-value now, largest difference of a share to its plan).

    Arms that were not planned are given with a planned share of 0: one unit there is a leak, and p is 0. Planned shares
    sum to 1 over an experiment's arms. nan without units.
    """
    if not trials:
        return np.empty(0), np.empty(0)
    width = max(map(len, trials))
    # An arm without plan and without units is none: it fills the rows up to one length.
    n = np.array([[*row, *[0.0] * (width - len(row))] for row in trials])
    plan = np.array([[*row, *[0.0] * (width - len(row))] for row in planned])
    total = n.sum(axis=1)
    with np.errstate(invalid="ignore"):
        deviation = np.abs(n / total[:, None] - plan).max(axis=1)
    return np.where(total > 0, srm.p_value(n, plan), np.nan), deviation


def _pairs(cases: Sequence[Case]) -> Pairs:
    rows = [
        (c.trials[0], c.successes[0], n, s, c.increase, c.alpha, np.nan if c.margin is None else c.margin)
        for c in cases
        for n, s in zip(c.trials[1:], c.successes[1:], strict=True)
    ]
    columns = np.array(rows, dtype=np.float64).reshape(len(rows), 7).T
    n_a, s_a, n_b, s_b, increase, alpha, margin = columns
    return Pairs(n_a, s_a, n_b, s_b, increase > 0, alpha, margin)


def _by_alpha(pairs: Pairs, answer: Callable[[Pairs, float], tuple[Floats, ...]]) -> tuple[Floats, ...]:
    levels = np.unique(pairs.alpha)
    if len(levels) == 1:
        return answer(pairs, float(levels[0]))
    whole: tuple[Floats, ...] | None = None
    for level in levels.tolist() or [0.05]:
        rows = pairs.alpha == level
        part = answer(pairs.at(rows), level)
        whole = whole or tuple(np.full(len(rows), np.nan) for _ in part)
        for column, values in zip(whole, part, strict=True):
            column[rows] = values
    return whole or ()


def _interval(pairs: Pairs, alpha: float) -> tuple[Floats, Floats]:
    s_a, n_a, s_b, n_b = pairs.counts
    lower, upper = sequential.event_split_lift_interval(s_a, s_b, pairs.share, alpha)
    normal = sequential.enough(*pairs.counts) & (s_a > 0) & (s_a < n_a) & (s_b > 0) & (s_b < n_b)
    below, above = sequential.lift_interval(*pairs.counts, alpha)
    return np.where(normal, below, lower), np.where(normal, above, upper)


def _posterior(pairs: Pairs) -> tuple[Floats, Floats]:
    wished = [
        np.where(pairs.increase, s, n - s)
        for s, n in (
            (pairs.successes_control, pairs.trials_control),
            (pairs.successes_variant, pairs.trials_variant),
        )
    ]
    counts = (wished[0], pairs.trials_control, wished[1], pairs.trials_variant)
    wins, _, shipped = bayes.compare(*counts)
    # The metric's own mean, not its complement's: 2 % of the error rate, not 2 % of the successes.
    return wins, shipped / ((pairs.successes_control + 1.0) / (pairs.trials_control + 2.0))


def _direction(pairs: Pairs) -> Floats:
    difference = pairs.successes_variant / pairs.trials_variant - pairs.successes_control / pairs.trials_control
    return np.sign(difference) * np.where(pairs.increase, 1.0, -1.0)


def _wins(cases: Sequence[Case]) -> list[Floats]:
    """P(best) of each arm. An arm that is planned to have no traffic and has none does not take part."""
    wins = [np.full(len(case.trials), np.nan) for case in cases]
    groups: dict[int, list[tuple[int, list[int]]]] = defaultdict(list)
    for i, case in enumerate(cases):
        arms = [j for j, (n, share) in enumerate(zip(case.trials, case.planned, strict=True)) if n > 0 or share > 0]
        if arms and all(case.trials[j] > 0 for j in arms):
            groups[len(arms)].append((i, arms))
    for group in groups.values():
        trials = np.array([[cases[i].trials[j] for j in arms] for i, arms in group])
        successes = np.array([[cases[i].successes[j] for j in arms] for i, arms in group])
        increase = np.array([[cases[i].increase] for i, _ in group])
        best = bayes.prob_best(np.where(increase, successes, trials - successes), trials)
        for (i, arms), row in zip(group, best, strict=True):
            wins[i][arms] = row
    return wins


def _verdicts(cases: Sequence[Case], log_e: Floats, direction: Floats) -> Floats:
    """Sign of the difference where e-BH rejects within the family, at the smallest alpha of the family; nan where
    nothing is known. What is not known counts as a hypothesis all the same, so that a failing source rejects nothing.
    """
    families: dict[str, list[int]] = defaultdict(list)
    levels: dict[str, float] = {}
    pair = 0
    for case in cases:
        size = len(case.trials) - 1
        families[case.family].extend(range(pair, pair + size))
        levels[case.family] = min(case.alpha, levels.get(case.family, 1.0))
        pair += size
    shapes: dict[tuple[int, float], list[list[int]]] = defaultdict(list)
    for name, rows in families.items():
        shapes[len(rows), levels[name]].append(rows)
    rejected = np.zeros(len(log_e), dtype=np.bool_)
    with np.errstate(over="ignore"):
        e_values = np.exp(log_e)
    for (_, alpha), groups in shapes.items():
        table = np.array(groups, dtype=np.intp)
        rejected[table] = multiple.e_bh(e_values[table], alpha)
    return np.where(np.isnan(log_e), np.nan, np.where(rejected, direction, 0.0))
