from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.notify.firing import Firing
from exporter.notify.leases import Leases, Orders, Pace, Seen, View, pace

PACE = Pace(look=30, lease=240, hold=90, settle=5)
OURS, THEIRS = "http://grafana.example/d/x", "http://prometheus.example/graph?g0.expr=x"


def alert(name: str = "a", since: float = 100.0) -> Firing:
    return Firing((("alertname", "ExperimentEarlyKill"), ("variant", name)), {"summary": name}, OURS, since)


A = alert()


def view(*seen: tuple[Firing, str, float], started: str = "1") -> View:
    return View(started, {firing.labels: Seen(generator, left) for firing, generator, left in seen})


def told(now: float = 0.0) -> Leases:
    """With A sent and looked at, at ``now``."""
    leases = Leases(PACE)
    leases.sent(leases.want([A], now), now)
    leases.review(view((A, OURS, 240)), now)
    leases.sent([A], now)
    return leases


NOTHING = Orders([], [], [])


def test_what_begins_is_sent_at_once_and_until_it_was_sent() -> None:
    leases = Leases(PACE)
    assert leases.want([A], 0) == [A]
    assert leases.want([A], 1) == [A]
    leases.sent([A], 1)
    assert leases.want([A], 2) == []


def test_nobody_is_looked_at_while_nothing_fires() -> None:
    leases = Leases(PACE)
    assert leases.wait(0) is None
    leases.want([A], 0)
    assert leases.wait(0) == 0  # the first look learns since when the Alertmanager runs
    leases.review(view(), 0)
    assert leases.wait(10) == 20


def test_our_own_is_renewed_at_each_look() -> None:
    assert told().review(view((A, OURS, 210)), 30) == Orders([A], [], [])


def test_what_prometheus_carries_is_left_alone_until_it_would_run_out() -> None:
    leases = told()
    assert leases.review(view((A, THEIRS, 230)), 30) == NOTHING
    assert leases.review(view((A, THEIRS, 61)), 60) == NOTHING
    assert leases.review(view((A, THEIRS, 60)), 61) == Orders([A], [], [])


def test_what_somebody_else_ended_is_not_sent_again_while_it_lasts() -> None:
    leases = told()
    leases.review(view((A, THEIRS, 230)), 30)
    assert leases.review(view(), 60) == Orders([], [], [A])
    for now in (90, 500, 5000):
        assert leases.want([A], now) == []
        assert leases.review(view(), now) == NOTHING
    assert leases.review(view(started="2"), 6000) == NOTHING
    assert leases.review(view((A, THEIRS, 30), started="2"), 7000) == Orders([A], [], [])


def test_when_it_begins_anew_it_is_sent_anew() -> None:
    leases = told()
    leases.review(view(), 60)
    assert leases.want([], 70) == []
    assert leases.want([A], 80) == [A]


def test_an_alertmanager_that_forgot_is_told_again() -> None:
    assert told().review(view(started="2"), 30) == Orders([A], [], [])


def test_what_ran_out_because_we_were_away_is_sent_again() -> None:
    assert told().review(view(), 240) == Orders([A], [], [])
    assert told().review(view(), 239) == Orders([], [], [A])


def test_what_was_just_sent_may_take_a_moment_to_be_seen() -> None:
    leases = told()
    leases.sent([A], 28)
    assert leases.review(view(), 30) == NOTHING


def test_an_end_is_told_after_the_hold_where_nobody_else_writes() -> None:
    leases = told()
    leases.want([], 10)
    assert leases.wait(95) == 0  # the usual look
    assert leases.review(view((A, OURS, 145)), 95) == NOTHING
    assert leases.wait(95) == 5
    assert leases.review(view((A, OURS, 140)), 100) == Orders([], [A], [])
    assert leases.review(view((A, OURS, 139)), 101) == Orders([], [A], [])  # it could not be sent
    leases.ended([A])
    assert leases.wait(102) is None


