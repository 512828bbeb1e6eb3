"""When to refresh: at multiples of the interval on the wall clock, so that replicas evaluate the same instants."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable


def latest_instant(now: float, refresh: float) -> float:
    """The multiple of ``refresh`` that was last, ``now`` itself included."""
    return math.floor(now / refresh) * refresh


def next_instant(now: float, last: float, refresh: float) -> float:
    """The next multiple of ``refresh`` after ``now``; instants that were missed are left out.

    A clock that is set back by less than an interval does not repeat the instant ``last``; one that is set back further
    simply counts on from the new time.
    """
    target = latest_instant(now, refresh) + refresh
    return target if target > last or last - now > refresh else last + refresh


def wait_until(
    target: float,
    refresh: float,
    stop: threading.Event,
    clock: Callable[[], float],
    wait: Callable[[threading.Event, float], bool],
    interrupted: Callable[[], bool] = lambda: False,
) -> float | None:
    """Wait for the wall clock to reach ``target``; the instant to evaluate then, or None once ``stop`` is set, or the
    wait is ``interrupted``.

    Another instant than ``target`` where the clock was stepped meanwhile by more than an interval, in either direction:
    the wait is over at once, never as long as the step.
    """
    while not stop.is_set() and not interrupted():
        now = clock()
        if not -refresh < target - now <= 2 * refresh:
            return latest_instant(now, refresh)
        if now >= target:
            return target
        wait(stop, target - now)
    return None
