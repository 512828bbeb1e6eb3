"""One stretch of an SLO's past from its source: events and bad events per step, whatever kind its SLI is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, cast

import numpy as np
from numpy.typing import NDArray

from exporter.collectors.slo_absorb import target_of
from exporter.counters import Memory, replay
from exporter.sources.base import CounterSource, Matrix, SlotSource, SourceError
from exporter.spec import Slo
from exporter.spec.slo_models import Calendar

Floats = NDArray[np.float64]


class NotYet(Exception):  # noqa: N818 - says what the SLO is; nothing went wrong
    """This SLO cannot be backtested yet; the message is a sentence."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """What happened in the ``step`` seconds before each of ``times``: events, bad events (not clamped to the events
    yet), and the seconds that were measured; ``first`` is the first time at which there was anything, None where there
    was not."""

    times: Floats
    total: Floats
    bad: Floats
    measured: Floats
    first: float | None


class Increments(Protocol):
    """Reads the next stretch of one SLO: the times start, start + step ... end."""

    def __call__(self, start: float, end: float, step: float) -> Stretch:
        """The stretch; SourceError where the source has no answer. To be called in the order of time."""
        ...


def increments(source: CounterSource | SlotSource, slo: Slo) -> Increments:
    """A reader of the SLO's past, from its first instant on; NotYet where its kind cannot be read."""
    if reason := not_yet(slo):
        raise NotYet(reason)
    if slo.sli.sql is not None:
        return _Slots(cast(SlotSource, source), slo.sli.sql)
    return _Counters(cast(CounterSource, source), slo)


def not_yet(slo: Slo) -> str | None:
    """Why the SLO cannot be backtested, as a sentence; None where it can."""
    if slo.sli.kind not in ("counters", "sql"):
        return (
            f"{slo.name}: an SLI of kind {slo.sli.kind} cannot be backtested yet; total with bad or good, and sql can"
        )
    if slo.group_by:
        return f"{slo.name}: an SLO with group_by cannot be backtested yet"
    if slo.corrections:
        return f"{slo.name}: an SLO with corrections cannot be backtested yet"
    if isinstance(slo.period, Calendar):
        return f"{slo.name}: an SLO with a calendar period cannot be backtested yet; try --period 30d"
    return None


class _Counters:
    def __init__(self, source: CounterSource, slo: Slo) -> None:
        selectors = {"total": slo.sli.total, "bad": slo.sli.bad, "good": slo.sli.good}
        self._roles = {role: selector for role, selector in selectors.items() if selector is not None}
        self._source = source
        self._memory = Memory()

    def __call__(self, start: float, end: float, step: float) -> Stretch:
        answers = self._source.history(list(self._roles.values()), start, end, step)
        parts: dict[str, Matrix] = {}
        for role, answer in zip(self._roles, answers, strict=True):
            if isinstance(answer, SourceError):
                raise answer
            parts[role] = answer
        times = parts["total"].times
        happened = replay(self._memory, times, {r: (m.keys, m.values) for r, m in parts.items()}, target_of)
        total = happened.by_role["total"]
        bad = happened.by_role["bad"] if "bad" in happened.by_role else total - happened.by_role["good"]
        return Stretch(times, total, bad, happened.measured, happened.first_present)


class _Slots:
    def __init__(self, source: SlotSource, query: str) -> None:
        self._source, self._query = source, query
        self._first: float | None = None

    def __call__(self, start: float, end: float, step: float) -> Stretch:
        begin, count = start - step, round((end - start) / step) + 1
        slots = self._source.slots(self._query, begin, end, step)
        index = np.clip(((slots.starts - begin) / step + 1e-6).astype(int), 0, count - 1)
        total, bad = np.zeros(count), np.zeros(count)
        np.add.at(total, index, slots.total)
        np.add.at(bad, index, slots.bad)
        times: Floats = start + np.arange(count, dtype=np.float64) * step
        first = begin + int(np.argmax(total > 0)) * step if total.any() else None
        # A table without rows cannot tell a quiet service from one that does not exist yet.
        self._first = first if self._first is None else self._first
        known = np.inf if self._first is None else self._first
        return Stretch(times, total, bad, np.where(times > known + 1e-6, step, 0.0), first)
