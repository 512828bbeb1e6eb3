"""One bounded HTTP request to a target. No message holds the address, the token or a password."""

from __future__ import annotations

from urllib.parse import urlunsplit

import requests
import urllib3

from exporter.access import ANYBODY, Access, Door
from exporter.notify.pusher import PushError
from exporter.one_answer import reason
from exporter.sources.deadline import Adapter, deadline
from exporter.spec import SecretError

_LARGEST = 16 * 2**20
_CHUNK = 2**16


class Http:
    """Requests to one address, from one thread. ``timeout`` is for all of a request, however slowly it is answered."""

    def __init__(self, url: str, timeout: float, access: Access = ANYBODY) -> None:
        self._door = Door(url, access, Adapter)
        self._timeout = timeout

    @property
    def place(self) -> str:
        """Host, port and path of the address: what may be shown."""
        return f"{self._door.host}{self._door.parts.path.rstrip('/')}"

    def ask(self, method: str, path: str, *, body: bytes | None = None, kind: str = "") -> bytes:
        """The body of the answer to ``method path``; PushError where there is none, or it is not 2xx."""
        headers = {"Content-Type": kind} if kind else {}
        try:
            entry, session = self._door.entry(), self._door.session()
        except SecretError as error:
            raise PushError(str(error)) from None
        # "from None": the library's exceptions hold the request with its headers, which no traceback may show.
        with deadline(self._timeout) as limit:
            try:
                with session.request(
                    method,
                    self._address(path),
                    data=body,
                    headers={**headers, **self._door.access.headers},
                    auth=entry.auth,
                    timeout=self._timeout,
                    allow_redirects=False,
                    stream=True,
                ) as response:
                    status, answer = response.status_code, _read(response)
            except (requests.Timeout, urllib3.exceptions.TimeoutError, TimeoutError):
                raise PushError(self._late) from None
            except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
                raise PushError(self._late if limit.passed else f"does not answer: {reason(error)}") from None
            if limit.passed:  # a body that ends with its connection looks whole when it is cut
                raise PushError(self._late)
        if not 200 <= status < 300:
            raise PushError(_odd(status))
        return answer

    @property
    def _late(self) -> str:
        return f"gave no answer within {self._timeout:g} s"

    def _address(self, path: str) -> str:
        parts = self._door.parts
        return urlunsplit((parts.scheme, self._door.host, parts.path.rstrip("/") + path, "", ""))


def _read(response: requests.Response) -> bytes:
    pieces = bytearray()
    while piece := response.raw.read(_CHUNK, decode_content=True):
        pieces += piece
        if len(pieces) > _LARGEST:
            raise PushError(f"answered with more than {_LARGEST // 2**20} MB")
    return bytes(pieces)


def _odd(status: int) -> str:
    if status in (401, 403):
        return f"refused the credentials (HTTP {status})"
    if 300 <= status < 400:
        return f"answered with a redirect (HTTP {status}), which is not followed: write the final address"
    if status == 404:
        return "has no such page (HTTP 404): a path prefix may be missing in the address"
    return f"answered HTTP {status}"
