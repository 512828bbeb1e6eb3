"""`/live/stream`: a WebSocket that says what changes, to many watchers, waiting for none.

Messages are JSON. First ``{"type": "snapshot", "stream", "seq", "document"}``, or ``{"type": "resumed", "stream",
"seq"}`` where the query named a stream and number (``?stream=…&seq=…``) whose deltas are still held. Then
``{"type": "delta", "seq", …}`` (:func:`exporter.live.delta.difference`), each one number higher than the one before,
and every few seconds ``{"type": "heartbeat", "age", "stale"}``, ``age`` in seconds since the evaluated time.
What a client says is not listened to.
"""

from __future__ import annotations

import asyncio
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from urllib.parse import parse_qs

from starlette.datastructures import Headers
from starlette.types import Receive, Scope, Send

from exporter.contract import Sample, sample
from exporter.live.feed import Feed, encoded
from exporter.live.frame import text_frame
from exporter.live.journal import Entry, Journal
from exporter.live.socket import EXTENSION, Wire
from exporter.origin import stranger

_BUFFER_BYTES = 2**20
_LINGER_SECONDS = 120.0
_AT_ONCE = 20
"""Clients that are told something in one turn of the event loop: a scrape need not wait for hundreds."""


@dataclass(slots=True, eq=False)
class _Client:
    wire: Wire
    sequence: int = 0
    allowance: int = 0
    pending: list[Entry] | None = field(default_factory=list)
    """What was broadcast before the first message was ready; None from then on."""

    def write(self, entry: Entry) -> None:
        """Send it in the form that this client takes."""
        self.wire.write(self.form(entry))

    def form(self, entry: Entry) -> bytes:
        """Compressed or plain."""
        return entry.packed if self.wire.deflates else entry.plain


