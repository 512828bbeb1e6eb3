"""Events and exposures of a metric in windows of time, from which its design effect is estimated.

Counters may count a visitor many times, and then overstate what they know: the scatter of the split between the arms
over windows says by how much. A window is three conversion lags long, so that most events fall into that of their
exposure.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from exporter.collectors.experiment_counts import Counts
from exporter.spec import KINDS, Metric
from exporter.stats import dispersion

MOST_WINDOWS = 336
"""A week of the default 30 minutes: clusters change with the product, and the estimate is precise by then."""


class Windows:
    """The last windows of one metric; the variants are those that were seen in them."""

    def __init__(self, metric: Metric, document: Mapping[str, Any] | None = None) -> None:
        self._width = 3.0 * metric.conversion_lag
        names = KINDS[metric.kind]
        self._at_most_one = metric.kind == "proportion"
        self._columns = (names.columns.index(names.units), names.columns.index(names.events))
        known = document if document is not None and document["width"] == self._width else None
        self._windows: list[dict[str, list[float]]] = list(known["windows"]) if known else []
        begin = known.get("begin") if known else None
        self._begin: tuple[float, dict[str, list[float]]] | None = (begin[0], begin[1]) if begin else None
        self._estimates: dict[tuple[str, ...], float] = {}  # until the next window: one takes a millisecond

    def take(self, at: float, counts: Counts, variants: Sequence[str]) -> bool:
        """Cumulative counts at an instant; whether a window has ended with them."""
        now = {v: [counts[v][i] for i in self._columns] for v in variants if v in counts}
        if self._begin is None or at < self._begin[0]:
            self._begin = (at, now)
            return False
        begin, before = self._begin
        if math.floor(at / self._width) == math.floor(begin / self._width):
            return False
        if at - begin < 2 * self._width:  # after a gap it would be a window of another length
            self._windows.append({v: _grown(now[v], before.get(v, (0.0, 0.0))) for v in now})
            del self._windows[:-MOST_WINDOWS]
            self._estimates = {}
        self._begin = (at, now)
        return True

    def skip(self) -> None:
        """The split has changed, or nothing was read for a while: the present window is none."""
        self._begin = None

    def design_effect(self, arms: Sequence[str]) -> float:
        """Of the events, at least 1; nan before there are 30 windows."""
        if (known := ("events", *arms)) not in self._estimates:
            cells = [[window.get(arm, (0.0, 0.0)) for arm in arms] for window in self._windows]
            events, exposures = ([[c[i] for c in row] for row in cells] for i in (1, 0))
            self._estimates[known] = _phi(events, exposures, at_most_one=self._at_most_one)
        return self._estimates[known]

    def design_effect_of_units(self, arms: Sequence[str], planned: Sequence[float]) -> float:
        """Of the units themselves, whose split should be the planned one; at least 1, nan before 30 windows."""
        if (known := ("units", *arms, *map(str, planned))) not in self._estimates:
            events = [[window.get(arm, (0.0, 0.0))[0] for arm in arms] for window in self._windows]
            self._estimates[known] = _phi(events, [list(planned)] * len(events), at_most_one=False)
        return self._estimates[known]

    def document(self) -> dict[str, Any]:
        """As a JSON value, for the next process."""
        return {"width": self._width, "windows": self._windows, "begin": self._begin}


def _grown(now: Sequence[float], before: Sequence[float]) -> list[float]:
    return [max(0.0, a - b) for a, b in zip(now, before, strict=True)]


def _phi(events: list[list[float]], exposures: list[list[float]], *, at_most_one: bool) -> float:
    return float(dispersion.design_effect(events, exposures, at_most_one=at_most_one)) if events else math.nan
