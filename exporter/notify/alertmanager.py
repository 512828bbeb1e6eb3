"""The fast path to one Alertmanager: https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from exporter.access import ANYBODY, Access
from exporter.notify.firing import Firing, Labels
from exporter.notify.http import Http
from exporter.notify.leases import Leases, Pace, Seen, View
from exporter.notify.pusher import Pushed, PushError
from exporter.notify.watch import NAMES
from exporter.snapshot import Snapshot

_TIMEOUT = 5.0
_ALERTS = "/api/v2/alerts"
_OURS = f"{_ALERTS}?filter={quote('alertname=~' + json.dumps('|'.join(NAMES)))}"


class AlertmanagerTarget:
    """Tells one Alertmanager what ``firing`` finds in each snapshot, and keeps it told.

    An alert that begins is sent at once; everything else waits for a look (see :mod:`exporter.notify.leases`). A
    snapshot that has expired is no reason to say anything: what it held runs out.
    """

    def __init__(
        self,
        url: str,
        firing: Callable[[Snapshot], Iterable[Firing]],
        *,
        pace: Pace,
        access: Access = ANYBODY,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
        log: logging.Logger = logging.getLogger("winburn.push"),  # noqa: B008 - loggers are singletons
    ) -> None:
        self._http = Http(url, _TIMEOUT, access)
        self.name = f"alertmanager/{self._http.place}"
        self._firing, self._pace, self._leases = firing, pace, Leases(pace)
        self._clock, self._monotonic, self._log = clock, monotonic, log

    def push(self, snapshot: Snapshot) -> Pushed:
        """See :class:`exporter.notify.pusher.Target`."""
        now = self._monotonic()
        if snapshot.expired(now):
            return Pushed(sent=False)
        new = self._leases.want(self._firing(snapshot), now)
        if new:
            self._send(new)
            self._leases.sent(new, self._monotonic())
            self._note(new, "is firing, told at once")
        wait = self._leases.wait(now)
        if wait == 0:
            looked = self._look()
            return Pushed(looked or bool(new), self._leases.wait(self._monotonic()))
        return Pushed(bool(new), wait)

    def _look(self) -> bool:
        """Ask what it knows, and send what follows from that; whether anything did."""
        view = self._view()
        orders = self._leases.review(view, self._monotonic())
        self._note(orders.left, "was ended there by somebody else; it is not told again")
        if orders.firing:
            self._send(orders.firing)
            self._leases.sent(orders.firing, self._monotonic())
        if orders.ended:
            self._send(orders.ended, ended=True)
            self._leases.ended(orders.ended)
            self._note(orders.ended, "is over")
        return bool(orders.firing or orders.ended)

    def _send(self, alerts: Iterable[Firing], *, ended: bool = False) -> None:
        now = self._clock()
        end = now if ended else now + self._pace.lease
        body = [
            {
                "labels": dict(alert.labels),
                "annotations": dict(alert.annotations),
                "generatorURL": alert.generator,
                "startsAt": _time(min(alert.since, now)),
                "endsAt": _time(end),
            }
            for alert in alerts
        ]
        self._http.ask("POST", _ALERTS, body=json.dumps(body).encode(), kind="application/json")

    def _view(self) -> View:
        try:
            started = str(json.loads(self._http.ask("GET", "/api/v2/status"))["uptime"])
            found, now = json.loads(self._http.ask("GET", _OURS)), self._clock()
            if not isinstance(found, list):
                raise TypeError
            alerts = {_labels(x): Seen(x.get("generatorURL", ""), _seconds(x["endsAt"]) - now) for x in found}
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise PushError("does not answer as an Alertmanager does") from None
        return View(started, alerts)

    def _note(self, alerts: Iterable[Firing], what: str) -> None:
        for alert in alerts:
            self._log.info("%s: %s %s", self.name, alert.title, what)


def _labels(alert: Any) -> Labels:
    return tuple(sorted((str(name), str(value)) for name, value in alert["labels"].items()))


def _time(unix: float) -> str:
    return datetime.fromtimestamp(unix, UTC).isoformat(timespec="microseconds")


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
