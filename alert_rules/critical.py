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
"""Up to here each count has a row. Then each is a little greater than the last, and the greater holds between them: the
gate may only become quieter by that."""
_GROWTH = 1.25
_NEAR = 1.1
"""Where a critical count is less than this many times its expectation the table ends, and its last ratio goes on."""


@dataclass(frozen=True, slots=True)
class Table:
    """``bad`` bad events are no chance if ``events`` are at most so many, for each of ``rows`` (events, bad) in order.
    Above the last row's events the burn alert's own limit asks for more anyway, or, where ``ratio`` is given, at least
    this share of the events must be bad."""

    rows: tuple[tuple[int, int], ...]
    ratio: float | None


@lru_cache(maxsize=1024)
def table(budget: Decimal, gate: float, burn_factor: Decimal) -> Table:
    """The critical counts of a budget (share of events) at significance ``gate`` for an alert above ``burn_factor``.

    ``bad`` is critical among ``events`` if P(X >= bad) < gate, X ~ Binomial(events, budget): what the exporter's gate
    asks of independent errors. The alert's own limit asks for more than burn_factor x budget x events of them; from
    where on that implies the critical count, no row is needed.
    """
    p, limit = float(budget), float(burn_factor * budget)
    rows: list[tuple[int, int]] = []
    bad, events = 1, 0
    while True:
        events = most_events(bad, p, gate, events)
        rows.append((events, bad))
        if limit * events >= bad + 0.5:
            return Table(tuple(rows), None)
        if events and bad / (p * events) <= _NEAR:
            return Table(tuple(rows), bad / events)
        bad = bad + 1 if bad < _EXACT_ROWS else math.ceil(bad * _GROWTH)


def most_events(bad: int, p: float, gate: float, at_least: int = 0) -> int:
    """The greatest number of events among which ``bad`` bad ones are critical; ``at_least`` is known to be one."""
    low, step = at_least, 1
    while upper_tail(bad, low + step, p) < gate:
        low, step = low + step, 2 * step
    high = low + step
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if upper_tail(bad, middle, p) < gate else (low, middle)
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
        if term < total * 1e-17 and i > events * p:
            break
    return min(total, 1.0)
