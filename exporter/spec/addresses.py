"""Addresses: whether a text is one of http or https, to those who will read it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from exporter.spec.tree import Parts, Problem

_BLANK = re.compile(r"[\x00-\x20\x7f]")
_HOST = re.compile(r"[\w.-]+|\[[0-9a-fA-F:.]+(?:%25[\w.-]+)?\]")
_USER = re.compile(r"[A-Za-z0-9._:~!$&'()*+,;=%@-]*")
_NO_ESCAPE = re.compile(r"%(?![0-9a-fA-F]{2})")


def check_http(url: str | None, parts: Parts) -> Iterator[Problem]:
    """That an address at ``parts``, which winburn asks, is one; it is not quoted, as it may hold a password."""
    if url is not None and (wrong := _wrong(url.strip())):
        yield Problem(parts, wrong)


def check_for_alertmanager(url: str | None, parts: Parts) -> Iterator[Problem]:
    """That an address at ``parts`` is one to Alertmanager, which refuses its whole configuration where one is none
    (https://pkg.go.dev/net/url#Parse); it is not quoted either."""
    if url is not None and (wrong := _wrong(url) or _not_to_go(url)):
        yield Problem(parts, wrong)


def _wrong(url: str) -> str | None:
    if not url.startswith(("http://", "https://")):
        return "must begin with http:// or https://"
    try:
        split = urlsplit(url)
        host, port = split.netloc.rpartition("@")[2], split.port
    except ValueError:
        return "is no address: check the host and the port behind //, like http://localhost:9093"
    if not _HOST.fullmatch(host.removesuffix(":") if port is None else host.rpartition(":")[0]):
        return "has no host behind //, or no possible one; write an address like http://localhost:9093"
    return None


def _not_to_go(url: str) -> str | None:
    if _BLANK.search(url):
        return "holds a space or a control character; in an address a space is %20"
    user, at, _ = urlsplit(url).netloc.rpartition("@")
    if at and not _USER.fullmatch(user):
        return "has a character before the @ that must be written as an escape, like %2F"
    # Go reads no escapes in a query.
    if any(_NO_ESCAPE.search(part) for part in (url.partition("?")[0], url.partition("#")[2])):
        return "has a % that begins no escape; write %25"
    return None
