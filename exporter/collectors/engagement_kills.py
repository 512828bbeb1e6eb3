"""Who was killed, by us or by others, and how many in all: kept in the state store, each kill counted once.

Others' kills are read from the last one that is known on, an hour of overlap included, because rows of one time may be
committed one after the other. A row that comes later than that is not counted.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from exporter.sources.engagement_rows import Kill
from exporter.state import Latch

LATCH = "variant_kill"
OURS = "below_expectation"
"""The reason of our own kills."""
DAY = 86_400.0
_OVERLAP = 3600.0
_SAME = 120.0  # two rows of one variant within so many seconds tell of one kill
_AHEAD = 3600.0  # after a restart the grid's latest instant may be before a kill of ours; it must not vanish
_REASONS = 20  # more reasons of one persona than these are "other"


@dataclass(frozen=True, slots=True)
class Killed:
    """A variant that was killed; ``ours`` where we did, with the evidence at that moment where the rule has any."""

    variant: str
    persona: str
    at: float
    seconds: float | None
    ours: bool
    e_value: float | None = None


class Kills:
    """The kills of one spec. ``changed`` says whether :meth:`document` differs from what was saved last."""

    def __init__(self, document: Mapping[str, Any] | None, latches: Iterable[Latch]) -> None:
        stored = document or {"until": None, "recent": [], "totals": [], "others": []}
        self._until: float | None = stored["until"]
        self._recent: list[tuple[str, float]] = [(name, at) for name, at in stored["recent"]]
        self._totals: dict[tuple[str, str], float] = {(p, reason): n for p, reason, n in stored["totals"]}
        self._others = {name: Killed(name, p, at, seconds, ours=False) for name, p, at, seconds in stored["others"]}
        self._ours = {latch.member: _killed(latch) for latch in latches}
        self.changed = document is None

    @property
    def after(self) -> float | None:
        """The time from which others' kills are to be read; None: all."""
        return None if self._until is None else self._until - _OVERLAP

    def latch(self, latch: Latch) -> None:
        """Our own kill, once and for all."""
        self._ours[latch.member] = _killed(latch)
        self._count(latch.entity, OURS)

    def agree(self, latch: Latch) -> None:
        """Our own kill as the store has it, where another replica may have been first."""
        self._ours[latch.member] = _killed(latch)

    def take(self, kills: Iterable[Kill], until: float | None, at: float) -> None:
        """What the source tells of others' kills; ``until`` as in Engagement.kills_until."""
        latest = self._until
        for kill in kills:
            if until is not None and kill.at > until:
                continue
            if kill.at <= at:  # a clock ahead of ours must not hide what comes after
                latest = kill.at if latest is None else max(latest, kill.at)
            if self._is_known(kill):
                continue
            self._recent.append((kill.variant, kill.at))
            self._count(kill.persona, kill.reason)
            self._others[kill.variant] = Killed(kill.variant, kill.persona, kill.at, kill.seconds, ours=False)
        if latest is None:
            latest = at
        if latest != self._until:
            self._until, self.changed = latest, True
        self._recent = [each for each in self._recent if each[1] > latest - 2 * _OVERLAP]

    def keep(self, variants: Collection[str], at: float) -> None:
        """Forget others' kills of variants that are gone, a day after them."""
        for name in [n for n, k in self._others.items() if n not in variants and k.at < at - DAY]:
            del self._others[name]
            self.changed = True

    def has(self, variant: str) -> bool:
        """Whether the variant was killed, by whomever, so that it is not killed again."""
        return variant in self._ours or variant in self._others

    def of_last_day(self, at: float) -> list[Killed]:
        """The kills of the last 24 h, the newest first; one for each variant."""
        both = {**self._others, **self._ours}.values()
        recent = (k for k in both if at - DAY < k.at <= at + (_AHEAD if k.ours else 0.0))
        return sorted(recent, key=lambda k: (-k.at, k.variant))

    def totals(self) -> dict[tuple[str, str], float]:
        """(persona, reason) -> kills so far."""
        return self._totals

    def document(self) -> dict[str, Any]:
        """As a JSON value, for the next process."""
        return {
            "until": self._until,
            "recent": [list(each) for each in self._recent],
            "totals": [[*key, n] for key, n in sorted(self._totals.items())],
            "others": [[k.variant, k.persona, k.at, k.seconds] for k in self._others.values()],
        }

    def _is_known(self, kill: Kill) -> bool:
        ours = self._ours.get(kill.variant)
        if ours is not None and kill.at >= ours.at - _SAME:
            return True  # what we did, as the source has written it down
        return any(name == kill.variant and abs(at - kill.at) <= _SAME for name, at in self._recent)

    def _count(self, persona: str, reason: str) -> None:
        known = [r for p, r in self._totals if p == persona]
        key = (persona, reason if reason in known or len(known) < _REASONS else "other")
        self._totals[key] = self._totals.get(key, 0.0) + 1
        self.changed = True


def _killed(latch: Latch) -> Killed:
    facts = latch.facts
    return Killed(latch.member, latch.entity, latch.at, facts.get("seconds"), ours=True, e_value=facts.get("e_value"))
