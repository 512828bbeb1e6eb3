"""The scrape as an ASGI application; what it serves by which headers is in test_web.py."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import Sequence
from typing import Any

from starlette.applications import Starlette
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from exporter.contract import sample
from exporter.scrape import Scrape
from exporter.snapshot import Snapshot, build, process_exposition, process_registry

GZIP = ((b"accept-encoding", b"gzip"),)


class World:
    """A scrape of ``current`` at ``now``; ``others`` are the paths that went past it."""

    def __init__(self, value: float = 1.0) -> None:
        self.now, self.others = 50.0, list[str]()
        self.current: Snapshot | None = snapshot(value)
        scrape = Scrape(
            lambda: self.current,
            lambda: self.now,
            headers={"X-Ours": "yes"},
            sentence=lambda status, text: Response(text, status),
        )
        inner = Starlette()
        inner.build_middleware_stack = lambda: self.other  # type: ignore[method-assign]
        self.app = scrape.before(inner, "/metrics")

    async def other(self, scope: Scope, _: Receive, __: Send) -> None:
        self.others.append(f"{scope.get('method', scope['type'])} {scope.get('path', '')}")

    def ask(
        self, headers: Sequence[tuple[bytes, bytes]] = (), path: str = "/metrics", method: str = "GET"
    ) -> list[dict[str, Any]]:
        sent: list[dict[str, Any]] = []

        async def send(message: Any) -> None:
            sent.append(message)
            if "headers" in message:
                message["headers"].append((b"x-around", b"1"))

        async def receive() -> Any:
            raise AssertionError("nothing of the request's body is needed")

        scope = {"type": "http", "path": path, "method": method, "headers": [*headers]}
        asyncio.run(self.app(scope, receive, send))
        return sent


def snapshot(value: float) -> Snapshot:
    own = process_exposition(process_registry())
    return build([sample("slo_trend", value, slo="a")], own=own, at=1000.0, expires=100.0)


def test_an_answer_is_made_once_and_carries_nothing_of_who_asked_before() -> None:
    world = World()
    (head, body), again = world.ask(GZIP), world.ask(GZIP)
    assert again == [head, body]
    assert again[1]["body"] is body["body"] is world.current.full.text_gzip  # type: ignore[union-attr]
    assert [name for name, _ in head["headers"]].count(b"x-around") == 1
    assert (b"x-ours", b"yes") in head["headers"]


def test_the_next_snapshot_and_an_expired_one_have_their_own_answers() -> None:
    world = World()
    first = world.current
    assert first is not None
    assert world.ask(GZIP)[1]["body"] == first.full.text_gzip
    world.now = 100.0
    assert world.ask(GZIP)[1]["body"] == first.health.text_gzip
    world.now, world.current = 50.0, snapshot(-1.0)
    assert world.ask(GZIP)[1]["body"] == world.current.full.text_gzip != first.full.text_gzip
    world.current = None
    assert world.ask(GZIP)[0]["status"] == 503


def test_answers_go_with_their_snapshot() -> None:
    world = World()
    world.ask(GZIP)
    there = weakref.ref(world.current)  # type: ignore[type-var] # it is not None yet
    world.current = None
    gc.collect()
    assert there() is None


def test_all_else_goes_past_it() -> None:
    world = World()
    assert world.ask(method="HEAD")[0]["status"] == 200
    world.ask(method="POST")
    world.ask(path="/metrics/")
    asyncio.run(world.app({"type": "websocket", "path": "/metrics"}, None, None))  # type: ignore[arg-type]
    assert world.others == ["POST /metrics", "GET /metrics/", "websocket /metrics"]
