"""Time for what is not to hold up the rest: so much at once, and from then on a share of the time that passes."""

from __future__ import annotations

import threading
from collections.abc import Callable

SHARE = 0.5
"""Seconds that come back for each second in which none are spent: a third of all time can be."""


class Allowance:
    """``most`` seconds, which come back by and by. For any thread."""

    def __init__(self, most: float, monotonic: Callable[[], float]) -> None:
        self._most, self._left = most, most
        self._monotonic = monotonic
        self._since = monotonic()
        self._lock = threading.Lock()

    def covers(self, seconds: float) -> bool:
        """Whether so many may be spent now."""
        with self._lock:
            now = self._monotonic()
            self._left = min(self._most, self._left + SHARE * (now - self._since))
            self._since = now
            return self._left >= seconds

    def spend(self, seconds: float) -> None:
        """Take away what was spent until now."""
        with self._lock:
            self._left -= seconds
            self._since = self._monotonic()
