"""The stream over loopback: a real uvicorn, a real WebSocket client."""

from __future__ import annotations

import http.client
import random
import threading
from typing import Any

import pytest

from exporter.live.delta import applied
from exporter.live.stream import _AT_ONCE
from tests.exporter.live.server import live
from tests.exporter.live.world import one, world
from tests.exporter.live.ws_client import Client, ClosedError, RefusedError, connected, pairs
from tests.waiting import until

BEAT = 0.1


def numbers(tick: int, rows: int = 3) -> list[Any]:
    return [one("slo_error_budget_remaining_ratio", tick + row / 10, slo=f"s{row}") for row in range(rows)]


class Watcher:
    """Applies what it gets, and fails where a number is lost or doubled."""

    def __init__(self, port: int) -> None:
        self.port, self.document, self.at = port, {}, ("", -1)
        self.resumed = self.whole = 0

    def begin(self, client: Client) -> None:
        """Take the whole document."""
        message = client.receive()
        self.document, self.at = message["document"], pairs(message)

    def watch(self, client: Client, deltas: int, last: int) -> None:
        """Take this many deltas, or up to the last one."""
        while deltas and self.at[1] < last:
            message = client.receive()
            if message["type"] == "snapshot":
                self.whole += 1
            elif message["type"] == "resumed":
                assert pairs(message) == self.at
                self.resumed += 1
            elif message["type"] == "delta":
                assert message["seq"] == self.at[1] + 1
                self.document, self.at = applied(self.document, message), (self.at[0], message["seq"])
                deltas -= 1


def test_first_the_whole_document_then_its_changes() -> None:
    with live() as server:
        server.publish(world(0))
        with connected(server.port) as client:
            first = client.receive()
            assert (first["type"], first["seq"]) == ("snapshot", 0)
            assert first["document"] == server.feed.document()
            assert client.extensions == []  # who does not ask gets it plain
            assert client.receive() == {"type": "heartbeat", "age": 7.0, "stale": False}
            server.publish(world(1))
            delta = client.until("delta")
            assert delta["seq"] == 1
            assert applied(first["document"], delta) == server.feed.document()


def test_what_clients_say_is_not_listened_to() -> None:
    with live() as server:
        server.publish(numbers(0))
        with connected(server.port) as client:
            client.until("snapshot")
            for text in ("", "hello", '{"type": "delta"}'):
                client.send(text)
            server.publish(numbers(1))
            assert client.until("delta")["seq"] == 1


def test_a_client_that_comes_back_gets_what_it_missed() -> None:
    with live() as server:
        server.publish(numbers(0))
        with connected(server.port) as client:
            first = client.until("snapshot")
        until(lambda: server.value("winburn_live_clients") == 0)
        for tick in (1, 2, 3):
            server.publish(numbers(tick))
        with connected(server.port, resume=pairs(first)) as client:
            assert client.receive() == {"type": "resumed", "stream": first["stream"], "seq": 0}
            document = first["document"]
            for number in (1, 2, 3):
                delta = client.receive()
                assert delta["seq"] == number
                document = applied(document, delta)
            assert document == server.feed.document()


def test_a_change_in_the_moment_in_which_the_last_client_goes_is_not_missed() -> None:
    with live() as server:
        server.publish(numbers(0))
        with connected(server.port) as client:
            first = client.until("snapshot")
            gone = threading.Event()

            def now() -> float:
                if threading.current_thread() is server.thread and not gone.is_set():
                    gone.set()
                    server.publish(numbers(1))  # as the loop's thread may, just now
                return server.now

            server.stream._monotonic = now
        until(gone.is_set)
        until(lambda: server.value("winburn_live_clients") == 0)
        server.publish(numbers(2))
        with connected(server.port, resume=pairs(first)) as client:
            assert [client.receive()["seq"] for _ in range(3)] == [0, 1, 2]


@pytest.mark.parametrize("resume", [("another", 0), ("", 5), (None, 99), (None, -1)])
def test_a_number_that_is_not_held_gets_the_whole(resume: tuple[str | None, int]) -> None:
    with live() as server:
        server.publish(numbers(0))
        with connected(server.port) as client:
            stream = client.until("snapshot")["stream"]
        with connected(server.port, resume=(stream if resume[0] is None else resume[0], resume[1])) as client:
            assert client.receive()["type"] == "snapshot"


def test_nothing_is_lost_or_doubled_over_many_changes_and_drops() -> None:
    changes, chance = 300, random.Random(5)
    with live(heartbeat_seconds=BEAT) as server:
        server.publish(numbers(0))
        over = threading.Event()

        def publish() -> None:
            for tick in range(1, changes + 1):
                server.publish(numbers(tick, rows=1 + tick % 5))
                over.wait(0.002)

        watchers = [Watcher(server.port) for _ in range(3)]
        for watcher in watchers:
            with connected(server.port) as client:
                watcher.begin(client)
        publisher = threading.Thread(target=publish)
        publisher.start()
        try:
            while any(watcher.at[1] < changes for watcher in watchers):
                for watcher in watchers:
                    with connected(server.port, resume=watcher.at) as client:
                        watcher.watch(client, chance.randint(1, 40), changes)
        finally:
            over.set()
            publisher.join()
        final = server.feed.document()
        assert [watcher.document == final for watcher in watchers] == [True] * 3
        assert sum(watcher.resumed for watcher in watchers) > 3
        assert [watcher.whole for watcher in watchers] == [0, 0, 0]


