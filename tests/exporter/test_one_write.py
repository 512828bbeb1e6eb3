"""Head and body of an answer leave in one write, in order, and none is lost when the connection closes."""

import asyncio

from exporter.one_write import Corked


class Transport(asyncio.Transport):
    """Remembers what was done to it."""

    def __init__(self) -> None:
        super().__init__()
        self.done: list[bytes | str] = []

    def write(self, data: bytes) -> None:  # type: ignore[override]
        self.done.append(data)

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
