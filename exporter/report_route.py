"""`/api/v1/report`: whoever makes reports is given by the caller; here is only what HTTP needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

Asked = Sequence[tuple[str, str]]
"""The parameters of a request, in its order; a name may come several times."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, with the headers that are its own."""

    status: int
    media_type: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


MakeReport = Callable[[Asked], Reply]
"""Answers a request; it is called in a thread, and by several at once."""


def report_route(make: MakeReport, headers: Mapping[str, str]) -> Route:
    """The route; ``headers`` are on every answer that does not bring its own."""

    # Not a coroutine: it then runs in a thread, and a long report holds up no scrape.
    def report(request: Request) -> Response:
        reply = make(request.query_params.multi_items())
        own = {**headers, "Cache-Control": "no-store", **reply.headers}
        return Response(reply.body, reply.status, headers=own, media_type=reply.media_type)

    return Route("/report", report, methods=["GET"])
