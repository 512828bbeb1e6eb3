"""When patterns became tired and when they recovered, for the audit trail: each once, and not at each look."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from exporter.collectors.engagement_fatigue import Wear
from exporter.collectors.engagement_suggest import why
from exporter.state import AuditEntry

KIND = "pattern"
SETTLED = 3600.0
"""A pattern has recovered once it was not tired for so long: evidence at its threshold must not fill the trail."""


class Tired:
    """The patterns that are tired. ``unsaved`` are entries that the caller has to store, and then to clear."""

    def __init__(self, document: Mapping[str, Any] | None) -> None:
        stored = (document or {"tired": []})["tired"]
        self._seen = {(pattern, persona): float(at) for pattern, persona, at in stored}
        self.unsaved: list[AuditEntry] = []

    def take(self, worn: Iterable[Wear], at: float) -> None:
        """What is known at ``at``."""
        now = {(each.pattern, each.persona): each for each in worn if each.reason is not None}
        for key, each in sorted(now.items()):
            if key not in self._seen:
                self._enter(key, at, "fatigued", f"{why(each)}.", {"uses": each.uses, "e_value": each.e_value})
            self._seen[key] = at
        for key in sorted(key for key, seen in self._seen.items() if at - seen >= SETTLED):
            self._enter(key, at, "recovered", "It is not tired any more.", {})
            del self._seen[key]

    def document(self) -> dict[str, Any]:
        """As a JSON value, for the next process."""
        return {"tired": [[*key, at] for key, at in sorted(self._seen.items())]}

    def _enter(self, key: tuple[str, str], at: float, action: str, text: str, facts: Mapping[str, Any]) -> None:
        pattern, persona = key
        sentence = text[:1].upper() + text[1:]
        self.unsaved.append(AuditEntry(at, KIND, persona, pattern, action, "winburn", sentence, facts))
