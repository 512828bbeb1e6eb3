"""Good and bad events per time slot; the sum over any window that ends now in O(1), from prefix sums.

Three rings of slots: fine ones (one refresh wide) for windows to 6 h, 5 m slots for windows to 3 d, wider ones (1 h, or
what the owner asks for) for the rest. A window's start is moved back to the edge of a slot of its ring: not at all up
to 6 h, by less than 5 m of 1 d and 3 d (0.35 %), by less than 1 h of longer ones (0.14 % of 30 d).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

FINE_SPAN, MIDDLE_SPAN = 6 * 3600.0, 3 * 86400.0
MIDDLE_WIDTH, COARSE_WIDTH = 300.0, 3600.0
_YOUNG = 32
"""Slots that a ring begins with: a full one takes 24 bytes each, which only those that have a past shall cost."""
_WHOLE = 2.0**32
_EDGE = 1e-6  # of a slot: float noise of times is below it, and no time lies so near an edge by intention

Floats = NDArray[np.float64]
_Sums = tuple[float, float, float]


class Window(NamedTuple):  # a refresh of 1,000 SLOs makes 10,000: half the cost of a frozen dataclass
    """Events and bad events inside a window of ``seconds`` (its start moved back to a slot's edge), of which
    ``measured`` seconds were measured."""

    total: float
    bad: float
    measured: float
    seconds: float


class Slot(NamedTuple):  # as often
    """``width`` seconds that end at ``ends_at``; the newest slot of a ring may be partial."""

    width: float
    ends_at: float
    total: float
    bad: float
    measured: float


class Ledger:
    """The slots of one SLO.

    ``fine`` is the width of the finest slots (seconds, a divisor of 300), ``horizon`` the longest window that will be
    asked for, ``origin`` the phase of the fine grid: increments are added at times ``origin + k x fine``. Wider slots
    end at ``wide_origin + k x width``; the widest are ``coarse`` seconds wide, a multiple of 300.
    """

    def __init__(
        self,
        fine: float,
        horizon: float,
        origin: float = 0.0,
        *,
        wide_origin: float | None = None,
        coarse: float = COARSE_WIDTH,
    ) -> None:
        wide = origin if wide_origin is None else wide_origin
        span = max(horizon, MIDDLE_SPAN)
        self._rings = [
            _Ring(fine, FINE_SPAN, origin),
            _Ring(MIDDLE_WIDTH, MIDDLE_SPAN if coarse > MIDDLE_WIDTH else span, wide),
        ]
        if coarse > MIDDLE_WIDTH:
            self._rings.append(_Ring(coarse, span, wide))
        self.end: float | None = None

    @property
    def spans(self) -> dict[float, float]:
        """Slot width -> seconds that its ring covers."""
        return {ring.width: ring.span for ring in self._rings}

    def add(self, times: Floats, total: Floats, bad: Floats, measured: Floats) -> None:
        """Add increments: those of entry j happened in (times[j-1], times[j]], of which measured[j] seconds were
        measured. Times ascend and lie after :attr:`end`."""
        if not len(times):
            return
        if self.end is not None and times[0] <= self.end:
            raise ValueError(f"increments at {times[0]} lie before the ledger's end {self.end}")
        if len(times) == 1:  # each refresh: arrays of one number cost ten times the arithmetic
            increment = (float(total[0]), float(bad[0]), float(measured[0]))
            for ring in self._rings:
                ring.step(float(times[0]), increment)
        else:
            sums = np.cumsum(np.vstack((total, bad, measured)), axis=1)
            for ring in self._rings:
                ring.extend(times, sums)
        self.end = float(times[-1])

    def window(self, seconds: float) -> Window:
        """The window of ``seconds`` that ends at :attr:`end`; zeros before anything was added."""
        if self.end is None:
            return Window(0.0, 0.0, 0.0, seconds)
        for ring in self._rings:
            if seconds <= ring.reach:
                break
        return ring.window(self.end, seconds)

    def between(self, start: float, end: float) -> Window:
        """The events in (start, end], each moved back to an edge of the finest slots that still know of ``start``."""
        if self.end is None or start >= min(end, self.end):
            return Window(0.0, 0.0, 0.0, 0.0)
        age = self.end - start
        ring = next((r for r in self._rings if age <= r.reach), self._rings[-1])
        whole, rest = ring.window(self.end, age), ring.window(self.end, max(self.end - end, 0.0))
        bad, total = max(whole.bad - rest.bad, 0.0), max(whole.total - rest.total, 0.0)
        return Window(total, min(bad, total), max(whole.measured - rest.measured, 0.0), whole.seconds - rest.seconds)

    def counted(self, edges: Floats) -> Floats:
        """What happened between ascending times, each moved back to an edge of the finest slots that know of the first:
        shape (3, len(edges) - 1), the rows total, bad and measured seconds."""
        if self.end is None:
            return np.zeros((3, max(len(edges) - 1, 0)))
        age = self.end - float(edges[0])
        ring = next((r for r in self._rings if age <= r.reach), self._rings[-1])
        return np.maximum(np.diff(ring.prefix(edges, self.end), axis=1), 0.0)

    def slots_since(self, time: float | None) -> list[Slot]:
        """The slots that changed since the ledger ended at ``time``; all of them for None."""
        return [slot for ring in self._rings for slot in ring.slots_since(time)]

    def load(self, slots: Iterable[Slot], end: float) -> None:
        """Fill an empty ledger with slots from :meth:`slots_since`, ending at ``end``.

        The widths may have been others (another refresh, corrections since): each ring takes the slots nearest to its
        own width, and goes further back with wider ones.
        """
        by_width: dict[float, list[Slot]] = {}
        for slot in sorted(slots, key=lambda slot: slot.ends_at):
            by_width.setdefault(slot.width, []).append(slot)
        for ring in self._rings:
            ring.load(_for_width(by_width, ring.width), end)
        self.end = end


def _for_width(by_width: Mapping[float, list[Slot]], width: float) -> list[Slot]:
    """Slots of the largest width that is not above ``width`` (else the smallest), and wider ones before them."""
    order = sorted(by_width)
    first = max((w for w in order if w <= width * (1 + _EDGE)), default=order[0] if order else width)
    chosen: list[Slot] = []
    for each in [w for w in order if w >= first]:
        limit = chosen[0].ends_at - chosen[0].width if chosen else math.inf
        chosen = [slot for slot in by_width[each] if slot.ends_at <= limit + _EDGE] + chosen
    return chosen


class _Ring:
    """Prefix sums of (total, bad, measured) at the slot edges of the last ``span`` seconds; edges count from origin.

    What each refresh does, :meth:`step` and :meth:`window`, is done in Python's own numbers: arrays of three cost more.
    """

    def __init__(self, width: float, span: float, origin: float) -> None:
        self.width, self.span, self._origin = width, span, origin
        self.reach = span * (1 + _EDGE)
        self._size = math.ceil(span / width) + 2
        self._at_edge: NDArray[Any] = np.zeros((3, min(_YOUNG, self._size)), dtype=np.uint32)
        self._now: _Sums = (0.0, 0.0, 0.0)
        self._first: int | None = None
        self._last = 0

    def extend(self, times: Floats, sums: Floats) -> None:
        """Add increments whose running sums over ``times`` are ``sums`` (3, len(times))."""
        end = self._edge_at_or_before(float(times[-1]))
        if self._first is None:
            # One edge early, because times[0] may lie on an edge and its increments are before it.
            self._first = self._last = self._edge_at_or_before(float(times[0])) - 1
        start = max(self._last + 1, end - self._size + 1)
        if start <= end:
            self._make_room(start, end)
            edges = np.arange(start, end + 1)
            index = np.searchsorted(times, self._origin + edges * self.width + _EDGE * self.width, side="right")
            before = np.where(index > 0, sums[:, index - 1], 0.0)
            sums_before = np.array(self._now)[:, None] + before
            if self._at_edge.dtype == np.uint32 and not _whole(sums_before):
                self._at_edge = self._at_edge.astype(np.float64)
            self._at_edge[:, edges % self._room] = sums_before
        self._last = max(self._last, end)
        self._first = max(self._first, self._last - self._size + 1)
        total, bad, measured = (np.array(self._now) + sums[:, -1]).tolist()
        self._now = (total, bad, measured)

    def step(self, time: float, increment: _Sums) -> None:
        """:meth:`extend` for one time."""
        end = self._edge_at_or_before(time)
        if self._first is None:
            self._first = self._last = end - 1
        before = self._now
        now = self._now = (before[0] + increment[0], before[1] + increment[1], before[2] + increment[2])
        start = max(self._last + 1, end - self._size + 1)
        if start <= end:
            self._make_room(start, end)
        for edge in range(start, end + 1):
            self._set(edge, now if time <= self._time(edge) + _EDGE * self.width else before)
        self._last = max(self._last, end)
        self._first = max(self._first, self._last - self._size + 1)

    def window(self, end: float, seconds: float) -> Window:
        edge = math.floor((end - seconds - self._origin) / self.width + _EDGE)
        start = self._origin + edge * self.width
        if self._first is None:
            return Window(0.0, 0.0, 0.0, end - start)
        now, at_edge = self._now, self._at_edge
        column = max(edge, self._first) % at_edge.shape[1]
        total, bad = now[0] - at_edge.item(0, column), now[1] - at_edge.item(1, column)
        measured = now[2] - at_edge.item(2, column)
        # Prefix sums of fractional counts are rounded each on their own: all bad must not read as more than all.
        return Window(total, min(bad, total), measured, end - start)

    def prefix(self, times: Floats, end: float) -> Floats:
        """The running sums at times, each moved back to an edge; those at ``end`` are all."""
        if self._first is None:
            return np.zeros((3, len(times)))
        edges = np.clip(np.floor((times - self._origin) / self.width + _EDGE).astype(int), self._first, self._last)
        sums = self._at_edge[:, edges % self._room]
        return np.where(times >= end - _EDGE * self.width, np.array(self._now)[:, None], sums)

    def slots_since(self, time: float | None) -> list[Slot]:
        if self._first is None:
            return []
        first = self._first if time is None else max(self._first, self._edge_at_or_before(time))
        # At each refresh one edge or two: arrays of all of them would cost more than they save.
        points = [self._at_edge[:, edge % self._room].tolist() for edge in range(first, self._last + 1)]
        points.append(list(self._now))
        found = []
        for edge, (before, after) in enumerate(pairwise(points), first + 1):
            total, bad, measured = after[0] - before[0], after[1] - before[1], after[2] - before[2]
            if total or bad or measured:
                found.append(Slot(self.width, self._time(edge), total, bad, measured))
        return found

    def load(self, slots: Sequence[Slot], end: float) -> None:
        if not slots:
            return
        ends = (
            self._origin
            + np.ceil((np.array([s.ends_at for s in slots]) - self._origin) / self.width - _EDGE) * self.width
        )
        sums = np.cumsum(np.array([(s.total, s.bad, s.measured) for s in slots]).T, axis=1)
        times = np.append(np.minimum(ends, end), end)
        self.extend(times, np.hstack((sums, sums[:, -1:])))

    @property
    def _room(self) -> int:
        return int(self._at_edge.shape[1])

    def _make_room(self, start: int, end: int) -> None:
        """Have the sums at the edges ``start`` to ``end`` fit in beside those before that are still asked for."""
        before, first = self._at_edge, start if self._first is None else min(self._first, start)
        wanted = min(end - first + 1, self._size)
        if wanted <= self._room:
            return
        self._at_edge = np.zeros((3, min(max(wanted, 2 * self._room), self._size)), dtype=before.dtype)
        kept = np.arange(max(first, end - self._size + 1), start)
        self._at_edge[:, kept % self._room] = before[:, kept % before.shape[1]]

    def _set(self, edge: int, sums: _Sums) -> None:
        """Keep floats from now on where the sums are not whole numbers of 32 bits, which take half of the memory."""
        if self._at_edge.dtype == np.uint32 and not all(0.0 <= each < _WHOLE and each.is_integer() for each in sums):
            self._at_edge = self._at_edge.astype(np.float64)
        self._at_edge[:, edge % self._at_edge.shape[1]] = sums

    def _time(self, edge: int) -> float:
        return self._origin + edge * self.width

    def _edge_at_or_before(self, time: float) -> int:
        return math.floor((time - self._origin) / self.width + _EDGE)


def _whole(sums: Floats) -> bool:
    return bool(((sums >= 0) & (sums < _WHOLE) & (sums == np.floor(sums))).all())
