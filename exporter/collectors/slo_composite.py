"""SLOs made of other SLOs: their counts are added up, weighted, or joined into a user's journey.

A composite has a ledger of its own, fed from its components' ledgers, so windows, corrections, calendars and restarts
work as for any SLO.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Protocol

import numpy as np

from exporter.collectors.slo_feed import Segment, segments
from exporter.collectors.slo_group import Floats, GroupCounts
from exporter.collectors.slo_track import Track
from exporter.spec import Slo


class HasTracks(Protocol):
    """Collectors whose SLOs others may be made of."""

    lock: threading.Lock
    tracks: list[Track]

    @property
    def name(self) -> str: ...


class Components:
    """What composites read: the tracks of other collectors, by the names of those, one of which may take the place of
    another at any time.

    Stands where other SLOs have their source.
    """

    name = "composite"
    up: bool | None = None

    def __init__(self, *collectors: HasTracks) -> None:
        self._collectors = {collector.name: collector for collector in collectors}

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

    @contextmanager
    def reading(self) -> Iterator[dict[str, Track]]:
        """SLO name -> track, none of which changes meanwhile."""
        with ExitStack() as stack:
            found: dict[str, Track] = {}
            for _, collector in sorted(self._collectors.items()):
                stack.enter_context(collector.lock)
                found |= {track.slo.name: track for track in collector.tracks}
            yield found


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


def feed_composites(components: Components, tracks: Sequence[Track], own: Sequence[Track], fine: float) -> None:
    """Bring composites up to where all of their components are, which may be among the collector's ``own`` tracks; one
    without a counted component waits."""
    with components.reading() as there:
        there |= {track.slo.name: track for track in own}
        for track in tracks:
            wanted = parts(track.slo)
            made_of = {there[name]: weight for name, weight in wanted.items() if name in there}
            ends = [part.end for part in made_of if part.end is not None]
            if len(ends) == len(wanted):
                _catch_up(track, made_of, min(ends), fine)


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
