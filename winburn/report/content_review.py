"""Content variants in review. Times are Unix seconds, shares 0..1; what is undefined says why."""

from __future__ import annotations

from dataclasses import dataclass

from winburn.report.values import Number


@dataclass(frozen=True, slots=True)
class Kill:
    """A content variant that was killed in the period."""

    at: float
    variant: str
    persona: str
    reason: str
    rate: Number
    expected: Number


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern of content: how often it was used of late and whether it is worn out."""

    pattern: str
    persona: str
    uses: Number
    freshness: Number
    engagement: Number
    e_value: Number
    state: str


@dataclass(frozen=True, slots=True)
class Leader:
    """A content variant with its engagement against what was predicted of it."""

    variant: str
    persona: str
    pattern: str
    impressions: Number
    engagement: Number
    predicted: Number
    against_prediction: Number


@dataclass(frozen=True, slots=True)
class Persona:
    """Who posts: monitoring sessions and how well engagement is predicted."""

    persona: str
    kills: float
    kill_ratio: Number
    time_to_kill: Number
    calibration_error: Number


@dataclass(frozen=True, slots=True)
class Content:
    """The content variants; ``leaders`` are those with the highest engagement. ``suggestions`` are sentences."""

    kills: tuple[Kill, ...]
    patterns: tuple[Pattern, ...]
    leaders: tuple[Leader, ...]
    personas: tuple[Persona, ...]
    suggestions: tuple[str, ...]
