"""The document of the current snapshot, computed once for everyone who asks."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Mapping
from typing import Any
from weakref import ReferenceType, ref

from exporter.live.document import Document, document
from exporter.snapshot import Snapshot

_LOG = logging.getLogger("winburn.live")


_json = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode
_ROWS = 4
"""How deep rows lie at most: below a message, its sections, a section, and what has changed in it."""


def encoded(value: object) -> bytes:
    """JSON without spaces; ValueError where a number is not finite."""
    return _text(value, _ROWS).encode()


def _text(value: object, depth: int) -> str:
    # Row by row: one call for all of a thousand SLOs keeps Python's lock for 50 ms and more, and scrapes wait.
    if depth == 0 or not isinstance(value, dict):
        return _json(value)
    return "{" + ",".join([f"{_json(name)}:{_text(one, depth - 1)}" for name, one in value.items()]) + "}"


class Feed:
    """Reads the snapshot that ``current`` gives. ``words`` are called once per snapshot; may be used in any thread.

    ``monotonic`` is the clock that snapshots expire by, ``clock`` the one that ages are told by.
    """

    def __init__(
        self,
        current: Callable[[], Snapshot | None],
        *,
        monotonic: Callable[[], float],
        clock: Callable[[], float],
        words: Callable[[], Mapping[str, Any]] = dict,
    ) -> None:
        self._current, self._monotonic, self._clock, self._words = current, monotonic, clock, words
        self._lock = threading.Lock()
        self._of: tuple[ReferenceType[Snapshot], bool] | None = None
        self._document: Document = {}
        self._body: bytes | None = None
        self._trouble: str | None = None

    @property
    def stale(self) -> bool:
        """Whether the current snapshot is too old for its numbers."""
        snapshot = self._current()
        return snapshot is not None and snapshot.expired(self._monotonic())

    @property
    def age(self) -> float | None:
        """Seconds since the time that was evaluated; None before the first snapshot."""
        snapshot = self._current()
        return None if snapshot is None else round(max(0.0, self._clock() - snapshot.at), 3)

    def document(self) -> Document | None:
        """The current document, the same object until it changes; None before the first snapshot."""
        with self._lock:
            return self._renewed()

    def body(self) -> bytes | None:
        """The current document as JSON, with ``age_seconds`` before all else; None before the first snapshot."""
        with self._lock:
            found = self._renewed()
            if found is None:
                return None
            if self._body is None:
                self._body = encoded(found)
            return b'{"age_seconds":%s,%s' % (encoded(self.age), self._body.removeprefix(b"{"))

    def _renewed(self) -> Document | None:
        snapshot = self._current()
        if snapshot is None:
            return None
        stale = snapshot.expired(self._monotonic())
        if self._of is None or (self._of[0](), self._of[1]) != (snapshot, stale):
            self._document, self._body = document(snapshot, stale=stale, words=self._spoken()), None
            # Weak, so that a document that nobody asks for again does not keep its snapshot's megabytes.
            self._of = ref(snapshot), stale
        return self._document

    def _spoken(self) -> Mapping[str, Any]:
        """The caller's words; where they cannot be had, the numbers go out without them."""
        try:
            words = dict(self._words())
            encoded(words)
        except Exception as error:  # noqa: BLE001 - texts must not cost numbers
            trouble = f"{type(error).__name__}: {error}"
            if trouble != self._trouble:
                _LOG.warning("the live page goes without its texts: %s", trouble)
            self._trouble = trouble
            return {}
        self._trouble = None
        return words
