from __future__ import annotations

from exporter.sources.allowance import SHARE, Allowance


def test_what_was_spent_comes_back_by_and_by_and_no_more_than_there_was() -> None:
    now = [100.0]
    allowance = Allowance(20.0, lambda: now[0])
    assert allowance.covers(20.0)
    now[0] += 15.0
    allowance.spend(15.0)  # nothing comes back while it is spent
    assert allowance.covers(5.0)
    assert not allowance.covers(5.1)
    now[0] += 5.0 / SHARE
    assert allowance.covers(10.0)
    assert not allowance.covers(10.1)
    now[0] += 1e6
    assert allowance.covers(20.0)
    assert not allowance.covers(20.1)
