"""Targets that serve: any request gets an answer that is nobody's fault but the client's."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote

from starlette.applications import Starlette

from exporter.live import Feed, LiveStream
from exporter.render import Exposition
from exporter.snapshot import Snapshot, build
from exporter.web import app
from fuzz.readers import folder
from winburn.assemble import Assembly, assemble
from winburn.report.desk import Desk


def report(data: bytes) -> object:
    """The parameters of `/api/v1/report`: a report, or a sentence that says what is wrong with them."""
    asked = parse_qsl(data.decode("latin-1"), keep_blank_values=True)
    reply = _desk()(asked)
    assert reply.status in (200, 400, 501), (reply.status, reply.body)
    layout = dict(asked).get("format", "json")
    if reply.status == 200 and layout == "json":
        json.loads(reply.body, parse_constant=_refused)
    if reply.status != 200:
        assert reply.body.count(b"\n") == 1, reply.body
    return reply.status, len(reply.body) if layout == "pdf" else reply.body


def http(data: bytes) -> object:
    """A request, its first line "METHOD path?query" and its headers: an answer below 500."""
    line, *lines = data.decode("latin-1").split("\n")
    method, _, target = line.partition(" ")
    path, _, query = target.partition("?")
    headers = [each.partition(":")[::2] for each in lines if ":" in each]
    scope = {
        "type": "http", "http_version": "1.1", "method": method, "scheme": "http", "root_path": "",
        "path": unquote(path),
        "raw_path": path.encode("latin-1"), "query_string": query.encode("latin-1"), "server": ("a", 1),
        "headers": [(_bytes(name).lower(), _bytes(value)) for name, value in headers],
    }  # fmt: skip
    status, sent, body = asyncio.run(_answer(scope))
    assert status < 500, (status, body)
    for name, value in sent:
        assert not {10, 13, 0} & {*name, *value}, "a line break in a header"
    return status, sent, body


def _bytes(text: str) -> bytes:
    return text.strip().encode("latin-1")


async def _answer(scope: Mapping[str, Any]) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    messages: list[Mapping[str, Any]] = []

    async def receive() -> Mapping[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Mapping[str, Any]) -> None:
        messages.append(message)

    await _app()(scope, receive, send)  # type: ignore[arg-type]
    begin = messages[0]
    return begin["status"], list(begin.get("headers", ())), b"".join(each.get("body", b"") for each in messages[1:])


def _app() -> Starlette:
    from tests.exporter.live.world import world  # noqa: PLC0415 - only here

    snapshot = _snapshot(world)
    feed = Feed(lambda: snapshot, monotonic=lambda: 0.0, clock=lambda: snapshot.at)
    return app(
        lambda: snapshot, monotonic=lambda: 0.0, version="1", config=lambda: "a: b\n", feed=feed,
        live=LiveStream(feed, monotonic=lambda: 0.0), cors_origins=("https://a.example",),
        reload=lambda: (True, "read"), report=_desk(),
    )  # fmt: skip


@cache
def _snapshot(world: Any) -> Snapshot:
    found = world()
    empty = build((), own=Exposition(), at=1000.0, expires=1e18)
    return Snapshot(empty.full, empty.health, tuple(sorted(found)), 1000.0, 1e18)


def _desk() -> Desk:
    shop, assembly, snapshot = _served()
    # Never "another report is being made": a busy machine is nobody's fault.
    return Desk(
        shop.spec, shop.state(), assembly, lambda: snapshot, monotonic=lambda: 0.0, clock=_clock, patience=3600.0
    )


def _clock() -> float:
    from tests.winburn.report.shop import AT  # noqa: PLC0415 - only here

    return AT


@cache
def _served() -> tuple[Any, Assembly, Snapshot]:
    from tests.winburn.report.shop import AT, watched  # noqa: PLC0415 - only here

    where = Path(folder()) / "shop"
    where.mkdir()
    shop = watched(where)
    assembly = assemble(shop.spec, shop.state())
    samples = [s for each in assembly.collectors for r in each.collect(AT) for s in (*r.samples, *r.lasting)]
    return shop, assembly, build(samples, own=Exposition(), at=AT, expires=1e18, on_duplicate=lambda _: None)


def _refused(word: str) -> None:
    raise AssertionError(f"{word} is no JSON")
