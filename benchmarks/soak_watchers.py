"""Many clients of the live stream that come back when it ends, and count what they should have seen and did not."""

from __future__ import annotations

import asyncio
import json
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from benchmarks.live import _connected, _frame, _kind_and_frame, _opened
from exporter.live.delta import applied

_SEQUENCE = re.compile(rb'"seq":(\d+)')
_STREAM = re.compile(rb'"stream":"([^"]*)"')
_TEXT, _PING = 0x1, 0x9
_WHOLE = 3
"""Clients that keep the document and not only count."""

_BEGINNING = 200
"""Bytes of a message that are inflated for those who only count: 500 browsers have 500 processors."""
_SILENCE = 60.0
"""Seconds without any message after which a connection counts as dead; a heartbeat comes every 5."""


@dataclass(slots=True)
class Seen:
    """``missed``: deltas whose number does not follow the one before; ``wrong``: documents that no newcomer gets."""

    deltas: int = 0
    missed: int = 0
    wrong: int = 0
    compared: int = 0
    snapshots: int = 0
    resumed: int = 0
    ended: int = 0
    ended_unordered: int = 0
    silent: int = 0
    refused: int = 0
    kept: dict[tuple[str, int], Any] = field(default_factory=dict)


class Watchers:
    """So many clients in an event loop of their own; ``by_order`` says whether the server is down by order now."""

    def __init__(self, port: int, clients: int, by_order: Callable[[], bool]) -> None:
        self.seen = Seen()
        self._port, self._clients, self._by_order = port, clients, by_order
        self._over = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._all()))
        self._thread.start()

    def close(self) -> None:
        """Compare the kept documents with what a newcomer gets, and leave."""
        self._over.set()
        self._thread.join()

    async def _all(self) -> None:
        tasks = [asyncio.create_task(self._one(i)) for i in range(self._clients)]
        while not self._over.is_set():
            await asyncio.sleep(0.2)
        await self._compare()
        for task in tasks:
            task.cancel()
        # Not for ever: wait_for() of Python 3.11 may lose a cancellation. asyncio.run() cancels what is left once more.
        await asyncio.wait(tasks, timeout=10)

    async def _one(self, number: int) -> None:
        at: tuple[str, int] = ("", -1)
        document: Any = None
        await asyncio.sleep(number * 0.02)
        while True:
            try:
                async with _opened(self._port, at) as (reader, writer):
                    while True:
                        most = 0 if number < _WHOLE else _BEGINNING
                        kind, payload = await asyncio.wait_for(_kind_and_frame(reader, most), _SILENCE)
                        if kind == _PING:
                            writer.write(_pong(payload))
                        if kind != _TEXT:
                            continue
                        at, document = self._read(payload, at, document, keep=number < _WHOLE)
            except TimeoutError:
                self.seen.silent += 1
            except (OSError, asyncio.IncompleteReadError):
                self.seen.ended += 1
                self.seen.ended_unordered += not self._by_order()
            except RuntimeError:
                self.seen.refused += 1
            await asyncio.sleep(0.5 + number % 10 / 10)

    def _read(self, payload: bytes, at: tuple[str, int], document: Any, *, keep: bool) -> tuple[tuple[str, int], Any]:
        kind = payload[:24]
        if kind.startswith(b'{"type":"delta"'):
            found = _number(payload)
            self.seen.deltas += 1
            self.seen.missed += max(abs(found - at[1] - 1), 0)
            at = (at[0], found)
            if keep:
                document = applied(document, json.loads(payload))
                self._keep(at, document)
        elif kind.startswith(b'{"type":"snapshot"'):
            self.seen.snapshots += 1
            at = (_text(payload), _number(payload))
            document = json.loads(payload)["document"] if keep else None
        elif kind.startswith(b'{"type":"resumed"'):
            self.seen.resumed += 1
            self.seen.missed += (_text(payload), _number(payload)) != at
        return at, document

    def _keep(self, at: tuple[str, int], document: Any) -> None:
        self.seen.kept[at] = document
        while len(self.seen.kept) > 20:
            del self.seen.kept[next(iter(self.seen.kept))]

    async def _compare(self) -> None:
        """Newcomers' documents against those that were made of deltas alone."""
        end = time.monotonic() + 60
        while self.seen.compared < 3 and time.monotonic() < end:
            async with _connected(self._port) as reader:
                told = json.loads(await _frame(reader))
            await asyncio.sleep(0.5)
            kept = self.seen.kept.get((told["stream"], told["seq"]))
            if kept is not None:
                self.seen.compared += 1
                self.seen.wrong += kept != told["document"]
            await asyncio.sleep(2)


def _pong(payload: bytes) -> bytes:
    """The answer to a ping; a client's frames are masked, this one by zeros (RFC 6455, section 5.3)."""
    return bytes([0x8A, 0x80 | len(payload), 0, 0, 0, 0]) + payload


def _number(payload: bytes) -> int:
    found = _SEQUENCE.search(payload)
    assert found is not None
    return int(found[1])


def _text(payload: bytes) -> str:
    found = _STREAM.search(payload)
    assert found is not None
    return found[1].decode()
