"""The gate before an application: its order, and how it follows the file."""

import asyncio
import base64
import logging
import os
import threading
import time
from pathlib import Path
from typing import Any

import bcrypt
import pytest

from exporter.spec import SpecErrors
from exporter.web_config import Gate
from tests.exporter.web_config.conftest import Pki

HASH = bcrypt.hashpw(b"secret", bcrypt.gensalt(4)).decode()
USERS = f"basic_auth_users: {{alice: {HASH}}}\n"
LIMIT = "rate_limit: {interval: 10s, burst: 2}\n"
HEADERS = "http_server_config: {headers: {X-Frame-Options: sameorigin, Strict-Transport-Security: max-age=5}}\n"
RIGHT = b"Basic " + base64.b64encode(b"alice:secret")
WRONG = b"Basic " + base64.b64encode(b"alice:guess")


class World:
    """A gate before an application that answers 200, or accepts, and says what it was asked."""

    def __init__(self, folder: Path, text: str) -> None:
        self.path, self.now, self.reached = folder / "web.yml", 0.0, 0
        self.path.write_text(text)
        self.gate = Gate(self.path, lambda: self.now)
        self.app = self.gate.protect(self._application)

    async def _application(self, scope: Any, receive: Any, send: Any) -> None:
        self.reached += 1
        headers = [(b"content-type", b"text/plain"), (b"X-Frame-Options", b"DENY")]
        if scope["type"] == "websocket":
            assert (await receive())["type"] == "websocket.connect"
            await send({"type": "websocket.accept", "headers": []})
        else:
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": b"numbers"})

    def ask(self, authorization: bytes | None = None, kind: str = "http") -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body; status 101 for a WebSocket that was accepted."""
        sent: list[dict[str, Any]] = []
        headers = [(b"host", b"x")] + ([(b"authorization", authorization)] if authorization is not None else [])

        async def receive() -> dict[str, Any]:
            return {"type": "websocket.connect"}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        asyncio.run(self.app({"type": kind, "headers": headers}, receive, send))  # type: ignore[arg-type]
        first = sent[0]
        if first["type"] == "websocket.accept":
            return 101, {}, b""
        assert [each["type"].removeprefix("websocket.") for each in sent] == [
            "http.response.start",
            "http.response.body",
        ]
        assert first["type"].startswith("websocket") == (kind == "websocket")
        return first["status"], {k.decode().lower(): v.decode() for k, v in first["headers"]}, sent[1]["body"]

    def health(self) -> float:
        """What the gate says of the last reading."""
        (only,) = self.gate.health()
        assert only.name == "winburn_web_config_last_reload_successful"
        return only.value

    def rewrite(self, text: str) -> None:
        self.path.write_text(text)
        self.gate.look()


@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_nobody_gets_in_without_the_password(tmp_path: Path, kind: str) -> None:
    world = World(tmp_path, USERS)
    for given in (None, b"", WRONG, b"Bearer x"):
        status, headers, body = world.ask(given, kind)
        assert status == 401
        assert headers["www-authenticate"].startswith("Basic")
        assert int(headers["content-length"]) == len(body)
    assert world.reached == 0
    assert world.ask(RIGHT, kind)[0] == (200 if kind == "http" else 101)
    assert world.reached == 1


@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_the_rate_limit_comes_first_and_counts_strangers_too(tmp_path: Path, kind: str) -> None:
    world = World(tmp_path, USERS + LIMIT)
    assert [world.ask(WRONG, kind)[0] for _ in range(3)] == [401, 401, 429]
    status, headers, _ = world.ask(RIGHT, kind)
    assert (status, headers["retry-after"], world.reached) == (429, "10", 0)
    world.now += 10
    assert world.ask(RIGHT, kind)[0] in {200, 101}


def test_headers_are_on_every_answer_and_win_over_the_applications_own(tmp_path: Path) -> None:
    world = World(tmp_path, USERS + HEADERS + LIMIT)
    for given, status in ((RIGHT, 200), (WRONG, 401), (RIGHT, 429)):
        found, headers, _ = world.ask(given)
        assert found == status
        assert (headers["x-frame-options"], headers["strict-transport-security"]) == ("sameorigin", "max-age=5")
        assert headers["content-type"].startswith("text/plain")


def test_a_file_without_rules_changes_nothing(tmp_path: Path) -> None:
    assert World(tmp_path, "").ask() == (200, {"content-type": "text/plain", "x-frame-options": "DENY"}, b"numbers")


def test_a_changed_file_is_in_force_at_the_next_look(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    world = World(tmp_path, "")
    caplog.set_level(logging.INFO)
    world.gate.look()
    assert caplog.messages == []
    world.rewrite(USERS + HEADERS)
    assert world.ask()[0] == 401
    assert world.ask(RIGHT)[1]["x-frame-options"] == "sameorigin"
    assert [message for message in caplog.messages if "read again" in message]
    world.rewrite(USERS.replace("alice", "bob"))
    assert world.ask(RIGHT)[0] == 401
    world.rewrite("")
    assert world.ask()[0] == 200


def test_a_mistaken_file_leaves_the_old_one_in_force_and_is_said_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    world = World(tmp_path, USERS)
    caplog.clear()
    assert world.health() == 1
    world.rewrite("basic_auth_users: {alice: hunter2}\n")
    world.gate.look()
    assert (world.ask()[0], world.ask(RIGHT)[0], world.health()) == (401, 200, 0)
    (record,) = caplog.records
    assert "web.yml:1: basic_auth_users.alice: not a bcrypt hash" in record.getMessage()
    assert "hunter2" not in record.getMessage()
    world.path.unlink()
    world.gate.look()
    assert (world.ask()[0], world.health()) == (401, 0)
    world.rewrite("")
    assert (world.ask()[0], world.health()) == (200, 1)


def test_the_very_file_of_before_put_back_is_well_again(tmp_path: Path) -> None:
    world = World(tmp_path, USERS)
    world.path.rename(tmp_path / "kept.yml")
    world.gate.look()
    assert world.health() == 0
    (tmp_path / "kept.yml").rename(world.path)
    world.gate.look()
    assert (world.health(), world.ask()[0]) == (1, 401)


def test_what_did_not_change_keeps_its_tokens_and_its_passwords(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(tmp_path, USERS + LIMIT)
    assert world.ask(RIGHT)[0] == 200
    monkeypatch.setattr("exporter.web_config.basic_auth.matches", lambda *_: pytest.fail("compared again"))
    world.rewrite(USERS + LIMIT + HEADERS)
    assert [world.ask(RIGHT)[0] for _ in range(2)] == [200, 429]
    world.rewrite(USERS + LIMIT.replace("burst: 2", "burst: 1"))
    assert [world.ask(RIGHT)[0] for _ in range(2)] == [200, 429]


def test_a_mistaken_file_at_the_start_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SpecErrors):
        World(tmp_path, "rate_limits: {}")


def test_warnings_are_said_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    world = World(tmp_path, USERS)
    world.rewrite(USERS + HEADERS)
    assert len([message for message in caplog.messages if "in the clear" in message]) == 1


def tls(pki: Pki, name: str) -> str:
    pair = getattr(pki, name)
    return f"tls_server_config: {{cert_file: {pair.cert}, key_file: {pair.key}}}\n"


def test_a_certificate_that_is_replaced_is_in_force_once_its_key_is_there_too(pki: Pki, tmp_path: Path) -> None:
    cert, key = tmp_path / "own.crt", tmp_path / "own.key"
    cert.write_bytes(pki.server.cert.read_bytes())
    key.write_bytes(pki.server.key.read_bytes())
    world = World(tmp_path, f"tls_server_config: {{cert_file: {cert.name}, key_file: {key.name}}}\n")
    assert world.gate.context is not None
    before, written = world.gate.context.current, cert.stat().st_mtime_ns
    cert.write_bytes(pki.other_server.cert.read_bytes())
    os.utime(cert, ns=(written, written + 1))  # it may be as long, and the clock of the files is a coarse one
    world.gate.look()
    assert (world.gate.context.current, world.health()) == (before, 0)
    key.write_bytes(pki.other_server.key.read_bytes())
    world.gate.look()
    assert (world.gate.context.current is before, world.health()) == (False, 1)


def test_tls_cannot_come_or_go_while_sockets_are_open(pki: Pki, tmp_path: Path) -> None:
    plain = World(tmp_path, USERS)
    assert plain.gate.context is None
    plain.rewrite(USERS + tls(pki, "server"))
    assert plain.health() == 0
    secure = World(tmp_path, tls(pki, "server"))
    secure.rewrite(USERS)
    assert (secure.health(), secure.ask()[0]) == (0, 200)  # nothing of the new file, its users neither
    secure.rewrite(tls(pki, "server") + USERS)
    assert (secure.health(), secure.ask()[0]) == (1, 401)


def test_it_follows_until_it_is_told_to_stop(tmp_path: Path) -> None:
    world, stop = World(tmp_path, ""), threading.Event()
    thread = threading.Thread(target=world.gate.follow, args=(stop, 0.01))
    thread.start()
    world.path.write_text(USERS)
    end = time.monotonic() + 60
    while world.ask()[0] != 401 and time.monotonic() < end:
        stop.wait(0.01)
    assert world.ask()[0] == 401
    stop.set()
    thread.join(60)
    assert not thread.is_alive()
