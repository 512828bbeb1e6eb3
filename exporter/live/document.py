"""What `/api/v1/snapshot` and the live page show of a snapshot, as values that JSON can carry.

A section is an object of rows by key. Every row of a section has the same fields; what is not defined now is null.
Times are Unix seconds, shares are 0..1.

======================  ===============================================================================================
``schema``              1; it grows when a field's meaning changes or a field goes, not when one is added
``at``                  the time that was evaluated
``stale``               whether the snapshot is too old for its numbers: then only ``health`` has rows
``waiting``             names of the collectors that have not finished for the first time
``slos``                :func:`exporter.live.slos.slos`
``experiments``         :func:`exporter.live.experiments.experiments`
``variants``            :func:`exporter.live.content.variants`
``personas``            :func:`exporter.live.content.personas`
``patterns``            :func:`exporter.live.content.patterns`
``suggestions``         :func:`exporter.live.content.suggestions`; ``text`` and ``numbers`` from the words, else null
``kills``               :func:`exporter.live.content.kills`
``health``              sources (``kind`` source) and collectors (``kind`` collector)
======================  ===============================================================================================
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from exporter.contract import HEALTH
from exporter.live.content import kills, patterns, personas, suggestions, variants
from exporter.live.experiments import experiments
from exporter.live.gather import Families, Section, in_order, key
from exporter.live.slos import slos
from exporter.snapshot import Snapshot

Document = Mapping[str, Any]

_NO_WORDS: Mapping[str, Any] = {}
_COLLECTOR = {
    "winburn_collector_success": "ok",
    "winburn_collector_duration_seconds": "duration_seconds",
    "winburn_collector_last_success_timestamp_seconds": "last_success",
    "winburn_collector_series": "series",
}


def document(snapshot: Snapshot, *, stale: bool = False, words: Mapping[str, Any] = _NO_WORDS) -> Document:
    """The document of a snapshot; ``stale`` leaves only health in it.

    ``words`` are texts that no sample can carry (next steps, the audit trail), under keys of their own; where such a
    key is one of ours, ours wins, and rows of ``suggestions`` say their part in ours. They are left out of a stale
    document too, as next steps are where the recommendations have aged out: they speak about its numbers.
    """
    families = Families(sample for sample in snapshot.samples if not stale or sample.name in HEALTH)
    of_experiments, of_content = experiments(families), variants(families)
    return {
        **({} if stale else _that_hold(words, families)),
        "schema": 1,
        "at": snapshot.at,
        "stale": stale,
        "waiting": list(snapshot.waiting),
        "slos": slos(families),
        "experiments": of_experiments,
        "variants": of_content,
        "personas": personas(families),
        "patterns": patterns(families),
        "suggestions": suggestions(families, () if stale else words.get("suggestions", ())),
        "kills": kills(of_experiments, of_content),
        "health": _health(families),
    }


def _that_hold(words: Mapping[str, Any], families: Families) -> dict[str, Any]:
    if "next_steps" not in words:
        return {**words}
    advised = {labels["experiment"] for labels, _ in families["experiment_recommendation_info"]}
    return {**words, "next_steps": {name: text for name, text in words["next_steps"].items() if name in advised}}


def _health(families: Families) -> Section:
    section: Section = {}
    blank = dict.fromkeys(_COLLECTOR.values())
    for labels, value in families["winburn_source_up"]:
        name = labels["source"]
        section[key("source", name)] = {"kind": "source", "name": name, **blank, "ok": bool(value)}
    for labels, field, value in families.spread(_COLLECTOR):
        name = labels["collector"]
        row = section.setdefault(key("collector", name), {"kind": "collector", "name": name, **blank})
        row[field] = bool(value) if field == "ok" else value
    return in_order(section)
