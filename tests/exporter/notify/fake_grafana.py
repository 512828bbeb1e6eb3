"""A FAKE of Grafana's /api/live/push, as strict as its documentation: path, method, token, line protocol, nanoseconds.

It stands for Grafana because none can be had here; what Grafana itself does with a push is not proved by it.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.exporter.notify.influx import Point, parsed


@dataclass(slots=True)
class FakeGrafana:
    """``pushes`` are the bodies that were accepted; ``statuses`` all answers; ``hang`` lets a push wait."""

    port: int
    token: str = "glsa_right"
    pushes: list[list[Point]] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    hang: threading.Event = field(default_factory=threading.Event)
    news: threading.Condition = field(default_factory=threading.Condition)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def judge(self, path: str, authorization: str | None, body: bytes) -> int:
        if not re.fullmatch(r"/grafana/api/live/push/[A-Za-z0-9_-]{1,160}", path):
            return 404
        if authorization != f"Bearer {self.token}":
            return 401
        try:
            points = parsed(body.decode("utf-8"))
        except ValueError:
            return 500
        now = time.time_ns()
        if any(abs(point.nanoseconds - now) > 60e9 for point in points):
            return 500
        with self.news:
            self.pushes.append(points)
            self.news.notify_all()
        return 200

    def wait(self, count: int) -> list[list[Point]]:
        with self.news:
            assert self.news.wait_for(lambda: len(self.pushes) >= count, 60), self.statuses
            return list(self.pushes)


@contextmanager
def listening() -> Iterator[FakeGrafana]:
    """On a free port of 127.0.0.1 until the end of the context."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            while fake.hang.is_set():
                time.sleep(0.02)
            status = fake.judge(self.path, self.headers.get("Authorization"), body)
            fake.statuses.append(status)
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        fake = FakeGrafana(server.server_port)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield fake
        finally:
            fake.hang.clear()
            server.shutdown()
            thread.join()
