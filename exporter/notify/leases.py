"""What one Alertmanager was told, and what it must be told next: pure decisions, no I/O.

An Alertmanager merges alerts with equal labels, whoever sends them; the last writer's text, address and end count. So
the exporter and Prometheus can both carry one alert, if the exporter keeps to these rules:

- an alert is sent at once when it begins, with an end some minutes ahead (a lease), and again well before that;
- where Prometheus has written last, Prometheus carries the alert: it is left alone, unless it would soon run out;
- where somebody ended it before its time, it was Prometheus (or a person): it is not sent again, that would page anew;
- when its condition is over, nothing is said for a while. Prometheus notices later than we do, and would raise again
  what we had ended. Only if then nobody but us has written, we end it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from exporter.notify.firing import Firing, Labels

_RESEND = 60.0
"""Seconds after which Prometheus sends again what fires (its --rules.alert.resend-delay)."""


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds: between two looks, until what was sent runs out, and from a condition's end to the end of its alert.

    ``settle`` is how long an alert that was sent may take to be seen.
    """

    look: float = 30.0
    lease: float = 4 * _RESEND
    hold: float = 1.5 * _RESEND
    settle: float = 5.0


def pace(interval: float) -> Pace:
    """The pace beside rules that are evaluated every ``interval`` seconds: the lease is Prometheus' own formula, and
    before an alert is ended Prometheus has had time to send it once more."""
    return Pace(lease=4 * max(interval, _RESEND), hold=_RESEND + 2 * min(interval, _RESEND))


class Seen(NamedTuple):
    """An alert at the Alertmanager: who wrote last, and in how many seconds it ends."""

    generator: str
    left: float


class View(NamedTuple):
    """What an Alertmanager knows: since when it runs (it forgets all alerts at a restart), and the alerts that fire."""

    started: str
    alerts: Mapping[Labels, Seen]


class Orders(NamedTuple):
    """What is to be sent as firing, what as ended, and the alerts that somebody else has ended."""

    firing: list[Firing]
    ended: list[Firing]
    left: list[Firing]


@dataclass(slots=True)
class _Told:
    """One alert. ``until`` is when it runs out as far as we know, None before it was sent; ``over`` since when its
    condition has ended; ``left`` whether somebody else ended it."""

    firing: Firing
    until: float | None = None
    sent: float = 0.0
    over: float | None = None
    left: bool = False


class Leases:
    """The alerts of one Alertmanager; times are monotonic seconds."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._told: dict[Labels, _Told] = {}
        self._looked = 0.0
        self._started: str | None = None

    def want(self, firing: Iterable[Firing], now: float) -> list[Firing]:
        """Take in what fires now; what is to be sent at once, because it never was."""
        wanted = {each.labels: each for each in firing}
        for labels, each in wanted.items():
            told = self._told.setdefault(labels, _Told(each))
            # It began when it began: Alertmanager keeps the earliest start, and so must what is sent after a restart.
            told.firing = replace(each, since=min(each.since, told.firing.since))
            told.over = None
        for labels in [labels for labels in self._told if labels not in wanted]:
            told = self._told[labels]
            told.over = now if told.over is None else told.over
            if told.until is None or told.left:
                del self._told[labels]
        return [told.firing for told in self._told.values() if told.until is None]

    def sent(self, firing: Iterable[Firing], now: float) -> None:
        """These were sent as firing."""
        for each in firing:
            told = self._told[each.labels]
            told.until, told.sent = now + self._pace.lease, now

    def ended(self, firing: Iterable[Firing]) -> None:
        """These were sent as ended."""
        for each in firing:
            self._told.pop(each.labels, None)

    def wait(self, now: float) -> float | None:
        """Seconds until the Alertmanager must be looked at, 0 for now; None while there is no reason to."""
        if not self._told:
            return None
        if self._started is None:
            return 0.0
        due = self._looked + self._pace.look
        over = [told.over + self._pace.hold for told in self._told.values() if told.over is not None]
        return max(0.0, min([due, *over]) - now)

    def review(self, view: View, now: float) -> Orders:
        """Compare with what the Alertmanager knows."""
        restarted = self._started is not None and view.started != self._started
        self._started, self._looked = view.started, now
        orders = Orders([], [], [])
        for labels, told in list(self._told.items()):
            seen = view.alerts.get(labels)
            if told.over is None:
                self._review_firing(told, seen, now, orders, restarted=restarted)
            elif now >= told.over + self._pace.hold:
                if seen is not None and seen.generator == told.firing.generator:
                    orders.ended.append(told.firing)
                else:
                    del self._told[labels]
        return orders

    def _review_firing(self, told: _Told, seen: Seen | None, now: float, orders: Orders, *, restarted: bool) -> None:
        if seen is not None:
            told.left = False
            if seen.generator == told.firing.generator or seen.left <= 2 * self._pace.look:
                orders.firing.append(told.firing)
            else:
                told.until = now + seen.left
        elif told.left:
            return
        elif restarted or told.until is None or now >= told.until:
            orders.firing.append(told.firing)
        elif now - told.sent >= self._pace.settle:
            told.left = True
            orders.left.append(told.firing)
