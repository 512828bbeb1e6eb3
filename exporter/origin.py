"""Requests that a page of somebody else has a reader's browser make, with the password that the browser remembers.

What cannot be told of a request is not asked for: Prometheus and curl say nothing of where they come from.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

_OWN = frozenset({"same-origin", "none"})
"""``none`` is what a person has typed or bookmarked, and no page made."""


def stranger(headers: Mapping[str, str], trusted: frozenset[str]) -> str | None:
    """Who asks, where that is a page that may not: its origin, or what the browser says of it. None for who may.

    ``headers`` are the request's, by names in lower case or a mapping that does not mind. May ask: what is no page;
    pages of the address that was asked, with its port; and those of the origins ``trusted``, where ``*`` is everyone.
    A browser's own verdict, ``Sec-Fetch-Site`` (https://www.w3.org/TR/fetch-metadata/, which no script can set),
    decides before ``Origin`` is compared with ``Host``: a proxy may have rewritten that.
    """
    origin, site = headers.get("origin"), headers.get("sec-fetch-site", "")
    if "*" in trusted or origin in trusted or site in _OWN:
        return None
    if site:
        return origin or f"another site ({site})"
    if origin is None or _same(origin, headers.get("host", "")):
        return None
    return origin


def _same(origin: str, host: str) -> bool:
    try:
        return urlsplit(origin).netloc.lower() == host.lower() != ""
    except ValueError:  # no address at all, like http://[
        return False
