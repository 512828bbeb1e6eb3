"""From raw counter readings to increments, per series, with resets, births and vanished series.

The rules, for one series read at successive polls:

- a value not below the last one adds the difference; a lower one is a reset and adds the whole value;
- a series that is new while its target was read at the poll before was born since then and counts from 0, because
  ``increase()`` would lose its first value (three pods that answer one error each and die have 3 errors, not 0);
- a series that is new together with its target only gives a baseline: the target may be old and newly discovered;
- a series that vanishes is remembered as long as its target is read, and an hour longer, so that a failed scrape loses
  nothing and a series that pauses is not taken for newborn.

:func:`step` applies them to one poll, :func:`replay` to many at once with the same result.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

MEMORY_SECONDS = 3600.0
"""How long a series is remembered after its whole target has vanished."""

Target = Callable[[str], str]
Floats = NDArray[np.float64]


@dataclass(slots=True)
class Memory:
    """What must be known of the past: the last value of each series by role, when each target was last read, and when
    the last poll was."""

    values: dict[str, dict[str, float]] = field(default_factory=dict)
    seen: dict[str, float] = field(default_factory=dict)
    polled: float | None = None
    present: bool = False

    def document(self) -> dict[str, Any]:
        """As a JSON value; :meth:`from_document` reads it."""
        return {"values": self.values, "seen": self.seen, "polled": self.polled, "present": self.present}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Memory:
        """The memory that :meth:`document` wrote."""
        return cls(
            {role: dict(values) for role, values in document["values"].items()},
            dict(document["seen"]),
            document["polled"],
            document["present"],
        )


@dataclass(frozen=True, slots=True)
class Increments:
    """What happened up to each poll: increments by role, whether the interval that ends there was measured (the first
    role had series at both ends), and its length; series born."""

    times: Floats
    by_role: dict[str, Floats]
    measured: Floats
    newborn: int
    first_present: float | None


def step(memory: Memory, at: float, readings: Mapping[str, Mapping[str, float]], target: Target) -> Increments:
    """One poll: the increments since the last, and the memory brought up to date.

    ``readings`` holds role -> series key -> value; the first role decides whether anything was there at all. ``at``
    must be after the last poll. ``target`` gives the target (job and instance) of a series key.
    """
    now = {target(key) for reading in readings.values() for key in reading}
    _forget(memory, at, target)
    born: set[str] = set()
    sums = {}
    for role, reading in readings.items():
        sums[role], newborn = _add(memory, memory.values.setdefault(role, {}), reading, target)
        born |= newborn
    present = bool(next(iter(readings.values())))
    measured = at - memory.polled if present and memory.present and memory.polled is not None else 0.0
    memory.seen.update(dict.fromkeys(now, at))
    memory.polled, memory.present = at, present
    by_role = {role: np.array([total]) for role, total in sums.items()}
    return Increments(np.array([at]), by_role, np.array([measured]), len(born), at if present else None)


def _forget(memory: Memory, at: float, target: Target) -> None:
    lost = {name for name, when in memory.seen.items() if when != memory.polled and at - when > MEMORY_SECONDS}
    if not lost:
        return
    for role, values in memory.values.items():
        memory.values[role] = {key: value for key, value in values.items() if target(key) not in lost}
    for name in lost:
        del memory.seen[name]


def _add(
    memory: Memory, last: dict[str, float], reading: Mapping[str, float], target: Target
) -> tuple[float, set[str]]:
    total, born = 0.0, set()
    for key, value in reading.items():
        before = last.get(key)
        if before is None:
            if memory.polled is not None and memory.seen.get(target(key)) == memory.polled:
                total += value
                born.add(key)
        else:
            total += value - before if value >= before else value
        last[key] = value
    return total, born


def replay(
    memory: Memory, times: Floats, matrices: Mapping[str, tuple[tuple[str, ...], Floats]], target: Target
) -> Increments:
    """Many polls at once: the same increments and the same memory as one :func:`step` for each of ``times``.

    ``matrices`` holds role -> (series keys, values of shape (series, times), NaN where absent).
    """
    parts = {role: _extend(memory.values.get(role, {}), keys, values) for role, (keys, values) in matrices.items()}
    targets = _Targets.over(memory, times, parts.values(), target)
    born: set[tuple[str, int]] = set()
    sums = {}
    for role, part in parts.items():
        known, before = _before(part, targets, target)
        new = part.valid[:, 1:] & ~known & targets.at_last_poll(part.keys, target)
        now = part.values[:, 1:]
        delta = np.where(known, np.where(now >= before, now - before, now), np.where(new, now, 0.0))
        sums[role] = np.where(part.valid[:, 1:], delta, 0.0).sum(axis=0)
        born |= {(part.keys[i], int(j)) for i, j in np.argwhere(new)}
    there: NDArray[np.bool_] = np.any(next(iter(parts.values())).valid[:, 1:], axis=0)
    lengths = np.diff(times, prepend=times[0] if memory.polled is None else memory.polled)
    measured = np.where(there & np.concatenate(([memory.present], there[:-1])), lengths, 0.0)
    memory.values.update(
        {role: _remember(memory.values.get(role, {}), p, targets, target) for role, p in parts.items()}
    )
    memory.seen = targets.last_seen()
    memory.polled, memory.present = float(times[-1]), bool(there[-1])
    first = float(times[np.argmax(there)]) if there.any() else None
    return Increments(times, sums, measured, len(born), first)


@dataclass(frozen=True, slots=True)
class _Part:
    """One role's values with the memory in front, as column 0: shape (series, 1 + times)."""

    keys: tuple[str, ...]
    values: Floats
    valid: NDArray[np.bool_]
    """Where a value was read; in column 0: is remembered."""


