"""A WebSocket client over a plain socket, by wsproto: it reads when it is told to, and can go away rudely."""

from __future__ import annotations

import json
import socket
import ssl
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import urlencode

from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    AcceptConnection,
    CloseConnection,
    Event,
    Ping,
    RejectConnection,
    RejectData,
    Request,
    TextMessage,
)
from wsproto.extensions import Extension

TARGET = "/live/stream"
_LIFE_SECONDS = 300


class RefusedError(Exception):
    """The handshake was refused: status and text."""


class ClosedError(Exception):
    """The server closed the connection: its code, or None where it just ended."""

    def __init__(self, code: int | None) -> None:
        super().__init__(code)
        self.code = code


class Client:
    """One connection; ``timeout`` bounds every wait, ``life`` all of them."""

    def __init__(
        self,
        port: int,
        *,
        origin: str | None = None,
        resume: tuple[str, int] | None = None,
        timeout: float = 60,
        prefix: str = "",
        extensions: Sequence[Extension] = (),
        context: ssl.SSLContext | None = None,
        life: float = _LIFE_SECONDS,
    ) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout)
        if context is not None:
            self._socket = context.wrap_socket(self._socket, server_hostname="localhost")
        self._ends = time.monotonic() + life
        self._ws = WSConnection(ConnectionType.CLIENT)
        self._events: list[Event] = []
        self._text = ""
        query = "" if resume is None else "?" + urlencode({"stream": resume[0], "seq": resume[1]})
        headers = [] if origin is None else [(b"origin", origin.encode())]
        request = Request(
            host=f"127.0.0.1:{port}", target=prefix + TARGET + query, extra_headers=headers, extensions=list(extensions)
        )
        self._socket.sendall(self._ws.send(request))
        try:
            event = self._event()
            if isinstance(event, RejectConnection):
                raise RefusedError(event.status_code, self._rest())
        except BaseException:
            self.close()
            raise
        assert isinstance(event, AcceptConnection), event
        self.extensions = event.extensions

    def receive(self) -> dict[str, Any]:
        """The next message; ClosedError where there is none any more."""
        while True:
            event = self._event()
            if isinstance(event, TextMessage):
                self._text += event.data
                if event.message_finished:
                    text, self._text = self._text, ""
                    message: dict[str, Any] = json.loads(text)
                    return message
            elif isinstance(event, Ping):
                with suppress(ConnectionError):  # what was sent before the end is still to be read
                    self._socket.sendall(self._ws.send(event.response()))
            elif isinstance(event, CloseConnection):
                raise ClosedError(event.code)

    def until(self, kind: str) -> dict[str, Any]:
        """The next message of this type."""
        while (message := self.receive())["type"] != kind:
            pass
        return message

    def send(self, text: str) -> None:
        """Say something."""
        self._socket.sendall(self._ws.send(TextMessage(data=text)))

    def close(self) -> None:
        """Go away without a word."""
        self._socket.close()

    def _rest(self) -> str:
        """The body of a refusal."""
        body = b""
        while isinstance(data := self._event(), RejectData):
            body += data.data
            if data.body_finished:
                break
        return body.decode()

    def _event(self) -> Event:
        while not self._events:
            # Heartbeats keep a socket from timing out: what does not come must not be waited for, for ever.
            assert time.monotonic() < self._ends, "the client waits for something that does not come"
            try:
                data = self._socket.recv(65536)
            except ConnectionResetError:
                raise ClosedError(None) from None
            if not data:
                raise ClosedError(None)
            self._ws.receive_data(data)
            self._events.extend(self._ws.events())
        return self._events.pop(0)


@contextmanager
def connected(port: int, **more: Any) -> Iterator[Client]:
    """A client that is gone at the end."""
    client = Client(port, **more)
    try:
        yield client
    finally:
        client.close()


def pairs(message: Mapping[str, Any]) -> tuple[str, int]:
    """The stream and number of a first message, to resume from."""
    return message["stream"], message["seq"]
