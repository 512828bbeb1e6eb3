"""When a question over HTTP is asked again: after the same pauses each time, and never past its deadline."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

import requests

PAUSES = (0.25, 1.0)
"""Seconds before each repetition where the server names none; enough for a restart behind a load balancer. Without
chance in them: replicas that ask on one grid ask again on it too, and a few of them hurt nobody."""

BUSY = frozenset({429, 502, 503, 504})
"""The statuses of a server, or of a proxy before it, that may answer a moment later."""

_LONGEST_QUIET = 600.0
"""A server that asks for more quiet is asked again after so many seconds."""


@dataclass(frozen=True, slots=True)
class Clock:
    """The time as repetitions need it; tests give their own."""

    monotonic: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep


CLOCK = Clock()
"""This machine's."""


class Patience:
    """Waits before repetitions for one server, and remembers how long it asked to be left alone."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._quiet_until = 0.0

    @property
    def quiet(self) -> float:
        """Seconds for which the server is not to be asked; 0 where it may be."""
        return max(self._quiet_until - self._clock.monotonic(), 0.0)

    def wait(self, attempt: int, headers: Mapping[str, str], ends: float) -> bool:
        """Sleep before the repetition after ``attempt`` (0 is the first question); False where there is none left, or
        no time for one before ``ends`` (monotonic). ``headers`` are those of the answer, which may hold Retry-After."""
        now = self._clock.monotonic()
        asked = self._asked(headers)
        wait = asked if asked is not None else PAUSES[min(attempt, len(PAUSES) - 1)]
        if attempt >= len(PAUSES) or now + wait >= ends:
            self._quiet_until = now + min(asked or 0.0, _LONGEST_QUIET)
            return False
        self._clock.sleep(wait)
        return True

    def _asked(self, headers: Mapping[str, str]) -> float | None:
        """Seconds by Retry-After (RFC 9110, section 10.2.3), which holds seconds or a date; None without one."""
        text = headers.get("Retry-After", "").strip()
        if text.isascii() and text.isdigit():
            return float(text[:9])
        try:
            return max(parsedate_to_datetime(text).timestamp() - self._clock.wall(), 0.0)
        except (ValueError, OverflowError):
            return None


def may_pass(error: BaseException) -> bool:
    """Whether an exception of requests says that there is no connection, and not that there can be none."""
    lasting = requests.exceptions.SSLError | requests.exceptions.ProxyError | requests.Timeout
    return isinstance(error, requests.ConnectionError) and not isinstance(error, lasting)
