"""The document's content variants, personas, patterns and suggestions, and the kills of all kinds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from exporter.live.gather import Families, Row, Section, in_order, key

_VARIANT = {
    "variant_impressions": "impressions",
    "variant_interactions": "interactions",
    "variant_engagement_ratio": "engagement",
    "variant_predicted_engagement_ratio": "predicted",
}
_KILL = {
    "variant_early_kill": "killed",
    "variant_kill_e_value": "kill_e_value",
    "variant_killed_timestamp_seconds": "killed_at",
}
_PERSONA = {
    "prediction_calibration_error_ratio": "calibration_error",
    "variant_kill_ratio": "kill_ratio",
    "variant_sessions": "sessions",
    "variant_sessions_stale": "sessions_stale",
    "variant_time_to_kill_seconds": "time_to_kill_seconds",
}
_PATTERN = {
    "pattern_uses": "uses",
    "pattern_freshness_ratio": "freshness",
    "pattern_engagement_ratio": "engagement",
    "pattern_fatigue_e_value": "e_value",
    "pattern_fatigued": "fatigued",
}


def variants(families: Families) -> Section:
    """One row per (variant, persona, pattern).

    ``against_prediction`` is actual over predicted - 1: undefined where nothing, or a rate of 0, was predicted. A kill
    belongs to the variant and persona, and stands in each of their rows.
    """
    section: Section = {}
    rows: dict[tuple[str, str], list[Row]] = {}

    def row(variant: str, persona: str, pattern: str) -> Row:
        identity = key(variant, persona, pattern)
        if identity not in section:
            section[identity] = _blank(variant, persona, pattern)
            rows.setdefault((variant, persona), []).append(section[identity])
        return section[identity]

    for labels, field, value in families.spread(_VARIANT):
        row(labels["variant"], labels["persona"], labels["pattern"])[field] = value
    for labels, field, value in families.spread(_KILL):
        who = labels["variant"], labels["persona"]
        for each in rows.get(who) or [row(*who, "")]:
            each[field] = bool(value) if field == "killed" else value
    for each in section.values():
        actual, predicted = each["engagement"], each["predicted"]
        each["against_prediction"] = actual / predicted - 1 if actual is not None and predicted else None
    return in_order(section)


def kills(experiments: Section, content: Section) -> Section:
    """One row per killed variant of an experiment or of content; ``at`` is Unix time, None where it is not known."""
    section: Section = {}
    for experiment in experiments.values():
        for name, variant in experiment["variants"].items():
            if variant["killed"]:
                identity = {"kind": "experiment", "experiment": experiment["name"], "variant": name, "persona": ""}
                more = {"at": None, "e_value": variant["kill_e_value"], "rate": variant["rate"], "expected": None}
                section[key("experiment", experiment["name"], name)] = {**identity, **more}
    for row in content.values():
        if row["killed"]:
            identity = {"kind": "content", "experiment": "", "variant": row["variant"], "persona": row["persona"]}
            rate = {"rate": row["engagement"], "expected": row["predicted"]}
            more = {"at": row["killed_at"], "e_value": row["kill_e_value"], **rate}
            section[key("content", row["variant"], row["persona"])] = {**identity, **more}
    return in_order(section)


def personas(families: Families) -> Section:
    """One row per persona; ``kills`` by reason, ever."""
    section: Section = {}

    def row(persona: str) -> Row:
        return section.setdefault(key(persona), {"persona": persona, **dict.fromkeys(_PERSONA.values()), "kills": {}})

    for labels, field, value in families.spread(_PERSONA):
        row(labels["persona"])[field] = value
    for labels, value in families["variant_kills_total"]:
        row(labels["persona"])["kills"][labels["reason"]] = value
    return in_order(section)


def patterns(families: Families) -> Section:
    """One row per (pattern, persona); ``state`` is fatigued, used up (no freshness left), fresh, or None: not known."""
    section: Section = {}
    for labels, field, value in families.spread(_PATTERN):
        pattern, persona = labels["pattern"], labels.get("persona", "")
        blank = {"pattern": pattern, "persona": persona, **dict.fromkeys(_PATTERN.values()), "state": None}
        row = section.setdefault(key(pattern, persona), blank)
        row[field] = bool(value) if field == "fatigued" else value
    for row in section.values():
        row["state"] = _state(row["fatigued"], row["freshness"])
    return in_order(section)


def suggestions(families: Families, words: Iterable[Mapping[str, Any]] = ()) -> Section:
    """One row per suggestion that holds now; ``text`` and ``numbers`` of the first of ``words`` with its labels, None
    where there are none. Of one subject there may be further words: those of another persona."""
    fields = ("subject", "kind", "action", "reason")
    section: Section = {}
    for labels, value in families["suggestion_info"]:
        if value:
            row = {field: labels.get(field, "") for field in fields}
            section[key(*row.values())] = {**row, "text": None, "numbers": None}
    for each in words:
        found = section.get(key(*(str(each.get(field, "")) for field in fields)))
        if found is not None and found["text"] is None:
            found["text"], found["numbers"] = each.get("text"), each.get("numbers")
    return in_order(section)


def _state(fatigued: bool | None, freshness: float | None) -> str | None:  # noqa: FBT001 - private, one caller
    if fatigued:
        return "fatigued"
    if freshness is None:
        return None if fatigued is None else "fresh"
    return "used up" if freshness <= 0 else "fresh"


def _blank(variant: str, persona: str, pattern: str) -> Row:
    identity = {"variant": variant, "persona": persona, "pattern": pattern}
    return {**identity, **dict.fromkeys((*_VARIANT.values(), "against_prediction", *_KILL.values()))}
