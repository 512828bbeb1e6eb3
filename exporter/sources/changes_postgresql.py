"""Listening to a PostgreSQL: a module of its own, because psycopg may not be installed."""

from __future__ import annotations

import json
import math
import threading
import time
from typing import Any

import psycopg

CHANNEL = "winburn"
_TURN = 0.5  # the longest that a close has to wait
_KEPT: dict[str, Any] = {
    "connect_timeout": 5,
    "keepalives": 1,
    "keepalives_idle": 15,
    "keepalives_interval": 5,
    "keepalives_count": 3,
}
"""A listener sends nothing: only these find out within half a minute that nobody is there any more. What the address
says itself wins."""
_FIRST_RETRY, _LAST_RETRY = 0.5, 30.0


class Postgresql:
    """Listens on the channel, for :class:`~exporter.sources.changes.Changes`; connects again after longer pauses."""

    def __init__(self, address: str, closed: threading.Event) -> None:
        self._address, self._closed = address, closed
        self._connection: psycopg.Connection[Any] | None = None
        self._retry = _FIRST_RETRY
        self._lost = False
        self.changed_at: float | None = None

    def wait(self, timeout: float) -> bool:
        """See Changes."""
        end = time.monotonic() + timeout
        while not self._closed.is_set():
            left = max(0.0, end - time.monotonic())
            try:
                if self._listening():
                    self.changed_at = None
                    return True
                if self._heard(min(left, _TURN)):
                    return True
            except (psycopg.Error, OSError):
                self._drop()
                self._closed.wait(min(left, self._retry))
                self._retry = min(2 * self._retry, _LAST_RETRY)
            if time.monotonic() >= end:
                break
        if self._closed.is_set():
            self._drop()
        return False

    def close(self) -> None:
        """The waiting thread sees the event; it may have the connection in use."""

    def _listening(self) -> bool:
        """Connect where that is needed; whether a connection was lost before."""
        if self._connection is not None:
            return False
        connection = psycopg.connect(**_KEPT | psycopg.conninfo.conninfo_to_dict(self._address), autocommit=True)
        self._connection = connection
        connection.execute(f"LISTEN {CHANNEL}")
        self._retry = _FIRST_RETRY
        lost, self._lost = self._lost, False
        return lost

    def _heard(self, timeout: float) -> bool:
        """Whether there is a message within ``timeout``; all that wait already are taken with it."""
        if self._connection is None:
            return False
        first = list(self._connection.notifies(timeout=timeout, stop_after=1))
        more = list(self._connection.notifies(timeout=0)) if first else []
        times = [at for message in (*first, *more) if (at := _time_of(message.payload)) is not None]
        if first:
            self.changed_at = min(times, default=None)
        return bool(first)

    def _drop(self) -> None:
        self._lost = True
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _time_of(payload: str) -> float | None:
    try:
        at = json.loads(payload)["at"]
        return float(at) if isinstance(at, int | float) and math.isfinite(at) else None
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return None  # somebody's own NOTIFY: a change all the same
