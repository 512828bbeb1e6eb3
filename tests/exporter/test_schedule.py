"""The grid of refreshes, under clocks that are stepped."""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.schedule import latest_instant, next_instant, wait_until


@given(st.integers(0, 2_000_000_000), st.sampled_from([1.0, 5.0, 15.0, 60.0]))
def test_the_next_instant_is_the_first_multiple_after_now(now: int, refresh: float) -> None:
    instant = next_instant(float(now), latest_instant(now, refresh), refresh)
    assert instant % refresh == 0
    assert now < instant <= now + refresh


@pytest.mark.parametrize(
    ("now", "last", "wanted"),
    [
        (103.0, 90.0, 105.0),  # 13 s of work for the instant 90
        (121.0, 90.0, 135.0),  # 105 and 120 were missed: no catching up
        (104.9, 105.0, 120.0),  # set back a little: 105 is not evaluated twice
        (91.0, 105.0, 120.0),
        (40.0, 105.0, 45.0),  # set back far: count on from there
        (900.0, 105.0, 915.0),  # set forward
    ],
)
def test_missed_instants_are_skipped_and_steps_of_the_clock_survived(now: float, last: float, wanted: float) -> None:
    assert next_instant(now, last, 15.0) == wanted


class Clock:
    """A wall clock that advances by the seconds waited, or as told for the next waits."""

    def __init__(self, now: float, *steps: float) -> None:
        self.now, self.steps, self.waited = now, list(steps), []

    def __call__(self) -> float:
        return self.now

    def wait(self, _: threading.Event, seconds: float) -> bool:
        self.waited.append(seconds)
        self.now += self.steps.pop(0) if self.steps else seconds
        return False


@pytest.mark.parametrize(
    ("clock", "instant"),
    [
        (Clock(101.0), 105.0),
        (Clock(101.0, 3.999), 105.0),  # woken early: waits the rest
        (Clock(101.0, 4.7), 105.0),  # woken late
        (Clock(101.0, -3.0), 105.0),  # set back by less than an interval meanwhile
        (Clock(101.0, -3600.0), -3510.0),  # set back by an hour: goes on at once
        (Clock(101.0, 3600.0), 3690.0),  # suspended for an hour: only the latest instant
    ],
)
def test_a_wait_ends_at_its_instant_or_at_once_where_the_clock_jumped(clock: Clock, instant: float) -> None:
    assert wait_until(105.0, 15.0, threading.Event(), clock, clock.wait) == instant
    assert sum(clock.waited) <= 2 * 15.0


def test_no_instant_once_told_to_stop() -> None:
    stop, clock = threading.Event(), Clock(101.0)

    def stopped(event: threading.Event, _: float) -> bool:
        event.set()
        return True

    assert wait_until(105.0, 15.0, stop, clock, stopped) is None
