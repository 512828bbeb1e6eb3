"""A token bucket."""

from __future__ import annotations

from collections.abc import Callable


class Bucket:
    """``burst`` at once, and on average one in ``interval`` seconds; full at the beginning.

    ``monotonic`` is the clock. Not safe for use by several threads at once.
    """

    def __init__(self, interval: float, burst: int, monotonic: Callable[[], float]) -> None:
        self.interval, self.burst = interval, burst
        self._monotonic = monotonic
        self._tokens, self._at = float(burst), monotonic()

    def take(self) -> bool:
        """Take one token; False where there is none."""
        now = self._monotonic()
        self._tokens = min(self.burst, self._tokens + (now - self._at) / self.interval)
        self._at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True
