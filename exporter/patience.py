"""An end to the patience with clients that send slowly, send too much, or do not take what they asked for.

uvicorn waits for ever for the rest of a request, and for a client that does not read. Whoever holds enough such
connections would shut the scrapes out.
"""

from __future__ import annotations

import asyncio
from typing import Any

import h11

from exporter.one_write import OneWriteProtocol

HEAD_SECONDS = 10.0
"""From the connection, or from the first byte of a later request, to the request's last byte; a TLS handshake has as
long before it."""
TAKE_SECONDS = 60.0
"""For an answer to be taken whole, from when more of it waits than the kernel holds."""
BODY_BYTES = 64 * 1024
"""Of a request: none of ours needs one."""
_COMING = frozenset({h11.IDLE, h11.SEND_BODY})


class PatientProtocol(OneWriteProtocol):
    """uvicorn's protocol with deadlines, and with the oldest idle connection giving way where there are too many."""

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self._deadline: asyncio.TimerHandle | None = None
        self._taking: asyncio.TimerHandle | None = None
        self._body = 0
        self._upgraded = False
        self._since = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        self._since = self.loop.time()
        self._expect()
        if self.limit_concurrency is not None and len(self.connections) >= self.limit_concurrency:
            self._make_room()

    def data_received(self, data: bytes) -> None:
        """Feed uvicorn; then the clock runs while a request is there in part, and only then."""
        super().data_received(data)
        if self.conn.their_state not in _COMING or self._upgraded:
            self._body = 0
            if self._deadline is not None:
                self._deadline.cancel()
                self._deadline = None
            return
        if self._deadline is None:
            self._expect()
        if self.conn.their_state is h11.SEND_BODY:
            self._body += len(data)
            if self._body > BODY_BYTES:
                self._give_up()

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        """The connection is another protocol's from here on."""
        self._upgraded = True
        super().handle_websocket_upgrade(event)

    def pause_writing(self) -> None:
        """The client does not take what it asked for: it has a while."""
        super().pause_writing()
        if self._taking is None:
            self._taking = self.loop.call_later(TAKE_SECONDS, self._give_up)

    def resume_writing(self) -> None:
        """It takes on; the while is over with the last piece."""
        super().resume_writing()
        if self._taking is not None and not self.corked.waiting:
            self._taking.cancel()
            self._taking = None

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the clocks, which would keep us alive."""
        for clock in (self._deadline, self._taking):
            if clock is not None:
                clock.cancel()
        self._deadline = self._taking = None
        super().connection_lost(exc)
        # uvicorn leaves this running where the connection ended with an error.
        self._unset_keepalive_if_required()

    def on_response_complete(self) -> None:
        """Idle from now on."""
        self._since = self.loop.time()
        super().on_response_complete()

    def idle(self) -> tuple[bool, float] | None:
        """(whether it has been of use, since when it waits) of a connection that waits for its client, else None."""
        if self.corked.waiting:
            return None
        if self.cycle is None:
            return False, self._since
        return (True, self._since) if self.cycle.response_complete else None

    def _expect(self) -> None:
        self._deadline = self.loop.call_later(HEAD_SECONDS, self._give_up)

    def _give_up(self) -> None:
        self.transport.abort()

    def _make_room(self) -> None:
        """End the oldest connection that waits, first of those that never asked for anything: clients with a request
        on a connection that was idle ask again, and idlers cannot keep new clients out."""
        waiting = [(idle, each) for each in self.connections if (idle := _idle(each)) is not None and each is not self]
        if waiting:
            _, oldest = min(waiting, key=lambda pair: pair[0])
            # At once: uvicorn counts them before the loop's next turn.
            self.connections.discard(oldest)
            oldest.transport.abort()


def _idle(connection: object) -> tuple[bool, float] | None:
    return connection.idle() if isinstance(connection, PatientProtocol) else None
