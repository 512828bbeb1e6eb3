"""A real HTTP receiver on loopback for Alertmanager's webhook notifications."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True, slots=True)
class Received:
    """One POST: seconds since the epoch at its arrival, the path, the JSON body."""

    at: float
    path: str
    payload: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Webhook:
    """`url` to put into the receiver's configuration; everything that was posted to it, in order of arrival."""

    url: str
    _received: list[Received] = field(default_factory=list)
    _news: threading.Condition = field(default_factory=threading.Condition)

    @property
    def received(self) -> list[Received]:
        """A copy of what has arrived so far."""
        with self._news:
            return list(self._received)

    def record(self, path: str, payload: dict[str, Any]) -> None:
        """Keep one payload and wake those who wait."""
        with self._news:
            self._received.append(Received(time.time(), path, payload))
            self._news.notify_all()

    def wait_for(self, predicate: Callable[[list[Received]], object], timeout: float) -> list[Received]:
        """Wait until `predicate` of all that has arrived is true; returns all of it, or fails showing it."""
        with self._news:
            if not self._news.wait_for(lambda: predicate(list(self._received)), timeout):
                raise AssertionError(f"not within {timeout:g} s; received: {self._received}")
            return list(self._received)


@contextmanager
def listening() -> Iterator[Webhook]:
    """A Webhook that listens on a free port of 127.0.0.1 until the end of the context."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            try:
                payload = json.loads(self.rfile.read(int(self.headers.get("Content-Length", "0"))))
            except ValueError:
                self.send_error(400)
                return
            webhook.record(self.path, payload)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        webhook = Webhook(f"http://127.0.0.1:{server.server_port}/")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield webhook
        finally:
            server.shutdown()
            thread.join()
