"""Burn-rate windows and alert tiers as data; factors are computed, never typed.

Source of shares and windows: Google SRE Workbook, chapter 5, "Multiwindow, Multi-Burn-Rate Alerts"
(https://sre.google/workbook/alerting-on-slos/), table 5-8, and the 1d/2h tier of the chapter's final rules.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

MINUTE, HOUR, DAY = 60, 3600, 86400
PERIOD = "period"

WINDOWS: dict[str, int] = {
    "5m": 5 * MINUTE,
    "30m": 30 * MINUTE,
    "1h": HOUR,
    "2h": 2 * HOUR,
    "6h": 6 * HOUR,
    "1d": DAY,
    "3d": 3 * DAY,
}
"""Value of the label ``window`` -> seconds; ``period`` stands beside them."""

Severity = Literal["page", "ticket"]


@dataclass(frozen=True, slots=True)
class Tier:
    """An alert tier: it fires when the budget burned faster than its factor within ``long``, and still does in
    ``short``, which lets it clear soon after the errors end.

    ``long`` and ``short`` are values of the label ``window``; ``burn_factor`` is given for tiers of one's own that name
    a factor instead of a share of the budget.
    """

    name: str
    severity: Severity
    budget_share: Decimal
    long: str
    short: str
    long_seconds: int
    short_seconds: int
    burn_factor: Decimal | None = None


def _tier(name: str, severity: Severity, budget_share: str, long: str, short: str) -> Tier:
    return Tier(name, severity, Decimal(budget_share), long, short, WINDOWS[long], WINDOWS[short])


TIERS: tuple[Tier, ...] = (
    _tier("fast", "page", "0.02", "1h", "5m"),
    _tier("medium", "page", "0.05", "6h", "30m"),
    _tier("slow", "ticket", "0.10", "1d", "2h"),
    _tier("trickle", "ticket", "0.10", "3d", "6h"),
)


def factor(tier: Tier, period: int) -> Decimal:
    """Burn rate above which the tier fires for a period of ``period`` seconds: share x period / window, at least 1.

    Below 1 an alert would fire while the objective is being met (7d with fixed shares gives 0.23). A tier's own
    ``burn_factor`` is taken as it is.
    """
    if tier.burn_factor is not None:
        return tier.burn_factor
    return max(Decimal(1), tier.budget_share * period / tier.long_seconds)


def tiers_for(period: int) -> tuple[Tier, ...]:
    """The tiers that make sense for a period: those whose long window is at most a quarter of it."""
    return tuple(tier for tier in TIERS if tier.long_seconds * 4 <= period)


def windows_for(period: int) -> dict[str, int]:
    """Label -> seconds of every window an SLO of this period has: those not longer than the period, and the period."""
    return {**{label: seconds for label, seconds in WINDOWS.items() if seconds <= period}, PERIOD: period}


def reachable(burn_factor: Decimal, objective: Decimal) -> bool:
    """Whether a burn rate above ``burn_factor`` can occur at all: it cannot exceed 1 / budget, when all events are bad.

    ``objective`` in percent.
    """
    return burn_factor * (100 - objective) < 100
