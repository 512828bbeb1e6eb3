"""The Prometheus HTTP API over one bounded connection: https://prometheus.io/docs/prometheus/latest/querying/api/"""

from __future__ import annotations

import itertools
import json
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import quote_plus, urlunsplit

import requests
import urllib3

from exporter.access import ANYBODY, Access, Door, Entry
from exporter.one_answer import Session, reason
from exporter.sources.base import SourceError
from exporter.sources.deadline import Adapter, Deadline, deadline
from exporter.sources.repeats import BUSY, CLOCK, PAUSES, Clock, Patience, may_pass
from exporter.sources.vector_text import vector
from exporter.spec.secrets import SecretError

ANSWER_BYTES = 64 * 2**20
"""Answers larger than this, unpacked, are not read to their end."""

_CHUNK = 2**16
_TOLD = 100
_TOO_MUCH = re.compile(r"too (many|much|long|large|big)|exceed|-search\.max|err-mimir-max|\blimits?\b", re.IGNORECASE)
"""How the engines say that a question is too large for their limits: Prometheus ("would load too many samples into
memory"), Mimir ("exceeded the maximum number of chunks"), Thanos ("exceeded series limit"), VictoriaMetrics
("-search.maxSamplesPerQuery")."""
_NO_SUCH_PAGE = frozenset({400, 404, 405, 501})
"""Without the API's own JSON: VictoriaMetrics says 400 where others say 404."""
_GATEWAY_TIMEOUT = 504
"""Of a proxy: the server may be well, and this one question too heavy for the proxy's own limit of time."""
_REFUSED_STATUS = frozenset({400, 413, 422})
_REFUSED_TYPE = frozenset({"bad_data", "execution"})


class QueryRefused(SourceError):  # noqa: N818 - says what happened to the question; the base says that it is an error
    """The server is well and refuses this one question, or its answer is too large."""


class NoSuchApi(SourceError):  # noqa: N818 - as above
    """The server is well and has no such page."""


class TooSlow(SourceError):  # noqa: N818 - as above
    """No whole answer in time; the server may be dead, or the question too heavy."""


class TooMuch(QueryRefused):
    """The question, or its answer, is larger than the server or we can take: smaller ones may do."""


