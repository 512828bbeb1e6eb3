"""uvicorn with our protocol on loopback, on a clock that the test moves, and clients that misbehave on raw sockets."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import h11
import pytest

from exporter.patience import HEAD_SECONDS, TAKE_SECONDS, PatientProtocol
from exporter.server import Address, PatientServer, bind, config

QUICK = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
PLACES = 6


class Clockwork(asyncio.SelectorEventLoop):
    """An event loop whose time passes when it is told to; a microsecond a look keeps what comes later later."""

    now = 1000.0

    def time(self) -> float:
        self.now += 1e-6
        return self.now

    def advance(self, seconds: float) -> None:
        """From any thread; what is due by then has happened at the return."""

        async def happened() -> None:
            await asyncio.sleep(0)

        async def later() -> None:
            self.now += seconds

        for each in (later, happened, happened):
            asyncio.run_coroutine_threadsafe(each(), self).result(60)


class Served:
    """A server in a thread, with its clock and its connections."""

    def __init__(self, listener: socket.socket) -> None:
        self.address: tuple[str, int] = listener.getsockname()
        self.loop = Clockwork()
        self._server = PatientServer(config(application, PLACES, 75), None)
        self._thread = threading.Thread(target=self._run, args=([listener],), daemon=True)
        self._thread.start()

    def _run(self, sockets: list[socket.socket]) -> None:
        with asyncio.Runner(loop_factory=lambda: self.loop) as runner:
            runner.run(self._server.serve(sockets))

    def until(self, holds: Callable[[PatientProtocol], object]) -> None:
        """Wait until it holds of one of the connections."""
        end = time.monotonic() + 60
        while not any(map(holds, self._connections())):
            assert time.monotonic() < end
            time.sleep(0.002)

    def _connections(self) -> list[PatientProtocol]:
        async def found() -> list[Any]:
            return list(self._server.server_state.connections)

        return asyncio.run_coroutine_threadsafe(found(), self.loop).result(60)

    def stop(self) -> None:
        self._server.should_exit = True
        end = time.monotonic() + 60
        while self._thread.is_alive():
            assert time.monotonic() < end
            with contextlib.suppress(RuntimeError):  # it has just ended
                self.loop.call_soon_threadsafe(setattr, self.loop, "now", self.loop.now + 0.1)
            self._thread.join(0.01)


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Answers /: one byte, /large: 20 MB; a WebSocket is accepted and kept."""
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        while (await receive())["type"] != "websocket.disconnect":
            pass
        return
    body = b"x" * (20_000_000 if scope["path"] == "/large" else 1)
    headers = [(b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


@pytest.fixture
def served() -> Iterator[Served]:
    with bind(Address("127.0.0.1", 0)) as listener:
        found = Served(listener)
        yield found
        found.stop()


def connect(served: Served, say: bytes = b"") -> socket.socket:
    connection = socket.create_connection(served.address, 60)
    connection.sendall(say)
    return connection


def answers(connection: socket.socket) -> bool:
    connection.sendall(QUICK)
    return b" 200 " in connection.recv(10_000)


def closed(connection: socket.socket) -> bool:
    """Whether the other side ends it: TimeoutError where it does not."""
    with contextlib.suppress(ConnectionResetError):
        while connection.recv(65536):
            pass
    return True


def waits(connection: PatientProtocol) -> bool:
    """Whether the time for a request runs."""
    return connection._deadline is not None


def has_begun(connection: PatientProtocol) -> bool:
    """Whether it runs, and a part of the request is there."""
    return waits(connection) and bool(connection.conn.trailing_data[0] or connection.conn.their_state is h11.SEND_BODY)


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"GET / HT",
        b"GET / HTTP/1.1\r\nHost: x\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n",
    ],
)
def test_a_request_that_never_ends_is_given_up(served: Served, said: bytes) -> None:
    with connect(served, said) as connection:
        served.until(has_begun if said else waits)
        served.loop.advance(HEAD_SECONDS - 1)
        served.until(waits)
        served.loop.advance(2)
        assert closed(connection)


