"""A real uvicorn in a thread of the test, with the live stream, and a hand that publishes snapshots."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from exporter.contract import Sample
from exporter.live import Feed, LiveStream
from exporter.outside import PLAIN
from exporter.server import Address, PatientServer, bind, config
from exporter.snapshot import Snapshot
from exporter.web import app
from tests.exporter.live.world import snapshot


class Live:
    """``port`` to connect to; ``publish`` makes samples the current snapshot, as the loop would in its thread."""

    def __init__(self, **settings: Any) -> None:
        self.now, self.tick = 50.0, 1000.0
        self.words: dict[str, Any] = {}
        self.on_words: Callable[[], object] = lambda: None
        self.current: Snapshot | None = None
        self.feed = Feed(lambda: self.current, monotonic=lambda: self.now, clock=lambda: self.tick + 7, words=self._say)
        origins, outside = settings.get("origins", ()), settings.pop("outside", PLAIN)
        context: ssl.SSLContext | None = settings.pop("context", None)
        self.stream = LiveStream(self.feed, monotonic=lambda: self.now, **settings)
        web = app(
            lambda: self.current,
            monotonic=lambda: self.now,
            version="1",
            config=str,
            feed=self.feed,
            live=self.stream,
            cors_origins=origins,
            outside=outside,
        )
        self._socket = bind(Address("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self.server = PatientServer(config(web, 1000, 75), context)
        self.thread = threading.Thread(target=self.server.run, kwargs={"sockets": [self._socket]}, daemon=True)
        self.thread.start()

    def publish(self, samples: list[Sample], *, expires: float = 1e18) -> None:
        """The next refresh."""
        self.tick += 1
        self.current = snapshot(samples, at=self.tick, expires=expires)
        self.stream.publish(self.current)

    def publish_much(self, number: int) -> None:
        """A refresh whose change is half a megabyte, and quickly made."""
        self.words = {"events": [f"{number} {'x' * 500_000}"]}
        self.publish([])

    def held(self, wire: Any) -> tuple[int, int]:
        """Bytes that wait for a client, and those of them that its transport has; of one moment, after all that was
        published has been handed on."""

        async def look() -> tuple[int, int]:
            for _ in range(3):  # a change is told in one turn of the event loop and written in the next
                await asyncio.sleep(0)
            return wire.buffered(), wire.transport._transport.get_write_buffer_size()

        assert self.stream._loop is not None
        return asyncio.run_coroutine_threadsafe(look(), self.stream._loop).result(60)

    def stopped_up(self, first: int) -> tuple[Any, int, int]:
        """The only client's wire, once more waits for it than the kernel takes; the number of the last change, of which
        ``first`` is the first, and how much of what waits its transport has."""
        (there,) = self.stream._clients
        for tick in range(first, first + 200):
            self.publish_much(tick)
            buffered, of_the_transport = self.held(there.wire)
            if buffered > 4_000_000:
                return there.wire, tick, of_the_transport
        raise AssertionError(f"only {buffered} bytes wait: does it read?")

    def _say(self) -> dict[str, Any]:
        self.on_words()
        return self.words

    def value(self, name: str, **labels: str) -> float:
        """One of the stream's own series."""
        (found,) = (
            s.value for s in self.stream.health() if s.name == name and labels.items() <= dict(s.labels).items()
        )
        return found

    def cut(self) -> None:
        """End every connection, as a network that fails."""
        loop = self.stream._loop
        for client in list(self.stream._clients):
            if loop is not None:
                loop.call_soon_threadsafe(client.wire.abort)

    def stop(self) -> None:
        """End as after SIGTERM."""
        self.server.should_exit = True
        self.thread.join(60)
        self._socket.close()


@contextmanager
def live(**settings: Any) -> Iterator[Live]:
    """A server that is stopped at the end."""
    running = Live(**settings)
    try:
        yield running
    finally:
        running.stop()
