"""What a stranger may try on the port: odd requests, paths that lead out, frames that are too large."""

from __future__ import annotations

import socket
import struct
from contextlib import suppress

import pytest

from tests.exporter.live.server import Live, live
from tests.exporter.live.world import world

HEAD = b"Host: x\r\n"
SECOND = b"GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n"


def said(port: int, data: bytes) -> bytes:
    """All that the server says until it ends the connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as line:
        line.sendall(data)
        heard = b""
        with suppress(ConnectionResetError):
            while piece := line.recv(65536):
                heard += piece
        return heard


@pytest.mark.parametrize(
    "request_",
    [
        b"GET / HTTP/1.1\r\n" + HEAD + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n12345" + SECOND,
        b"GET / HTTP/1.1\r\n" + HEAD + b"Content-Length: +5\r\n\r\n12345" + SECOND,
        b"GET / HTTP/1.1\r\n" + HEAD + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + SECOND,
        b"GET / HTTP/1.1\r\n" + HEAD + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + SECOND,
        b"GET / HTTP/1.1\r\n" + HEAD + b"X: a\r\n\x00b: c\r\n\r\n" + SECOND,
        b"GET / HTTP/1.1\r\n\r\n" + SECOND,
        b"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n" + SECOND,
    ],
)
def test_a_request_that_two_servers_may_read_differently_is_refused(request_: bytes) -> None:
    with live() as server:
        heard = said(server.port, request_)
    assert heard.startswith(b"HTTP/1.1 400")
    assert heard.count(b"HTTP/1.1") == 1


@pytest.mark.parametrize(
    "path",
    [
        "/../../../../etc/passwd",
        "/live/../../../../etc/passwd",
        "/live/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
        "/live/..%2f..%2f..%2fetc/passwd",
        "/live/....//....//etc/passwd",
        "/live//etc/passwd",
        "/live/static/../assets.py",
        "//etc/passwd",
        "/live/app.js%00.css",
    ],
)
def test_no_path_leads_out(path: str) -> None:
    with live() as server:
        heard = said(server.port, f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    assert heard.startswith(b"HTTP/1.1 404")


def _joined(server: Live) -> socket.socket:
    line = socket.create_connection(("127.0.0.1", server.port), timeout=60)
    line.sendall(
        b"GET /live/stream HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    assert line.recv(12) == b"HTTP/1.1 101"
    return line


@pytest.mark.parametrize(
    "frame",
    [
        b"\x81\xff" + struct.pack("!Q", 2**40) + b"\0\0\0\0" + b"x" * 8192,  # a terabyte is announced
        b"\x81\xfe" + struct.pack("!H", 8192) + b"\0\0\0\0" + b"x" * 8192,
        b"\x01\xfe\x10\x00\0\0\0\0" + b"x" * 4096 + b"\x80\xfe\x10\x00\0\0\0\0" + b"x" * 4096,  # in two pieces
        b"\xf1\x81\0\0\0\0x",  # reserved bits
        b"\x81\x01x",  # not masked
    ],
)
def test_a_frame_that_is_too_large_or_wrong_ends_the_connection(frame: bytes) -> None:
    with live() as server:
        server.publish(world(0))
        with _joined(server) as line:
            line.sendall(frame)
            try:
                while line.recv(65536):
                    pass
            except ConnectionResetError:
                pass
        assert said(server.port, b"GET /-/healthy HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").startswith(
            b"HTTP/1.1 200"
        )
