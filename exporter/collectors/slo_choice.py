"""Which groups of a grouped SLO are shown where there are more than may be: the worst, without coming and going."""

from __future__ import annotations

import math
from collections.abc import Sequence

from exporter.collectors.slo_evaluate import Evaluation
from exporter.collectors.slo_samples import burns
from exporter.windows import PERIOD


class Choice:
    """A sticky choice of at most ``limit`` groups.

    A group that is shown stays while it exists; a free place goes to the worst of the others, and one that burns takes
    the place of the best that does not: series that came and went with every small change would make gaps in every
    graph.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._shown: set[str] = set()

    def choose(self, evaluations: Sequence[Evaluation]) -> list[Evaluation]:
        """The evaluations to show, in the order given."""
        by_name = {evaluation.group.name: evaluation for evaluation in evaluations}
        shown = self._shown & by_name.keys()
        others = sorted(by_name.keys() - shown, key=lambda name: _badness(by_name[name]), reverse=True)
        while others and len(shown) < self._limit:
            shown.add(others.pop(0))
        for name in others:
            calm = [other for other in shown if not burns(by_name[other])]
            if not burns(by_name[name]) or not calm:
                break
            shown.remove(min(calm, key=lambda other: _badness(by_name[other])))
            shown.add(name)
        self._shown = shown
        return [evaluation for evaluation in evaluations if evaluation.group.name in shown]


def _badness(evaluation: Evaluation) -> tuple[bool, float, str]:
    spent = evaluation.burn_rates[PERIOD]
    return burns(evaluation), -math.inf if spent is None else spent, evaluation.group.name
