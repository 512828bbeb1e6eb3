"""A server on loopback that redirects with an endless body to no address at all, and everyone who may meet it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests

from exporter.apply_outcome import in_time
from exporter.apply_webhook import post
from exporter.notify.http import Http
from exporter.notify.pusher import PushError
from exporter.one_answer import Session
from exporter.sources.alertmanager import AlertmanagerApi
from exporter.sources.base import SourceError
from exporter.sources.http_api import HttpApi
from exporter.sources.prometheus_api import PrometheusApi
from exporter.spec.apply_models import ApplyWebhook
from exporter.spec.source_models import HttpSource
from exporter.state import Application

MUCH = 96 * 2**20
"""More than any reader takes, and more than the kernel buffers."""


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        self.endless = False
        self.sent = 0
        self.done = threading.Event()
        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", "0")))
        self.send_response(302)
        self.send_header("Location", "http://[::1")
        self.send_header("Content-Length", str(MUCH if self.server.endless else 0))
        self.end_headers()
        try:
            while self.server.endless and self.server.sent < MUCH:
                self.wfile.write(bytes(2**20))
                self.server.sent += 2**20
        except OSError:
            pass  # nobody listens any more: what is hoped for
        self.server.done.set()

    do_POST = do_GET  # noqa: N815 - http.server's name

    def log_message(self, *_: object) -> None:
        """Nothing: the test looks at what is answered."""


@pytest.fixture
def server() -> Iterator[Server]:
    found = Server()
    thread = threading.Thread(target=found.serve_forever, args=(0.01,))
    thread.start()
    yield found
    found.shutdown()
    thread.join()
    found.server_close()


def prometheus(url: str, _: Path) -> None:
    PrometheusApi("prod", url).ask("/api/v1/query", {"query": "up"})


def alertmanager(url: str, _: Path) -> None:
    AlertmanagerApi(url).silences()


def pushed(url: str, _: Path) -> None:
    Http(url, 10.0).ask("POST", "/api/v2/alerts", body=b"[]")


def flags(url: str, _: Path) -> None:
    HttpApi("flags", url, HttpSource(type="http", url=url)).get("/e")


def webhook(url: str, folder: Path) -> None:
    (folder / "secret").write_text("s3cret")
    act = post(ApplyWebhook(url=url, secret_file=str(folder / "secret")))
    outcome = in_time(act, Application("button", "new", "kill", "1", {}), 5.0)
    assert outcome.result == "refused"
    raise SourceError(outcome.detail)


ASKERS: list[Callable[[str, Path], None]] = [prometheus, alertmanager, pushed, flags, webhook]


@pytest.mark.parametrize("ask", ASKERS)
def test_a_redirect_to_no_address_is_told_as_the_answer_that_it_is(
    server: Server, tmp_path: Path, ask: Callable[[str, Path], None]
) -> None:
    with pytest.raises((SourceError, PushError), match=r"302|redirect"):
        ask(server.url, tmp_path)


@pytest.mark.parametrize("ask", ASKERS)
def test_a_redirect_s_body_is_bounded_like_any_other(
    server: Server, tmp_path: Path, ask: Callable[[str, Path], None]
) -> None:
    server.endless = True
    with pytest.raises((SourceError, PushError)):
        ask(server.url, tmp_path)
    assert server.done.wait(60)
    assert server.sent < MUCH


def test_the_proxies_of_the_environment_are_those_of_requests_and_looked_for_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://proxy:3128")
    monkeypatch.setenv("NO_PROXY", "near:9090")
    ours, theirs = Session(), requests.Session()

    def of(session: requests.Session, url: str) -> Any:
        return session.merge_environment_settings(url, {}, stream=True, verify=None, cert=None)

    for _ in range(2):
        for url in ("http://near:9090/a", "http://far:9090/b", "https://far:9090/b", "http://far:9090/c?d=1"):
            assert of(ours, url) == of(theirs, url)
    of(ours, "http://far:9090/d")["proxies"].clear()  # whoever gets them may change them
    monkeypatch.delenv("HTTP_PROXY")
    assert of(ours, "http://far:9090/e")["proxies"]["http"] == "http://proxy:3128"