def test_a_client_that_does_not_read_is_dropped_and_the_others_are_not() -> None:
    with live(buffer_bytes=10_000, heartbeat_seconds=BEAT) as server:
        server.publish(numbers(0))
        with connected(server.port) as slow, connected(server.port) as quick:
            slow.until("snapshot")
            quick.until("snapshot")
            for tick in range(1, 200):  # the kernel's own buffers hold megabytes
                server.publish_much(tick)
                assert quick.until("delta")["seq"] == tick
                if server.value("winburn_live_push_total", result="dropped"):
                    break
            until(lambda: server.value("winburn_live_clients") == 1)
            assert server.value("winburn_live_push_total", result="dropped") == 1
            with pytest.raises(ClosedError):
                slow.until("nothing that comes")
            server.publish(numbers(1000))
            assert quick.until("delta")["seq"] > 1


def test_what_a_client_does_not_read_is_held_for_all_and_not_copied_for_it() -> None:
    """Beyond a piece nothing is handed to the transport, which would copy it."""
    with live(buffer_bytes=10**9) as server:
        server.publish(numbers(0))
        with connected(server.port) as client:
            client.until("heartbeat")
            wire, tick, of_the_transport = server.stopped_up(1)
            assert of_the_transport <= 32 * 1024
            deltas = [client.until("delta")["seq"] for _ in range(tick)]
            assert deltas == [*range(1, tick + 1)]
            until(lambda: wire.buffered() == 0)


def test_above_the_limit_a_client_is_refused_with_a_sentence() -> None:
    with live(limit=2) as server:
        server.publish(numbers(0))
        with connected(server.port) as one_, connected(server.port) as two:
            for client in (one_, two):
                client.until("snapshot")
            with pytest.raises(RefusedError) as refused:
                Client(server.port)
            assert refused.value.args == (503, "there are 2 clients already; allow more with --web.live-clients\n")
            assert server.value("winburn_live_push_total", result="refused") == 1
        until(lambda: server.value("winburn_live_clients") == 0)
        with connected(server.port) as client:
            client.until("snapshot")


def test_before_the_first_snapshot_clients_are_told_to_wait() -> None:
    with live() as server:
        with pytest.raises(RefusedError) as refused:
            Client(server.port)
        assert refused.value.args == (503, "not yet: nothing has been evaluated\n")


def test_pages_of_other_hosts_are_refused_unless_listed() -> None:
    with live(origins=("https://wall.example",)) as server:
        server.publish(numbers(0))
        for origin in (f"http://127.0.0.1:{server.port}", "https://wall.example", None):
            with connected(server.port, origin=origin) as client:
                client.until("snapshot")
        for origin in ("https://evil.example", "http://127.0.0.1", "null", "https://wall.example.evil.example"):
            with pytest.raises(RefusedError) as refused:
                Client(server.port, origin=origin)
            assert refused.value.args[0] == 403


def test_the_heartbeat_says_how_old_the_numbers_are_and_expiry_takes_them_away() -> None:
    with live(heartbeat_seconds=BEAT) as server:
        server.publish(world(3), expires=100.0)
        with connected(server.port) as client:
            first = client.until("snapshot")
            assert [client.until("heartbeat")["stale"] for _ in range(2)] == [False, False]
            server.now = 100.0
            gone = applied(first["document"], client.until("delta"))
            assert (gone["stale"], gone["slos"], gone["kills"]) == (True, {}, {})
            assert gone["health"] == first["document"]["health"]
            assert client.until("heartbeat")["stale"] is True
            server.publish(world(3), expires=200.0)
            back = applied(gone, client.until("delta"))
            assert back["slos"] == first["document"]["slos"]


def test_a_server_that_ends_says_that_it_goes_away() -> None:
    with live() as server:
        server.publish(numbers(0))
        with connected(server.port) as client:
            client.until("heartbeat")
            server.stop()
            with pytest.raises(ClosedError) as closed:
                client.until("nothing but heartbeats before the end")
            assert closed.value.code == 1001


def test_while_nobody_watches_nothing_is_computed() -> None:
    with live() as server:
        asked = []
        server.on_words = lambda: asked.append(1)
        for tick in range(3):
            server.publish(numbers(tick))
        assert asked == []
        with connected(server.port) as client:
            client.until("snapshot")
            assert asked == [1]


def test_what_changed_while_nobody_watched_is_in_the_first_message_and_not_told_again() -> None:
    with live() as server:
        server.publish(numbers(0))
        with connected(server.port) as client:
            client.until("snapshot")
        until(lambda: server.value("winburn_live_clients") == 0)
        server.now += 1000
        server.publish(numbers(1))
        with connected(server.port) as client:
            first = client.receive()
            assert first["document"] == server.feed.document()
            server.publish(numbers(2))
            assert client.until("delta")["seq"] == first["seq"] + 1


def test_over_plain_http_it_says_what_it_is() -> None:
    with live() as server:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        connection.request("GET", "/live/stream")
        response = connection.getresponse()
        assert (response.status, response.headers["Upgrade"]) == (426, "websocket")
        assert b"/api/v1/snapshot" in response.read()
        connection.close()


def test_many_clients_come_at_once_while_numbers_change() -> None:
    """More than are told something in two turns of the event loop."""
    with live() as server:
        server.publish(numbers(0))
        with connected(server.port) as first:
            first.until("snapshot")  # from now on each change has its number
        clients = [Client(server.port) for _ in range(2 * _AT_ONCE + 5)]
        for tick in range(1, 6):
            server.publish(numbers(tick))
        for client in clients:
            watcher = Watcher(server.port)
            watcher.begin(client)
            watcher.watch(client, 5, 5)
            assert watcher.document == server.feed.document()
            client.close()
