"""From a source's answers to counts in an SLO's groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np

from exporter.collectors.slo_group import Floats, GroupCounts
from exporter.collectors.slo_kinds import Reads
from exporter.collectors.slo_track import Track
from exporter.counters import Increments, Memory, replay, step
from exporter.sources.base import Matrix, Reading, Slots, group_name, label_of

_OF = "\x1d"  # between role and group in the counters' memory


def absorb_poll(track: Track, at: float, readings: Mapping[str, Reading]) -> None:
    """One instant of counters: role -> reading; the role ``total`` says which groups are there."""
    found = _grouped(readings, track.slo.group_by)
    there = {name: bool(found.get(f"total{_OF}{name}")) for name in _names(found)}
    increments, part = step(track.memory, at, found, target_of), tuple(readings)[-1]
    nothing, length = np.zeros(1), 0.0 if track.end is None else at - track.end
    counts = {}
    for name, present in there.items():
        total, value = (increments.by_role.get(f"{role}{_OF}{name}", nothing) for role in ("total", part))
        measured = present and name in track.groups and track.groups[name].present
        counts[name] = GroupCounts(
            total,
            value if part == "bad" else total - value,
            np.array([length if measured else 0.0]),
            at if present else None,
            present,
        )
    track.newborn += increments.newborn
    track.add(increments.times, counts)


def remembered(readings: Mapping[str, Reading], labels: Sequence[str], at: float) -> Memory:
    """The memory of counters that begin to be read at ``at``."""
    memory = Memory()
    step(memory, at, _grouped(readings, labels), target_of)
    return memory


def _grouped(readings: Mapping[str, Reading], labels: Sequence[str]) -> dict[str, Reading]:
    """The readings by role and group; each role's group without a name is there always, because roles must be."""
    if not labels:
        return {role + _OF: reading for role, reading in readings.items()}
    found: dict[str, dict[str, float]] = {role + _OF: {} for role in readings}
    for role, reading in readings.items():
        for key, value in reading.items():
            found.setdefault(role + _OF + group_of(key, labels), {})[key] = value
    return dict(found)


def absorb_history(track: Track, matrices: Mapping[str, Matrix]) -> None:
    """Many instants of counters: role -> matrix, all on the same times."""
    times = next(iter(matrices.values())).times
    nothing: tuple[tuple[str, ...], Floats] = ((), np.empty((0, len(times))))
    found = {role + _OF: nothing for role in matrices}
    for role, matrix in matrices.items():
        for name, rows in _rows(matrix, track.slo.group_by).items():
            found[role + _OF + name] = (tuple(matrix.keys[i] for i in rows), matrix.values[rows])
    there = {
        name: np.asarray(np.any(~np.isnan(found.get(f"total{_OF}{name}", nothing)[1]), axis=0))
        for name in _names(found)
    }
    _add(track, replay(track.memory, times, found, target_of), there, tuple(matrices)[-1])


def absorb_counts(track: Track, matrices: Mapping[str, Matrix], what: Reads, width: float) -> None:
    """Many instants, ``width`` apart, of queries that say themselves what happened since the instant before."""
    assert what.count is not None  # noqa: S101 - the caller's kind has no counters
    times = next(iter(matrices.values())).times
    lengths = _lengths(track, times, width)
    rows = {role: _rows(matrix, track.slo.group_by) for role, matrix in matrices.items()}
    # A query reaches back one step; where that was read already in part, only the rest counts.
    share = np.minimum(1.0, lengths / width) if what.ranged else np.ones(len(times))
    counts = {}
    for name in sorted({name for of_role in rows.values() for name in of_role} | set(track.groups)):
        values = {role: matrices[role].values[of_role.get(name, [])] for role, of_role in rows.items()}
        total, bad, measured = what.count(values, lengths)
        first = float((times - lengths)[np.argmax(measured > 0)]) if measured.any() else None
        counts[name] = GroupCounts(total * share, bad * share, measured, first, bool(measured[-1]))
    track.add(times, counts)


def absorb_slots(track: Track, slots: Slots, times: Floats, width: float) -> None:
    """Slots that end at ``times``, counted by the source itself.

    A group is measured from its first event on: a table without rows cannot tell a quiet service from one that does not
    exist yet.
    """
    index = np.clip(((slots.starts - (times[0] - width)) / width + 1e-6).astype(int), 0, len(times) - 1)
    groups = np.array(slots.groups or [""] * len(index), dtype=object)
    counts = {}
    for name in sorted({*groups.tolist(), *track.groups}):
        of_group = groups == name
        total, bad = np.zeros(len(times)), np.zeros(len(times))
        np.add.at(total, index[of_group], slots.total[of_group])
        np.add.at(bad, index[of_group], slots.bad[of_group])
        known = track.groups[name].first_measured if name in track.groups else None
        first = float(times[np.argmax(total > 0)]) - width if total.any() else None
        since = known if known is not None else np.inf if first is None else first
        measured = np.where(times > since + 1e-6, width, 0.0)
        counts[name] = GroupCounts(total, bad, measured, first, bool(measured[-1]))
    track.add(times, counts)


def group_of(key: str, labels: Sequence[str]) -> str:
    """The group that a series belongs to."""
    return group_name({label: label_of(key, label) for label in labels}) if labels else ""


@lru_cache(maxsize=50_000)  # pods come and go: more would be a day's worth of those that are gone
def target_of(key: str) -> str:
    """The target that a series was scraped from; series without job and instance share one."""
    return f"{label_of(key, 'job')}\x1f{label_of(key, 'instance')}"


def _add(track: Track, increments: Increments, there: Mapping[str, np.ndarray], part: str) -> None:
    """Counters' increments into the groups: bad as read, or what is not good; a vanished good series is an outage."""
    times, by_role = increments.times, increments.by_role
    lengths = _lengths(track, times, 0.0)
    nothing = np.zeros(len(times))
    counts = {}
    for name, present in there.items():
        total, value = by_role.get(f"total{_OF}{name}", nothing), by_role.get(f"{part}{_OF}{name}", nothing)
        before = track.groups[name].present if name in track.groups else False
        measured = np.where(present & np.concatenate((np.array([before]), present[:-1])), lengths, 0.0)
        first = float(times[np.argmax(present)]) if present.any() else None
        counts[name] = GroupCounts(total, value if part == "bad" else total - value, measured, first, bool(present[-1]))
    track.newborn += increments.newborn
    track.add(times, counts)


def _lengths(track: Track, times: Floats, width: float) -> Floats:
    """How long before each instant the one before was."""
    return np.diff(times, prepend=times[0] - width if track.end is None else track.end)


def _names(found: Mapping[str, object]) -> list[str]:
    return sorted({role.partition(_OF)[2] for role in found})


def _rows(matrix: Matrix, labels: Sequence[str]) -> dict[str, list[int]]:
    """Group -> rows of its series."""
    rows: dict[str, list[int]] = {}
    for i, key in enumerate(matrix.keys):
        rows.setdefault(group_of(key, labels), []).append(i)
    return rows
