"""Rates, calibration of the predictions, and monitoring sessions: from rows to numbers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from exporter.collectors.engagement_kills import DAY, Killed
from exporter.sources.engagement_rows import Engagement, Session, VariantRow

ENOUGH_IMPRESSIONS = 100
"""Impressions from which a variant's rate says something about its prediction."""


@dataclass(frozen=True, slots=True)
class Sessions:
    """A persona's monitoring sessions: those that run, those that only seem to, and of those begun in the last 24 h how
    many ended in a kill."""

    active: int
    stale: int
    started: int
    killed: int

    @property
    def kill_ratio(self) -> float | None:
        """None where no session began."""
        return self.killed / self.started if self.started else None


def clipped(variant: VariantRow) -> tuple[float, float] | None:
    """Impressions, and interactions of which no impression has more than one; None where either is not known."""
    if variant.impressions is None or variant.interactions is None:
        return None
    return variant.impressions, min(variant.interactions, variant.impressions)


def ratio(variant: VariantRow) -> float | None:
    """Interactions per impression; None without impressions."""
    counts = clipped(variant)
    return counts[1] / counts[0] if counts and counts[0] > 0 else None


def calibration(variants: Iterable[VariantRow]) -> dict[str, float]:
    """Persona -> mean of actual over predicted rate minus 1, of variants with a prediction and enough impressions."""
    found: defaultdict[str, list[float]] = defaultdict(list)
    for variant in variants:
        rate = ratio(variant)
        if rate is not None and variant.predicted and (variant.impressions or 0) >= ENOUGH_IMPRESSIONS:
            found[variant.persona].append(rate / variant.predicted)
    return {persona: sum(ratios) / len(ratios) - 1 for persona, ratios in found.items()}


def sessions(engagement: Engagement, kills: Sequence[Killed], at: float) -> dict[str, Sessions]:
    """Persona -> its sessions; empty where the source has none.

    A session counts as killed where it says so, or where its variant was killed after it began (by us, or in a table
    of kills): the superseded system wrote down only the one or the other.
    """
    killed = {kill.variant: kill.at for kill in kills}
    groups: dict[str, list[Session]] = {persona: [] for persona in engagement.stale}
    for session in engagement.sessions or ():
        groups.setdefault(session.persona, []).append(session)
    found = {}
    for persona, own in groups.items():
        begun = [session for session in own if at - DAY < session.started_at <= at]
        found[persona] = Sessions(
            active=sum(session.is_active(at) for session in own),
            stale=sum(session.is_stale(at) for session in own) + engagement.stale.get(persona, 0),
            started=len(begun),
            killed=sum(s.killed or killed.get(s.variant, -1.0) >= s.started_at for s in begun),
        )
    return found


def time_to_kill(kills: Iterable[Killed]) -> dict[str, float]:
    """Persona -> mean seconds from post to kill, of the kills that know it."""
    found: defaultdict[str, list[float]] = defaultdict(list)
    for kill in kills:
        if kill.seconds is not None:
            found[kill.persona].append(kill.seconds)
    return {persona: sum(seconds) / len(seconds) for persona, seconds in found.items()}
