"""What Alertmanager knows: alerts and silences, by its API v2, https://prometheus.io/docs/alerting/latest/alerts_api/."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlunsplit

import requests
import urllib3

from exporter.access import ANYBODY, Access, Door, Entry
from exporter.one_answer import Session
from exporter.sources.base import SourceError
from exporter.sources.deadline import Adapter, deadline
from exporter.spec.secrets import SecretError

ANSWER_BYTES = 16 * 2**20
"""Answers larger than this are not read to their end."""

_CHUNK = 2**16
_NOT_FOUND = 404


@dataclass(frozen=True, slots=True)
class Matcher:
    """What a silence covers: alerts whose label equals the value, or matches it, or (not ``equal``) does not."""

    name: str
    value: str
    regex: bool = False
    equal: bool = True

    def __str__(self) -> str:
        sign = ("=~" if self.equal else "!~") if self.regex else ("=" if self.equal else "!=")
        return f"{self.name}{sign}{json.dumps(self.value, ensure_ascii=False)}"


@dataclass(frozen=True, slots=True)
class Silence:
    """A silence; ``state`` is active, pending or expired, ``ends`` a Unix time."""

    id: str
    state: str
    matchers: tuple[Matcher, ...]
    ends: float
    by: str
    comment: str


class AlertmanagerApi:
    """One Alertmanager; each question ends within about ``timeout`` seconds, in an answer or a SourceError.

    ``name`` and all messages hold the host and port, never a password that the address carries.
    """

    def __init__(self, url: str, *, access: Access = ANYBODY, timeout: float = 10.0) -> None:
        self._door = Door(url, access, Adapter)
        parts = self._door.parts
        self.name = self._door.host
        self._base = urlunsplit((parts.scheme, self.name, parts.path.rstrip("/"), "", ""))
        self._timeout = timeout

    def acknowledged(self) -> list[tuple[Mapping[str, str], float, str]]:
        """Labels of each alert that fires and that a silence covers, until when, and who made the silence; of several
        silences the one that ends last."""
        silences = {silence.id: silence for silence in self.silences() if silence.state == "active"}
        found: list[tuple[Mapping[str, str], float, str]] = []
        for alert in self._list("/api/v2/alerts?active=false&silenced=true&inhibited=true"):
            status, labels = _mapping(alert.get("status")), _mapping(alert.get("labels"))
            covering = [silences[each] for each in status.get("silencedBy") or () if each in silences]
            if covering:
                last = max(covering, key=lambda silence: (silence.ends, silence.id))
                found.append(({str(name): str(value) for name, value in labels.items()}, last.ends, last.by))
        return found

    def silences(self) -> list[Silence]:
        """Every silence that it still knows, expired ones too."""
        try:
            return [_silence(each) for each in self._list("/api/v2/silences")]
        except (KeyError, TypeError, ValueError, AttributeError):
            raise self._odd() from None

    def silence(self, matchers: Iterable[Matcher], starts: float, ends: float, by: str, comment: str) -> str:
        """Make a silence; its id."""
        body = {
            "matchers": [
                {"name": each.name, "value": each.value, "isRegex": each.regex, "isEqual": each.equal}
                for each in matchers
            ],
            "startsAt": _moment(starts),
            "endsAt": _moment(ends),
            "createdBy": by,
            "comment": comment,
        }
        answer = self._ask("POST", "/api/v2/silences", body)
        made = answer.get("silenceID") if isinstance(answer, dict) else None
        if not isinstance(made, str):
            raise self._odd()
        return made

    def expire(self, silence: str) -> None:
        """End a silence now; SourceError where there is none of that id."""
        self._ask("DELETE", f"/api/v2/silence/{quote(silence, safe='')}", None)

    def close(self) -> None:
        """Close the connections that are kept."""
        self._door.close()

    def _list(self, path: str) -> list[dict[str, Any]]:
        answer = self._ask("GET", path, None)
        if not isinstance(answer, list) or not all(isinstance(each, dict) for each in answer):
            raise self._odd()
        return answer

    def _ask(self, method: str, path: str, body: object) -> Any:
        try:
            entry, session = self._door.entry(), self._door.session()
        except SecretError as error:
            raise SourceError(f"Alertmanager {self.name}: {error}") from None
        # "from None": the library's exceptions hold the request with its headers, which no traceback may show.
        with deadline(self._timeout) as time:
            try:
                status, text = self._request(session, entry, method, path, body)
            except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
                if time.passed or isinstance(error, requests.Timeout | TimeoutError):
                    raise self._slow() from None
                raise SourceError(f"Alertmanager {self.name} does not answer: {_reason(error)}") from None
        if time.passed:  # an answer without a stated length ends silently where it is cut
            raise self._slow()
        answer = _json(text)
        if status == _NOT_FOUND:
            raise SourceError(f"Alertmanager {self.name} has no such thing (HTTP 404)")
        if not 200 <= status < 300:
            said = answer if isinstance(answer, str) else _mapping(answer).get("message", "")
            raise SourceError(f"Alertmanager {self.name} answered HTTP {status}: {entry.clean(said, 200)}")
        return answer

    def _request(self, session: Session, entry: Entry, method: str, path: str, body: object) -> tuple[int, bytes]:
        with session.request(
            method,
            self._base + path,
            json=body,
            headers={"Accept": "application/json", **self._door.access.headers},
            auth=entry.auth,
            timeout=self._timeout,
            allow_redirects=False,
            stream=True,
        ) as response:
            pieces = bytearray()
            while piece := response.raw.read(_CHUNK, decode_content=True):
                pieces += piece
                if len(pieces) > ANSWER_BYTES:
                    raise SourceError(
                        f"Alertmanager {self.name} answered with more than {ANSWER_BYTES // 2**20} MB"
                    ) from None
            return response.status_code, bytes(pieces)

    def _slow(self) -> SourceError:
        return SourceError(f"Alertmanager {self.name} gave no whole answer within {self._timeout:g} s")

    def _odd(self) -> SourceError:
        return SourceError(f"{self.name} did not answer as Alertmanager's API v2 does")


def _silence(given: Mapping[str, Any]) -> Silence:
    matchers = tuple(
        Matcher(str(each["name"]), str(each["value"]), bool(each["isRegex"]), bool(each.get("isEqual", True)))
        for each in given["matchers"]
    )
    return Silence(
        id=str(given["id"]),
        state=str(given["status"]["state"]),
        matchers=matchers,
        ends=datetime.fromisoformat(given["endsAt"]).timestamp(),
        by=str(given.get("createdBy", "")),
        comment=str(given.get("comment", "")),
    )


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _reason(error: BaseException) -> str:
    """Why, without the texts of requests, which hold the address."""
    inner: BaseException | None = error
    name = type(error).__name__
    for _ in range(10):
        if inner is None:
            break
        if isinstance(inner, OSError) and inner.strerror:
            return inner.strerror.lower()
        name = type(inner).__name__
        reason = getattr(inner, "reason", None)
        argument = inner.args[0] if inner.args and isinstance(inner.args[0], BaseException) else None
        inner = reason if isinstance(reason, BaseException) else argument or inner.__cause__ or inner.__context__
    return name
