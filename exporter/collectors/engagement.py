"""Content variants: read, compare with what was predicted, kill on evidence, see fatigue, suggest, save."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from exporter.collectors import engagement_samples as samples
from exporter.collectors.engagement_fatigue import wear
from exporter.collectors.engagement_kill import GONE, Verdict, by_evidence, by_threshold, e_value, log_evidence
from exporter.collectors.engagement_kills import DAY, LATCH, Kills
from exporter.collectors.engagement_rates import calibration, sessions, time_to_kill
from exporter.collectors.engagement_suggest import Suggestion, suggestions
from exporter.collectors.engagement_tired import Tired
from exporter.collectors.engagement_views import Views
from exporter.contract import Report, Sample
from exporter.sources.base import SourceError
from exporter.sources.engagement_rows import Engagement as Rows
from exporter.sources.engagement_rows import EngagementSource, VariantRow
from exporter.spec import Engagement
from exporter.state import Latch, State, StateError

DOCUMENT = "engagement"
AUDIT_KIND = "variant"
ENTITY = "content variants"
_SAVE_VIEWS_EVERY = 60.0

Wish = Callable[[Sequence[Latch]], None]
"""Is told of our kills once they are saved: those of the last day at the start, then each new one; perhaps twice."""


class EngagementCollector:
    """The content variants of one source.

    ``labels`` caps the series of each family. A failing source costs the numbers and no kill; a store that cannot be
    written costs nothing while the process lives: kills stand, and are saved (and wished for) as soon as it can be.
    ``before`` is the collector in whose place this one comes, which must not run any more: what it knew and had not
    saved is not lost. ``say`` is told, once, what is not shown because a table is missing. Raises StateError where the
    store cannot be read at the start.
    """

    name = "engagement"

    def __init__(
        self,
        source: EngagementSource,
        spec: Engagement,
        state: State,
        *,
        labels: int = 1000,
        wish: Wish | None = None,
        say: Callable[[str], None] = lambda _sentence: None,
        before: EngagementCollector | None = None,
    ) -> None:
        self._source, self._spec, self._state, self._labels = source, spec, state, labels
        self._wish, self._say = wish, say
        self._unsaved: list[Latch] = list(before._unsaved) if before else []
        self._dropped: Counter[str] = Counter(before._dropped) if before else Counter()
        documents: dict[str, Any] = before._documents() if before else state.documents(DOCUMENT)
        latches = state.latches(LATCH)
        self._kills = Kills(documents.get("kills"), [*latches, *self._unsaved])
        lag = spec.early_kill.lag if spec.early_kill else 0.0
        self._views = Views(2 * lag, documents.get("views"))
        self._tired = Tired(documents.get("tired"))
        if before:
            self._tired.unsaved = before._tired.unsaved
            self._kills.changed, self._views.changed = before._kills.changed, before._views.changed
        self._unwished = latches
        self._saved_at: float | None = None
        self._said: tuple[str, ...] = ()
        self._health: tuple[Sample, ...] = ()
        self._suggestions: tuple[Suggestion, ...] = ()

    def health(self) -> tuple[Sample, ...]:
        """winburn_series_dropped_total of our families; from any thread."""
        return self._health

    @property
    def sources(self) -> frozenset[str]:
        """The one whose changes matter at once."""
        return frozenset({self._source.name})

    def collect_changed(self, at: float, _sources: frozenset[str]) -> list[Report]:
        """See :class:`exporter.contract.PromptCollector`: there is one source, and it is read as a whole."""
        return self.collect(at)

    def words(self) -> list[dict[str, Any]]:
        """The suggestions of now in words, the most pressing first, each with its numbers; from any thread."""
        return [each.as_dict() for each in self._suggestions]

    def collect(self, at: float) -> list[Report]:
        """Evaluate everything at ``at``; see :class:`exporter.contract.Collector`."""
        try:
            rows = self._source.engagement(at, window=self._spec.fatigue.window, kills_after=self._kills.after)
        except SourceError as error:
            out = samples.Capped(self._labels)
            samples.kills(out, self._kills, at, ())
            return [Report(ENTITY, lasting=tuple(out.samples), error=str(error)), *self._save(at)]
        self._tell(rows.missing)
        self._kills.take(rows.kills, rows.kills_until, at)
        out = samples.Capped(self._labels)
        alive = self._judge(rows, at, out)
        self._show(rows, at, out)
        lasting = samples.Capped(self._labels, out.dropped)
        samples.kills(lasting, self._kills, at, alive)
        self._kills.keep({row.variant for row in rows.variants}, at)
        self._dropped.update(lasting.dropped)
        self._health = samples.dropped(self._dropped)
        return [Report(ENTITY, tuple(out.samples), tuple(lasting.samples)), *self._save(at)]

    def _judge(self, rows: Rows, at: float, out: samples.Capped) -> list[VariantRow]:
        """Kill whom the rule kills; the variants that it judged."""
        rule = self._spec.early_kill
        if rule is None:
            return []
        alive = [row for row in rows.variants if _can_be_judged(row) and not self._kills.has(row.variant)]
        if rule.rule == "threshold":
            watched = {session.variant for session in rows.sessions or () if session.is_active(at)}
            self._latch(by_threshold(alive, rows.sessions or (), at), at)
            return [row for row in alive if row.variant in watched]
        for row in alive:
            self._views.note(row.variant, at, row.impressions or 0.0, row.counted_at)
        self._views.keep({row.variant for row in alive})
        alive = [row for row in alive if row.predicted is not None and self._is_seen(row, at)]
        views = [self._views.old(row.variant, at) for row in alive]
        acceptable = [rule.expected_ratio * (row.predicted or 0.0) for row in alive]
        log_e = log_evidence([row.interactions or 0.0 for row in alive], views, acceptable)
        self._latch(by_evidence(alive, views, log_e, rule), at)
        judged = [i for i, row in enumerate(alive) if views[i] > 0 and not self._kills.has(row.variant)]
        of_now = [e_value(log_e[i]) for i in judged]
        samples.judged(out, [alive[i] for i in judged], of_now, self._kills.of_last_day(at))
        return alive

    def _is_seen(self, row: VariantRow, at: float) -> bool:
        """Whether people still see it: a post of last month that is bad is no news, and nothing is left to save."""
        grown = self._views.grown_at(row.variant)
        return any(when is not None and when > at - DAY for when in (row.posted_at, grown))

    def _latch(self, verdicts: Sequence[Verdict], at: float) -> None:
        for verdict in verdicts:
            row = verdict.variant
            known = row.posted_at is not None and row.posted_at <= at
            facts = {**verdict.facts, "pattern": row.pattern, "persona": row.persona}
            if known and row.posted_at is not None:
                facts["seconds"] = at - row.posted_at
            latch = Latch(LATCH, row.persona, row.variant, at, verdict.reason, facts)
            self._kills.latch(latch)
            self._unsaved.append(latch)

    def _show(self, rows: Rows, at: float, out: samples.Capped) -> None:
        worn = wear(rows, self._spec.fatigue, at)
        self._tired.take(worn, at)
        killed = self._kills.of_last_day(at)
        watched = sessions(rows, killed, at)
        self._suggestions = tuple(
            suggestions(worn, [row for row in rows.variants if not self._kills.has(row.variant)], watched)
        )
        samples.variants(out, rows.variants, sum(rows.left_out.values()))
        samples.personas(out, calibration(rows.variants), watched, time_to_kill(killed))
        samples.patterns(out, worn)
        samples.suggested(out, self._suggestions)

    def _tell(self, missing: tuple[str, ...]) -> None:
        for sentence in missing:
            if sentence not in self._said:
                self._say(f"source {self._source.name}: {sentence}")
        self._said = missing

    def _save(self, at: float) -> list[Report]:
        due = self._saved_at is None or not 0 <= at - self._saved_at < _SAVE_VIEWS_EVERY
        views = self._views.changed and (due or bool(self._unsaved))
        if views or self._kills.changed or self._unsaved or self._tired.unsaved:
            try:
                self._state.save_documents(
                    DOCUMENT, self._documents(), self._unsaved, self._tired.unsaved, audit_kind=AUDIT_KIND
                )
                stored = self._as_stored()
            except StateError as error:
                return [Report("state store", error=str(error))]
            self._views.changed = self._kills.changed = False
            self._saved_at = at
            self._tired.unsaved = []
            self._unwished += stored
            self._unsaved = []
        wished = [latch for latch in self._unwished if latch.at > at - DAY]
        self._unwished = []
        if self._wish is not None and wished:
            self._wish(wished)
        return []

    def _documents(self) -> dict[str, Any]:
        return {
            "views": self._views.document(),
            "kills": self._kills.document(),
            "tired": self._tired.document(),
        }

    def _as_stored(self) -> list[Latch]:
        """Our new kills as the store has them: of two replicas the first one's instant, which is the occasion of what
        is applied, or it would be applied by each."""
        new = {latch.member for latch in self._unsaved}
        stored = [latch for latch in self._state.latches(LATCH) if latch.member in new] if new else []
        for latch in stored:
            self._kills.agree(latch)
        return stored


def _can_be_judged(row: VariantRow) -> bool:
    return row.impressions is not None and row.interactions is not None and row.status not in GONE
