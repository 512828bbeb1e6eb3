"""The one document that every format shows. Times are Unix seconds, shares 0..1; what is undefined says why."""

from __future__ import annotations

from dataclasses import dataclass

from winburn.drawing.scales import Points


@dataclass(frozen=True, slots=True)
class Missing:
    """In place of a number that is not defined; ``reason`` is the end of a sentence, like ``no events``."""

    reason: str


Number = float | Missing


@dataclass(frozen=True, slots=True)
class Period:
    """What is reviewed: from ``start`` to ``end``, times told in ``timezone``; ``label`` is its name if it has one."""

    start: float
    end: float
    label: str
    timezone: str = "UTC"
    release: bool = False
    """Whether it began with a release: then it is compared with as long a time before."""

    @property
    def before(self) -> float:
        """Where as long a time before it begins."""
        return self.start - self.seconds

    @property
    def seconds(self) -> float:
        """Its length."""
        return self.end - self.start


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


@dataclass(frozen=True, slots=True)
class Decision:
    """An entry of the audit trail: what was changed, by whom and why."""

    at: float
    kind: str
    entity: str
    member: str
    action: str
    who: str
    why: str


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


@dataclass(frozen=True, slots=True)
class Document:
    """Everything. ``failures`` are sentences about what did not answer, ``notes`` about what else could not be had."""

    period: Period
    slos: tuple[SloReview, ...]
    experiments: tuple[ExperimentReview, ...]
    content: Content | Missing
    decisions: tuple[Decision, ...]
    failures: tuple[str, ...]
    notes: tuple[str, ...]


def known(value: float | None, reason: str) -> Number:
    """The number, or why there is none; NaN is none."""
    return Missing(reason) if value is None or value != value else float(value)  # noqa: PLR0124 - nan is not itself
