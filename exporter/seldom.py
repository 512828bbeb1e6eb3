"""Warnings that strangers can cause as often as they like, said once a minute."""

from __future__ import annotations

import logging
from collections.abc import Callable

_PAUSE = 60.0


class Seldom(logging.Filter):
    """Lets a record through unless the same words were let through within the last minute; above ``most`` always.

    ``monotonic`` is the clock. The words are those before their arguments, so that their number is that of the places
    in the code.
    """

    def __init__(self, monotonic: Callable[[], float], most: int = logging.WARNING) -> None:
        super().__init__()
        self._most = most
        self._monotonic = monotonic
        self._said: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is said."""
        if record.levelno > self._most:
            return True
        now, words = self._monotonic(), str(record.msg)
        if now - self._said.get(words, -_PAUSE) < _PAUSE:
            return False
        self._said[words] = now
        return True
