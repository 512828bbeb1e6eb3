"""What to do next, each with its numbers: rest a pattern, scale a variant, calibrate the predictor anew."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from exporter.collectors.engagement_fatigue import Wear
from exporter.collectors.engagement_kill import e_value
from exporter.collectors.engagement_rates import ENOUGH_IMPRESSIONS, Sessions, clipped
from exporter.sources.engagement_rows import VariantRow
from exporter.stats.kill import split_log_e
from exporter.stats.multiple import e_bh

LIMIT = 50
HIGH_KILL_RATIO = 0.3
ENOUGH_SESSIONS = 10
_ALPHA = 0.05


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One suggestion: labels of suggestion_info, the sentence, and its numbers."""

    subject: str
    kind: str
    action: str
    reason: str
    persona: str
    text: str
    numbers: dict[str, float] = field(default_factory=dict, hash=False)

    def as_dict(self) -> dict[str, Any]:
        """For JSON; the sentence and the numbers beside the labels."""
        names = ("subject", "kind", "action", "reason", "persona", "text")
        return {**{name: getattr(self, name) for name in names}, "numbers": dict(self.numbers)}


def suggestions(
    wear: Iterable[Wear], variants: Sequence[VariantRow], sessions: Mapping[str, Sessions]
) -> list[Suggestion]:
    """Every suggestion of now, the most pressing first: predictors, then patterns by evidence, then variants."""
    return [*recalibrate(sessions), *rest(wear), *scale(variants)]


def recalibrate(sessions: Mapping[str, Sessions]) -> list[Suggestion]:
    """Personas of whose sessions of the last 24 h more than 30 % ended in a kill, from ten sessions on."""
    found = []
    for persona, each in sorted(sessions.items()):
        share = each.kill_ratio
        if share is None or share <= HIGH_KILL_RATIO or each.started < ENOUGH_SESSIONS:
            continue
        text = (
            f"Calibrate the predictor of {persona or 'all content'} anew: {each.killed} of the {each.started} sessions "
            f"of the last 24 h ended in a kill ({share:.0%})."
        )
        numbers = {"kill_ratio": share, "killed": float(each.killed), "sessions": float(each.started)}
        found.append(Suggestion(persona or "all", "predictor", "recalibrate", "kill_ratio", persona, text, numbers))
    return sorted(found, key=lambda each: -each.numbers["kill_ratio"])


def rest(wear: Iterable[Wear]) -> list[Suggestion]:
    """Patterns that are worn out and still in use."""
    tired = [each for each in wear if each.reason is not None and each.uses > 0]
    return [_rest(each) for each in sorted(tired, key=lambda w: (-(w.e_value or 0.0), -w.uses, w.pattern, w.persona))]


def why(each: Wear) -> str:
    """Why a pattern is tired, as the end of a sentence; KeyError where it is not."""
    if each.reason == "trend":
        half = f", half of it after {each.half_life:.0f} uses)" if each.half_life else ")"
        return f"its engagement falls with its uses (e-value {each.e_value or 0:.4g}{half}"
    return {
        "uses": f"it was used {each.uses:g} times of late",
        "baseline": "its engagement fell below the agreed rate",
    }[each.reason or ""]


def _rest(each: Wear) -> Suggestion:
    of = f" of {each.persona}" if each.persona else ""
    known = {
        "uses": each.uses,
        "freshness": each.freshness,
        "engagement": each.rate,
        "e_value": each.e_value,
        "half_life_uses": each.half_life,
    }
    numbers = {name: value for name, value in known.items() if value is not None}
    text = f"Rest the pattern {each.pattern}{of}: {why(each)}."
    return Suggestion(each.pattern, "pattern", "rest", each.reason or "uses", each.persona, text, numbers)


def scale(variants: Sequence[VariantRow]) -> list[Suggestion]:
    """Variants whose rate is above that of the persona's others, false discoveries among a persona's variants kept
    below 5 %; the strongest first. The test is anytime-valid, but the choice among them is of this moment."""
    groups: defaultdict[str, list[tuple[VariantRow, float, float]]] = defaultdict(list)
    for variant in variants:
        counts = clipped(variant)
        if counts is not None and counts[0] >= ENOUGH_IMPRESSIONS:
            groups[variant.persona].append((variant, *counts))
    found = [each for group in groups.values() if len(group) > 1 for each in _leaders(group)]
    return sorted(found, key=lambda each: (-each.numbers["e_value"], each.subject))


def _leaders(group: Sequence[tuple[VariantRow, float, float]]) -> list[Suggestion]:
    views, acts = (np.array([each[i] for each in group], dtype=np.float64) for i in (1, 2))
    rest_views, rest_acts = views.sum() - views, acts.sum() - acts
    log_e = split_log_e(acts, rest_acts, rest_views / (views + rest_views))
    above = e_bh(np.exp(np.minimum(log_e, 690.0)), _ALPHA)
    return [
        _scale(group[i][0], acts[i] / views[i], rest_acts[i] / rest_views[i], float(log_e[i]))
        for i in np.flatnonzero(above).tolist()
        if acts[i] / views[i] > rest_acts[i] / rest_views[i] and not math.isnan(log_e[i])
    ]


def _scale(variant: VariantRow, rate: float, others: float, log_e: float) -> Suggestion:
    of = f" of {variant.persona}" if variant.persona else ""
    text = (
        f"Scale {variant.variant}{of}: engagement {rate:.2%}, the others {others:.2%} (e-value {e_value(log_e):.4g})."
    )
    numbers = {"engagement": float(rate), "others": float(others), "e_value": e_value(log_e)}
    return Suggestion(variant.variant, "variant", "scale", "above_persona", variant.persona, text, numbers)
