"""SLOs made of other SLOs: their counts are added up, weighted, or joined into a user's journey.

A composite has a ledger of its own, fed from its components' ledgers, so windows, corrections, calendars and restarts
work as for any SLO.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Protocol

import numpy as np

from exporter.collectors.slo_feed import Segment, segments
from exporter.collectors.slo_group import Floats, GroupCounts
from exporter.collectors.slo_track import Track
from exporter.spec import Slo

_NAMED = 3
"""Components in one sentence; a source that is down can have a thousand."""


class HasTracks(Protocol):
    """Collectors whose SLOs others may be made of."""

    lock: threading.Lock
    tracks: list[Track]
    errors: dict[str, str]

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
    def reading(self) -> Iterator[tuple[dict[str, Track], dict[str, str]]]:
        """SLO name -> track, none of which changes meanwhile, and SLO name -> why it is not up to date."""
        with ExitStack() as stack:
            found: dict[str, Track] = {}
            errors: dict[str, str] = {}
            for _, collector in sorted(self._collectors.items()):
                stack.enter_context(collector.lock)
                found |= {track.slo.name: track for track in collector.tracks}
                errors |= collector.errors
            yield found, errors


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
    for one that waits or is not counted yet.
    """
    failed: dict[str, dict[str, str]] = {}
    with components.reading() as (there, errors):
        there |= {track.slo.name: track for track in own}
        for track in tracks:
            wanted = parts(track.slo)
            _look(track, {there[name]: weight for name, weight in wanted.items() if name in there}, at, fine)
            failed[track.slo.name] = {
                root: why
                for name in wanted
                for root, why in failed.get(name, {name: errors[name]} if name in errors else {}).items()
            }
            track.waits = track.fresh != at
    return {name: _sentence(causes) for name, causes in failed.items() if causes}


def _look(track: Track, made_of: Mapping[Track, float], at: float, fine: float) -> None:
    """What the components know by now: their counts, and since when one of them knows no more."""
    ends = [part.end for part in made_of if part.end is not None]
    track.slack = max((part.slack for part in made_of), default=0.0)
    if len(ends) < len(parts(track.slo)):
        return
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
