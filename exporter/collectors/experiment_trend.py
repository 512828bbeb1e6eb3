"""Whether a variant's advantage grows or shrinks: a reading aid, not error-controlled under watching."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from exporter.collectors.experiment_cases import Case, arms_of, pairs_of
from exporter.collectors.experiment_evidence import speaks
from exporter.stats import progress


def trends(halves: Sequence[tuple[Case, Case]]) -> list[list[float]]:
    """For each pair of cases (earlier, later) and each variant: -1 degrading, 0 stable, 1 improving.

    nan where one of the two has too few conversions to speak, and while a design effect is not known.
    """
    groups: dict[tuple[str, int], list[int]] = defaultdict(list)
    for i, (case, _) in enumerate(halves):
        groups[case.kind, len(case.planned)].append(i)
    found: list[list[float]] = [[] for _ in halves]
    for indices in groups.values():
        sides = [pairs_of(arms_of([halves[i][side] for i in indices])) for side in (0, 1)]
        heard = speaks(sides[0]) & speaks(sides[1])
        numbers = []
        for side in sides:
            known = heard & ~np.isnan(side.pair.var_control + side.pair.var_variant)
            numbers.append(np.where(known, side.pair.mean_variant - side.pair.mean_control, np.nan))
            numbers.append(np.where(known, side.pair.var_variant + side.pair.var_control, np.nan))
        up = np.repeat([halves[i][0].increase for i in indices], len(halves[indices[0]][0].planned) - 1)
        rising = np.asarray(progress.trend(numbers[0], numbers[1], numbers[2], numbers[3]))
        for i, row in zip(indices, np.where(up, rising, -rising).reshape(len(indices), -1), strict=True):
            found[i] = row.tolist()
    return found
