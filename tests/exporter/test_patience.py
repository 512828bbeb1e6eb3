"""uvicorn with our protocol on loopback, its deadlines shortened, and clients that misbehave over raw sockets."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from exporter import patience
from exporter.server import Address, PatientServer, bind, config

QUICK = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
PLACES = 6


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
def address(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, int]]:
    monkeypatch.setattr(patience, "HEAD_SECONDS", 0.8)
    monkeypatch.setattr(patience, "TAKE_SECONDS", 0.5)
    with bind(Address("127.0.0.1", 0)) as listener:
        server = PatientServer(config(application, PLACES, 75), None)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        yield listener.getsockname()
        server.should_exit = True
        thread.join(10)
        assert not thread.is_alive()


def connect(address: tuple[str, int], say: bytes = b"") -> socket.socket:
    connection = socket.create_connection(address, 10)
    connection.sendall(say)
    return connection


def answers(connection: socket.socket) -> bool:
    connection.sendall(QUICK)
    return b" 200 " in connection.recv(10_000)


def closed(connection: socket.socket) -> bool:
    """Whether the other side ends it, within ten seconds."""
    with contextlib.suppress(ConnectionResetError):
        while connection.recv(65536):
            pass
    return True


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
def test_a_request_that_never_ends_is_given_up(address: tuple[str, int], said: bytes) -> None:
    with connect(address, said) as connection:
        assert closed(connection)


def pours(connection: socket.socket, piece: bytes, pieces: int, pause: float) -> bool:
    """Whether the other side takes all the pieces."""
    try:
        for _ in range(pieces):
            connection.sendall(piece)
            time.sleep(pause)
    except OSError:  # reset, or broken pipe
        return False
    return True


def test_drops_do_not_extend_the_time(address: tuple[str, int]) -> None:
    with connect(address, b"GET / HTTP/1.1\r\nX: ") as connection:
        assert not pours(connection, b"x", 200, 0.05)


def test_a_connection_that_is_kept_may_wait_and_the_next_request_has_its_time_again(address: tuple[str, int]) -> None:
    with connect(address) as connection:
        assert answers(connection)
        time.sleep(1)  # longer than a request may take
        connection.sendall(QUICK[:20])
        time.sleep(0.1)
        connection.sendall(QUICK[20:])
        assert b" 200 " in connection.recv(10_000)
        connection.sendall(QUICK[:20])
        assert closed(connection)


def test_two_requests_in_one_packet_are_both_answered(address: tuple[str, int]) -> None:
    with connect(address, QUICK + QUICK) as connection:
        text = b""
        while text.count(b" 200 ") < 2:
            text += connection.recv(10_000)


def test_a_head_or_a_body_that_is_too_large_ends_the_connection(
    address: tuple[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "HEAD_SECONDS", 60)
    with connect(address) as connection, contextlib.suppress(OSError):
        connection.sendall(b"GET / HTTP/1.1\r\nX: " + b"x" * 100_000)
        assert b" 400 " in connection.recv(10_000)
    for head in (b"Content-Length: 1000000000", b"Transfer-Encoding: chunked"):
        with connect(address, b"POST / HTTP/1.1\r\nHost: x\r\n" + head + b"\r\n\r\n") as connection:
            assert not pours(connection, b"fa0\r\n" + b"x" * 4000 + b"\r\n", 1000, 0.001)


def test_an_answer_that_is_not_taken_is_given_up(address: tuple[str, int]) -> None:
    with connect(address, QUICK.replace(b"/ ", b"/large ", 1)) as connection:
        time.sleep(1)
        received = 0
        with contextlib.suppress(ConnectionResetError):
            while piece := connection.recv(1_000_000):
                received += len(piece)
        assert received < 20_000_000


def test_an_answer_that_is_taken_is_whole(address: tuple[str, int]) -> None:
    with connect(address, QUICK.replace(b"/ ", b"/large ", 1)) as connection:
        received = 0
        while received < 20_000_000:
            received += len(connection.recv(1_000_000))


def test_a_websocket_is_not_a_request_that_never_ends(address: tuple[str, int]) -> None:
    upgrade = (
        b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    )
    with connect(address, upgrade) as connection:
        assert b" 101 " in connection.recv(10_000)
        connection.settimeout(1)
        with pytest.raises(TimeoutError):
            connection.recv(1)


def test_where_there_are_too_many_the_idle_ones_give_way(
    address: tuple[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "HEAD_SECONDS", 60)
    with contextlib.ExitStack() as stack:
        useful = stack.enter_context(connect(address))
        assert answers(useful)
        silent = [stack.enter_context(connect(address)) for _ in range(3 * PLACES)]
        for _ in range(3):
            with connect(address) as late:
                assert answers(late)
        # Silent ones went, the oldest first; the one that had been of use stayed.
        assert closed(silent[0])
        assert answers(useful)
