"""A FAKE of the Prometheus HTTP API on a real loopback socket, for answers that the real one cannot be made to give.

It knows no PromQL: a selector is looked up as a text, and joined selectors are found by the form that our source sends.
What the real server does with that form, tests/e2e/test_prometheus_source.py shows.
"""

from __future__ import annotations

import contextlib
import json
import re
import socket
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

JOINED = re.compile(r'label_replace\((.*?)\n, "winburn_query", "(\d+)", "", ""\)', re.DOTALL)

Labels = dict[str, str]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        form = {name: values[0] for name, values in parse_qs(body).items()}
        fake = self.server.fake
        fake.asked.append((self.path, form, dict(self.headers)))
        (fake.behaviour or answer)(fake, self, form)

    def do_GET(self) -> None:
        fake = self.server.fake
        fake.asked.append((self.path, {}, dict(self.headers)))
        if fake.behaviour:
            fake.behaviour(fake, self, {})
        elif fake.info is None:
            send(self, 404, b"404 page not found", "text/plain")
        else:
            send_json(self, 200, {"status": "success", "data": fake.info})

    def log_message(self, *_: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    fake: Fake

    def process_request(self, request: Any, client_address: Any) -> None:
        self.fake.lines.append(request)
        super().process_request(request, client_address)

    def handle_error(self, *_: object) -> None:
        """Clients that went away are what these tests are about."""


class Fake:
    """``series``: selector -> (labels, value at a time, "" where absent). ``refused``: selector -> message of a 400.

    ``behaviour`` takes the place of any right answer.
    """

    def __init__(self) -> None:
        self.series: dict[str, list[tuple[Labels, Callable[[float], str]]]] = {}
        self.refused: dict[str, str] = {}
        self.info: dict[str, Any] | None = None
        self.warnings: list[str] = []
        self.asked: list[tuple[str, dict[str, str], dict[str, str]]] = []
        self.behaviour: Callable[[Fake, Handler, dict[str, str]], None] | None = None
        self.over = threading.Event()
        self.lines: list[socket.socket] = []
        self.delivered = False
        # Held while nobody listens, too: another process would be given a port that a stopped server has left. The
        # server may share it, as neither of the two listens yet when it binds.
        self._held = socket.socket()
        self._held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._held.bind(("127.0.0.1", 0))
        self.port: int = self._held.getsockname()[1]
        self.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def queries(self) -> list[str]:
        return [form["query"] for _, form, _ in self.asked if "query" in form]

    def start(self) -> None:
        self._server = Server(("127.0.0.1", self.port), Handler)
        self._server.fake = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        for line in self.lines:  # else connections that are kept alive would be served on
            with contextlib.suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)
        self._thread.join()

    def close(self) -> None:
        self.over.set()
        self.stop()
        self._held.close()


def answer(fake: Fake, handler: Handler, form: dict[str, str]) -> None:
    """What Prometheus would say."""
    joined = JOINED.findall(form["query"]) or [(form["query"], None)]
    result = []
    for selector, number in joined:
        if selector in fake.refused:
            send_json(handler, 400, {"status": "error", "errorType": "bad_data", "error": fake.refused[selector]})
            return
        mark = {} if number is None else {"winburn_query": number}
        items = [_item(form, {**labels, **mark}, value) for labels, value in fake.series.get(selector, [])]
        result += [item for item in items if item]
    kind = "vector" if "time" in form or "start" not in form else "matrix"
    body: dict[str, Any] = {"status": "success", "data": {"resultType": kind, "result": result}}
    if fake.warnings:
        body["warnings"] = fake.warnings
    send_json(handler, 200, body)


def _item(form: dict[str, str], labels: Labels, value: Callable[[float], str]) -> dict[str, Any] | None:
    if "start" not in form:
        at = float(form["time"])
        return {"metric": labels, "value": [at, value(at)]} if value(at) else None
    start, end, step = (round(float(form[name]) * 1000) for name in ("start", "end", "step"))
    samples = [[ms / 1000, value(ms / 1000)] for ms in range(start, end + 1, step) if value(ms / 1000)]
    return {"metric": labels, "values": samples} if samples else None


def send(handler: Handler, status: int, body: bytes, kind: str = "application/json", **headers: str) -> None:
    handler.send_response(status)
    handler.send_header("Content-Type", kind)
    handler.send_header("Content-Length", str(len(body)))
    for name, value in headers.items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(body)


def send_json(handler: Handler, status: int, body: object) -> None:
    send(handler, status, json.dumps(body).encode())


def saying(status: int, body: bytes, kind: str = "application/json", **headers: str) -> Callable[..., None]:
    """A behaviour: always this."""
    return lambda _fake, handler, _form: send(handler, status, body, kind, **headers)


def vector(*items: object) -> bytes:
    return json.dumps({"status": "success", "data": {"resultType": "vector", "result": list(items)}}).encode()


def hang(fake: Fake, handler: Handler, _form: dict[str, str]) -> None:
    fake.over.wait(60)
    handler.close_connection = True


def cut(_fake: Fake, handler: Handler, _form: dict[str, str]) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "5000")
    handler.end_headers()
    handler.wfile.write(b'{"status": "success", "data": {"resultType": "vec')
    handler.close_connection = True


def trickle(head: int) -> Callable[..., None]:
    """A behaviour: a right answer to nothing, byte by byte after the first ``head`` bytes; then ``delivered``.

    It takes a minute, so that a timer which comes late on a busy machine still comes long before the end."""
    body = vector() + b" " * 3000
    answer_bytes = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nX-Slow: yes\r\n\r\n%s" % (len(body), body)

    def behave(fake: Fake, handler: Handler, _form: dict[str, str]) -> None:
        handler.wfile.write(answer_bytes[:head])
        for position in range(head, len(answer_bytes)):
            if fake.over.wait(0.02):
                return
            fake.delivered = position == len(answer_bytes) - 1  # first, because its reader may look at once
            handler.wfile.write(answer_bytes[position : position + 1])

    return behave


def constant(value: str) -> Callable[[float], str]:
    return lambda _time: value
