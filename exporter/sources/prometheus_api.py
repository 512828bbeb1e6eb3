"""The Prometheus HTTP API over one bounded connection: https://prometheus.io/docs/prometheus/latest/querying/api/"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote, urlunsplit

import requests
import urllib3

from exporter.one_answer import Auth, Session, split_url
from exporter.sources.base import SourceError
from exporter.sources.deadline import Adapter, deadline

ANSWER_BYTES = 64 * 2**20
"""Answers larger than this, unpacked, are not read to their end."""

_CHUNK = 2**16
_REFUSED_STATUS = frozenset({400, 413, 422})
_REFUSED_TYPE = frozenset({"bad_data", "execution"})


class QueryRefused(SourceError):  # noqa: N818 - says what happened to the question; the base says that it is an error
    """The server is well and refuses this one question, or its answer is too large."""


class NoSuchApi(SourceError):  # noqa: N818 - as above
    """The server is well and has no such page."""


class TooSlow(SourceError):  # noqa: N818 - as above
    """No whole answer in time; the server may be dead, or the question too heavy."""


class PrometheusApi:
    """Questions to one server; each ends within about ``timeout`` seconds, in an answer or a SourceError.

    ``token`` is called for each question, so that a rotated token is used at once. No message holds the address, the
    token, a password or a header's value.
    """

    def __init__(
        self,
        name: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        token: Callable[[], str | None] = lambda: None,
        timeout: float = 10.0,
    ) -> None:
        self.name = name
        self.timeout = timeout
        self._headers = {"Accept": "application/json", **(headers or {})}
        self._token = token
        self._parts = split_url(url)
        self._session = Session()
        self._session.mount("http://", Adapter())
        self._session.mount("https://", Adapter())

    def ask(self, path: str, form: Mapping[str, str] | None = None, *, timeout: float | None = None) -> Any:
        """The member ``data`` of the answer to a POST of ``form`` (GET without one) to ``path`` below the address.

        QueryRefused where the server refuses the question, TooSlow where the time runs out, SourceError otherwise.
        """
        token = self._token()
        limit = self.timeout if timeout is None else timeout
        # "from None": the library's exceptions hold the request with its headers, which no traceback may show.
        with deadline(limit) as time:
            try:
                status, kind, body = self._request(path, form, token, limit)
            except (requests.Timeout, urllib3.exceptions.TimeoutError, TimeoutError):
                raise self._slow(limit) from None
            except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
                if time.passed:
                    raise self._slow(limit) from None
                raise SourceError(f"source {self.name} does not answer: {reason(error)}") from None
        if time.passed:  # an answer without a stated length ends silently where it is cut
            raise self._slow(limit)
        return self._data(status, kind, body, token)

    def close(self) -> None:
        """Close the connections that are kept; a later question opens one again."""
        self._session.close()

    def _slow(self, seconds: float) -> TooSlow:
        return TooSlow(f"source {self.name} gave no whole answer within {seconds:g} s")

    def _request(
        self, path: str, form: Mapping[str, str] | None, token: str | None, limit: float
    ) -> tuple[int, str, bytes]:
        with self._session.request(
            "GET" if form is None else "POST",
            self._address(path),
            data=form,
            headers=self._headers,
            auth=Auth(token, self._parts.username, self._parts.password),
            timeout=limit,
            allow_redirects=False,
            stream=True,
        ) as response:
            return response.status_code, response.headers.get("Content-Type", ""), self._body(response)

    def _address(self, path: str) -> str:
        if not self._parts.scheme:
            raise SourceError(f"source {self.name}: the url is not an address that begins with http:// or https://")
        host = self._parts.netloc.rpartition("@")[2]
        return urlunsplit((self._parts.scheme, host, self._parts.path.rstrip("/") + path, self._parts.query, ""))

    def _body(self, response: requests.Response) -> bytes:
        pieces = bytearray()
        while piece := response.raw.read(_CHUNK, decode_content=True):
            pieces += piece
            if len(pieces) > ANSWER_BYTES:
                raise QueryRefused(
                    f"source {self.name} answered with more than {ANSWER_BYTES // 2**20} MB: select fewer series"
                )
        return bytes(pieces)

    def _data(self, status: int, kind: str, body: bytes, token: str | None) -> Any:
        answer = parsed(body)
        if not isinstance(answer, dict) or answer.get("status") not in ("success", "error"):
            text = f"source {self.name} {_odd(status, self._clean(kind, token))}"
            raise (NoSuchApi if status in (404, 405) else SourceError)(text)
        if status == 200 and answer["status"] == "success":
            self._refuse_partial(answer.get("warnings"), token)
            return answer.get("data")
        error_type = answer.get("errorType")
        text = f"source {self.name} answered HTTP {status}: {self._clean(answer.get('error'), token)}"
        if error_type == "timeout":
            raise TooSlow(text)
        if status in _REFUSED_STATUS or error_type in _REFUSED_TYPE:
            raise QueryRefused(text)
        raise (NoSuchApi if status == 404 else SourceError)(text)

    def _refuse_partial(self, warnings: Any, token: str | None) -> None:
        if not warnings:
            return
        texts = [str(text) for text in warnings] if isinstance(warnings, list) else [str(warnings)]
        message = f"source {self.name} warns that the answer may be partial: {self._clean('; '.join(texts), token)}"
        # Warnings of the query language belong to one selector; any other says that a part of the server is missing.
        of_the_query = all(text.startswith("PromQL warning") for text in texts)
        raise (QueryRefused if of_the_query else SourceError)(message)

    def _clean(self, text: object, token: str | None) -> str:
        """One short line of what the server says, without secrets that it may repeat."""
        line = " ".join(str(text).split())
        password = self._parts.password
        for secret in (token, password, password and unquote(password), *self._headers.values()):
            if secret and len(secret) >= 4:
                line = line.replace(secret, "***")
        return line if len(line) <= 300 else line[:297] + "..."


def parsed(body: bytes) -> Any:
    """The JSON value in a body; None where it is none."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):  # RecursionError: a body of a million brackets
        return None


def _odd(status: int, kind: str) -> str:
    if status in (401, 403):
        return f"refused the credentials (HTTP {status})"
    if 300 <= status < 400:
        return f"answered with a redirect (HTTP {status}), which is not followed: write the final address in url"
    if status == 404:
        return "has no Prometheus API at this address (HTTP 404): a path prefix may be missing in url"
    if status != 200:
        return f"answered HTTP {status}"
    return f"did not answer as the Prometheus API does (content type {kind or 'missing'})"


def reason(error: BaseException) -> str:
    """Why, without the texts of requests: those hold the address and, for a bad header, the token."""
    name, seen = "", set[int]()
    inner: BaseException | None = error
    while inner is not None and id(inner) not in seen:
        seen.add(id(inner))
        if isinstance(inner, OSError) and inner.strerror:
            return inner.strerror.lower()
        name = type(inner).__name__
        inner = inner.__cause__ or inner.__context__ or next(filter(_is_exception, inner.args), None)
    return name


def _is_exception(value: object) -> bool:
    return isinstance(value, BaseException)