class PrometheusApi:
    """Questions to one server; each ends within about ``timeout`` seconds, in an answer or a SourceError.

    Where there is no connection, or the server is busy, it is asked again within that time. No message holds the
    address, the token, a password or a header's value.
    """

    def __init__(
        self,
        name: str,
        url: str,
        *,
        access: Access = ANYBODY,
        timeout: float = 10.0,
        clock: Clock = CLOCK,
        log: logging.Logger = logging.getLogger("winburn.sources"),  # noqa: B008 - loggers are singletons
    ) -> None:
        self.name = name
        self.timeout = timeout
        self._door = Door(url, access, Adapter)
        self._headers = {"Accept": "application/json", **access.headers}
        self._clock, self._log = clock, log
        self._patience = Patience(clock)
        self._told: set[str] = set()

    def ask(
        self,
        path: str,
        form: Mapping[str, str] | None = None,
        *,
        timeout: float | None = None,
        repeat: bool = True,
        as_vector: bool = False,
    ) -> Any:
        """The member ``data`` of the answer to a POST of ``form`` (GET without one) to ``path`` below the address; with
        ``as_vector`` a :class:`Vector` in its place where the answer can be read so.

        QueryRefused where the server refuses the question, TooSlow where the time runs out, SourceError otherwise.
        """
        if quiet := self._patience.quiet:
            raise SourceError(f"source {self.name} asked for quiet, for {quiet:.0f} s more")
        limit = self.timeout if timeout is None else timeout
        try:
            question = _Question(self._door.session(), self._door.entry(), self._address(path), form, limit)
        except SecretError as error:
            raise SourceError(f"source {self.name}: {error}") from None
        ends = self._clock.monotonic() + limit
        with deadline(limit) as time:
            for attempt in itertools.count(0 if repeat else len(PAUSES)):
                answer = self._answer(question, time)
                if not self._again(answer, attempt, ends):
                    break
        if isinstance(answer, SourceError):
            raise answer
        if time.passed:  # an answer without a stated length ends silently where it is cut
            raise self._slow(limit)
        plain = vector(answer.body) if as_vector and answer.status == 200 else None
        return self._data(answer, question.entry) if plain is None else plain

    def close(self) -> None:
        """Close the connections that are kept; a later question opens one again."""
        self._door.close()

    def _slow(self, seconds: float) -> TooSlow:
        return TooSlow(f"source {self.name} gave no whole answer within {seconds:g} s")

    def _answer(self, question: _Question, time: Deadline) -> _Answer | SourceError:
        """The answer, or why there is none where it may be worth another try."""
        # "from None": the library's exceptions hold the request with its headers, which no traceback may show.
        try:
            return self._request(question)
        except (requests.Timeout, urllib3.exceptions.TimeoutError, TimeoutError):
            raise self._slow(question.limit) from None
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            if time.passed:
                raise self._slow(question.limit) from None
            failure = SourceError(f"source {self.name} does not answer: {reason(error)}")
            if not may_pass(error):
                raise failure from None
            return failure

    def _again(self, answer: _Answer | SourceError, attempt: int, ends: float) -> bool:
        if isinstance(answer, SourceError):
            return self._patience.wait(attempt, {}, ends)
        if answer.status not in BUSY:
            return False
        # A server whose own limit of time ended the query would only do the same work once more.
        value = parsed(answer.body)
        timed_out = isinstance(value, dict) and value.get("errorType") == "timeout"
        return not timed_out and self._patience.wait(attempt, answer.headers, ends)

    def _request(self, question: _Question) -> _Answer:
        with question.session.request(
            "GET" if question.form is None else "POST",
            question.address,
            params=self._door.access.params,
            data=None if question.form is None else _encoded(question.form),
            headers=self._headers if question.form is None else _OF_FORM | self._headers,
            auth=question.entry.auth,
            timeout=question.limit,
            allow_redirects=False,
            stream=True,
        ) as response:
            return _Answer(response.status_code, response.headers, self._body(response))

    def _address(self, path: str) -> str:
        parts = self._door.parts
        if not parts.scheme:
            raise SourceError(f"source {self.name}: the url is not an address that begins with http:// or https://")
        return urlunsplit((parts.scheme, self._door.host, parts.path.rstrip("/") + path, parts.query, ""))

    def _body(self, response: requests.Response) -> bytes:
        pieces = bytearray()
        while piece := response.raw.read(_CHUNK, decode_content=True):
            pieces += piece
            if len(pieces) > ANSWER_BYTES:
                raise TooMuch(
                    f"source {self.name} answered with more than {ANSWER_BYTES // 2**20} MB: select fewer series"
                )
        return bytes(pieces)

    def _data(self, found: _Answer, entry: Entry) -> Any:
        status, answer = found.status, parsed(found.body)
        if status == _GATEWAY_TIMEOUT and not isinstance(answer, dict):
            raise TooSlow(f"source {self.name} {_odd(status, '')}")
        if not isinstance(answer, dict) or answer.get("status") not in ("success", "error"):
            text = f"source {self.name} {_odd(status, entry.clean(found.headers.get('Content-Type', '')))}"
            raise (NoSuchApi if status in _NO_SUCH_PAGE else SourceError)(text)
        if status == 200 and answer["status"] == "success":
            self._refuse_partial(answer.get("warnings"), entry)
            if answer.get("isPartial") is True:  # as VictoriaMetrics' cluster says it
                raise SourceError(f"source {self.name} answers from a part of its storage only")
            self._tell(answer.get("infos"), entry)
            return answer.get("data")
        error_type = answer.get("errorType")
        text = f"source {self.name} answered HTTP {status}: {entry.clean(answer.get('error'))}"
        if error_type == "timeout" or status == _GATEWAY_TIMEOUT:
            raise TooSlow(text)
        if status in _REFUSED_STATUS or error_type in _REFUSED_TYPE:
            raise (TooMuch if _TOO_MUCH.search(text) else QueryRefused)(text)
        raise (NoSuchApi if status == 404 else SourceError)(text)

    def _refuse_partial(self, warnings: Any, entry: Entry) -> None:
        if not warnings:
            return
        texts = _texts(warnings)
        message = f"source {self.name} warns that the answer may be partial: {entry.clean('; '.join(texts))}"
        # Warnings of the query language belong to one selector; any other says that a part of the server is missing.
        of_the_query = all(text.startswith("PromQL warning") for text in texts)
        raise (QueryRefused if of_the_query else SourceError)(message)

    def _tell(self, infos: Any, entry: Entry) -> None:
        """Log each piece of advice once; some come with every answer."""
        for text in _texts(infos or ()):
            if text not in self._told and len(self._told) < _TOLD:
                self._told.add(text)
                self._log.info("source %s says: %s", self.name, entry.clean(text))


@dataclass(frozen=True, slots=True)
class _Question:
    session: Session
    entry: Entry
    address: str
    form: Mapping[str, str] | None
    limit: float


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes


_OF_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def _encoded(form: Mapping[str, str]) -> str:
    return "&".join([f"{quote_plus(name)}={_quoted(text)}" for name, text in form.items()])


@lru_cache(maxsize=256)  # a query of 48 selectors is the same at each refresh, and takes as long as its answer
def _quoted(text: str) -> str:
    return quote_plus(text)


def _texts(value: Any) -> list[str]:
    return [str(text) for text in value] if isinstance(value, list | tuple) else [str(value)]


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
