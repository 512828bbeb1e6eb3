"""A JSON API over bounded GET requests: pages, redirects, repetitions, and what all of it may cost."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import SplitResult, quote, unquote, urljoin, urlsplit, urlunsplit

import requests
import urllib3
from requests.auth import AuthBase, HTTPBasicAuth

from exporter.one_answer import Session, split_url
from exporter.sources.base import SourceError
from exporter.sources.deadline import Adapter, deadline
from exporter.sources.json_rows import found, searched
from exporter.sources.prometheus_api import QueryRefused, TooSlow, parsed, reason
from exporter.spec.source_models import HttpSource

BODY_BYTES = 16 * 2**20
"""The pages of one answer may have so many bytes together, unpacked."""

_CHUNK = 2**16
_REDIRECTS = 3
_PAUSES = (0.25, 1.0)
"""Seconds before each repetition where the server names none; enough for a restart behind a load balancer."""
_LONGEST_WAIT = 600.0
"""A server that asks for more quiet is asked again after so many seconds."""
_BUSY = frozenset({429, 502, 503, 504})
_DOWN = frozenset({401, 407, 408})
_MOVED = frozenset({301, 302, 303, 307, 308})


@dataclass(frozen=True, slots=True)
class Clock:
    """The time as the API needs it; tests give their own."""

    monotonic: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep


class HttpApi:
    """Questions to one API; each ends within about ``timeout`` seconds, in all its pages or a SourceError.

    ``token`` is called for each question, so that a rotated token is used at once. No message holds the address, the
    token, a password, a header's value or a parameter of the address.
    """

    def __init__(
        self,
        name: str,
        url: str,
        model: HttpSource,
        token: Callable[[], str | None] = lambda: None,
        clock: Clock = Clock(),
    ) -> None:
        self.name = name
        self._model = model
        self._token = token
        self._clock = clock
        self._parts = split_url(url)
        self._quiet_until = 0.0
        self._session = Session()
        self._session.mount("http://", Adapter())
        self._session.mount("https://", Adapter())

    def get(self, path: str) -> list[bytes]:
        """The bodies of all pages below ``path``, each of which is JSON.

        QueryRefused where the server is well and this one answer is refused, missing or too large; TooSlow where the
        time runs out, and SourceError otherwise.
        """
        address = self._address(path)
        if (left := self._quiet_until - self._clock.monotonic()) > 0:
            raise SourceError(f"source {self.name} asked for quiet, for {left:.0f} s more")
        ends = self._clock.monotonic() + self._model.timeout
        question = _Question(path.partition("?")[0] or "/", self._token(), ends)
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
        self._session.close()

    def _slow(self) -> TooSlow:
        return TooSlow(f"source {self.name} gave no whole answer within {self._model.timeout:g} s")

    def _address(self, path: str) -> str:
        if not self._parts.scheme:
            raise SourceError(f"source {self.name}: the url is not an address that begins with http:// or https://")
        head, _, query = path.partition("?")
        host = self._parts.netloc.rpartition("@")[2]
        queries = "&".join(filter(None, (self._parts.query, query)))
        # "#" would begin a fragment, which is not sent; every other odd character is quoted by requests.
        whole = (self._parts.path.rstrip("/") + head if head else self._parts.path).replace("#", "%23")
        return urlunsplit((self._parts.scheme, host, whole, queries.replace("#", "%23"), ""))

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
        host = self._parts.netloc.rpartition("@")[2]
        return urlunsplit((parts.scheme, host, parts.path, parts.query, ""))

    def _page(self, address: str, question: _Question) -> bytes:
        for pause in (*_PAUSES, None):
            status, headers, body = self._followed(address, question)
            if status not in _BUSY:
                break
            asked = self._asked_to_wait(headers)
            wait = pause if asked is None else asked
            if pause is None or wait is None or self._clock.monotonic() + wait >= question.ends:
                self._quiet_until = self._clock.monotonic() + min(asked or 0.0, _LONGEST_WAIT)
                break
            self._clock.sleep(wait)
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
        with self._session.get(
            address,
            headers={"Accept": "application/json", **self._model.headers},
            auth=_Auth(self._model, question.token, self._parts),
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

    def _asked_to_wait(self, headers: Mapping[str, str]) -> float | None:
        """Seconds by Retry-After (RFC 9110, section 10.2.3), which holds seconds or a date; None without one."""
        text = headers.get("Retry-After", "").strip()
        if text.isascii() and text.isdigit():
            return float(text[:9])
        try:
            return max(parsedate_to_datetime(text).timestamp() - self._clock.wall(), 0.0)
        except (ValueError, OverflowError):
            return None

    def _failure(self, status: int, kind: str, answer: Any, question: _Question) -> SourceError:
        if status == 401:
            return SourceError(self._says(question, "refused the credentials (HTTP 401)"))
        if status == 200:
            what = f"the answer is not JSON (content type {self._clean(kind, question) or 'missing'})"
            return SourceError(self._says(question, what))
        said = next((answer[key] for key in ("message", "error") if isinstance(answer, dict) and key in answer), None)
        text = f": {self._clean(said, question)}" if isinstance(said, str) else ""
        if status in _BUSY and (wait := self._quiet_until - self._clock.monotonic()) > 0:
            text += f"; it asked for quiet, for {wait:.0f} s"
        well = status not in _BUSY | _DOWN and status >= 400
        return (QueryRefused if well else SourceError)(self._says(question, f"answered HTTP {status}{text}"))

    def _says(self, question: _Question, what: str) -> str:
        return f"source {self.name}, {question.path}: {what}"

    def _clean(self, text: str, question: _Question) -> str:
        """One short line of what the server says, without secrets that it may repeat."""
        line = " ".join(text.split())
        user, password = (unquote(part or "") for part in (self._parts.username, self._parts.password))
        basic = base64.b64encode(f"{user}:{password}".encode()).decode() if user else None
        own = [self._parts.password or "", *(each.partition("=")[2] for each in self._parts.query.split("&"))]
        for secret in (question.token, basic, *self._model.headers.values(), *own, *map(unquote, own)):
            if secret and len(secret) >= 4:
                line = line.replace(secret, "***")
        return line if len(line) <= 200 else line[:197] + "..."


@dataclass(slots=True)
class _Question:
    """One question: how messages call it, its token, when it ends (monotonic), and the bytes read for it so far."""

    path: str
    token: str | None
    ends: float
    taken: int = 0


class _Auth(AuthBase):
    """The token, else the address's user and password, else nothing.

    Always given to requests: without an ``auth`` it would put a password from ~/.netrc over a header of the spec.
    """

    def __init__(self, model: HttpSource, token: str | None, parts: SplitResult) -> None:
        self._model, self._token, self._parts = model, token, parts

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._token:
            request.headers[self._model.token_header] = " ".join(filter(None, (self._model.token_prefix, self._token)))
        elif self._parts.username:
            HTTPBasicAuth(unquote(self._parts.username), unquote(self._parts.password or ""))(request)
        return request


def _origin(parts: SplitResult) -> tuple[str, str | None, int]:
    return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme, 0)


def _with_parameter(address: str, name: str, value: str) -> str:
    """The address with one query parameter set; all others stay as they are, byte for byte."""
    parts = urlsplit(address)
    others = [part for part in parts.query.split("&") if part and unquote(part.partition("=")[0]) != name]
    return urlunsplit(parts._replace(query="&".join([*others, f"{quote(name, safe='')}={quote(value, safe='')}"])))
