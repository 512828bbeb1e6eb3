"""uvicorn's WebSocket protocol, with a way to send finished bytes and one to give up on a client.

ASGI's ``send`` encodes a message for each client again, and waits for a client that does not read. And the transport
copies what a client does not take at once: of a change of a megabyte, 500 slow clients would have 500 copies.
"""

from __future__ import annotations

import asyncio
from typing import Any, Protocol, cast

from uvicorn.protocols.websockets.wsproto_impl import WSProtocol
from wsproto.events import CloseConnection, Request

from exporter.live.deflate import DeflatingConnection
from exporter.one_write import Corked, CorkedProtocol

EXTENSION = "winburn.wire"
GOING_AWAY = 1001
_PIECE = 32 * 1024
"""What is copied for a client that does not take all at once; the rest stays the same bytes for all."""


class Wire(Protocol):
    """What the stream needs of a connection, under ``EXTENSION`` in the scope's extensions."""

    @property
    def deflates(self) -> bool:
        """Whether the client takes compressed frames."""
        ...

    def write(self, frames: bytes) -> None:
        """Send whole frames; never waits. What the client does not take is held, and not copied."""
        ...

    def buffered(self) -> int:
        """Bytes that the client has not taken yet."""
        ...

    def abort(self) -> None:
        """End the connection now; what is buffered is lost."""
        ...


class WireProtocol(CorkedProtocol, WSProtocol):
    """wsproto's protocol that also is a :class:`Wire`."""

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self.conn = self._deflating = DeflatingConnection()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Take over from the HTTP protocol, whose transport is always a :class:`Corked` one."""
        super().connection_made(transport)
        self.corked = cast("Corked", transport)
        self.corked.piece = _PIECE
        # Not 0: a transport over TLS would then say that it has enough when it has nothing.
        transport.set_write_buffer_limits(high=1, low=0)

    @property
    def deflates(self) -> bool:
        """Whether the client takes compressed frames."""
        return self._deflating.deflate.for_all

    def handle_connect(self, event: Request) -> None:
        """Offer ourselves to the application; its task has not begun yet."""
        super().handle_connect(event)
        self.scope["extensions"] |= {EXTENSION: cast("Any", self)}  # uvicorn always sets some

    def write(self, frames: bytes) -> None:
        """Past wsproto: frames of a server carry no state where nothing is compressed or fragmented."""
        if not self.transport.is_closing():
            self.transport.write(frames)

    def buffered(self) -> int:
        """Bytes that neither the client nor the kernel has taken yet; 0 of a connection that was closed."""
        # A TLS transport that was closed twice raises AttributeError, and whoever asks is telling others too.
        return 0 if self.transport.is_closing() else self.transport.get_write_buffer_size()

    def abort(self) -> None:
        """Close without waiting for what is buffered."""
        self.transport.abort()

    def keepalive_timeout(self) -> None:
        """A client that answers no ping will not take what is buffered either."""
        super().keepalive_timeout()
        self.transport.abort()

    def shutdown(self) -> None:
        """Say that the server goes away (1001); uvicorn says 1012, which browsers report as a failure."""
        if self.handshake_complete and not self.close_sent and not self.transport.is_closing():
            self.queue.put_nowait({"type": "websocket.disconnect", "code": GOING_AWAY})
            self.transport.write(self.conn.send(CloseConnection(code=GOING_AWAY)))
            self.close_sent = True
        super().shutdown()
