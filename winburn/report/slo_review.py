"""An SLO in review. Times are Unix seconds, shares 0..1; what is undefined says why."""

from __future__ import annotations

from dataclasses import dataclass

from winburn.drawing.scales import Points
from winburn.report.values import Missing, Number


@dataclass(frozen=True, slots=True)
class Incident:
    """A time in which the budget burnt faster than it lasts. ``spent`` is the share of one period's budget that went,
    ``peak`` the fastest burn rate of a slot; ``going`` says that it had not ended with the period in review."""

    since: float
    until: float
    bad: float
    total: float
    spent: float
    peak: float
    going: bool


@dataclass(frozen=True, slots=True)
class Page:
    """A notification that somebody was paged by; ``tiers`` fired together. ``burnt`` says whether the budget burnt
    faster than it lasts from an hour before it fired until it cleared."""

    since: float
    until: float
    tiers: str
    burnt: bool | Missing
    going: bool


@dataclass(frozen=True, slots=True)
class Paging:
    """Pages of the period. ``origin`` is ``alerts``: what fired, read from Prometheus, or ``replay``: what would have,
    by the generated rules. ``precision`` is the share of pages with ``burnt``."""

    origin: str
    pages: tuple[Page, ...]
    tickets: int
    seconds: float
    precision: Number


@dataclass(frozen=True, slots=True)
class Correction:
    """A time of the period whose events do not count."""

    since: float
    until: float
    reason: str


@dataclass(frozen=True, slots=True)
class Forecast:
    """Probability that the budget is gone within one period from the end on, and the median time of it."""

    probability: Number
    exhausted_at: Number


@dataclass(frozen=True, slots=True)
class Before:
    """As long a time before a release: its events, and how the release compares: worse, the same or better, at
    significance 0.01."""

    events: Number
    bad: Number
    achieved: Number
    verdict: str | Missing


NO_RELEASE = Missing("no release was named")


@dataclass(frozen=True, slots=True)
class SloReview:
    """One SLO, or one group of it. ``spent`` is the share of one period's budget that the period in review took,
    ``remaining`` what was left at its end; ``others`` is what incidents do not explain. ``budget`` is the line of what
    was left over time. ``origin`` says where the counts come from."""

    name: str
    group: str
    service: str
    category: str
    objective: str
    period: str
    labels: tuple[tuple[str, str], ...]
    origin: str
    events: Number
    bad: Number
    achieved: Number
    met: bool | Missing
    spent: Number
    remaining: Number
    coverage: Number
    incidents: tuple[Incident, ...]
    others: Number
    paging: Paging | Missing
    corrections: tuple[Correction, ...]
    corrected_seconds: float
    forecast: Forecast
    budget: tuple[Points, ...]
    before: Before | Missing = NO_RELEASE

    @property
    def title(self) -> str:
        """The name, and the group where it has them."""
        return f"{self.name} {self.group}".rstrip()
