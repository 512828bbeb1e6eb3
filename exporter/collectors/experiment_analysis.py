"""From counts to what is said of each metric of each experiment: pure functions, one batch for all experiments."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from exporter.collectors import experiment_belief, experiment_evidence
from exporter.collectors.experiment_cases import Arms, Case, arms_of, pairs_of
from exporter.stats import contrast, multiple, srm

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Result:
    """What is said of one case; nan where undefined.

    ``mean``, ``variance`` (of the mean), ``win`` and ``behind`` (expected loss against the best, of cases that earn)
    have one entry an arm, the control first; the others one entry a variant. ``loss`` is the expected loss of shipping
    the variant over the control's mean. ``lower`` is -1 and ``upper`` inf where the data exclude nothing on that side.
    ``verdict`` is -1 worse, 0 undecided, 1 better; for a guardrail -1 harmed, 1 kept. ``z`` is the standardised
    difference, positive where the variant's mean is higher, and ``units`` those of both arms.
    """

    mean: Floats
    variance: Floats
    win: Floats
    behind: Floats
    beats: Floats
    loss: Floats
    lift: Floats
    lower: Floats
    upper: Floats
    difference: Floats
    difference_lower: Floats
    difference_upper: Floats
    z: Floats
    units: Floats
    log_e: Floats
    kill_log_e: Floats
    verdict: Floats


_ARM_FIELDS = ("mean", "variance", "win", "behind")
BY_VARIANT: tuple[str, ...] = tuple(name for name in Result.__slots__ if name not in _ARM_FIELDS)
"""The fields with one entry a variant."""


def analyse(cases: Sequence[Case]) -> list[Result]:
    """The results of all cases, in their order."""
    groups: dict[tuple[str, int, bool], list[int]] = defaultdict(list)
    for i, case in enumerate(cases):
        groups[case.kind, len(case.planned), len(case.epochs) > 1].append(i)
    answers = [(indices, _of_group([cases[i] for i in indices])) for indices in groups.values()]
    _decide(cases, answers)
    results: dict[int, Result] = {}
    for indices, fields in answers:
        rows = zip(*(fields[name] for name in Result.__slots__), strict=True)
        results.update(zip(indices, (Result(*row) for row in rows), strict=True))
    return [results[i] for i in range(len(cases))]


def _of_group(cases: Sequence[Case]) -> dict[str, Floats]:
    """Field -> values of shape (cases, arms or variants), of cases of one kind and number of arms."""
    silent = np.isnan([case.design_effect for case in cases])
    # Means are what they are; what the design effect divides is unknown with it.
    arms = arms_of([replace(case, design_effect=1.0) if math.isnan(case.design_effect) else case for case in cases])
    increase = np.array([case.increase for case in cases])
    mean, variance, _, _ = experiment_belief.combined(arms)
    beats, loss = experiment_belief.compare(arms, increase)
    takes_part = (arms.share_of > 0).any(axis=1) | (np.array([case.planned for case in cases]) > 0)
    win = experiment_belief.best(arms, increase, takes_part)
    behind = np.full(win.shape, np.nan)
    if (earns := np.array([case.earns for case in cases])).any():
        behind[earns] = experiment_belief.behind(arms.at(np.flatnonzero(earns)), increase[earns], takes_part[earns])
    against = _against_control(cases, arms, increase)
    against["units"][np.repeat(silent, len(cases[0].planned) - 1)] = 0.0
    for values in (variance, win, behind, beats, loss):
        values[silent] = np.nan
    shape = (len(cases), len(cases[0].planned) - 1)
    null_ratio = np.array([case.null_ratio for case in cases])[:, None]
    with np.errstate(invalid="ignore"):
        side = np.sign(mean[:, 1:] - null_ratio * mean[:, :1]) * np.where(increase, 1.0, -1.0)[:, None]
    return {
        "side": np.nan_to_num(side),
        "mean": mean,
        "variance": variance,
        "win": win,
        "behind": behind,
        "beats": beats,
        "loss": loss,
        **{name: values.reshape(shape) for name, values in against.items()},
    }


def _against_control(cases: Sequence[Case], arms: Arms, increase: NDArray[np.bool_]) -> dict[str, Floats]:
    pairs = pairs_of(arms)
    variants = len(cases[0].planned) - 1

    def each(values: Sequence[float]) -> Floats:
        return np.repeat(np.array(values, dtype=np.float64), variants)

    alpha, null_ratio = each([c.alpha for c in cases]), each([c.null_ratio for c in cases])
    margin = each([np.nan if c.kill_margin is None else c.kill_margin for c in cases])
    silent = np.isnan(each([c.design_effect for c in cases]))
    control, variant = pairs.pair.mean_control, pairs.pair.mean_variant
    with np.errstate(divide="ignore", invalid="ignore"):
        lift = np.where(control > 0, variant / control - 1.0, np.nan)
    known = ~silent & (pairs.units > 0).all(axis=1) & ~np.isnan(control + variant)
    heard = experiment_evidence.some(pairs, known)

    def ends(rows: NDArray[np.intp], level: float) -> tuple[Floats, ...]:
        part = experiment_evidence.some(heard, rows)
        return (
            experiment_evidence.headline(arms.kind, part, null_ratio[known][rows], level),
            *experiment_evidence.lift_interval(arms.kind, part, level),
            *experiment_evidence.difference_interval(part, level),
        )

    answers = experiment_evidence.by_alpha(alpha[known], ends) or tuple(np.empty(0) for _ in range(5))
    z = np.asarray(contrast.z_score(heard.pair))
    killing = experiment_evidence.kill_log_e(arms.kind, heard, np.repeat(increase, variants)[known], margin[known])
    names = ("log_e", "lower", "upper", "difference_lower", "difference_upper", "z", "kill_log_e")
    found = {"lift": lift, "difference": variant - control, "units": np.nan_to_num(pairs.pair.units)}
    for name, values in zip(names, (*answers, z, killing), strict=True):
        found[name] = np.full(len(known), np.nan)
        found[name][known] = values
    return found


def _decide(cases: Sequence[Case], answers: Sequence[tuple[list[int], dict[str, Floats]]]) -> None:
    """Add the verdicts: the sign of the difference where e-BH rejects within the family, at its smallest alpha.

    What is not known counts as a hypothesis all the same, so that a failing source rejects nothing; it has no verdict.
    """
    members: dict[str, list[int]] = defaultdict(list)
    levels: dict[str, float] = {}
    log_e = np.concatenate([fields["log_e"].ravel() for _, fields in answers] or [np.empty(0)])
    end = 0
    for indices, fields in answers:
        variants = fields["log_e"].shape[1]
        for i in indices:
            members[cases[i].family].extend(range(end, end + variants))
            levels[cases[i].family] = min(cases[i].alpha, levels.get(cases[i].family, 1.0))
            end += variants
    shapes: dict[tuple[int, float], list[list[int]]] = defaultdict(list)
    for family, rows in members.items():
        shapes[len(rows), levels[family]].append(rows)
    rejected = np.zeros(len(log_e), dtype=np.bool_)
    e_values = np.exp(np.minimum(log_e, 700.0))  # more evidence than that decides nothing more, and would overflow
    for (_, alpha), families in shapes.items():
        table = np.array(families, dtype=np.intp)
        rejected[table] = multiple.e_bh(e_values[table], alpha)
    begin = 0
    for _, fields in answers:
        size = fields["log_e"].size
        called = rejected[begin : begin + size].reshape(fields["log_e"].shape)
        fields["verdict"] = np.where(np.isnan(fields["log_e"]), np.nan, np.where(called, fields.pop("side"), 0.0))
        begin += size


def split(
    trials: Sequence[Sequence[float]], planned: Sequence[Sequence[float]], design_effect: Sequence[float]
) -> tuple[Floats, Floats]:
    """Sample ratio mismatch of many experiments: (p-value now, largest difference of a share to its plan).

    Arms that were not planned are given with a planned share of 0: one unit there is a leak, and p is 0. Planned shares
    sum to 1 over an experiment's arms. Units are divided by the design effect; the p-value is nan where that is, and
    without units.
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
    phi = np.array(design_effect, dtype=np.float64)
    known = (total > 0) & ~np.isnan(phi)
    p = np.full(len(n), np.nan)
    if known.any():
        p[known] = srm.p_value(n[known] / phi[known, None], plan[known])
    return p, deviation
