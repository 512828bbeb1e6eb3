"""The routes of `/live` and of `/api/v1`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from isal import igzip
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route, Router, WebSocketRoute

from exporter.live.assets import Asset, assets
from exporter.live.feed import Feed, encoded
from exporter.live.stream import LiveStream
from exporter.negotiate import accepts_gzip
from exporter.report_route import MakeReport, report_route

PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; manifest-src 'self'; "
    "worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_JSON = "application/json"


def api_routes(
    feed: Feed, *, origins: Sequence[str] = (), headers: Mapping[str, str], report: MakeReport | None = None
) -> list[BaseRoute]:
    """``/api/v1/snapshot``, and ``/api/v1/report`` where there is something to make it. Pages of ``origins`` may read
    them; ``headers`` are on every answer."""

    # Not a coroutine: it then runs in a thread, and a long document holds up no scrape.
    def snapshot(request: Request) -> Response:
        body = feed.body()
        common = {**headers, "Cache-Control": "no-store", "Vary": "Accept-Encoding"}
        if body is None:
            return Response(
                encoded({"error": "not yet: nothing has been evaluated"}), 503, headers=common, media_type=_JSON
            )
        if not accepts_gzip(request.headers.get("accept-encoding", "")):
            return Response(body, headers=common, media_type=_JSON)
        zipped = igzip.compress(body, compresslevel=1, mtime=0)
        return Response(zipped, headers={**common, "Content-Encoding": "gzip"}, media_type=_JSON)

    cors = [Middleware(CORSMiddleware, allow_origins=list(origins), allow_methods=["GET", "HEAD"])] if origins else []
    routes = [Route("/snapshot", snapshot, methods=["GET"])]
    routes += [report_route(report, headers)] if report else []
    return [Mount("/api/v1", Router(routes, redirect_slashes=False), middleware=cors)]


def live_routes(stream: LiveStream, *, headers: Mapping[str, str]) -> list[BaseRoute]:
    """``/live``, its files, and ``/live/stream``."""
    served = assets()
    common = {**headers, "Content-Security-Policy": PAGE_POLICY}

    async def file(asset: Asset, request: Request) -> Response:
        described = {**common, **asset.headers}
        if asset.headers["ETag"] in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=described)
        if not accepts_gzip(request.headers.get("accept-encoding", "")):
            return Response(asset.body, headers=described)
        return Response(asset.zipped, headers={**described, "Content-Encoding": "gzip"})

    async def no_socket(_: Request) -> Response:
        text = "this is a WebSocket; for the same numbers as JSON ask /api/v1/snapshot\n"
        answer = {**headers, "Cache-Control": "no-store", "Upgrade": "websocket"}
        return Response(text, 426, headers=answer, media_type="text/plain; charset=utf-8")

    return [
        WebSocketRoute("/live/stream", stream),
        Route("/live/stream", no_socket, methods=["GET"]),
        *(Route(f"/{path}", partial(file, served[path]), methods=["GET"]) for path in sorted(served)),
    ]
