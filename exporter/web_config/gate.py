"""The web config file in force: it stands before the application, and follows the file as it changes.

In this order, for requests and WebSockets alike: rate limit, basic authentication, the application; the headers are on
every answer.
"""

from __future__ import annotations

import logging
import math
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from exporter.contract import Sample, sample
from exporter.spec.errors import SpecError, SpecErrors
from exporter.web_config.basic_auth import BusyError, Passwords
from exporter.web_config.files import stamp
from exporter.web_config.rate_limit import Bucket
from exporter.web_config.read import WebConfig, read
from exporter.web_config.tls import LiveContext

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_LOG = logging.getLogger("winburn")
_RESTART = "TLS cannot be turned on or off while the server runs: restart it"
_PLAIN = (b"content-type", b"text/plain; charset=utf-8")
_STARTS = frozenset({"http.response.start", "websocket.http.response.start"})


@dataclass(frozen=True, slots=True)
class _Rules:
    bucket: Bucket | None
    passwords: Passwords | None
    headers: tuple[tuple[bytes, bytes], ...]


class Gate:
    """A web config file. SpecErrors where it is mistaken; later mistakes leave what was read before in force.

    ``context`` is for the server's sockets, None where they speak plain HTTP; it is always that of the latest file, for
    the connections that come after. ``monotonic`` is the clock of the rate limit.
    """

    def __init__(self, path: Path, monotonic: Callable[[], float]) -> None:
        self._path, self._monotonic = path, monotonic
        self._trouble = ""
        self._warned: frozenset[str] = frozenset()
        self._rules = _Rules(None, None, ())
        self._config = read(path)
        self.context = LiveContext.of(self._config.tls) if self._config.tls else None
        self._use(self._config)

    def health(self) -> list[Sample]:
        """Whether what the file says is in force."""
        return [sample("winburn_web_config_last_reload_successful", 0 if self._trouble else 1)]

    def follow(self, stop: threading.Event, seconds: float = 1.0) -> None:
        """Look at the files every so often until told to stop; for a thread of its own."""
        while not stop.wait(seconds):
            self.look()

    def look(self) -> None:
        """Read again where a file has changed since; or was mistaken, as while certificate and key are replaced."""
        if not self._trouble and all(stamp(file) == before for file, before in self._config.files.items()):
            return
        try:
            found = read(self._path)
            if (found.tls is None) != (self.context is None):
                raise SpecErrors([SpecError(str(self._path), 0, "tls_server_config", _RESTART)])
        except SpecErrors as error:
            if str(error) != self._trouble:
                _LOG.error("the web config file is mistaken, what was read before stays in force: %s", error)
            self._trouble = str(error)
        else:
            self._trouble = ""
            self._use(found)
            _LOG.info("%s was read again and is in force", self._path)

    def _use(self, config: WebConfig) -> None:
        """Put a file in force: one assignment for all that a request sees."""
        for warning in set(config.warnings) - self._warned:
            _LOG.warning("%s", warning)
        self._warned = frozenset(config.warnings)
        before = self._rules
        bucket, passwords = before.bucket, before.passwords
        # What did not change keeps what it knows: tokens that are spent, passwords that are right.
        if bucket is None or (bucket.interval, bucket.burst) != (config.interval, config.burst):
            bucket = Bucket(config.interval, config.burst, self._monotonic) if config.interval else None
        if passwords is None or passwords.users != config.users:
            passwords = Passwords(config.users) if config.users else None
        self._rules = _Rules(bucket, passwords, config.headers)
        if self.context is not None and config.tls is not None:
            self.context.current = config.tls
        self._config = config

    def protect(self, application: ASGIApp) -> ASGIApp:
        """The application behind the rate limit and authentication."""

        async def protected(scope: Scope, receive: Receive, send: Send) -> None:
            rules = self._rules
            if rules.headers:
                send = _with_headers(send, rules.headers)
            refusal = await _refusal(rules, scope)
            if refusal is None:
                await application(scope, receive, send)
            else:
                await _refuse(scope, receive, send, *refusal)

        return protected


async def _refusal(rules: _Rules, scope: Scope) -> tuple[int, str, tuple[bytes, bytes]] | None:
    """Status, sentence and a header for who may not pass; None for who may."""
    if rules.bucket is not None and not rules.bucket.take():
        pause = str(math.ceil(rules.bucket.interval)).encode()
        return 429, "more requests than rate_limit of the web config file allows", (b"retry-after", pause)
    if rules.passwords is None:
        return None
    given = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
    try:
        known = rules.passwords.known(given)
        right = await rules.passwords.check(given) if known is None else known
    except BusyError:
        return 503, "too many passwords wait to be checked", (b"retry-after", b"5")
    if right:
        return None
    return 401, "user and password, please", (b"www-authenticate", b'Basic realm="winburn", charset="UTF-8"')


async def _refuse(
    scope: Scope, receive: Receive, send: Send, status: int, sentence: str, header: tuple[bytes, bytes]
) -> None:
    kind = "http"
    if scope["type"] == "websocket":
        kind = "websocket.http"
        await receive()
    body = f"{sentence}\n".encode()
    headers = [_PLAIN, (b"content-length", b"%d" % len(body)), (b"cache-control", b"no-store"), header]
    await send({"type": f"{kind}.response.start", "status": status, "headers": headers})
    await send({"type": f"{kind}.response.body", "body": body})


def _with_headers(send: Send, headers: tuple[tuple[bytes, bytes], ...]) -> Send:
    """What the file says wins over what the application says."""
    ours = frozenset(name for name, _ in headers)

    async def sending(message: Message) -> None:
        if message["type"] in _STARTS:
            others = (pair for pair in message["headers"] if pair[0].lower() not in ours)
            message = {**message, "headers": [*others, *headers]}
        await send(message)

    return sending
