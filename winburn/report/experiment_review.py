"""An experiment in review. Times are Unix seconds, shares 0..1; what is undefined says why."""

from __future__ import annotations

from dataclasses import dataclass

from winburn.drawing.scales import Points
from winburn.report.values import Decision, Missing, Number


@dataclass(frozen=True, slots=True)
class Result:
    """One metric of one variant; of the control there is only ``value``. The interval and the p-value hold however
    often they are looked at."""

    metric: str
    kind: str
    role: str
    variant: str
    control: bool
    value: Number
    lift: Number
    lower: Number
    upper: Number
    e_value: Number
    p_value: Number
    win: Number
    verdict: str


@dataclass(frozen=True, slots=True)
class Arm:
    """A variant's units and share of the traffic, against the plan; ``killed_at`` and why where it was killed."""

    variant: str
    control: bool
    participants: Number
    share: Number
    planned: Number
    killed: bool
    killed_at: Number
    killed_why: str


@dataclass(frozen=True, slots=True)
class Money:
    """What a variant costs and is worth; per day against control, with its anytime-valid interval."""

    variant: str
    currency: str
    cost: Number
    per_day: Number
    per_day_lower: Number
    per_day_upper: Number
    roi: Number
    roi_lower: Number
    roi_upper: Number


@dataclass(frozen=True, slots=True)
class Advice:
    """The recommendation for one variant."""

    variant: str
    action: str
    reason: str
    text: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """e-values of the primary metric over time, one line a variant; ``boundary`` is where they decide on their own.
    ``origin`` is ``prometheus``, or ``counts``: computed from the counts that the state store has kept."""

    origin: str
    boundary: float
    lines: tuple[tuple[str, tuple[Points, ...]], ...]


@dataclass(frozen=True, slots=True)
class ExperimentReview:
    """One experiment as it stands at the end."""

    name: str
    kind: str
    status: str
    control: str
    metric: str
    labels: tuple[tuple[str, str], ...]
    alpha: float
    started_at: Number
    ended_at: Number
    life: tuple[Decision, ...]
    participants: Number
    arms: tuple[Arm, ...]
    split_p: Number
    split_deviation: Number
    split_broken: bool
    results: tuple[Result, ...]
    money: tuple[Money, ...]
    waiting_loss: tuple[tuple[str, float], ...]
    remaining_units: Number
    remaining_seconds: Number
    advice: tuple[Advice, ...]
    next_steps: str
    evidence: Evidence | Missing