def test_drops_do_not_extend_the_time(served: Served) -> None:
    with connect(served, b"GET / HTTP/1.1\r\nX: ") as connection:
        served.until(has_begun)
        with contextlib.suppress(OSError):  # reset, or broken pipe
            for _ in range(int(HEAD_SECONDS)):
                served.loop.advance(1.1)
                connection.sendall(b"x")
        assert closed(connection)


def test_a_connection_that_is_kept_may_wait_and_the_next_request_has_its_time_again(served: Served) -> None:
    with connect(served) as connection:
        assert answers(connection)
        served.loop.advance(2 * HEAD_SECONDS)
        connection.sendall(QUICK[:20])
        served.until(has_begun)
        served.loop.advance(HEAD_SECONDS - 1)
        connection.sendall(QUICK[20:])
        assert b" 200 " in connection.recv(10_000)
        connection.sendall(QUICK[:20])
        served.until(has_begun)
        served.loop.advance(HEAD_SECONDS + 1)
        assert closed(connection)


def test_two_requests_in_one_packet_are_both_answered(served: Served) -> None:
    with connect(served, QUICK + QUICK) as connection:
        text = b""
        while text.count(b" 200 ") < 2:
            text += (piece := connection.recv(10_000))
            assert piece


def test_a_head_or_a_body_that_is_too_large_ends_the_connection(served: Served) -> None:
    with connect(served) as connection, contextlib.suppress(OSError):
        connection.sendall(b"GET / HTTP/1.1\r\nX: " + b"x" * 100_000)
        assert b" 400 " in connection.recv(10_000)
    for head in (b"Content-Length: 1000000000", b"Transfer-Encoding: chunked"):
        with connect(served, b"POST / HTTP/1.1\r\nHost: x\r\n" + head + b"\r\n\r\n") as connection:
            with contextlib.suppress(OSError):  # reset, or broken pipe
                for _ in range(1000):
                    connection.sendall(b"fa0\r\n" + b"x" * 4000 + b"\r\n")
            assert closed(connection)


def held_up(connection: PatientProtocol) -> bool:
    """Whether the time for an answer to be taken runs."""
    return connection._taking is not None


def test_an_answer_that_is_not_taken_is_given_up(served: Served) -> None:
    with connect(served, QUICK.replace(b"/ ", b"/large ", 1)) as connection:
        served.until(held_up)
        served.loop.advance(TAKE_SECONDS + 1)
        received = 0
        with contextlib.suppress(ConnectionResetError):
            while piece := connection.recv(1_000_000):
                received += len(piece)
        assert received < 20_000_000


def test_an_answer_that_is_taken_is_whole_and_its_time_is_over(served: Served) -> None:
    with connect(served, QUICK.replace(b"/ ", b"/large ", 1)) as connection:
        served.until(held_up)
        served.loop.advance(TAKE_SECONDS - 1)
        received = connection.recv(1_000_000)
        left = 20_000_000 - len(received.partition(b"\r\n\r\n")[2])
        while left:
            left -= len(piece := connection.recv(1_000_000))
            assert piece
        served.until(lambda each: not held_up(each))
        served.loop.advance(10)
        assert answers(connection)


def test_a_websocket_is_not_a_request_that_never_ends(served: Served) -> None:
    upgrade = (
        b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    )
    with connect(served, upgrade) as connection:
        assert b" 101 " in connection.recv(10_000)
        served.loop.advance(HEAD_SECONDS + 1)
        connection.sendall(b"\x89\x80\0\0\0\0")  # a ping
        assert connection.recv(100) == b"\x8a\x00"


def test_where_there_are_too_many_the_idle_ones_give_way(served: Served) -> None:
    with contextlib.ExitStack() as stack:
        useful = stack.enter_context(connect(served))
        assert answers(useful)
        silent = [stack.enter_context(connect(served)) for _ in range(3 * PLACES)]
        for _ in range(3):
            with connect(served) as late:
                assert answers(late)
        # Silent ones went, the oldest first; the one that had been of use stayed.
        assert closed(silent[0])
        assert answers(useful)
