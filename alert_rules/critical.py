"""The low-traffic gate as a table: how many bad events may still be chance, for any number of events.

The exporter computes a p-value; a rule of Prometheus can only compare. So the critical counts of the exact binomial
test are computed here, as far as they are needed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

_EXACT_ROWS = 12
"""Up to here each count has a row. Then each is half as great again as the last, with a straight line between them."""
_GROWTH = 1.5
_LAST = 50_000
"""The greatest count in the table; there a critical count is little more than its expectation, and the line goes on."""


@dataclass(frozen=True, slots=True)
class Table:
    """``rows``: (events, bad), the most events among which so many bad ones are no chance, for bad = 1, 2, 3 ...

    ``lines``: (events, slope, length), from where on the critical count grows evenly, for how many events; None: for
    ever. There are none where the burn alert's own limit asks for more than the gate from the last row on.
    """

    rows: tuple[tuple[int, int], ...]
    lines: tuple[tuple[int, float, int | None], ...] = ()

    def chance(self, events: float) -> float:
        """How many bad ones may be chance, and a half, as counts made of rates are not quite whole."""
        over = sum(events > most + 0.5 for most, _ in self.rows)
        return 0.5 + over + sum(slope * min(max(events - most, 0), n or events) for most, slope, n in self.lines)


@lru_cache(maxsize=1024)
def table(budget: Decimal, gate: float, burn_factor: Decimal) -> Table:
    """The critical counts of a budget (share of events) at significance ``gate`` for an alert above ``burn_factor``.

    ``bad`` is critical among ``events`` if P(X >= bad) < gate, X ~ Binomial(events, budget): what the exporter's gate
    asks of independent errors. The alert's own limit asks for more than burn_factor x budget x events of them; from
    where on that implies the critical count, no row is needed. Between the rows of ``lines`` the significance is off by
    less than a tenth of itself.
    """
    p, limit = float(budget), float(burn_factor * budget)
    rows: list[tuple[int, int]] = []
    bad, events = 1, 0
    while bad <= _LAST:
        events = most_events(bad, p, gate, events)
        implied = limit * events >= bad + 0.5
        if not implied or bad > _EXACT_ROWS:  # a line needs both of its ends
            rows.append((events, bad))
        if implied:
            break
        bad = bad + 1 if bad < _EXACT_ROWS else math.ceil(bad * _GROWTH)
    lines = [
        (before[0], (after[1] - before[1]) / (after[0] - before[0]), after[0] - before[0])
        for before, after in zip(rows[_EXACT_ROWS - 1 :], rows[_EXACT_ROWS:], strict=False)
    ]
    exact = tuple(rows[:_EXACT_ROWS])
    if not lines:
        return Table(exact)
    return Table(exact, (*lines[:-1], (*lines[-1][:2], None)))


def most_events(bad: int, p: float, gate: float, at_least: int = 0) -> int:
    """The greatest number of events among which ``bad`` bad ones are critical; ``at_least`` is known to be one."""

    def critical(events: int) -> bool:
        # What is no more than expected is never critical, and its tail would be long to add up.
        return bad > events * p and upper_tail(bad, events, p) < gate

    low, step = at_least, max(at_least // 4, 1)
    while critical(low + step):
        low, step = low + step, 2 * step
    high = low + step
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if critical(middle) else (low, middle)
    return low


def upper_tail(bad: int, events: int, p: float) -> float:
    """P(X >= bad), X ~ Binomial(events, p), 0 < p < 1: the terms from ``bad`` on, added up; nothing cancels."""
    if bad <= 0:
        return 1.0
    if bad > events:
        return 0.0
    log_term = math.lgamma(events + 1) - math.lgamma(bad + 1) - math.lgamma(events - bad + 1)
    term = math.exp(log_term + bad * math.log(p) + (events - bad) * math.log1p(-p))
    total, odds = 0.0, p / (1 - p)
    for i in range(bad, events + 1):
        total += term
        term *= (events - i) / (i + 1) * odds
        if term <= total * 1e-13 and i > events * p:
            break
    return min(total, 1.0)
