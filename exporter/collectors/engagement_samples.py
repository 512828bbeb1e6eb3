"""From what is known of content variants to samples, each family cut to its cap and what was left out counted.

variant_engagement_ratio{variant="v1",persona="ann",pattern="question"} 0.07
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from exporter.collectors.engagement_fatigue import Wear
from exporter.collectors.engagement_kills import Killed, Kills
from exporter.collectors.engagement_rates import Sessions, ratio
from exporter.collectors.engagement_suggest import LIMIT, Suggestion
from exporter.contract import Sample, optional, sample
from exporter.sources.engagement_rows import VariantRow


class Capped:
    """Collects samples; beyond ``cap`` series of a family the later ones are only counted, in ``dropped``."""

    def __init__(self, cap: int, dropped: Mapping[str, int] | None = None) -> None:
        self._cap = cap
        self._counts: Counter[str] = Counter()
        self.dropped: Counter[str] = Counter(dropped or {})
        self.samples: list[Sample] = []

    def add(self, name: str, value: float | None, cap: int | None = None, /, **labels: str) -> None:
        """One series, if its value is defined; ``cap`` in place of the usual one."""
        if value is None or not math.isfinite(value):
            return
        if self._counts[name] >= (self._cap if cap is None else cap):
            self.dropped[name] += 1
            return
        self._counts[name] += 1
        self.samples += optional(name, value, **labels)


def variants(out: Capped, rows: Sequence[VariantRow], left_out: int) -> None:
    """What was seen of each variant, the newest first; ``left_out`` more were not even read."""
    for row in rows:
        of = {"variant": row.variant, "persona": row.persona, "pattern": row.pattern}
        out.add("variant_impressions", row.impressions, **of)
        out.add("variant_interactions", row.interactions, **of)
        out.add("variant_engagement_ratio", ratio(row), **of)
        out.add("variant_predicted_engagement_ratio", row.predicted, **of)
    if left_out:
        out.dropped["variant_impressions"] += left_out


def judged(out: Capped, rows: Sequence[VariantRow], e_values: Iterable[float], killed: Iterable[Killed]) -> None:
    """The evidence against each variant that is judged, and of those that were killed what killed them."""
    for kill in killed:
        out.add("variant_kill_e_value", kill.e_value, variant=kill.variant, persona=kill.persona)
    for row, e in zip(rows, e_values, strict=True):
        out.add("variant_kill_e_value", e, variant=row.variant, persona=row.persona)


def kills(out: Capped, known: Kills, at: float, alive: Iterable[VariantRow]) -> None:
    """Who was killed within a day, who is judged and was not, and how many there were in all."""
    killed = known.of_last_day(at)
    for kill in killed:
        of = {"variant": kill.variant, "persona": kill.persona}
        out.add("variant_early_kill", 1, **of)
        out.add("variant_killed_timestamp_seconds", kill.at, **of)
    dead = {kill.variant for kill in killed}
    for row in alive:
        if row.variant not in dead:
            out.add("variant_early_kill", 0, variant=row.variant, persona=row.persona)
    for (persona, reason), n in sorted(known.totals().items()):
        out.add("variant_kills_total", n, persona=persona, reason=reason)


def personas(
    out: Capped, errors: Mapping[str, float], sessions: Mapping[str, Sessions], seconds: Mapping[str, float]
) -> None:
    """What is known of each persona."""
    for persona in sorted(errors):
        out.add("prediction_calibration_error_ratio", errors[persona], persona=persona)
    for persona in sorted(sessions):
        each = sessions[persona]
        out.add("variant_sessions", each.active, persona=persona)
        out.add("variant_sessions_stale", each.stale, persona=persona)
        out.add("variant_kill_ratio", each.kill_ratio, persona=persona)
    for persona in sorted(seconds):
        out.add("variant_time_to_kill_seconds", seconds[persona], persona=persona)


def patterns(out: Capped, wear: Iterable[Wear]) -> None:
    """The wear of each pattern, the most used first."""
    for each in wear:
        of = {"pattern": each.pattern, "persona": each.persona}
        out.add("pattern_uses", each.uses, **of)
        out.add("pattern_freshness_ratio", each.freshness, **of)
        out.add("pattern_engagement_ratio", each.rate, **of)
        out.add("pattern_fatigue_e_value", each.e_value, **of)
        out.add("pattern_fatigued", float(each.reason is not None), **of)


def suggested(out: Capped, found: Iterable[Suggestion]) -> None:
    """The suggestions; one series where two personas are told the same of one pattern."""
    labels = dict.fromkeys((each.subject, each.kind, each.action, each.reason) for each in found)
    for subject, kind, action, reason in labels:
        out.add("suggestion_info", 1, LIMIT, subject=subject, kind=kind, action=action, reason=reason)


def dropped(counts: Mapping[str, float]) -> tuple[Sample, ...]:
    """The counter of series left out, by family."""
    return tuple(sample("winburn_series_dropped_total", counts[name], family=name) for name in sorted(counts))
