"""Compression over loopback: a real uvicorn, and wsproto's own extension as the client."""

from __future__ import annotations

import pytest
from wsproto.extensions import PerMessageDeflate

from exporter.live.deflate import OneWayDeflate
from exporter.live.delta import applied
from tests.exporter.live.server import live
from tests.exporter.live.world import one, world
from tests.exporter.live.ws_client import connected


class Watching(PerMessageDeflate):
    """A client's end that counts bytes as they came, and those that they were."""

    came = were = 0

    def frame_inbound_payload_data(self, proto, data):  # type: ignore[no-untyped-def]
        text = super().frame_inbound_payload_data(proto, data)
        self.came, self.were = self.came + len(data), self.were + len(text)
        return text


def test_who_asks_gets_the_same_in_fewer_bytes() -> None:
    with live() as server:
        server.publish(world(0))
        deflate = Watching()
        with connected(server.port, extensions=[deflate]) as client, connected(server.port) as plain:
            assert client.extensions == [deflate]
            assert plain.extensions == []
            first = client.receive()
            assert first == plain.receive()
            assert deflate.came < deflate.were / 2
            server.publish(world(1))
            delta = client.until("delta")
            assert delta == plain.until("delta")
            assert applied(first["document"], delta) == server.feed.document()


def test_a_client_with_a_smaller_window_gets_plain_frames() -> None:
    with live() as server:
        server.publish(world(0))
        deflate = Watching(server_max_window_bits=9)
        with connected(server.port, extensions=[deflate]) as client:
            assert client.extensions == [deflate]
            assert client.receive()["document"] == server.feed.document()
            assert deflate.came == deflate.were


def test_a_small_message_that_would_be_a_large_one_is_skipped() -> None:
    """4,096 bytes are the limit of what a client may say; a million zeros are a thousand of them."""
    with live() as server:
        server.publish([one("slo_trend", 0, slo="a")])
        with connected(server.port, extensions=[PerMessageDeflate()]) as client, connected(server.port) as plain:
            for each in (client, plain):
                each.until("snapshot")
            for text in ("0" * 1_000_000, "", "x"):
                client.send(text)
            server.publish([one("slo_trend", 1, slo="a")])
            assert client.until("delta")["seq"] == 1
            assert plain.until("delta")["seq"] == 1


@pytest.mark.parametrize(
    ("offer", "answer", "for_all"),
    [
        ("permessage-deflate", "client_no_context_takeover; server_no_context_takeover", True),
        (
            "permessage-deflate; client_max_window_bits",
            "client_no_context_takeover; server_no_context_takeover; client_max_window_bits=15",
            True,
        ),
        (
            "permessage-deflate; server_max_window_bits=10",
            "client_no_context_takeover; server_no_context_takeover; server_max_window_bits=10",
            False,
        ),
        ("permessage-deflate; server_max_window_bits=5", None, False),
        ("permessage-deflate; server_max_window_bits=many", None, False),
    ],
)
def test_what_is_answered_to_an_offer(offer: str, answer: str | None, *, for_all: bool) -> None:
    deflate = OneWayDeflate()
    assert deflate.accept(offer) == answer
    assert deflate.for_all is for_all
