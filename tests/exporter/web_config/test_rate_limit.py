"""The token bucket, by a clock of our own."""

from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.web_config.rate_limit import Bucket


def test_a_burst_at_once_and_then_one_an_interval() -> None:
    now = 100.0
    bucket = Bucket(2.0, 3, lambda: now)
    assert [bucket.take() for _ in range(4)] == [True, True, True, False]
    now += 1.9
    assert not bucket.take()
    now += 0.2
    assert [bucket.take(), bucket.take()] == [True, False]
    now += 1000
    assert [bucket.take() for _ in range(4)] == [True, True, True, False]


@settings(deadline=None)
@given(st.lists(st.integers(0, 50), min_size=1, max_size=60), st.integers(1, 5), st.integers(1, 20))
def test_never_more_than_the_burst_and_one_an_interval(steps: list[int], burst: int, interval: int) -> None:
    now = 0.0
    bucket = Bucket(float(interval), burst, lambda: now)
    taken = 0
    for step in steps:
        now += step
        taken += bucket.take()
        assert taken <= burst + now / interval
