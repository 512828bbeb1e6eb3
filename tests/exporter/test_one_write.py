"""Head and body of an answer leave in one write, in order, and none is lost when the connection closes; a large body
leaves as it is taken."""

import asyncio
import tracemalloc
from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.one_write import PIECE, Corked


class Transport(asyncio.Transport):
    """Remembers what was done to it. After ``takes`` bytes it has enough, and says so as asyncio's transports do."""

    BUFFERED = 7

    def __init__(self, takes: int | None = None) -> None:
        super().__init__()
        self.done: list[bytes | str] = []
        self.takes = takes
        self.enough: Callable[[], None] = lambda: None

    def write(self, data: bytes) -> None:  # type: ignore[override]
        self.done.append(data)
        if self.takes is not None and sum(map(len, self.done)) > self.takes:
            self.enough()

    def get_write_buffer_size(self) -> int:
        return self.BUFFERED

    def close(self) -> None:
        self.done.append("closed")

    def is_closing(self) -> bool:
        return "closed" in self.done


def test_the_writes_of_one_turn_leave_together_and_those_of_the_next_after_them() -> None:
    transport = Transport()

    async def answer() -> None:
        corked = Corked(transport, asyncio.get_running_loop())
        for piece in (b"head ", b"", b"body"):
            corked.write(piece)
        assert transport.done == []
        await asyncio.sleep(0)
        corked.write(b"next")
        await asyncio.sleep(0)

    asyncio.run(answer())
    assert transport.done == [b"head body", b"next"]


def test_what_is_kept_is_written_before_the_connection_closes_and_once_only() -> None:
    transport = Transport()

    async def answer() -> None:
        corked = Corked(transport, asyncio.get_running_loop())
        corked.write(b"last words")
        corked.close()
        assert corked.is_closing()
        await asyncio.sleep(0)

    asyncio.run(answer())
    assert transport.done == [b"last words", "closed"]


def test_a_large_body_leaves_as_it_is_taken_and_the_connection_closes_after_it() -> None:
    transport = Transport(takes=PIECE // 2)
    body = bytes(range(256)) * (PIECE // 100)

    async def answer() -> None:
        corked = Corked(transport, asyncio.get_running_loop())
        transport.enough = corked.pause
        corked.write(b"head ")
        corked.write(body)
        corked.write(b"next")  # of a second request
        await asyncio.sleep(0)
        assert len(transport.done) == 1
        assert len(transport.done[0]) == PIECE
        corked.close()
        assert corked.waiting
        assert corked.is_closing()
        assert not transport.is_closing()
        transport.takes = None
        corked.resume()
        assert not corked.waiting

    asyncio.run(answer())
    *pieces, last = transport.done
    assert b"".join(piece for piece in pieces if isinstance(piece, bytes)) == b"head " + body + b"next"
    assert last == "closed"


def test_what_a_client_does_not_take_is_held_but_not_copied_for_it() -> None:
    """A thousand clients that wait for the same megabyte hold it once."""
    body, corkeds = bytes(1_000_000), []

    async def answer() -> None:
        for _ in range(1000):
            transport = Transport(takes=0)
            corked = Corked(transport, asyncio.get_running_loop())
            corked.piece, transport.enough = 1000, corked.pause
            corked.write(body)
            corkeds.append(corked)
        await asyncio.sleep(0)

    tracemalloc.start()
    asyncio.run(answer())
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert {corked.get_write_buffer_size() for corked in corkeds} == {len(body) - 1000 + Transport.BUFFERED}
    assert held < 20_000_000


def test_nothing_is_written_to_a_client_that_is_gone() -> None:
    transport = Transport(takes=0)

    async def answer() -> None:
        corked = Corked(transport, asyncio.get_running_loop())
        transport.enough = corked.pause
        corked.write(b"x" * 3 * PIECE)
        await asyncio.sleep(0)
        corked.forget()
        corked.resume()

    asyncio.run(answer())
    assert [len(piece) for piece in transport.done] == [PIECE]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 3 * PIECE), max_size=6), st.integers(0, 5 * PIECE))
def test_the_bytes_are_the_same_in_the_same_order_however_they_are_taken(sizes: list[int], takes: int) -> None:
    transport = Transport(takes)
    bodies = [bytes([i]) * size for i, size in enumerate(sizes)]

    async def answer() -> None:
        corked = Corked(transport, asyncio.get_running_loop())
        transport.enough = corked.pause
        for body in bodies:
            corked.write(body)
            await asyncio.sleep(0)
            if len(body) % 2:
                corked.resume()
        while corked.waiting:
            corked.resume()

    asyncio.run(answer())
    assert all(len(piece) <= PIECE for piece in transport.done)
    assert b"".join(piece for piece in transport.done if isinstance(piece, bytes)) == b"".join(bodies)
