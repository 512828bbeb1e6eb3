"""``/-/reload``: POST or PUT; what others call the lifecycle API, and no more of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from exporter.origin import stranger

Reload = Callable[[], tuple[bool, str]]
"""Reads the configuration again; whether it is in force now, and what to answer."""


def reload_routes(
    reload: Reload | None, sentence: Callable[[int, str], Response], *, trusted: frozenset[str] = frozenset()
) -> list[BaseRoute]:
    """The route, if there is anything to reload; ``sentence`` makes an answer of a status and a text.

    Requests are answered one after the other. A page of another address than ours and the origins ``trusted`` is
    refused: browsers let any page POST anywhere, with the password that they remember, and say from where.
    """
    if reload is None:
        return []
    turn = asyncio.Lock()

    async def again(request: Request) -> Response:
        if (page := stranger(request.headers, trusted)) is not None:
            return sentence(403, f"pages of {page} may not reload here")
        # Not each in a thread of its own that only waits: there are few, and pages need them.
        async with turn:
            done, text = await asyncio.to_thread(reload)
        return sentence(200 if done else 500, text)

    return [Route("/-/reload", again, methods=["POST", "PUT"])]