@pytest.mark.parametrize("seen", [[(A, THEIRS, 200.0)], []])
def test_an_end_is_left_to_who_carries_it(seen: list[tuple[Firing, str, float]]) -> None:
    leases = told()
    leases.want([], 10)
    assert leases.review(view(*seen), 100) == NOTHING
    assert leases.wait(100) is None


def test_what_comes_back_within_the_hold_goes_on() -> None:
    leases = told()
    leases.want([], 10)
    assert leases.want([A], 20) == []
    assert leases.review(view((A, OURS, 140)), 100) == Orders([A], [], [])


def test_what_was_never_sent_need_not_be_ended() -> None:
    leases = Leases(PACE)
    leases.want([A], 0)
    leases.want([], 1)
    assert leases.wait(1) is None


def test_the_earliest_start_stays_and_the_latest_text_is_told() -> None:
    leases = Leases(PACE)
    leases.want([alert(since=100)], 0)
    later = Firing(A.labels, {"summary": "worse"}, OURS, 200)
    (sent,) = leases.want([later], 1)
    assert (sent.since, sent.annotations) == (100, {"summary": "worse"})


@pytest.mark.parametrize("interval", [1.0, 15.0, 60.0])
def test_the_pace_follows_prometheus(interval: float) -> None:
    chosen = pace(interval)
    assert chosen.lease == 4 * max(interval, 60)
    # By then Prometheus has sent again, a minute after the last time and at an evaluation, and our lease still holds.
    assert 60 + interval <= chosen.hold < chosen.lease - chosen.look


class Pager:
    """What matters of an Alertmanager and of a Prometheus whose rule sees the same condition some seconds later."""

    def __init__(self) -> None:
        self.ends = 0.0
        self.writer = ""

    def take(self, writer: str, ends: float, now: float) -> None:
        # As its merge does: an end in the past counts, else the later of the two.
        self.ends = ends if ends <= now else max(ends, self.ends)
        self.writer = writer

    def view(self, now: float) -> View:
        return view(*([(A, self.writer, self.ends - now)] if self.ends > now else []))


@given(st.lists(st.integers(20, 600), min_size=1, max_size=6), st.integers(1, 60))
@settings(max_examples=60, deadline=None)
def test_beside_prometheus_there_is_one_page_for_each_time_its_rule_fires(spells: list[int], late: int) -> None:
    """The condition comes and goes; Prometheus sees it ``late`` seconds later and sends each minute. Whatever happens,
    an alert that Prometheus has ended is never raised again while Prometheus is silent."""
    toggles, at = [], 0
    for spell in spells:
        at += spell
        toggles.append(at)
    leases, pager, resent = Leases(PACE), Pager(), -100
    ended_by_prometheus = -1.0
    was_true = False
    for now in range(at + 400):
        ours, theirs = holds(toggles, now), holds(toggles, now - late)
        if theirs and now - resent >= 60:
            pager.take(THEIRS, now + 240, now)
            resent = now
        if was_true and not theirs:
            pager.take(THEIRS, now, now)
            ended_by_prometheus, resent = now, -100
        was_true = theirs
        new = leases.want([A] if ours else [], now)
        for _ in new:
            pager.take(OURS, now + PACE.lease, now)
        leases.sent(new, now)
        if leases.wait(now) == 0:
            orders = leases.review(pager.view(now), now)
            for _ in orders.firing:
                assert theirs or not ended_by_prometheus > begin_of(toggles, now)
                pager.take(OURS, now + PACE.lease, now)
            leases.sent(orders.firing, now)
            for _ in orders.ended:
                assert not theirs
                pager.take(OURS, now, now)
            leases.ended(orders.ended)
    assert pager.ends <= at + 400 + PACE.lease


def holds(toggles: Iterable[int], now: float) -> bool:
    """True in every second spell, beginning after the first toggle."""
    return sum(toggle <= now for toggle in toggles) % 2 == 1


def begin_of(toggles: Iterable[int], now: float) -> float:
    return max([toggle for toggle in toggles if toggle <= now], default=0)
