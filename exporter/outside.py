"""How the pages are reached from outside, where a proxy stands in front and puts them below a path.

The two words are Prometheus' own, ``--web.external-url`` and ``--web.route-prefix``, and mean what they mean there
(https://prometheus.io/docs/prometheus/latest/command-line/prometheus/).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

_PATH = re.compile(r"(/[A-Za-z0-9_.~-]+)*")


@dataclass(frozen=True, slots=True)
class Outside:
    """``prefix``: path below which the pages are here; ``path``: the same as a browser has it. Both without a slash at
    the end, so that the root is empty. ``origin``: scheme, host and port that a browser has; empty where nobody said.
    """

    prefix: str = ""
    path: str = ""
    origin: str = ""


PLAIN = Outside()
"""No proxy, or one that takes away what it has added."""


def outside(external_url: str | None, route_prefix: str | None) -> Outside:
    """The two options; either may be missing: the prefix is then the path of the address, and the other way round.

    ValueError with a sentence where one is not what it should be.
    """
    origin, path = ("", None) if external_url is None else _address(external_url)
    prefix = (
        path or "" if route_prefix is None else _path(route_prefix, f"{route_prefix!r}: write a path like /winburn")
    )
    return Outside(prefix, prefix if path is None else path, origin)


def _address(text: str) -> tuple[str, str]:
    if "@" in text:  # and not repeated, for it may hold a password
        raise ValueError("the address holds a user; write one like https://example.org/winburn/")
    wanted = f"{text!r} is not an address; write one like https://example.org/winburn/"
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise ValueError(wanted) from None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError(wanted)
    if parts.query or parts.fragment:
        raise ValueError(f"{text!r} has more than a path behind the host; write one like https://example.org/winburn/")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    # A browser leaves the usual port out of the origin that it sends (RFC 6454, section 6.2).
    usual = {"http": 80, "https": 443}[parts.scheme]
    origin = f"{parts.scheme}://{host}" + ("" if port in {None, usual} else f":{port}")
    return origin, _path(parts.path, wanted)


def _path(text: str, wanted: str) -> str:
    """``/winburn`` of ``winburn``, ``/winburn`` or ``/winburn/``; nothing of ``/``."""
    path = f"/{text.strip('/')}".rstrip("/")
    if not _PATH.fullmatch(path) or {".", ".."} & set(path.split("/")):
        raise ValueError(wanted)
    return path
