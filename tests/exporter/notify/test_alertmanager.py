"""What the real Alertmanager cannot be made to do; the rest is in tests/e2e/test_push_rules.py."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from exporter.contract import sample
from exporter.notify import AlertmanagerTarget, Pace, PushError, watch
from exporter.snapshot import Snapshot
from tests.alert_rules.example import experiment, spec
from tests.exporter.notify.snapshots import snapshot

SPEC = spec(experiments=[experiment("button")])


@dataclass(slots=True)
class Server:
    """Answers as it is told, and keeps what was posted."""

    port: int = 0
    answers: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    posted: list[Any] = field(default_factory=list)


@contextmanager
def serving(server: Server) -> Iterator[None]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = server.answers.get(self.path.split("?")[0], (200, b""))
            self.send_response(status)
            self.send_header("Location", "http://127.0.0.1:9/elsewhere")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            server.posted += json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            self.do_GET()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        server.port = http.server_port
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield
        finally:
            http.shutdown()
            thread.join()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setattr("exporter.notify.alertmanager._TIMEOUT", 60.0)  # a busy machine may need it
    one = Server(answers={"/api/v2/status": (200, b'{"uptime": "1"}')})
    with serving(one):
        yield one


def target(server: Server) -> AlertmanagerTarget:
    firing = watch(SPEC, lambda _experiment, _variant: None)
    return AlertmanagerTarget(f"http://me:hunter2@127.0.0.1:{server.port}", firing, pace=Pace())


def killed(expires: float | None = None) -> Snapshot:
    labels = {"experiment": "button", "variant": "green"}
    return snapshot([sample("experiment_variant_early_kill", 1, **labels)], expires=expires)


@pytest.mark.parametrize("answer", [b"<html>", b"{}", b"[1]", b'[{"labels": 5}]', b"[" * 100_000])
def test_an_answer_that_is_none_is_an_error_and_no_verdict(server: Server, answer: bytes) -> None:
    server.answers["/api/v2/alerts"] = (200, answer)
    one = target(server)
    with pytest.raises(PushError, match="does not answer as an Alertmanager does"):
        one.push(killed())
    assert len(server.posted) == 1  # what begins is told before anything is asked


@pytest.mark.parametrize(
    ("status", "said"), [(401, "refused the credentials"), (302, "redirect"), (404, "path prefix"), (500, "HTTP 500")]
)
def test_a_refusal_is_an_error_and_the_alert_is_sent_again(server: Server, status: int, said: str) -> None:
    server.answers["/api/v2/alerts"] = (status, b"hunter2")
    one = target(server)
    for _ in range(2):
        with pytest.raises(PushError, match=said) as refused:
            one.push(killed())
        assert "hunter2" not in str(refused.value)
    assert len(server.posted) == 2
    server.answers["/api/v2/alerts"] = (200, b"[]")
    assert one.push(killed()).sent
    assert len(server.posted) == 3
    assert not one.push(killed()).sent


def test_an_expired_snapshot_is_no_reason_to_say_anything(server: Server) -> None:
    server.answers["/api/v2/alerts"] = (200, b"[]")
    one = target(server)
    assert one.push(killed(expires=0.0)) == (False, None)
    assert server.posted == []


def test_where_nothing_fires_nobody_is_asked() -> None:
    one = target(Server(port=9))  # nobody listens there
    assert one.push(snapshot([])) == (False, None)