def _extend(last: Mapping[str, float], keys: tuple[str, ...], values: Floats) -> _Part:
    column = np.array([last.get(key, np.nan) for key in keys], dtype=float).reshape(len(keys), 1)
    extended = np.hstack((column, values))
    return _Part(keys, extended, ~np.isnan(extended))


@dataclass(frozen=True, slots=True)
class _Targets:
    """When targets were read: rows are targets, columns as in _Part."""

    row: dict[str, int]
    polls: Floats
    """Time of each column's poll; NaN in column 0 where there was none."""
    last: Floats
    """Time of the last reading up to and including each column; -inf before the first."""
    lost: NDArray[np.bool_]
    """Whether the target was away for too long at each column's poll, even if it is back with it."""

    @classmethod
    def over(cls, memory: Memory, times: Floats, parts: Iterable[_Part], target: Target) -> _Targets:
        parts = list(parts)
        names = {**dict.fromkeys(memory.seen), **{target(key): None for part in parts for key in part.keys}}
        row = {name: i for i, name in enumerate(names)}
        polls = np.concatenate(([np.nan if memory.polled is None else memory.polled], times))
        read = np.full((len(row), len(polls)), -np.inf)
        read[:, 0] = [memory.seen.get(name, -np.inf) for name in row]
        for part in parts:
            rows = [row[target(key)] for key in part.keys]
            np.maximum.at(read[:, 1:], rows, np.where(part.valid[:, 1:], times, -np.inf))
        last = np.maximum.accumulate(read, axis=1)
        lost = np.zeros(last.shape, dtype=bool)
        lost[:, 1:] = np.isfinite(last[:, :-1]) & (last[:, :-1] != polls[:-1]) & (times - last[:, :-1] > MEMORY_SECONDS)
        return cls(row, polls, last, lost)

    def rows(self, keys: Iterable[str], target: Target) -> NDArray[np.int64]:
        return np.array([self.row[target(key)] for key in keys], dtype=np.int64)

    def at_last_poll(self, keys: Iterable[str], target: Target) -> NDArray[np.bool_]:
        """Whether each series' target was read at the poll before, shape (series, times)."""
        found: NDArray[np.bool_] = (self.last[:, :-1] == self.polls[:-1])[self.rows(keys, target)]
        return found

    def kept(self) -> NDArray[np.bool_]:
        """Which targets are still remembered after the last column."""
        found: NDArray[np.bool_] = (self.last[:, -1] == self.polls[-1]) | ~self.lost[:, -1]
        return found

    def last_seen(self) -> dict[str, float]:
        kept = self.kept()
        last = self.last[:, -1]
        return {name: float(last[i]) for name, i in self.row.items() if kept[i] and np.isfinite(last[i])}


def _before(part: _Part, targets: _Targets, target: Target) -> tuple[NDArray[np.bool_], Floats]:
    """Whether each value has a remembered one before it, and that value; shapes (series, times)."""
    columns = np.where(part.valid, np.arange(part.valid.shape[1]), -1)
    previous = np.maximum.accumulate(columns, axis=1)[:, :-1]
    at = np.maximum(previous, 0)
    losses = np.cumsum(targets.lost, axis=1)[targets.rows(part.keys, target)]
    known = (previous >= 0) & (np.take_along_axis(losses, at, axis=1) == losses[:, 1:])
    return known, np.take_along_axis(part.values, at, axis=1)


def _remember(last: Mapping[str, float], part: _Part, targets: _Targets, target: Target) -> dict[str, float]:
    """The last value of every series that is still remembered after the last column."""
    kept, ever_lost = targets.kept(), np.asarray(targets.lost.any(axis=1))
    read = set(part.keys)
    rows = {key: targets.row[target(key)] for key in {*last, *read}}
    values = {k: v for k, v in last.items() if k not in read and kept[rows[k]] and not ever_lost[rows[k]]}
    columns = np.where(part.valid, np.arange(part.valid.shape[1]), -1).max(axis=1, initial=-1)
    for i, key in enumerate(part.keys):
        column = columns[i]
        if column >= 0 and kept[rows[key]] and not np.any(targets.lost[rows[key], column + 1 :]):
            values[key] = float(part.values[i, column])
    return values
