"""One stretch of an SLO's past from its source: events and bad events per step and group, whatever kind its SLI is.

The exporter's own feed reads it; only the grid of times differs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import numpy as np

from exporter.collectors.slo_absorb import absorb_counts, absorb_history, absorb_slots
from exporter.collectors.slo_group import Floats, GroupCounts
from exporter.collectors.slo_kinds import check_histogram
from exporter.collectors.slo_track import Track
from exporter.sources.base import CounterSource, Matrix, SlotSource, SourceError
from exporter.spec import Slo


class NotYet(Exception):  # noqa: N818 - says what the SLO is; nothing went wrong
    """This SLO cannot be backtested yet; the message is a sentence."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """What happened up to each of ``times`` since the one before, by group (``""`` where the SLO is not grouped); a
    group that is missing had no events and was not measured."""

    times: Floats
    groups: Mapping[str, GroupCounts]

    @property
    def first(self) -> float | None:
        """When anything was first there; None where nothing was."""
        return min((counts.first for counts in self.groups.values() if counts.first is not None), default=None)


class Increments:
    """Reads the past of one SLO from ``source``, stretch by stretch in the order of time, up to ``limit`` groups that
    the exporter would show. NotYet where its kind cannot be read."""

    def __init__(self, source: CounterSource | SlotSource, slo: Slo, limit: int) -> None:
        if reason := not_yet(slo):
            raise NotYet(reason)
        self._source, self._slo = source, slo
        self._track = _Heard(slo, limit)

    @property
    def every(self) -> float | None:
        """Seconds between instants where the SLI dictates them (time slices)."""
        return self._track.reads.every

    def first_measured(self, group: str) -> float | None:
        """When a group was first measured in what was read so far; None where it was not."""
        return self._track.groups[group].first_measured if group in self._track.groups else None

    @property
    def groups(self) -> tuple[str, ...]:
        """The groups that were found, in order."""
        return tuple(sorted(self._track.groups))

    def read(self, start: float, end: float, step: float) -> list[Stretch]:
        """The instants start, start + step ... end; SourceError where the source has no answer."""
        if self._slo.sli.kind in ("sql", "csv"):
            self._read_slots(start, end, step)
        else:
            self._read_history(cast(CounterSource, self._source), start, end, step)
        return self._track.take()

    def _read_history(self, source: CounterSource, start: float, end: float, step: float) -> None:
        what, found = self._track.reads, dict[str, Matrix]()
        queries = what.at_step(step)
        for role, answer in zip(queries, source.history(list(queries.values()), start, end, step), strict=True):
            if isinstance(answer, SourceError):
                raise answer
            found[role] = answer
        if what.count is not None:
            absorb_counts(self._track, found, what, step)
            return
        check_histogram(source, self._slo, {role: bool(matrix.keys) for role, matrix in found.items()}, end)
        absorb_history(self._track, found)

    def _read_slots(self, start: float, end: float, step: float) -> None:
        sli = self._slo.sli
        query = sli.csv if sli.csv is not None else sli.sql or ""
        slots = cast(SlotSource, self._source).slots(query, start - step, end, step, self._slo.group_by)
        count = round((end - start) / step) + 1
        absorb_slots(self._track, slots, start + np.arange(count, dtype=np.float64) * step, step)


def not_yet(slo: Slo) -> str | None:
    """Why the SLO cannot be backtested, as a sentence; None where it can."""
    if slo.sli.source is None:
        return (
            f"{slo.name}: an SLO of kind {slo.sli.kind} cannot be backtested yet; backtest the SLOs that it is made of"
        )
    return None


class _Heard(Track):
    """A track that keeps what it was given until :meth:`take`, for its ledgers forget the details after 6 h."""

    def __init__(self, slo: Slo, limit: int) -> None:
        self._heard: list[Stretch] = []
        super().__init__(slo, 60.0, 0.0, 0.0, limit)

    def add(self, times: Floats, counts: Mapping[str, GroupCounts]) -> None:
        """See Track."""
        super().add(times, counts)
        self._heard.append(Stretch(times, {name: one for name, one in counts.items() if name in self.groups}))

    def take(self) -> list[Stretch]:
        """What was given since the last call."""
        heard, self._heard = self._heard, []
        return heard
