"""SLOs made of other SLOs: their counts are added up, weighted, or joined into a user's journey.

A composite has a ledger of its own, fed from its components' ledgers, so windows, corrections, calendars and restarts
work as for any SLO.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from exporter.collectors.slo_feed import Segment, segments
from exporter.collectors.slo_group import Floats, GroupCounts
from exporter.collectors.slo_track import Track
from exporter.spec import Slo

_NAMED = 3
"""Components in one sentence; a source that is down can have a thousand."""

_PATIENCE = 0.5
"""Share of a refresh for which those who run are waited for: composites begin after 0.4 of it at the latest, and what
they say must be there before the next."""

_LATE = 1.5
"""Refreshes; what was missed once may only have come a little late."""


class HasTracks(Protocol):
    """Collectors whose SLOs others may be made of."""

    lock: threading.Lock
    tracks: list[Track]
    errors: dict[str, str]

    @property
    def name(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Seen:
    """By SLO name: its track, why it could not be brought up to date, and of those that cannot be seen the collector
    that is in the middle of a run."""

    tracks: dict[str, Track]
    errors: dict[str, str]
    busy: dict[str, str]

    def why(self, name: str, *, late: bool) -> dict[str, str]:
        """The reason by name, if there is one; a run that goes on is one where it is ``late``."""
        if name in self.errors:
            return {name: self.errors[name]}
        return {name: f"{self.busy[name]} takes longer than a refresh"} if late and name in self.busy else {}


class Components:
    """What composites read: the tracks of other collectors, by the names of those, one of which may take the place of
    another at any time.

    Stands where other SLOs have their source.
    """

    name = "composite"
    up: bool | None = None

    def __init__(self, *collectors: HasTracks, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._collectors = {collector.name: collector for collector in collectors}
        self._monotonic = monotonic
        self._slos: dict[str, tuple[str, ...]] = {}

    def add(self, collector: HasTracks) -> None:
        """Read from this one too, in place of the one of its name."""
        self._collectors = {**self._collectors, collector.name: collector}

    @property
    def names(self) -> frozenset[str]:
        """The names of the collectors."""
        return frozenset(self._collectors)

    def keep(self, names: Collection[str]) -> None:
        """Read from none but these."""
        self._collectors = {name: each for name, each in self._collectors.items() if name in names}
        self._slos = {name: slos for name, slos in self._slos.items() if name in names}

    @contextmanager
    def reading(self, patience: float) -> Iterator[Seen]:
        """What the collectors know, none of which runs meanwhile; those that run are waited for, all in all for
        ``patience`` seconds."""
        until = self._monotonic() + patience
        seen = Seen({}, {}, {})
        with ExitStack() as stack:
            for name, collector in sorted(self._collectors.items()):
                if not collector.lock.acquire(timeout=max(until - self._monotonic(), 0.0)):
                    seen.busy.update(dict.fromkeys(self._slos.get(name, ()), name))
                    continue
                stack.callback(collector.lock.release)
                tracks = {track.slo.name: track for track in collector.tracks}
                self._slos = {**self._slos, name: tuple(tracks)}  # others may go through it
                seen.tracks.update(tracks)
                seen.errors.update(collector.errors)
            yield seen


def parts(slo: Slo) -> dict[str, float]:
    """Name of each component -> its weight."""
    if slo.sli.composite is not None:
        return {component.slo: component.weight for component in slo.sli.composite}
    return dict.fromkeys(slo.sli.journey or (), 1.0)


def in_order(slos: Sequence[Slo]) -> list[Slo]:
    """Composites after the composites that they are made of; the loader guarantees that there is no circle."""
    by_name = {slo.name: slo for slo in slos}
    ordered: dict[str, Slo] = {}

    def visit(slo: Slo) -> None:
        for name in parts(slo):
            if name in by_name and name not in ordered:
                visit(by_name[name])
        ordered[slo.name] = slo

    for slo in slos:
        visit(slo)
    return list(ordered.values())


def feed_composites(
    components: Components, tracks: Sequence[Track], own: Sequence[Track], at: float, fine: float
) -> dict[str, str]:
    """Bring composites up to where all of their components are, at most ``at``; name -> sentence for those of which a
    component failed.

    Components may be among the collector's ``own`` tracks. A composite is as fresh as its oldest component, and waits
    for one that waits or is not counted yet. One whose source takes long holds up none but its own composites.
    """
    failed: dict[str, dict[str, str]] = {}
    with components.reading(_PATIENCE * fine) as seen:
        there = seen.tracks | {track.slo.name: track for track in own}
        for track in tracks:
            wanted = parts(track.slo)
            _look(track, {there[name]: weight for name, weight in wanted.items() if name in there}, at, fine)
            late = track.fresh is not None and at - track.fresh > _LATE * fine
            causes = (failed[name] if name in failed else seen.why(name, late=late) for name in wanted)
            failed[track.slo.name] = {name: why for each in causes for name, why in each.items()}
            track.waits = track.fresh != at
    return {name: _sentence(causes) for name, causes in failed.items() if causes}


def _look(track: Track, made_of: Mapping[Track, float], at: float, fine: float) -> None:
    """What the components know by now: their counts, and since when one of them knows no more."""
    ends = [part.end for part in made_of if part.end is not None]
    if len(ends) < len(parts(track.slo)):
        return
    track.slack = max(part.slack for part in made_of)
    _catch_up(track, made_of, min([*ends, at]), fine)
    known = [part.fresh for part in made_of if part.fresh is not None]
    if track.end is not None and len(known) == len(ends):
        fresh = min([*known, at])
        track.news = fresh == at or track.fresh is None or fresh > track.fresh
        track.fresh = fresh


def _sentence(causes: Mapping[str, str]) -> str:
    """Component -> why it fails, as one sentence."""
    by_reason: defaultdict[str, list[str]] = defaultdict(list)
    for name, why in sorted(causes.items()):
        by_reason[why].append(name)
    said = [f"{_listed(names)}: {why}" for why, names in by_reason.items()]
    return f"waits for {'; for '.join(said)}"


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{', '.join(names[:_NAMED])}{more}"


def _catch_up(track: Track, made_of: Mapping[Track, float], end: float, fine: float) -> None:
    join = _weighted if track.slo.sli.composite is not None else _journey
    if track.end is not None and end <= track.end:
        return
    for segment in segments(track.end, end, fine, track.horizon):
        _add(track, made_of, segment, join)


Join = Callable[[Sequence[Floats], Sequence[float]], tuple[Floats, Floats]]


def _add(track: Track, made_of: Mapping[Track, float], segment: Segment, join: Join) -> None:
    count = round((segment.end - segment.start) / segment.step) + 1
    times = segment.start + np.arange(count, dtype=np.float64) * segment.step
    edges = np.concatenate(([segment.start - segment.step if track.end is None else track.end], times))
    found = [part.groups[""].ledger.counted(edges) for part in made_of]
    total, bad = join(found, list(made_of.values()))
    measured = np.minimum.reduce([each[2] for each in found])
    first = float(edges[:-1][np.argmax(total > 0)]) if total.any() else None
    track.add(times, {"": GroupCounts(total, bad, measured, first, bool(measured[-1]))})


def _weighted(found: Sequence[Floats], weights: Sequence[float]) -> tuple[Floats, Floats]:
    total = sum((each[0] * weight for each, weight in zip(found, weights, strict=True)), np.zeros(found[0].shape[1]))
    bad = sum((each[1] * weight for each, weight in zip(found, weights, strict=True)), np.zeros(found[0].shape[1]))
    return total, bad


def _journey(found: Sequence[Floats], _weights: Sequence[float]) -> tuple[Floats, Floats]:
    """As many journeys as the busiest component has events; one goes well where each component goes well, by the share
    of its good events in the slot: a component that is down takes every journey with it."""
    good = np.ones(found[0].shape[1])
    for total, bad, _ in found:
        good *= np.divide(total - bad, total, out=np.ones_like(total), where=total > 0)
    journeys = np.maximum.reduce([each[0] for each in found])
    return journeys, journeys * (1.0 - np.clip(good, 0.0, 1.0))
