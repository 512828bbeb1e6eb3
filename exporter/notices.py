"""Log a state when it begins or changes and once when it is over, instead of every refresh."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping

_SHOWN = 5  # names in one line; a source that is down can have a thousand


class Notices:
    """Remembers which failures were logged; for the loop's thread only."""

    def __init__(self, log: logging.Logger) -> None:
        self._log = log
        self._known: dict[str, dict[str, str]] = {}

    def failures(self, subject: str, now: Mapping[str, str]) -> None:
        """Log what changed in the failures of ``subject``: sentences by name, the subject's own under the empty name.

        One line for each new sentence with the names it is true of, and one line for the names that recovered.
        """
        before = self._known.get(subject, {})
        for text, names in _by_sentence(now, before).items():
            self._log.warning("%s: %s", _title(subject, names), text)
        if over := [name for name in before if name not in now]:
            self._log.info("%s: recovered", _title(subject, over))
        self._known[subject] = dict(now)

    def state(self, subject: str, text: str | None) -> None:
        """The same for a subject without parts; None where all is well."""
        self.failures(subject, {} if text is None else {"": text})

    def forget(self, subject: str) -> None:
        """The subject is not there any more: nothing of it has recovered, and nothing is news."""
        self._known.pop(subject, None)


def _by_sentence(now: Mapping[str, str], before: Mapping[str, str]) -> dict[str, list[str]]:
    groups: defaultdict[str, list[str]] = defaultdict(list)
    for name, text in now.items():
        if before.get(name) != text:
            groups[text].append(name)
    return groups


def _title(subject: str, names: Iterable[str]) -> str:
    entities = sorted(name for name in names if name)
    if not entities:
        return subject
    more = f" and {len(entities) - _SHOWN} more" if len(entities) > _SHOWN else ""
    return f"{subject} ({', '.join(entities[:_SHOWN])}{more})"
