"""HTTP: reads the current snapshot, from memory, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route, Router
from starlette.types import ASGIApp

from exporter.landing import STYLE_HASH, page
from exporter.live import Feed, LiveStream, api_routes, live_routes
from exporter.outside import PLAIN, Outside
from exporter.reload_route import Reload, reload_routes
from exporter.report_route import MakeReport
from exporter.scrape import Scrape
from exporter.snapshot import Snapshot

_PLAIN = "text/plain; charset=utf-8"
_SECURITY = {
    "Content-Security-Policy": (
        f"default-src 'none'; style-src '{STYLE_HASH}'; img-src data:; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
}
_FRESH = {"Cache-Control": "no-store"}
_LOST_SECONDS = 300.0
"""Since the snapshot expired: readiness and alerts have had their time."""


def app(  # noqa: PLR0913 - each is one independent part
    current: Callable[[], Snapshot | None],
    *,
    monotonic: Callable[[], float],
    version: str,
    config: Callable[[], str],
    telemetry_path: str = "/metrics",
    feed: Feed | None = None,
    live: LiveStream | None = None,
    cors_origins: Sequence[str] = (),
    reload: Reload | None = None,
    report: MakeReport | None = None,
    outside: Outside = PLAIN,
) -> ASGIApp:
    """The application: ``/``, ``telemetry_path``, ``/config``, ``/-/healthy`` and ``/-/ready``; GET and HEAD.

    With ``reload``, which says whether it went well and how, there is ``/-/reload`` too; POST and PUT.

    With a ``feed`` there is ``/api/v1/snapshot`` too, which pages of ``cors_origins`` may read (and with ``report``
    ``/api/v1/report``), and with a ``live`` stream ``/live`` and ``/live/stream``.

    ``current`` gives the snapshot to serve or None before the first, ``monotonic`` is the clock that it expires by,
    ``config`` the configuration in force as YAML with its secrets masked. ``outside`` is how the pages are reached:
    all of them are below its prefix.
    """
    render = partial(page, version=version, telemetry_path=telemetry_path, live=live is not None)
    # One page per snapshot: rendering a thousand SLOs again for every open browser would cost more than scrapes do.
    # Weak, so that a page that nobody asks for again does not keep its snapshot's megabytes.
    pages: WeakKeyDictionary[Snapshot, str] = WeakKeyDictionary()

    # Not a coroutine: it then runs in a thread, and a long page holds up no scrape.
    def index(_: Request) -> Response:
        snapshot = current()
        if snapshot is None or snapshot.expired(monotonic()):
            html = render(snapshot, stale=snapshot is not None)
        elif (html := pages.get(snapshot, "")) == "":
            html = pages[snapshot] = render(snapshot)
        return Response(html, headers=_SECURITY | _FRESH, media_type="text/html")

    async def healthy(_: Request) -> Response:
        return _health(current(), monotonic())

    async def ready(_: Request) -> Response:
        return _readiness(current(), monotonic())

    # Not a coroutine, as above: it may ask the state store.
    def configuration(_: Request) -> Response:
        return Response(config(), headers=_SECURITY | _FRESH, media_type="text/yaml")

    scrape = Scrape(current, monotonic, headers=_SECURITY, sentence=_sentence)
    routes: dict[str, Callable[..., Any]] = {
        "/": index,
        telemetry_path: scrape,
        "/config": configuration,
        "/-/healthy": healthy,
        "/-/ready": ready,
    }
    more: list[BaseRoute] = reload_routes(reload, _sentence, trusted=frozenset(filter(None, (outside.origin,))))
    if feed is not None:
        more += api_routes(feed, origins=cors_origins, headers=_SECURITY, report=report)
    more += [] if live is None else live_routes(live, headers=_SECURITY)
    routed = _below(
        outside,
        [*(Route(path, endpoint, methods=["GET"]) for path, endpoint in routes.items()), *more],
        [*routes, "/live"],
    )
    return scrape.before(routed, f"{outside.prefix}{telemetry_path}")


def _below(outside: Outside, routes: Sequence[BaseRoute], pages: Sequence[str]) -> Starlette:
    """The application of the routes below the prefix; ``pages`` are what people type, with a slash too many."""
    prefix, home = outside.prefix, f"{outside.path}/"
    known = frozenset(f"{prefix}{path}" for path in pages)

    async def to_home(_: Request) -> Response:
        return _sentence(307, f"winburn is at {home}", {"Location": home})

    async def refusal(request: Request, refused: Exception) -> Response:
        path = request.scope["path"]
        if request.method in {"GET", "HEAD"} and path.endswith("/") and path[:-1] in known:
            # Relative: of the address outside a proxy may know more than we do.
            there = f"../{path[:-1].rpartition('/')[2]}"
            return _sentence(307, f"it is at {path[:-1]}", {"Location": there})
        return _refusal(request, refused, prefix)

    if prefix:
        inside = Mount(prefix, Router(routes, redirect_slashes=False))
        routes = [inside, *(Route(path, to_home, methods=["GET"]) for path in ("/", prefix))]
    made = Starlette(
        routes=routes,
        exception_handlers={HTTPException: refusal, 500: _failure},
    )
    # Starlette's own redirects are made of the Host header, and lead to the wrong place behind a proxy.
    made.router.redirect_slashes = False
    return made


def _health(snapshot: Snapshot | None, monotonic: float) -> Response:
    """What decides whether to start the process again: sources that fail or hang are no reason, they would again.

    A refresh that ends without a snapshot, again and again, is: the process has lost itself, and its state is kept.
    """
    if snapshot is not None and snapshot.expired(monotonic - _LOST_SECONDS):
        return _sentence(503, "winburn has not refreshed anything for long: start it again")
    return _sentence(200, "winburn is healthy")


def _readiness(snapshot: Snapshot | None, monotonic: float) -> Response:
    if snapshot is None:
        return _sentence(503, "not yet: nothing has been evaluated")
    if snapshot.waiting:
        return _sentence(503, f"not yet: waiting for the first run of {', '.join(snapshot.waiting)}")
    if snapshot.expired(monotonic):
        return _sentence(503, "not any more: the last refresh is too long ago, only health series are served")
    # Whoever is new must not take what serves well out of service.
    joining = f"; new, and not over with their first run: {', '.join(snapshot.joining)}" if snapshot.joining else ""
    return _sentence(200, f"winburn is ready{joining}")


def _refusal(request: Request, refused: Exception, prefix: str) -> Response:
    """404 and 405 as a sentence that says what would be right."""
    assert isinstance(refused, HTTPException)  # noqa: S101 - starlette looks handlers up by this type
    if refused.status_code == 405:
        allowed = (refused.headers or {}).get("Allow", "GET, HEAD")
        return _sentence(405, f"{request.method} is not allowed here; allowed: {allowed}", {"Allow": allowed})
    if refused.status_code == 404:
        return _sentence(404, f"there is nothing at {request.scope['path']}; start at {prefix}/")
    return _sentence(refused.status_code, refused.detail)


def _failure(_: Request, __: Exception) -> Response:
    return _sentence(500, "something is wrong inside winburn; its log says what")


def _sentence(status: int, text: str, headers: Mapping[str, str] | None = None) -> Response:
    return Response(f"{text}\n", status, headers={**_SECURITY, **_FRESH, **(headers or {})}, media_type=_PLAIN)
