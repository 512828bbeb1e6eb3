"""uvicorn's HTTP protocol, with the head and the body of an answer in one write, and a large body in pieces.

uvicorn writes them apart: two system calls and two packets for every scrape, which is most of what a scrape of prepared
bytes costs. And it hands a large body to the transport whole, which copies what the client does not take at once: a
hundred clients that do not read would cost a hundred times the body, where they need not cost more than a piece each.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any, cast

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

PIECE = 256 * 1024


class Corked:
    """A transport whose writes of one turn of the event loop leave together, in pieces of at most ``piece`` bytes as
    the client takes them; all else is the transport's own. What waits is not copied: it may be many clients'."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._pieces: list[bytes] = []
        self._rest: deque[memoryview] = deque()
        self._paused = self._closing = False
        self.piece = PIECE

    @property
    def waiting(self) -> bool:
        """Whether something was written that the transport has not been given yet."""
        return bool(self._rest)

    def get_write_buffer_size(self) -> int:
        """Bytes that neither the client nor the kernel has taken yet; those of a piece that waits are counted whole."""
        return sum(map(len, self._pieces)) + sum(map(len, self._rest)) + self._transport.get_write_buffer_size()

    def write(self, data: bytes) -> None:
        """Keep the piece until the event loop's next turn."""
        if not data:
            return
        if not self._pieces:
            self._loop.call_soon(self._flush)
        self._pieces.append(data)

    def close(self) -> None:
        """Write what is kept, as the client takes it, then close."""
        self._closing = True
        self._flush()
        self._feed()

    def is_closing(self) -> bool:
        """Whether it was closed, be it that something is still to be taken."""
        return self._closing or self._transport.is_closing()

    def pause(self) -> None:
        """The client takes no more for now."""
        self._paused = True

    def resume(self) -> None:
        """It does again."""
        self._paused = False
        self._feed()

    def forget(self) -> None:
        """The client is gone."""
        self._pieces.clear()
        self._rest.clear()

    def _flush(self) -> None:
        if not self._pieces:
            return
        if not (self._rest or self._paused) and sum(map(len, self._pieces)) <= self.piece:
            data = b"".join(self._pieces)
            self._pieces.clear()
            self._transport.write(data)
            return
        self._rest.extend(map(memoryview, self._pieces))
        self._pieces.clear()
        self._feed()

    def _feed(self) -> None:
        # The transport says synchronously, by way of the protocol, that it has enough.
        while self._rest and not self._paused:
            self._transport.write(self._next())
        if self._closing and not self._rest:
            self._transport.close()

    def _next(self) -> bytes:
        taken: list[memoryview] = []
        room = self.piece
        while self._rest and room:
            first = self._rest.popleft()
            if len(first) > room:
                self._rest.appendleft(first[room:])
                first = first[:room]
            taken.append(first)
            room -= len(first)
        return b"".join(taken)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class CorkedProtocol(asyncio.Protocol):
    """Tells a :class:`Corked` transport what the transport within says; to be mixed into a protocol, before it."""

    corked: Corked

    def pause_writing(self) -> None:
        """The transport has enough."""
        super().pause_writing()
        self.corked.pause()

    def resume_writing(self) -> None:
        """The transport wants more."""
        super().resume_writing()
        self.corked.resume()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing can be sent any more."""
        self.corked.forget()
        super().connection_lost(exc)


class OneWriteProtocol(CorkedProtocol, H11Protocol):
    """h11 behind a :class:`Corked` transport."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        self.corked = Corked(transport, self.loop)
        super().connection_made(cast("asyncio.Transport", self.corked))

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        """From here on another protocol is told to pause, and hands it on."""
        self.corked.resume()
        super().handle_websocket_upgrade(event)
