"""A real receiver on loopback: what it gets, and what its answers mean."""

from __future__ import annotations

import hashlib
import hmac
import json
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from exporter.apply_outcome import Outcome, in_time
from exporter.apply_webhook import post
from exporter.spec.apply_models import ApplyWebhook
from exporter.state import Application

KILL = Application("button", "grün", "kill", "1", {"reason": "worse", "at": 5.0, "e_value": 120.0})


class Receiver(ThreadingHTTPServer):
    """Checks the signature of its own accord, and answers what it was told to."""

    daemon_threads = True

    def __init__(self) -> None:
        self.answer: int | None = 204  # None: closes the connection without a word
        self.delay = threading.Event()
        self.delay.set()
        self.got: list[dict[str, Any]] = []
        self.ids: list[str] = []
        self.credentials: list[str | None] = []
        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/hook?token=hunter2"


class Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        timestamp = self.headers["X-Winburn-Timestamp"]
        right = hmac.new(b"s3cret", f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()
        genuine = hmac.compare_digest(self.headers["X-Winburn-Signature"], f"v1={right}")
        fresh = abs(time.time() - int(timestamp)) < 300
        self.server.delay.wait(180)
        if not (genuine and fresh):
            self.send_error(401)
            return
        self.server.got.append(json.loads(body))
        self.server.credentials.append(self.headers["Authorization"])
        self.server.ids.append(self.headers["X-Winburn-Delivery"])
        if self.server.answer is None:
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        self.send_response(self.server.answer)
        self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        pass


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    server = Receiver()
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield server
    server.delay.set()
    server.shutdown()
    server.server_close()


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    file = tmp_path / "secret"
    file.write_text("s3cret\n")
    return file


def sent(url: str, secret: Path, timeout: str = "60s") -> Outcome:
    webhook = ApplyWebhook.model_validate({"url": url, "secret_file": str(secret), "timeout": timeout})
    return in_time(replace(post(webhook), seconds=120), KILL, 7.0)


def test_what_is_posted_is_signed_and_names_everything(receiver: Receiver, secret: Path) -> None:
    assert sent(receiver.url, secret) == Outcome("done", "HTTP 204")
    (got,) = receiver.got
    assert got.pop("id") == receiver.ids[0]
    assert got == {
        "experiment": "button",
        "variant": "grün",
        "action": "kill",
        "occasion": "1",
        "reason": "worse",
        "at": 5.0,
        "facts": {"reason": "worse", "at": 5.0, "e_value": 120.0},
    }


def test_credentials_are_those_of_the_address_and_never_of_netrc(
    receiver: Receiver, secret: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password hunter2\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    assert sent(receiver.url, secret).result == "done"
    assert sent(receiver.url.replace("//", "//ann:pass@"), secret).result == "done"
    assert receiver.credentials == [None, "Basic YW5uOnBhc3M="]


def test_a_second_attempt_has_the_id_of_the_first(receiver: Receiver, secret: Path) -> None:
    sent(receiver.url, secret)
    sent(receiver.url, secret)
    assert receiver.ids[0] == receiver.ids[1]


@pytest.mark.parametrize("status", [302, 400, 404, 429, 500, 503])
def test_an_answer_that_is_no_yes_is_a_refusal_and_nothing_is_followed(
    receiver: Receiver, secret: Path, status: int
) -> None:
    receiver.answer = status
    assert sent(receiver.url, secret) == Outcome("refused", f"HTTP {status}")
    assert len(receiver.got) == 1


def test_the_wrong_secret_is_found_out(receiver: Receiver, secret: Path) -> None:
    secret.write_text("other")
    assert sent(receiver.url, secret) == Outcome("refused", "HTTP 401")
    assert receiver.got == []


def test_no_answer_in_time_is_a_doubt(receiver: Receiver, secret: Path) -> None:
    receiver.delay.clear()
    assert sent(receiver.url, secret, "200ms") == Outcome("unknown", "sent, and no answer in time")


def test_a_connection_that_breaks_after_sending_is_a_doubt(receiver: Receiver, secret: Path) -> None:
    receiver.answer = None
    assert sent(receiver.url, secret) == Outcome("unknown", "the connection broke before an answer came")
    assert len(receiver.got) == 1


def test_nobody_there_is_a_refusal(secret: Path) -> None:
    with socket.socket() as taken:  # bound and not listening: refuses
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/hook?token=hunter2"
        assert sent(url, secret) == Outcome("refused", "no connection")


@pytest.mark.parametrize("url", ["http://no-such-host.invalid/", "http://:99999/", "http://[::1/"])
def test_an_address_that_leads_nowhere_is_a_refusal(url: str, secret: Path) -> None:
    assert sent(url, secret).result == "refused"


def test_a_certificate_that_nobody_vouches_for_is_a_refusal(secret: Path, receiver: Receiver) -> None:
    outcome = sent(receiver.url.replace("http:", "https:"), secret)
    # A server without TLS: the handshake fails, and what was sent was no request. Yet the error does not say so.
    assert outcome.result in ("refused", "unknown")
    assert receiver.got == []


def test_a_secret_that_is_not_there_is_a_refusal_and_nothing_is_sent(receiver: Receiver, tmp_path: Path) -> None:
    outcome = sent(receiver.url, tmp_path / "none")
    assert outcome == Outcome(
        "refused", f"the secret's file {tmp_path / 'none'} cannot be read: no such file or directory"
    )
    assert receiver.got == []