class LiveStream:
    """The ASGI application of the socket, and the subscriber of the loop that feeds it.

    At most ``limit`` clients at once. ``origins`` may connect besides pages of this very host; ``*`` is everyone. A
    client for which more than ``buffer_bytes`` and the largest message wait is dropped. While nobody watches, nothing
    is computed.
    """

    def __init__(
        self,
        feed: Feed,
        *,
        monotonic: Callable[[], float],
        limit: int = 1000,
        origins: Sequence[str] = (),
        heartbeat_seconds: float = 5.0,
        buffer_bytes: int = _BUFFER_BYTES,
    ) -> None:
        self._feed, self._monotonic = feed, monotonic
        self._limit, self._origins = limit, frozenset(origins)
        self._heartbeat_seconds, self._buffer_bytes = heartbeat_seconds, buffer_bytes
        self._journal, self._lock = Journal(), threading.Lock()
        self._clients: set[_Client] = set()
        self._telling: deque[tuple[Entry, Iterator[_Client]]] = deque()
        self._admitted = 0
        self._results: Counter[str] = Counter(sent=0, dropped=0, refused=0)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._watched_until = 0.0
        self._beat: asyncio.TimerHandle | None = None

    def health(self) -> list[Sample]:
        """How many watch, and what became of the messages and clients."""
        name = "winburn_live_push_total"
        pushed = [sample(name, count, target="stream", result=result) for result, count in self._results.items()]
        return [sample("winburn_live_clients", self._admitted), *pushed]

    def publish(self, _: object = None) -> None:
        """Tell the watchers what the current snapshot changes. For the loop's thread: it never waits for a client."""
        if self._admitted or self._monotonic() < self._watched_until:
            self._advance()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One client, from its handshake to its end."""
        await receive()
        refusal = self._refusal(Headers(scope=scope))
        if refusal is not None:
            self._results["refused"] += 1
            await _refuse(send, *refusal)
            return
        self._loop = asyncio.get_running_loop()
        self._admitted += 1
        client = _Client(scope["extensions"][EXTENSION])
        try:
            await send({"type": "websocket.accept"})
            await self._admit(client, scope)
            # No queue and no task to empty it: a frame is written by whoever has it, and this task sleeps.
            while (await receive())["type"] != "websocket.disconnect":
                pass
        finally:
            self._clients.discard(client)
            # First: another thread that publishes in between would take it that nobody has watched for long.
            self._watched_until = self._monotonic() + _LINGER_SECONDS
            self._admitted -= 1

    def _refusal(self, headers: Headers) -> tuple[int, str] | None:
        if (page := stranger(headers, self._origins)) is not None:
            return 403, f"pages of {page} may not connect here; allow it with --web.cors-origin"
        if self._admitted >= self._limit:
            return 503, f"there are {self._limit} clients already; allow more with --web.live-clients"
        if self._feed.age is None:
            return 503, "not yet: nothing has been evaluated"
        return None

    async def _admit(self, client: _Client, scope: Scope) -> None:
        self._clients.add(client)
        if self._beat is None:
            self._beat = asyncio.get_running_loop().call_later(self._heartbeat_seconds, self._tick)
        # In a thread, because the document of a thousand SLOs takes longer than an event loop may stand still.
        entries = await asyncio.to_thread(self._welcome, *_position(scope["query_string"]))
        entries += [entry for entry in client.pending or () if entry.sequence > entries[-1].sequence]
        client.sequence, client.pending = entries[-1].sequence, None
        client.allowance = self._buffer_bytes + sum(len(client.form(entry)) for entry in entries)
        for entry in entries:
            client.write(entry)
        client.wire.write(self._heartbeat())
        self._results["sent"] += len(entries) + 1

    def _welcome(self, stream: str, sequence: int) -> list[Entry]:
        """What a client gets first: what it missed, or the whole."""
        self._advance()
        with self._lock:
            missed = self._journal.since(sequence) if stream == self._journal.stream else None
            return [self._journal.full()] if missed is None else [self._journal.resumed(sequence), *missed]

    def _advance(self) -> None:
        """Bring the journal to the current document; called in threads, one at a time."""
        with self._lock:
            document = self._feed.document()
            if document is None or self._journal.knows(document):
                return
            entry = self._journal.advance(document)
            if entry is not None and self._loop is not None and not self._loop.is_closed():
                self._loop.call_soon_threadsafe(self._broadcast, entry)

    def _broadcast(self, entry: Entry) -> None:
        """Tell everyone who is there now, some at each turn of the event loop, one change after the other."""
        self._telling.append((entry, iter(list(self._clients))))
        if len(self._telling) == 1:
            self._tell_some()

    def _tell_some(self) -> None:
        entry, clients = self._telling[0]
        some = list(islice(clients, _AT_ONCE))
        if len(some) < _AT_ONCE:
            self._telling.popleft()
        if self._telling:
            asyncio.get_running_loop().call_soon(self._tell_some)
        for client in some:
            self._tell(client, entry)

    def _tell(self, client: _Client, entry: Entry) -> None:
        if client.pending is not None:
            client.pending.append(entry)
        elif client.sequence < entry.sequence and client in self._clients:
            client.sequence = entry.sequence
            self._send(client, client.form(entry))

    def _send(self, client: _Client, frame: bytes) -> None:
        if client.wire.buffered() > client.allowance:
            self._clients.discard(client)
            self._results["dropped"] += 1
            client.wire.abort()
        else:
            client.allowance = max(client.allowance, self._buffer_bytes + len(frame))
            client.wire.write(frame)
            self._results["sent"] += 1

    def _tick(self) -> None:
        """The heartbeat of all clients; ends with the last of them."""
        self._beat = None
        if not self._clients:
            return
        beat = self._heartbeat()
        for client in [each for each in self._clients if each.pending is None]:
            self._send(client, beat)
        loop = asyncio.get_running_loop()
        # Nothing is published when a snapshot expires: it is the loop's silence that tells.
        if self._feed.stale:
            loop.run_in_executor(None, self._advance)
        self._beat = loop.call_later(self._heartbeat_seconds, self._tick)

    def _heartbeat(self) -> bytes:
        age, stale = self._feed.age, self._feed.stale
        return text_frame(encoded({"type": "heartbeat", "age": age, "stale": stale}))


async def _refuse(send: Send, status: int, text: str) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"cache-control", b"no-store")]
    await send({"type": "websocket.http.response.start", "status": status, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": f"{text}\n".encode()})


def _position(query: bytes) -> tuple[str, int]:
    """The stream and number that a client that comes back has; no name where it has none."""
    words = parse_qs(query.decode("latin-1"))
    stream, sequence = words.get("stream", [""])[0], words.get("seq", [""])[0]
    return (stream, int(sequence)) if sequence.isascii() and sequence.isdigit() and len(sequence) < 16 else ("", 0)
