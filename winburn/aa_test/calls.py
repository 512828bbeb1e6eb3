"""What each rule ever called in experiments without an effect, watched at every look.

Ours is the exporter's own analysis of the counts: what it says is asked of :func:`analyse`, for all paths in one batch,
and only at looks where the bounds and then the evidence itself do not exclude a call. The others are what people watch
elsewhere: a t test, and the chance to win of a flat prior.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from exporter.collectors.experiment_analysis import Result, analyse
from exporter.stats import multiple
from winburn.aa_test.bounds import distance, moments_of, most_kill_log_e, most_log_e
from winburn.aa_test.counts import Floats
from winburn.aa_test.evidence import Counted, Masks, Rows, Watched, cases, design_effect, evidence

T_TEST, T_FROM = 1.96, 1000.0
"""|z| beyond which a t test at 5 % calls, and the units of both arms from which on it is watched."""

WIN, WIN_FROM = 1.6448536269514722, 150.0
"""|z| at which a flat prior gives 95 % to win (or to lose), and the conversions in each arm from which on it speaks."""

RULES = ("verdict", "primary", "kill", "t_test", "t_primary", "win", "win_primary")
"""Ours in any metric and in the primary one, early kills, and the others in any metric and in the primary one."""

_BATCH = 20_000


def watch(family: Sequence[Counted], *, every_look: bool = False) -> list[dict[str, Masks]]:
    """For each experiment of a family, rule -> whether it ever made a false call, shape (paths,).

    With ``every_look`` the analysis is asked at every look, and no bound is used: slow, and the same.
    """
    metrics = _metrics(family)
    paths, looks = family[0].units.shape[:2]
    found = [{rule: np.zeros(paths, dtype=np.bool_) for rule in RULES} for _ in family]
    for each in metrics:
        _naive(each, found[each.place])
    rows = np.arange(paths * looks) if every_look else _possible(family, metrics, paths, looks)
    for begin in range(0, len(rows), _BATCH):
        _ours(family, metrics, rows[begin : begin + _BATCH], looks, found, sieve=not every_look)
    return found


def _metrics(family: Sequence[Counted]) -> list[Watched]:
    metrics, column = [], 0
    for place, counted in enumerate(family):
        for facts in counted.plan.facts:
            arms = moments_of(facts, counted.sums[facts.metric.name])
            metrics.append(Watched(counted, place, facts, arms, column))
            column += len(counted.plan.arms) - 1
    return metrics


def _naive(each: Watched, found: dict[str, Masks]) -> None:
    z = np.abs(distance(each.arms))
    units, x = each.counted.units, each.arms.conversions
    t_test = (z > T_TEST) & (units[..., :1] + units[..., 1:] >= T_FROM)
    win = (z > WIN) & (x[..., :1] >= WIN_FROM) & (x[..., 1:] >= WIN_FROM)
    for rule, calls in (("t_test", t_test), ("win", win)):
        ever = calls.any(axis=(1, 2))
        found[rule] |= ever
        if each.primary:
            found["t_primary" if rule == "t_test" else "win_primary"] |= ever


def _possible(family: Sequence[Counted], metrics: Sequence[Watched], paths: int, looks: int) -> Rows:
    """Rows (path x looks + look) at which a false verdict or a kill is not excluded by the bounds."""
    most = np.concatenate([most_log_e(each.facts, each.arms) for each in metrics], axis=-1)
    # A guardrail kept within its margin is no false call; but its evidence helps others through e-BH.
    false = np.concatenate([_wrong_side(each) for each in metrics], axis=-1)
    level = min(counted.plan.experiment.alpha for counted in family)
    keep = ((most >= -np.log(level) - 1e-9) & false).any(axis=-1)
    # Rejections grow with every e-value, so those of the bounds are all there can be.
    keep[keep] = (multiple.e_bh(np.exp(np.minimum(most[keep] + 1e-9, 700.0)), level) & false[keep]).any(axis=-1)
    for each in metrics:
        rule = each.counted.plan.experiment.early_kill
        if rule is not None and each.primary:
            keep |= (most_kill_log_e(each.facts, each.arms, rule.margin) >= -np.log(rule.alpha) - 1e-9).any(axis=-1)
    return np.flatnonzero(keep.reshape(paths * looks))


def _wrong_side(each: Watched) -> Masks:
    if each.holds:
        return np.ones(each.arms.mean[..., 1:].shape, dtype=np.bool_)
    above = np.asarray(distance(each.arms, each.facts.null_ratio) > 0)
    wrong: Masks = above != (each.facts.metric.direction == "increase")
    return wrong


def _ours(
    family: Sequence[Counted],
    metrics: Sequence[Watched],
    rows: Rows,
    looks: int,
    found: list[dict[str, Masks]],
    *,
    sieve: bool,
) -> None:
    """Ask the exporter's analysis at these rows; with ``sieve`` only at the first of a path that its evidence calls."""
    path, look = np.divmod(rows, looks)
    effects = [design_effect(each, path, look) for each in metrics]
    if sieve:
        chosen = _first_calls(family, metrics, rows, looks, effects)
        rows, path, look = rows[chosen], path[chosen], look[chosen]
        effects = [effect[chosen] for effect in effects]
    asked = [
        case
        for each, effect in zip(metrics, effects, strict=True)
        for case in cases(each, path, look, rows, effect.tolist())
    ]
    results = analyse(asked)
    for i, each in enumerate(metrics):
        mine = results[i * len(rows) : (i + 1) * len(rows)]
        _note(each, mine, path, found[each.place])


def _note(each: Watched, results: Sequence[Result], path: Rows, found: dict[str, Masks]) -> None:
    rule = each.counted.plan.experiment.early_kill
    for row, result in zip(path.tolist(), results, strict=True):
        false = result.verdict == -1 if not each.holds else np.isin(result.verdict, (-1, 1))
        if false.any():
            found["verdict"][row] = True
            found["primary"][row] |= each.primary
        if rule is not None and each.primary and (result.kill_log_e >= -np.log(rule.alpha)).any():
            found["kill"][row] = True


def _first_calls(
    family: Sequence[Counted], metrics: Sequence[Watched], rows: Rows, looks: int, effects: Sequence[Floats]
) -> Rows:
    """Places in ``rows`` of the first look of each path at which each experiment has a verdict, or a kill."""
    log_e, wrong, kills = [], [], []
    path, look = np.divmod(rows, looks)
    for each, effect in zip(metrics, effects, strict=True):
        two_sided, killing = evidence(each, path, look, effect)
        log_e.append(two_sided)
        wrong.append(_wrong_side(each)[path, look])
        kills.append(killing)
    level = min(counted.plan.experiment.alpha for counted in family)
    every = np.exp(np.minimum(np.concatenate(log_e, axis=-1), 700.0))
    called = multiple.e_bh(every, level) & np.concatenate(wrong, axis=-1)
    wanted: list[Masks] = []
    for each, killing in zip(metrics, kills, strict=True):
        verdicts = np.asarray(called[:, each.column : each.column + each.variants].any(axis=-1))
        wanted += [verdicts, killing]
    first: set[int] = set()
    for mask in wanted:
        places = np.flatnonzero(mask)
        _, where = np.unique(path[places], return_index=True)
        first.update(places[where].tolist())
    return np.array(sorted(first), dtype=np.intp)
