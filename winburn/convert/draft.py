"""An SLO on its way to the spec, and the alert tiers it can bear."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from exporter.spec.slo_models import CALENDAR_SECONDS
from exporter.windows import factor, reachable, tiers_for
from winburn.convert.fields import Fields
from winburn.convert.notes import Note

DEFAULT_PERIOD = 30 * 86400
"""Seconds; what Sloth takes where its user says nothing."""


@dataclass(frozen=True, slots=True)
class Options:
    """What the user says beyond the files: the ``period`` of SLOs whose format has none, in seconds."""

    period: float | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """One document of the input, and the ``file`` it stands in, as messages name it."""

    file: str
    fields: Fields


@dataclass(frozen=True, slots=True)
class Source:
    """A Prometheus of the input, under its name in the spec."""

    name: str
    url: str


Period = float | tuple[str, str]
"""Seconds, or the calendar's unit and its time zone."""


@dataclass(frozen=True, slots=True)
class OwnTier:
    """A tier of the input: fires above ``factor`` within ``long`` and ``short`` seconds."""

    name: str
    severity: str
    long: int
    short: int
    factor: Decimal


@dataclass(frozen=True, slots=True)
class Draft:
    """One SLO with all that will stand in the spec. ``page`` and ``ticket``: whether there are such alerts at all;
    ``tiers``: those of the input, instead; ``remarks``: comments that are no warnings, such as its description."""

    name: str
    service: str
    objective: Decimal
    period: Period
    sli: dict[str, Any]
    file: str
    line: int
    source: str = "prometheus"
    group_by: tuple[str, ...] = ()
    no_data: str = "ticket"
    labels: dict[str, str] | None = None
    runbook: str | None = None
    page: bool = True
    ticket: bool = True
    tiers: tuple[OwnTier, ...] | None = None
    remarks: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()

    @property
    def period_seconds(self) -> int:
        """Length of the period; of a calendar's the nominal one."""
        return CALENDAR_SECONDS[self.period[0]] if isinstance(self.period, tuple) else round(self.period)


def standard_tiers(draft: Draft) -> tuple[dict[str, list[str]] | None, list[str]]:
    """``page`` and ``ticket`` of the spec where they differ from its defaults, and a warning for tiers left out since
    they can never fire."""
    in_force = tiers_for(draft.period_seconds)
    dead = {
        tier.name: factor(tier, draft.period_seconds)
        for tier in in_force
        if not reachable(factor(tier, draft.period_seconds), draft.objective)
    }
    wanted = {"page": draft.page, "ticket": draft.ticket}
    lists = {
        key: [tier.name for tier in in_force if tier.severity == key and on and tier.name not in dead]
        for key, on in wanted.items()
    }
    warnings = []
    if told := [name for name, tier in ((t.name, t) for t in in_force) if name in dead and wanted[tier.severity]]:
        highest = _short(Decimal(100) / (100 - draft.objective))
        needed = ", ".join(f"{name} above a burn rate of {_short(dead[name])}" for name in told)
        warnings.append(
            f"alert tiers were left out that can never fire ({needed}; with objective {_short(draft.objective)} it "
            f"cannot exceed {highest}): raise the objective to have them"
        )
    return (lists if dead or not all(wanted.values()) else None), warnings


def own_tiers(draft: Draft) -> tuple[list[OwnTier], list[str]]:
    """The input's tiers that can fire, and a warning for each that cannot."""
    kept, warnings = [], []
    for tier in draft.tiers or ():
        if not reachable(tier.factor, draft.objective):
            highest = _short(Decimal(100) / (100 - draft.objective))
            warnings.append(
                f"the alert {tier.name} was left out: it fires above a burn rate of {_short(tier.factor)}, but with "
                f"objective {_short(draft.objective)} the burn rate cannot exceed {highest}"
            )
        elif tier.long > draft.period_seconds:
            warnings.append(f"the alert {tier.name} was left out: its window is longer than the period")
        else:
            kept.append(tier)
    return kept, warnings


def _short(value: Decimal) -> str:
    return f"{value:.4f}".rstrip("0").rstrip(".")


class Remarks:
    """Collects what is to be said about one SLO while it is being read."""

    def __init__(self, file: str, line: int) -> None:
        self._file = file
        self._line = line
        self._told: list[tuple[int, str]] = []

    def add(self, *messages: str, line: int = 0) -> None:
        """Messages about one place; the SLO's own where no line is given."""
        self._told += [(line or self._line, message) for message in messages]

    def unread(self, fields: Fields) -> None:
        """All that was not read of a mapping."""
        self._told += fields.unread()

    def notes(self, slo: str) -> tuple[Note, ...]:
        """The messages under the SLO's name, each once, in order of their lines."""
        return tuple(Note(self._file, line, slo, text) for line, text in sorted(set(self._told), key=lambda n: n[0]))


Outcome = Draft | Note | Source
"""What a document gives."""
