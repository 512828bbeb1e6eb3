"""The stream over TLS, whose transport has its own way to say that it has enough."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path
from typing import Any

import pytest

from tests.certificates import authority, issued
from tests.exporter.live.server import live
from tests.exporter.live.world import one
from tests.exporter.live.ws_client import connected
from tests.waiting import until

PIECE = 32 * 1024


@pytest.fixture(scope="module")
def contexts(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """The server's and the client's."""
    folder: Path = tmp_path_factory.mktemp("tls")
    own = authority(folder)
    pair = issued(folder, own, "server")
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(pair.cert, pair.key)
    return serving, ssl.create_default_context(cafile=own.cert)


def numbers(tick: int, rows: int) -> list[Any]:
    return [one("slo_error_budget_remaining_ratio", tick + row / 10, slo=f"s{row}") for row in range(rows)]


def test_a_slow_client_gets_everything_in_order_piece_by_piece(contexts: tuple[ssl.SSLContext, ssl.SSLContext]) -> None:
    serving, asking = contexts
    with live(context=serving, buffer_bytes=10**9) as server:
        server.publish(numbers(0, 3))
        with connected(server.port, context=asking) as client:
            client.until("heartbeat")
            server.publish(numbers(1, 3))  # small: nothing waits, and nothing may stand still
            assert client.until("delta")["seq"] == 1
            wire, tick, of_the_transport = server.stopped_up(2)
            assert of_the_transport <= 2 * PIECE
            assert [client.until("delta")["seq"] for _ in range(2, tick + 1)] == [*range(2, tick + 1)]
            until(lambda: wire.buffered() == 0)
            server.publish(numbers(tick + 1, 3))
            assert client.until("delta")["seq"] == tick + 1


def test_a_connection_that_was_closed_twice_silences_no_other(contexts: tuple[ssl.SSLContext, ssl.SSLContext]) -> None:
    serving, asking = contexts
    with live(context=serving) as server:
        server.publish(numbers(0, 3))
        with connected(server.port, context=asking) as closed:
            closed.until("heartbeat")
            (there,) = server.stream._clients
            wire: Any = there.wire
            with connected(server.port, context=asking) as other:
                other.until("heartbeat")

                async def close_twice_and_beat() -> None:
                    wire.transport.close()
                    wire.transport.close()
                    server.stream._tick()

                assert server.stream._loop is not None
                asyncio.run_coroutine_threadsafe(close_twice_and_beat(), server.stream._loop).result(60)
                other.until("heartbeat")
                server.publish(numbers(1, 3))
                assert other.until("delta")["seq"] == 1
