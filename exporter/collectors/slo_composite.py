"""SLOs made of other SLOs: their counts are added up, weighted, or joined into a user's journey.

A composite has a ledger of its own, fed from its components' ledgers, so windows, corrections, calendars and restarts
work as for any SLO.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass

import numpy as np

from exporter.collectors.slo_feed import Segment, segments
from exporter.collectors.slo_group import Floats, GroupCounts
from exporter.collectors.slo_track import Track
from exporter.spec import Slo


@dataclass(slots=True)
class Components:
    """What composites read: SLO name -> track, and the locks under which tracks may be read.

    Stands where other SLOs have their source.
    """

    tracks: dict[str, Track]
    locks: Sequence[AbstractContextManager[object]]
    name: str = "composite"
    up: bool | None = None


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


def feed_composites(components: Components, tracks: Sequence[Track], fine: float) -> None:
    """Bring composites up to where all of their components are; one without a counted component waits."""
    with ExitStack() as stack:
        for lock in components.locks:
            stack.enter_context(lock)
        for track in tracks:
            made_of = {components.tracks[name]: weight for name, weight in parts(track.slo).items()}
            ends = [part.end for part in made_of if part.end is not None]
            if len(ends) == len(made_of):
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
