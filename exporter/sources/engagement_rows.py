"""What a source says of content variants, and the protocol of such a source.

Times are Unix seconds, rates ratios; None is what the database does not say. A persona or pattern that is not known
is the empty text, which is a label that is not there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class VariantRow:
    """One piece of content and the counts of its engagement, as they stand in the database (interactions may exceed
    impressions). ``counted_at`` is when they were counted, where the database keeps that."""

    variant: str
    persona: str = ""
    pattern: str = ""
    predicted: float | None = None
    impressions: float | None = None
    interactions: float | None = None
    posted_at: float | None = None
    status: str | None = None
    counted_at: float | None = None


@dataclass(frozen=True, slots=True)
class Session:
    """One monitoring session with its own thresholds; ``timeout`` in seconds. ``active`` is what the row says: it is
    over nevertheless once the timeout has passed (:meth:`is_active`)."""

    variant: str
    persona: str
    started_at: float
    expected: float | None = None
    kill_threshold: float = 0.5
    min_interactions: float = 10
    timeout: float = 600.0
    active: bool = True
    killed: bool = False
    ended_at: float | None = None

    def is_active(self, at: float) -> bool:
        """Whether it runs at the time ``at``."""
        return self.active and self.started_at <= at < self.started_at + self.timeout

    def is_stale(self, at: float) -> bool:
        """Whether the row calls it active though its time is over."""
        return self.active and at >= self.started_at + self.timeout


@dataclass(frozen=True, slots=True)
class Kill:
    """A kill that the database tells of; ``seconds`` from the post (or the session's start) to it."""

    variant: str
    persona: str
    at: float
    reason: str
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Uses:
    """How often a persona used a pattern within the window that was asked for."""

    pattern: str
    persona: str
    count: float


@dataclass(frozen=True, slots=True)
class Period:
    """A persona's uses of a pattern on one day, with the counts of the posts that have any (0 exposures where none
    has), and the mean of the rates that are stored without counts."""

    pattern: str
    persona: str
    start: float
    uses: float
    exposures: float = 0.0
    events: float = 0.0
    rate: float | None = None


@dataclass(frozen=True, slots=True)
class Engagement:
    """Everything at one instant.

    ``sessions`` are those of the last 24 h, ``stale`` counts older ones that are called active, by persona. ``uses``
    is None where the source does not record uses. ``kills`` are in order of time; where there are more than one answer
    holds, ``kills_until`` is the time up to which they are complete. ``missing`` are sentences about tables that are
    not there and what that costs; ``left_out`` counts rows beyond the cap by what they are; ``clipped`` counts uses
    with more events than exposures.
    """

    variants: tuple[VariantRow, ...] = ()
    sessions: tuple[Session, ...] | None = None
    stale: Mapping[str, int] = field(default_factory=dict)
    kills: tuple[Kill, ...] = ()
    kills_until: float | None = None
    uses: tuple[Uses, ...] | None = None
    periods: tuple[Period, ...] = ()
    missing: tuple[str, ...] = ()
    left_out: Mapping[str, int] = field(default_factory=dict)
    clipped: int = 0


class EngagementSource(Protocol):
    """A source of content variants."""

    name: str

    def engagement(self, at: float, *, window: float, kills_after: float | None) -> Engagement:
        """Everything at ``at``: uses later than ``at - window``, kills later than ``kills_after`` (None: all).

        SourceError where there is no answer."""
        ...
