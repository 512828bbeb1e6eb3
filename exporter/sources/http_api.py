"""A JSON API over bounded GET requests: pages, redirects, repetitions, and what all of it may cost."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, quote, unquote, urljoin, urlsplit, urlunsplit

import requests
import urllib3

from exporter.access import ANYBODY, Access, Door, Entry
from exporter.one_answer import Session, reason, split_url
from exporter.sources.base import SourceError
from exporter.sources.deadline import Adapter, deadline
from exporter.sources.json_rows import found, searched
from exporter.sources.prometheus_api import QueryRefused, TooSlow, parsed
from exporter.sources.repeats import BUSY, CLOCK, Clock, Patience, may_pass
from exporter.spec.secrets import SecretError
from exporter.spec.source_models import HttpSource

BODY_BYTES = 16 * 2**20
"""The pages of one answer may have so many bytes together, unpacked."""

_CHUNK = 2**16
_REDIRECTS = 3
_DOWN = frozenset({401, 407, 408})
_MOVED = frozenset({301, 302, 303, 307, 308})


class HttpApi:
    """Questions to one API; each ends within about ``timeout`` seconds, in all its pages or a SourceError.

    Secrets are read for each question, so that a rotated token is used at once. No message holds the address, the
    token, a password, a header's value or a parameter of the address.
    """

    def __init__(self, name: str, url: str, model: HttpSource, access: Access = ANYBODY, clock: Clock = CLOCK) -> None:
        self.name = name
        self._model = model
        self._clock = clock
        self._door = Door(url, access, Adapter)
        self._parts = self._door.parts
        self._patience = Patience(clock)

    def get(self, path: str) -> list[bytes]:
        """The bodies of all pages below ``path``, each of which is JSON.

        QueryRefused where the server is well and this one answer is refused, missing or too large; TooSlow where the
        time runs out, and SourceError otherwise.
        """
        address = self._address(path)
        if quiet := self._patience.quiet:
            raise SourceError(f"source {self.name} asked for quiet, for {quiet:.0f} s more")
        ends = self._clock.monotonic() + self._model.timeout
        try:
            question = _Question(path.partition("?")[0] or "/", self._door.session(), self._door.entry(path), ends)
        except SecretError as error:
            raise SourceError(f"source {self.name}: {error}") from None
        # "from None": the library's exceptions hold the request with its headers, which no traceback may show.
        with deadline(self._model.timeout) as limit:
            try:
                bodies = list(self._pages(address, question))
            except (requests.Timeout, urllib3.exceptions.TimeoutError, TimeoutError):
                raise self._slow() from None
            except SourceError:
                if limit.passed:
                    raise self._slow() from None
                raise
            except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
                if limit.passed:
                    raise self._slow() from None
                raise SourceError(f"source {self.name} does not answer: {reason(error)}") from None
        if limit.passed:  # an answer without a stated length ends silently where it is cut
            raise self._slow()
        return bodies

    def close(self) -> None:
        """Close the connections that are kept; a later question opens one again."""
        self._door.close()

    def _slow(self) -> TooSlow:
        return TooSlow(f"source {self.name} gave no whole answer within {self._model.timeout:g} s")

    def _address(self, path: str) -> str:
        if not self._parts.scheme:
            raise SourceError(f"source {self.name}: the url is not an address that begins with http:// or https://")
        head, _, query = path.partition("?")
        queries = "&".join(filter(None, (self._parts.query, query)))
        # "#" would begin a fragment, which is not sent; every other odd character is quoted by requests.
        whole = (self._parts.path.rstrip("/") + head if head else self._parts.path).replace("#", "%23")
        return urlunsplit((self._parts.scheme, self._door.host, whole, queries.replace("#", "%23"), ""))

    def _pages(self, address: str, question: _Question) -> Iterator[bytes]:
        pages, seen = self._model.pages, {address}
        following: str | None = address
        while following is not None:
            body = self._page(following, question)
            yield body
            following = None if pages is None else self._next(following, parsed(body), question)
            if following in seen:
                raise QueryRefused(self._says(question, f"page {len(seen)} leads back to an earlier one"))
            if following is not None and pages is not None and len(seen) == pages.limit:
                what = f"more than {pages.limit} pages; raise pages.limit or ask for less"
                raise QueryRefused(self._says(question, what))
            seen.add(following or "")

    def _next(self, address: str, page: Any, question: _Question) -> str | None:
        """The address of the page after ``page``; None where that is the last."""
        pages = self._model.pages
        if pages is None:
            return None
        value = searched(f"source {self.name}, {question.path}", "pages.next", pages.next, page)
        if value is None or value is False or value == "":
            return None
        if isinstance(value, bool) or not isinstance(value, int | str):
            raise QueryRefused(self._says(question, f"pages.next {pages.next!r} gives {found(value)}"))
        if pages.parameter is not None:
            return _with_parameter(address, pages.parameter, str(value))
        return self._own(address, str(value), question, "the next page is")

    def _own(self, address: str, link: str, question: _Question, what: str) -> str:
        """Where a link leads, without what it has in front of the host. Another host would be given the token."""
        try:
            parts = split_url(urljoin(address, link))
        except ValueError:  # no address at all, like http://[::1
            parts = split_url("")
        if _origin(parts) != _origin(self._parts):
            raise SourceError(self._says(question, f"{what} at another host or scheme, which is not followed"))
        return urlunsplit((parts.scheme, self._door.host, parts.path, parts.query, ""))

    def _page(self, address: str, question: _Question) -> bytes:
        for attempt in itertools.count():
            try:
                status, headers, body = self._followed(address, question)
            except requests.RequestException as error:
                if may_pass(error) and self._patience.wait(attempt, {}, question.ends):
                    continue
                raise
            if status not in BUSY or not self._patience.wait(attempt, headers, question.ends):
                break
        if status == 200 and parsed(body) is not None:
            return body
        raise self._failure(status, headers.get("Content-Type", ""), parsed(body), question)

    def _followed(self, address: str, question: _Question) -> tuple[int, Mapping[str, str], bytes]:
        for _ in range(_REDIRECTS + 1):
            status, headers, body = self._request(address, question)
            if status not in _MOVED:
                return status, headers, body
            address = self._own(address, headers.get("Location", ""), question, "a redirect leads to a page")
        raise SourceError(self._says(question, f"more than {_REDIRECTS} redirects"))

    def _request(self, address: str, question: _Question) -> tuple[int, Mapping[str, str], bytes]:
        left = max(question.ends - self._clock.monotonic(), 0.001)
        with question.session.get(
            address,
            params=self._missing(address),
            headers={"Accept": "application/json", **self._door.access.headers},
            auth=question.entry.auth,
            timeout=left,
            allow_redirects=False,
            stream=True,
        ) as response:
            body = bytearray()
            while piece := response.raw.read(_CHUNK, decode_content=True):
                body += piece
                question.taken += len(piece)
                if question.taken > BODY_BYTES:
                    raise QueryRefused(self._says(question, f"an answer of more than {BODY_BYTES // 2**20} MB"))
            return response.status_code, response.headers, bytes(body)

    def _missing(self, address: str) -> dict[str, str]:
        """The parameters of the spec that an address does not have: a link to the next page may repeat them."""
        there = {unquote(each.partition("=")[0]) for each in urlsplit(address).query.split("&")}
        return {name: value for name, value in self._door.access.params.items() if name not in there}

    def _failure(self, status: int, kind: str, answer: Any, question: _Question) -> SourceError:
        if status == 401:
            return SourceError(self._says(question, "refused the credentials (HTTP 401)"))
        if status == 200:
            what = f"the answer is not JSON (content type {question.entry.clean(kind, 200) or 'missing'})"
            return SourceError(self._says(question, what))
        said = next((answer[key] for key in ("message", "error") if isinstance(answer, dict) and key in answer), None)
        text = f": {question.entry.clean(said, 200)}" if isinstance(said, str) else ""
        if status in BUSY and (quiet := self._patience.quiet):
            text += f"; it asked for quiet, for {quiet:.0f} s"
        well = status not in BUSY | _DOWN and status >= 400
        return (QueryRefused if well else SourceError)(self._says(question, f"answered HTTP {status}{text}"))

    def _says(self, question: _Question, what: str) -> str:
        return f"source {self.name}, {question.path}: {what}"


@dataclass(slots=True)
class _Question:
    """One question: how messages call it, how it gets in, when it ends (monotonic), and the bytes read so far."""

    path: str
    session: Session
    entry: Entry
    ends: float
    taken: int = 0


def _origin(parts: SplitResult) -> tuple[str, str | None, int]:
    return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme, 0)


def _with_parameter(address: str, name: str, value: str) -> str:
    """The address with one query parameter set; all others stay as they are, byte for byte."""
    parts = urlsplit(address)
    others = [part for part in parts.query.split("&") if part and unquote(part.partition("=")[0]) != name]
    return urlunsplit(parts._replace(query="&".join([*others, f"{quote(name, safe='')}={quote(value, safe='')}"])))
