"""Every snapshot to Grafana Live: https://grafana.com/docs/grafana/latest/setup-grafana/set-up-grafana-live/"""

from __future__ import annotations

import time
from collections.abc import Callable

from exporter.access import Access
from exporter.notify.http import Http
from exporter.notify.lines import lines
from exporter.notify.pusher import Pushed
from exporter.snapshot import Snapshot
from exporter.spec import read_secret

STREAM = "winburn"
"""The channels are ``stream/winburn/slo`` and so on."""
LEAST_SECONDS = 0.2
"""Between two pushes: Grafana recommends no more than a few a second."""

_TIMEOUT = 1.0
_MILLISECOND = 1_000_000
_CLOCK_STEP = 10_000


class GrafanaTarget:
    """Pushes what :func:`exporter.notify.lines.lines` makes of a snapshot; the token is read for each push.

    Rows have the time of the push, which is a new millisecond each time: of two pushes with one time Grafana keeps one.
    """

    def __init__(self, url: str, token_file: str, *, clock: Callable[[], float] = time.time) -> None:
        self._http = Http(url, _TIMEOUT, Access(token=lambda: read_secret(token_file)))
        self.name = f"grafana/{self._http.place}"
        self._clock = clock
        self._last = 0

    def push(self, snapshot: Snapshot) -> Pushed:
        """See :class:`exporter.notify.pusher.Target`."""
        now = int(self._clock() * 1000)
        # A clock that was far ahead and was put right: from its future rows would go on by a millisecond each.
        self._last = now if self._last - now > _CLOCK_STEP else max(now, self._last + 1)
        body = lines(snapshot.samples, self._last * _MILLISECOND)
        if not body:
            return Pushed(sent=False)
        self._http.ask("POST", f"/api/live/push/{STREAM}", body=body.encode(), kind="text/plain")
        return Pushed(sent=True)
