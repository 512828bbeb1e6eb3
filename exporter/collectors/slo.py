"""The SLOs of one source: fetch, count, evaluate, save."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

from exporter.collectors import slo_samples
from exporter.collectors.slo_evaluate import Evaluation, evaluate
from exporter.collectors.slo_feed import Progress, feed_counters, feed_slots
from exporter.collectors.slo_track import Track
from exporter.contract import Report
from exporter.promql import format_duration
from exporter.sources.base import CounterSource, SlotSource
from exporter.spec import Slo
from exporter.state import State, StateError, StoredLedger

_CLOCK_TOLERANCE = 3600.0
_PRUNE_EVERY = 600.0


class SloCollector:
    """SLOs that share a source.

    :meth:`collect` will be called at instants ``origin + k x refresh``; slots end on that grid too. Failures of the
    source and of the store are reported per SLO; the SLOs' counts are not lost by them.
    """

    def __init__(
        self,
        source: CounterSource | SlotSource,
        slos: Sequence[Slo],
        state: State,
        *,
        refresh: float,
        origin: float,
        keep_seconds: float,
        progress: Progress = lambda _name, _share: None,
    ) -> None:
        self._source = source
        self._state = state
        self._fine, self._origin = refresh, origin
        self._keep_seconds = keep_seconds
        self._progress = progress
        self._pruned = 0.0
        stored = {ledger.slo: ledger for ledger in state.ledgers()}
        self._tracks = [self._track(slo, stored) for slo in slos]

    @property
    def name(self) -> str:
        """Value of the label ``collector``."""
        return f"slo:{self._source.name}"

    def collect(self, at: float) -> list[Report]:
        """Bring every SLO up to ``at`` and evaluate it; see :class:`exporter.contract.Collector`."""
        errors = self._check_clock(at)
        due = [t for t in self._tracks if t.slo.name not in errors and (t.ledger.end is None or t.ledger.end < at)]
        errors |= self._feed(due, at)
        evaluations = evaluate(self._tracks)
        reports = [
            self._report(t, e, at, errors.get(t.slo.name)) for t, e in zip(self._tracks, evaluations, strict=True)
        ]
        return reports + self._save(due, at)

    def _feed(self, tracks: Sequence[Track], at: float) -> dict[str, str]:
        # The loader guarantees that all SLIs of one source are of its kind.
        if tracks and tracks[0].slo.sli.sql is not None:
            return feed_slots(cast(SlotSource, self._source), tracks, at, self._fine, self._progress)
        return feed_counters(cast(CounterSource, self._source), tracks, at, self._fine, self._progress)

    def _track(self, slo: Slo, stored: Mapping[str, StoredLedger]) -> Track:
        track = Track(slo, self._fine, self._origin)
        if slo.name in stored and not track.restore(stored[slo.name]):
            self._state.drop_ledger(slo.name, "")
        return track

    def _report(self, track: Track, evaluation: Evaluation, at: float, error: str | None) -> Report:
        samples = () if error else slo_samples.measured(track, evaluation)
        lasting = slo_samples.lasting(track, evaluation, at, self._keep_seconds)
        return Report(track.slo.name, samples, lasting, error)

    def _check_clock(self, at: float) -> dict[str, str]:
        """SLOs that were measured in what is now the future wait; by more than an hour, that clock was wrong."""
        errors = {}
        for i, track in enumerate(self._tracks):
            ahead = (track.ledger.end or at) - at
            if ahead > _CLOCK_TOLERANCE:
                self._state.drop_ledger(track.slo.name, "")
                self._tracks[i] = Track(track.slo, self._fine, self._origin)
            elif ahead > 0:
                errors[track.slo.name] = (
                    f"measured up to {format_duration(max(ahead, 0.001))} ahead of now: the clock was set back; waiting"
                )
        return errors

    def _save(self, tracks: Sequence[Track], at: float) -> list[Report]:
        changed = [track for track in tracks if track.ledger.end is not None]
        prune = at - self._pruned > _PRUNE_EVERY
        try:
            self._state.save_ledgers([track.stored() for track in changed], self._oldest(at) if prune else {})
        except StateError as error:
            return [Report("state store", error=str(error))]
        for track in changed:
            track.mark_saved()
        if prune:
            self._pruned = at
        return []

    def _oldest(self, at: float) -> dict[float, float]:
        spans: dict[float, float] = {}
        for track in self._tracks:
            for width, span in track.ledger.spans.items():
                spans[width] = max(span, spans.get(width, 0.0))
        return {width: at - span - 2 * width for width, span in spans.items()}
