"""``/metrics``: asked every few seconds for years, and found before all routes; its answers are made once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from weakref import WeakKeyDictionary

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from exporter.negotiate import Format, accepts_gzip, choose_format
from exporter.snapshot import Snapshot

_VARY = "Accept, Accept-Encoding"


class Scrape:
    """An ASGI application that answers with the exposition that the request's headers ask for.

    ``current`` gives the snapshot to serve or None before the first, ``monotonic`` is the clock that it expires by.
    ``headers`` stand in every answer, and ``sentence`` makes one of a status and words.
    """

    def __init__(
        self,
        current: Callable[[], Snapshot | None],
        monotonic: Callable[[], float],
        *,
        headers: Mapping[str, str],
        sentence: Callable[[int, str], Response],
    ) -> None:
        self._current, self._monotonic = current, monotonic
        self._headers, self._sentence = headers, sentence
        # Weak, so that the answers of a snapshot go with it.
        self._made: WeakKeyDictionary[Snapshot, dict[tuple[bool, Format], Response]] = WeakKeyDictionary()

    async def __call__(self, scope: Scope, _: Receive, send: Send) -> None:
        """Answer one request."""
        answer = await self._answer(Headers(scope=scope))
        # A list of its own: whoever stands around the application may put headers into it.
        head = {"type": "http.response.start", "status": answer.status_code, "headers": [*answer.raw_headers]}
        await send(head)
        await send({"type": "http.response.body", "body": answer.body})

    def before(self, app: Starlette, path: str) -> ASGIApp:
        """``app``, where GET and HEAD of ``path`` are answered here: routing takes as long as the answer."""
        # In place of its own call, not around it: five hundred watchers would each hold one frame more.
        routed = app.build_middleware_stack()

        async def served(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "http" and scope["path"] == path and scope["method"] in {"GET", "HEAD"}:
                await self(scope, receive, send)
            else:
                scope["app"] = app
                await routed(scope, receive, send)

        return served

    async def _answer(self, asked: Mapping[str, str]) -> Response:
        snapshot = self._current()
        if snapshot is None:
            return self._sentence(503, "not yet: nothing has been evaluated")
        expired = snapshot.expired(self._monotonic())
        bodies, form = snapshot.health if expired else snapshot.full, choose_format(asked.get("accept", ""))
        if accepts_gzip(asked.get("accept-encoding", "")):
            made = self._made.setdefault(snapshot, {})
            if (expired, form) not in made:
                body = bodies.openmetrics_gzip if form.openmetrics else bodies.text_gzip
                made[expired, form] = Response(body, headers=self._of(form) | {"Content-Encoding": "gzip"})
            return made[expired, form]
        plain = bodies.plain_openmetrics if form.openmetrics else bodies.plain
        # In a thread, where it must be put together first: a long body holds up no scrape.
        text = plain.text if plain.is_there else await run_in_threadpool(lambda: plain.text)
        return Response(text, headers=self._of(form))

    def _of(self, form: Format) -> dict[str, str]:
        return {**self._headers, "Content-Type": form.content_type, "Vary": _VARY}
