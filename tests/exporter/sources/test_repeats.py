from __future__ import annotations

import pytest
import requests

from exporter.sources.repeats import Clock, Patience, may_pass


class Time:
    def __init__(self) -> None:
        self.now = 1000.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    @property
    def patience(self) -> Patience:
        return Patience(Clock(lambda: self.now, lambda: self.now, self.sleep))


def test_the_pauses_are_the_same_each_time_and_end() -> None:
    time = Time()
    patience = time.patience
    assert [patience.wait(attempt, {}, 9e9) for attempt in range(3)] == [True, True, False]
    assert time.now == 1001.25
    assert patience.quiet == 0.0


def test_no_pause_reaches_past_the_deadline() -> None:
    time = Time()
    assert not time.patience.wait(0, {}, 1000.25)
    assert time.patience.wait(0, {}, 1000.3)


@pytest.mark.parametrize(
    ("text", "slept"), [("3", 3.0), ("Thu, 01 Jan 1970 00:16:42 GMT", 2.0), ("soon", 0.25), ("-5", 0.25)]
)
def test_what_the_server_asks_for_comes_first(text: str, slept: float) -> None:
    time = Time()
    assert time.patience.wait(0, {"Retry-After": text}, 9e9)
    assert time.now == 1000.0 + slept


@pytest.mark.parametrize(("asked", "quiet"), [("60", 60.0), ("99999", 600.0)])
def test_a_longer_quiet_than_the_question_may_take_is_kept_for_the_next_ones(asked: str, quiet: float) -> None:
    time = Time()
    patience = time.patience
    assert not patience.wait(0, {"Retry-After": asked}, 1010.0)
    assert patience.quiet == quiet
    time.now += quiet
    assert patience.quiet == 0.0


@pytest.mark.parametrize(
    ("error", "passes"),
    [
        (requests.ConnectionError(), True),
        (requests.exceptions.SSLError(), False),
        (requests.exceptions.ProxyError(), False),
        (requests.ConnectTimeout(), False),
        (requests.exceptions.InvalidURL(), False),
    ],
)
def test_only_a_connection_that_may_come_is_waited_for(error: Exception, *, passes: bool) -> None:
    assert may_pass(error) is passes
