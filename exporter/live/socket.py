"""uvicorn's WebSocket protocol, with a way to send finished bytes and one to give up on a client.

ASGI's ``send`` encodes a message for each client again, and waits for a client that does not read.
"""

from __future__ import annotations

from typing import Any, Protocol, cast

from uvicorn.protocols.websockets.wsproto_impl import WSProtocol
from wsproto.events import CloseConnection, Request

EXTENSION = "winburn.wire"
GOING_AWAY = 1001


class Wire(Protocol):
    """What the stream needs of a connection, under ``EXTENSION`` in the scope's extensions."""

    def write(self, frames: bytes) -> None:
        """Send whole frames; never waits. What the client does not take is buffered."""
        ...

    def buffered(self) -> int:
        """Bytes that the client has not taken yet."""
        ...

    def abort(self) -> None:
        """End the connection now; what is buffered is lost."""
        ...


class WireProtocol(WSProtocol):
    """wsproto's protocol that also is a :class:`Wire`."""

    def handle_connect(self, event: Request) -> None:
        """Offer ourselves to the application; its task has not begun yet."""
        super().handle_connect(event)
        self.scope["extensions"] |= {EXTENSION: cast("Any", self)}  # uvicorn always sets some

    def write(self, frames: bytes) -> None:
        """Past wsproto: frames of a server carry no state where nothing is compressed or fragmented."""
        if not self.transport.is_closing():
            self.transport.write(frames)

    def buffered(self) -> int:
        """Bytes that neither the client nor the kernel has taken yet."""
        return self.transport.get_write_buffer_size()

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
