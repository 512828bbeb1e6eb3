"""The live stream: time from publish to a client, memory of 500 clients, and 10,000 changes with random disconnects.

The server is a process of its own (:mod:`benchmarks.live_server`); all clients are in this one, which therefore takes
part in what is measured: at 500 clients the last of them is told after we have read 499 others.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import random
import re
import socket
import statistics
import struct
import subprocess
import sys
import time
import zlib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import IO, Any

from benchmarks.result import Result
from exporter.live.delta import applied

ROOT = Path(__file__).resolve().parents[1]
CLIENTS = (1, 100, 500)
REFRESHES = 100
MEDIAN_MS, P99_MS, MEMORY_MB = 100.0, 1000.0, 15.0
CHANGES, WATCHERS = 10_000, 4

_COMPRESSED, _OPCODE = 0x40, 0x0F
_PUBLISHED = re.compile(rb'"published":([0-9.]+)')


def run() -> Iterator[Result]:
    """Latency at each number of clients, memory, then the long run; bars of the design are the peers."""
    for clients in CLIENTS:
        with _server() as (pid, port, lines):
            before = _resident(pid)
            times, grown = asyncio.run(_latency(pid, port, lines, clients, before))
        median, p99 = statistics.median(times), statistics.quantiles(times, n=100)[98]
        yield Result(f"publish to {clients} clients, median", f"{median:.1f} ms", "100 ms", MEDIAN_MS / median, 1.0)
        yield Result(f"publish to {clients} clients, p99", f"{p99:.1f} ms", "1000 ms", P99_MS / p99, 1.0)
        if clients == max(CLIENTS):
            yield Result(f"memory of {clients} clients", f"{grown:.1f} MB", "15 MB", MEMORY_MB / grown, 1.0)
    with _server() as (_, port, lines):
        resumed, whole, wrong = asyncio.run(_long_run(port, lines))
    said = f"{resumed} resumed, {whole} from the whole"
    what = f"{CHANGES:,} changes, {WATCHERS} clients that drop at random: lost or doubled"
    yield Result(what, f"{wrong} ({said})", "0", float(wrong == 0), 1.0)


async def _latency(pid: int, port: int, lines: IO[bytes], clients: int, before: float) -> tuple[list[float], float]:
    """Milliseconds of every client for every refresh, and the megabytes that the server has grown by."""
    times: list[float] = []

    async def watch(ready: asyncio.Event) -> None:
        async with _connected(port) as reader:
            ready.set()
            left = REFRESHES
            while left:
                frame = await _frame(reader)
                if frame.startswith(b'{"type":"delta"'):
                    found = _PUBLISHED.search(frame)
                    assert found is not None
                    times.append(1000 * (time.monotonic() - float(found[1])))
                    left -= 1

    readies = [asyncio.Event() for _ in range(clients)]
    tasks = [asyncio.create_task(watch(ready)) for ready in readies]
    for ready in readies:
        await ready.wait()
    await asyncio.sleep(1)
    grown = _resident(pid) - before
    for _ in range(REFRESHES):
        _refresh(lines)
        await asyncio.sleep(0.1)
    await asyncio.gather(*tasks)
    return times, max(grown, _resident(pid) - before)


async def _long_run(port: int, lines: IO[bytes]) -> tuple[int, int, int]:
    """How often watchers resumed, began anew, and saw a wrong number or ended with a wrong document."""
    chance = random.Random(1)
    counts = {"resumed": 0, "whole": 0, "wrong": 0}
    done = asyncio.Event()

    async def watch(ready: asyncio.Event) -> Any:
        document: Any = {}
        at = ("", -1)
        while at[1] < CHANGES:
            async with _connected(port, at) as reader:
                left = chance.randint(1, 400)
                while left and at[1] < CHANGES:
                    message = json.loads(await _frame(reader))
                    if message["type"] == "snapshot":
                        document, at = message["document"], (message["stream"], message["seq"])
                        counts["whole"] += 1
                        ready.set()
                    elif message["type"] == "resumed":
                        counts["resumed"] += 1
                        counts["wrong"] += (message["stream"], message["seq"]) != at
                    elif message["type"] == "delta":
                        counts["wrong"] += message["seq"] != at[1] + 1
                        document, at, left = applied(document, message), (at[0], message["seq"]), left - 1
        return document

    readies = [asyncio.Event() for _ in range(WATCHERS)]
    tasks = [asyncio.create_task(watch(ready)) for ready in readies]
    for ready in readies:
        await ready.wait()
    for sent in range(CHANGES):
        _refresh(lines)
        if sent % 4 == 0:
            await asyncio.sleep(0.012)
    documents = await asyncio.wait_for(asyncio.gather(*tasks), 300)
    done.set()
    final = await asyncio.to_thread(_document, port)
    counts["wrong"] += sum(document != final for document in documents)
    return counts["resumed"], counts["whole"] - WATCHERS, counts["wrong"]


def _refresh(lines: IO[bytes]) -> None:
    lines.write(b"\n")
    lines.flush()


def _document(port: int) -> Any:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", "/api/v1/snapshot")
    found = json.loads(connection.getresponse().read())
    connection.close()
    del found["age_seconds"]
    return found


@asynccontextmanager
async def _connected(port: int, at: tuple[str, int] = ("", -1)) -> AsyncIterator[asyncio.StreamReader]:
    """A WebSocket client that only reads; it goes away without a word."""
    async with _opened(port, at) as (reader, _):
        yield reader


@asynccontextmanager
async def _opened(
    port: int, at: tuple[str, int] = ("", -1)
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A WebSocket after its handshake, both ways; compressed, as browsers have it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    query = f"?stream={at[0]}&seq={at[1]}" if at[0] else ""
    writer.write(
        f"GET /live/stream{query} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n".encode()
    )
    head = await reader.readuntil(b"\r\n\r\n")
    if b" 101 " not in head.partition(b"\r\n")[0]:
        raise RuntimeError(f"refused: {head!r}")
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def _frame(reader: asyncio.StreamReader) -> bytes:
    """The payload of the next frame of the server."""
    return (await _kind_and_frame(reader))[1]


async def _kind_and_frame(reader: asyncio.StreamReader, most: int = 0) -> tuple[int, bytes]:
    """The opcode and the payload of the next frame of the server; they are unmasked. Where it is compressed, at
    ``most`` so many bytes of it, or all."""
    head = await reader.readexactly(2)
    length = head[1]
    if length == 126:
        (length,) = struct.unpack("!H", await reader.readexactly(2))
    elif length == 127:
        (length,) = struct.unpack("!Q", await reader.readexactly(8))
    payload = await reader.readexactly(length)
    if not head[0] & _COMPRESSED:
        return head[0] & _OPCODE, payload
    text = zlib.decompressobj(-zlib.MAX_WBITS).decompress(payload + b"\x00\x00\xff\xff", most)
    return head[0] & _OPCODE, text


def _resident(pid: int) -> float:
    """Megabytes."""
    (line,) = (row for row in Path(f"/proc/{pid}/status").read_text().splitlines() if row.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


@contextmanager
def _server() -> Iterator[tuple[int, int, IO[bytes]]]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    command = [sys.executable, "-m", "benchmarks.live_server", str(port)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        try:
            _wait(port, process)
            yield process.pid, port, process.stdin
        finally:
            process.kill()


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 30
    while process.poll() is None and time.monotonic() < deadline:
        try:
            _document(port)  # what the first request loads is not the clients' memory
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"the server did not start (exit code {process.poll()})")
