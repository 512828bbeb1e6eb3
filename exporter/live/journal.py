"""The stream's memory: the document as watchers know it, and the last deltas with their numbers."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import islice
from secrets import token_hex
from typing import Any

from exporter.live.delta import difference
from exporter.live.document import Document
from exporter.live.feed import encoded
from exporter.live.frame import deflated_frame, text_frame


@dataclass(frozen=True, slots=True)
class Entry:
    """One delta: its number, and the frame that takes a watcher from the number before to this one, plain and
    compressed."""

    sequence: int
    plain: bytes
    packed: bytes

    @property
    def size(self) -> int:
        """Bytes of both."""
        return len(self.plain) + len(self.packed)


def entry(sequence: int, message: Mapping[str, Any]) -> Entry:
    """A message in both forms."""
    payload = encoded(message)
    return Entry(sequence, text_frame(payload), deflated_frame(payload))


class Journal:
    """Numbers the changes of one stream, and holds the last of them for watchers that come back.

    The stream's name is new in each process: numbers of another one mean nothing here. What is held is bounded by
    ``held_bytes`` and ``held``. Not safe for use by several threads at once.
    """

    def __init__(
        self, *, held_bytes: int = 4 * 2**20, held: int = 1000, name: Callable[[], str] = lambda: token_hex(8)
    ) -> None:
        self.stream = name()
        self.sequence = 0
        self._document: Document | None = None
        self._entries: deque[Entry] = deque()
        self._bytes = 0
        self._held_bytes, self._held = held_bytes, held
        self._full: Entry | None = None

    def knows(self, document: Document) -> bool:
        """Whether this very document was the last one."""
        return self._document is document

    def advance(self, document: Document) -> Entry | None:
        """Make ``document`` the last one; the delta to it, None where nothing changed or there was none before."""
        before, self._document = self._document, document
        delta = difference(before, document) if before is not None else {}
        if not delta:
            return None
        self.sequence += 1
        change = entry(self.sequence, {"type": "delta", "seq": self.sequence, **delta})
        self._entries.append(change)
        self._bytes += change.size
        while self._bytes > self._held_bytes or len(self._entries) > self._held:
            self._bytes -= self._entries.popleft().size
        return change

    def since(self, sequence: int) -> list[Entry] | None:
        """The deltas after this number; None where they are not held any more, or the number is not ours."""
        behind = self.sequence - sequence
        if behind < 0 or behind > len(self._entries):
            return None
        return list(islice(self._entries, len(self._entries) - behind, None))

    def full(self) -> Entry:
        """The whole document as a frame, with the number that it is at; one encoding for all who come meanwhile."""
        if self._full is None or self._full.sequence != self.sequence:
            message = {"type": "snapshot", "stream": self.stream, "seq": self.sequence, "document": self._document}
            self._full = entry(self.sequence, message)
        return self._full

    def resumed(self, sequence: int) -> Entry:
        """Says to a watcher that came back that its deltas follow."""
        message = {"type": "resumed", "stream": self.stream, "seq": sequence}
        return entry(sequence, message)
