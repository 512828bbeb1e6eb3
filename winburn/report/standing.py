"""How things stand: what an evaluation knows, of a process that runs or made for the report alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, cast

from exporter.collectors.slo import SloCollector
from exporter.collectors.slo_track import Track
from exporter.contract import Collector, Sample
from exporter.sources.base import CounterSource, SlotSource
from exporter.spec import Slo, Spec
from exporter.state import State
from winburn.assemble import AnySource, Assembly, assemble
from winburn.backtest.course import reach
from winburn.backtest.increments import Increments
from winburn.backtest.past import Past, Span
from winburn.backtest.past import read as read_past
from winburn.report.values import Period

_DAYS = 2 * 86400.0
_LATE = 900.0


@dataclass(frozen=True, slots=True)
class Tracked:
    """An SLO's ledgers, and what is held while they change."""

    track: Track
    lock: AbstractContextManager[object]


@dataclass(frozen=True, slots=True)
class Standing:
    """What one evaluation found: samples, the SLOs' ledgers, words, and what could not be read."""

    samples: tuple[Sample, ...]
    tracks: Mapping[str, Tracked]
    next_steps: Mapping[str, str]
    suggestions: Sequence[Mapping[str, Any]]
    errors: tuple[str, ...] = ()


def of_assembly(assembly: Assembly, samples: Sequence[Sample], errors: Sequence[str] = ()) -> Standing:
    """From collectors that have been asked, and the samples that they gave."""
    tracks = {
        track.slo.name: Tracked(track, each.lock)
        for each in assembly.collectors
        if isinstance(each, SloCollector)
        for track in each.tracks
    }
    return Standing(tuple(samples), tracks, assembly.next_steps(), assembly.suggestions(), tuple(errors))


def evaluated(spec: Spec, state: State, period: Period, now: float) -> tuple[Standing, Mapping[str, AnySource]]:
    """Evaluate everything once on ``state``, a copy that may be changed, and the sources that were asked.

    SLOs are brought up to the period's end where that is now; experiments and content variants are told as they stand.
    """
    assembly = assemble(spec, state, live=False)
    at = now // spec.refresh * spec.refresh - spec.lag
    recent = period.end >= at - _LATE
    samples: list[Sample] = []
    errors: list[str] = []
    for collector in assembly.collectors:
        if isinstance(collector, SloCollector) and not recent:
            continue
        for report in collector.collect(_at(collector, at)):
            samples += [*report.samples, *report.lasting]
            errors += [f"{report.entity}: {report.error}"] if report.error else []
    return of_assembly(assembly, samples, errors), assembly.sources


def _at(collector: Collector, at: float) -> float:
    """The instant itself, or where the ledgers are already: beside a process that runs they may be a refresh ahead."""
    tracks = collector.tracks if isinstance(collector, SloCollector) else ()
    return max([at, *(track.end for track in tracks if track.end is not None and track.end < at + _LATE)])


def history(
    spec: Spec, sources: Mapping[str, AnySource], now: float, progress: Callable[[str, float], None]
) -> Callable[[Slo, Period], Mapping[str, Past]]:
    """Reads pasts of SLOs from their sources, as the backtest does; each is read once."""
    known: dict[tuple[str, Period], Mapping[str, Past]] = {}

    def read(slo: Slo, period: Period) -> Mapping[str, Past]:
        if (slo.name, period) not in known:
            known[slo.name, period] = _read(spec, sources, slo, period, now, progress)
        return known[slo.name, period]

    return read


def _read(
    spec: Spec,
    sources: Mapping[str, AnySource],
    slo: Slo,
    period: Period,
    now: float,
    progress: Callable[[str, float], None],
) -> Mapping[str, Past]:
    source = cast(CounterSource | SlotSource, sources.get(slo.sli.source or ""))
    step = 60.0 if period.seconds <= _DAYS else 300.0
    start, end = (period.before if period.release else period.start) // 300 * 300, period.end // step * step
    retention = source.retention_start(max(now, end)) if hasattr(source, "retention_start") else None
    return read_past(
        lambda: Increments(source, slo, spec.limits.groups),
        slo,
        Span(start, end, step),
        reach(slo, start),
        retention,
        lambda share: progress(slo.name, share),
    )
