"""What is known of one SLO over time: its groups, the memory of its counters, and what survives a restart."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from exporter.collectors.slo_group import Floats, Group, GroupCounts
from exporter.collectors.slo_kinds import reads
from exporter.collectors.slo_sums import in_sums
from exporter.counters import Memory
from exporter.ledger import COARSE_WIDTH, MIDDLE_WIDTH, Ledger
from exporter.spec import Calendar, Slo, tiers_in_force, windows_of
from exporter.state import StoredLedger
from exporter.windows import DAY, Severity, factor

TREND_SPAN = 7 * DAY
_CALENDAR_SLACK = 2 * DAY
_CALENDAR_WIDTH = 900.0  # every zone's midnight is a multiple of 15 minutes
_GROUPS_PER_SHOWN = 4
"""Groups that are followed for each one that may be shown, so that the worst can be chosen."""


@dataclass(frozen=True, slots=True)
class BurnLimit:
    """When a tier fires: the burn rates of the windows ``long`` and ``short`` (labels) are above ``factor``."""

    tier: str
    severity: Severity
    long: str
    short: str
    factor: float


class Track:
    """One SLO's past. ``fine`` and ``origin`` give the grid of its ledgers, ``wide_origin`` that of their wider slots
    (seconds); ``limit`` is how many groups may be shown; ``only`` are the groups to follow where not all are."""

    def __init__(
        self,
        slo: Slo,
        fine: float,
        origin: float,
        wide_origin: float = 0.0,
        limit: int = 50,
        only: frozenset[str] | None = None,
    ) -> None:
        self.slo = slo
        self.only = only
        self.groups_of = re.compile(",".join(f"{re.escape(label)}=(?P<{label}>.*)" for label in sorted(slo.group_by)))
        """Takes the labels out of the value of slo_group."""
        self.windows = windows_of(slo)
        """Label -> seconds of its windows, of a calendar's period the nominal length."""
        self.burn_limits = tuple(
            BurnLimit(tier.name, severity, tier.long, tier.short, float(factor(tier, slo.period_seconds)))
            for tier, severity in tiers_in_force(slo)
        )
        """Of each tier, fastest first."""
        self.origin = origin
        self.limit = limit
        self.horizon = horizon(slo)
        self._grid = (fine, origin, wide_origin)
        self._defined: tuple[Slo, str] | None = None
        self.forget()

    def forget(self) -> None:
        """Begin anew, with nothing known."""
        self.memory = Memory()
        self.reads = reads(self.slo)
        self.exact = True
        """Whether every series is read; else the server adds them up."""
        self.calm_since: float | None = None
        """Since when there were few enough series to read each again, where they are added up."""
        self.groups: dict[str, Group] = {}
        self.refused: set[str] = set()
        """Groups that were seen and not followed: there are too many, or they are not among ``only``."""
        self.end: float | None = None
        self.newborn = 0
        self.waits = False
        """Whether its source, which is slow with it, is asked in a later run, or it has a component that is behind."""
        self.fresh: float | None = None
        """The last instant for which all was known that could be, since the process began."""
        self.news = False
        """Whether the last run knew more than the one before, or all there was."""
        self.slack = self.reads.every or 0.0
        """How far :attr:`end` may lie before such an instant: slices are known when they are over."""
        if not self.slo.group_by:
            self.groups[""] = self._new_group("")

    @property
    def definition(self) -> str:
        """A hash of what is counted; stored slots of another definition are counts of something else."""
        if self._defined is None or self._defined[0] is not self.slo:
            what = self.slo.sli.model_dump(mode="json", exclude_none=True)
            digest = hashlib.sha256(json.dumps([what, self.slo.group_by], sort_keys=True).encode()).hexdigest()
            self._defined = (self.slo, digest)
        return self._defined[1]

    def continues(self, slo: Slo, grid: tuple[float, float, float], limit: int) -> bool:
        """Whether this is a track of that very SLO, with these arguments of the constructor."""
        return (self.slo, self._grid, self.limit) == (slo, grid, limit)

    @property
    def first_measured(self) -> float | None:
        """When anything of the SLO was first measured."""
        return min((g.first_measured for g in self.groups.values() if g.first_measured is not None), default=None)

    def add(self, times: Floats, counts: Mapping[str, GroupCounts]) -> None:
        """Add what happened up to ``times``; groups that are not in ``counts`` had no events and were not measured. A
        new group is followed where there is room."""
        for name in counts:
            if name not in self.groups and counts[name].first is not None and self._room_for(name):
                self.groups[name] = self._new_group(name)
        nothing = np.zeros(len(times))
        none = GroupCounts(nothing, nothing, nothing, None, present=False)
        for name, group in self.groups.items():
            count = counts.get(name, none)
            group.add(times, count.total, count.bad, count.measured)
            group.present = count.present
            if group.first_measured is None:
                group.first_measured = count.first
        if len(times):
            self.end = float(times[-1])

    def skip(self, until: float) -> None:
        """Leave out what happened up to ``until``, a time on the grid: it is not measured, and what is there then was
        not born then."""
        if self.end is None or self.end < until:
            self.memory, self.end = Memory(), until
            for group in self.groups.values():
                group.present = False

    def use_sums(self) -> bool:
        """Let the server add the series up from now on; False where it does so already, or cannot. What was counted
        stays, and what is counted goes on from there."""
        sums = in_sums(self.slo, self.reads)
        if sums is not None:
            self.reads, self.exact, self.calm_since, self.memory = sums, False, None, Memory()
        return sums is not None

    def use_counters(self, memory: Memory) -> None:
        """Read every series again; ``memory`` holds their values at :attr:`end`."""
        self.reads, self.exact, self.calm_since, self.memory = reads(self.slo), True, None, memory

    def forget_groups(self) -> list[str]:
        """Drop the groups of which nothing was measured within the horizon; their names."""
        gone = [
            name
            for name, group in self.groups.items()
            if self.slo.group_by and not group.present and not group.ledger.window(self.horizon).measured
        ]
        for name in gone:
            del self.groups[name]
        return gone

    def stored(self) -> list[StoredLedger]:
        """What changed since :meth:`mark_saved`, for the state store: the SLO's own row, and one for each group."""
        head = {
            "end": self.end,
            "horizon": self.horizon,
            "newborn": self.newborn,
            "exact": self.exact,
            "memory": self.memory.document(),
        }
        if not self.slo.group_by:
            return [self.groups[""].stored(self.slo.name, self.definition, head)]
        own = StoredLedger(self.slo.name, "", self.definition, head, [])
        return [own, *(group.stored(self.slo.name, self.definition, {}) for group in self.groups.values())]

    def mark_saved(self) -> None:
        """The store has what :meth:`stored` gave."""
        for group in self.groups.values():
            group.mark_saved()

    def restore(self, stored: Sequence[StoredLedger]) -> bool:
        """Take over what is stored of the SLO; False where it counts something else or reaches back less far."""
        own = next((each for each in stored if not each.slo_group), None)
        if own is None or any(each.definition != self.definition for each in stored):
            return False
        if own.head["end"] is None or own.head["horizon"] < self.horizon:
            return False
        self.memory, self.end = Memory.from_document(own.head["memory"]), own.head["end"]
        self.newborn = own.head["newborn"]
        if not own.head.get("exact", True):
            self.use_sums()
        for each in stored:
            if self.only is not None and each.slo_group not in self.only:
                continue
            if each.slo_group or not self.slo.group_by:
                self.groups[each.slo_group] = self._new_group(each.slo_group)
                self.groups[each.slo_group].restore(each)
        return True

    def _room_for(self, name: str) -> bool:
        room = name in self.only if self.only is not None else len(self.groups) < self.limit * _GROUPS_PER_SHOWN
        if not room and len(self.refused) < self.limit * 1000:
            self.refused.add(name)
        return room

    def _new_group(self, name: str) -> Group:
        fine, origin, wide_origin = self._grid
        coarse = COARSE_WIDTH
        if isinstance(self.slo.period, Calendar):
            coarse, wide_origin = _CALENDAR_WIDTH, 0.0
        if self.slo.corrections:
            coarse, wide_origin = MIDDLE_WIDTH, 0.0
        return Group(name, Ledger(fine, self.horizon, origin, wide_origin=wide_origin, coarse=coarse))


def horizon(slo: Slo) -> float:
    """Seconds that an SLO's ledger reaches back."""
    return float(max(_longest(slo), TREND_SPAN))


def _longest(slo: Slo) -> float:
    if not isinstance(slo.period, Calendar):
        return float(slo.period_seconds)
    longest = {"day": 1, "week": 7, "month": 31, "quarter": 92, "year": 366}
    return float(longest[slo.period.calendar] * DAY + _CALENDAR_SLACK)
