"""What the state store takes and gives."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

Result = Literal["intended", "done", "refused", "unknown"]
Kind = Literal["experiment", "guardrail", "slo"]


class StateError(Exception):
    """The state store cannot be read or written; the message is one sentence without secrets."""


class StoredSlot(NamedTuple):  # thousands a refresh: a third of the cost of a frozen dataclass
    """A ledger slot: ``width`` seconds that end at ``ends_at``, of which ``measured`` were measured."""

    width: float
    ends_at: float
    total: float
    bad: float
    measured: float


@dataclass(frozen=True, slots=True)
class StoredLedger:
    """An SLO's ledger: ``head`` is a JSON document (last raw values, first_measured, counters), ``definition`` a hash
    of what was measured: slots of another definition are counts of something else."""

    slo: str
    slo_group: str
    definition: str
    head: Mapping[str, Any]
    slots: Sequence[StoredSlot]


@dataclass(frozen=True, slots=True)
class Use:
    """A name that a spec has: what is stored of it stays for ``keep`` seconds after no spec has it any more."""

    kind: Kind
    name: str
    keep: float


@dataclass(frozen=True, slots=True)
class Latch:
    """Something that happened once and stays: a killed variant with when, why, and the numbers at that moment."""

    kind: str
    entity: str
    member: str
    at: float
    reason: str
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Lifted:
    """A latch that somebody lifted: who and why, and the ``facts`` of the latch that was.

    ``floor`` is the log e-value at the first look after the lifting, None until somebody has looked
    (:meth:`State.note_floor`). An e-process divided by its value at one moment is an e-process from that moment on, so
    evidence beyond the floor is evidence of its own.
    """

    kind: str
    entity: str
    member: str
    at: float
    who: str
    why: str
    facts: Mapping[str, Any]
    floor: float | None = None

    def threshold(self, alpha: float) -> float:
        """The log e-value from which on it may latch again at error rate ``alpha``; infinite before a floor is known.

        A floor below 0 is taken as 0: evidence that spoke for the variant when it was spared is not forgotten.
        """
        return math.inf if self.floor is None else max(self.floor, 0.0) - math.log(alpha)


@dataclass(frozen=True, slots=True)
class Application:
    """One thing to do to the outside, once for each ``occasion``: (kind, entity, member, action, occasion) is its
    identity. ``entity`` is the experiment, ``member`` the variant; ``facts`` are the numbers behind it, of which
    ``reason``, ``at`` and ``weight`` are what a statement may name."""

    entity: str
    member: str
    action: str
    occasion: str
    facts: Mapping[str, Any] = field(default_factory=dict, hash=False)
    kind: str = "experiment"

    @property
    def key(self) -> tuple[str, str, str, str, str]:
        """The identity."""
        return self.kind, self.entity, self.member, self.action, self.occasion


@dataclass(frozen=True, slots=True)
class Applied:
    """What is known of an application: ``intended`` was begun, ``done`` happened, ``refused`` certainly did not,
    ``unknown`` may have. ``attempts`` counts how often it was begun."""

    kind: str
    entity: str
    member: str
    action: str
    occasion: str
    at: float
    result: Result
    detail: str
    attempts: int

    @property
    def key(self) -> tuple[str, str, str, str, str]:
        """The application's identity."""
        return self.kind, self.entity, self.member, self.action, self.occasion
