"""Asking over HTTP for one answer: addresses, credentials, and a session whose every answer is one, redirects too."""

from __future__ import annotations

import base64
import logging
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

import requests
from requests.auth import AuthBase

# It logs the path and the query of every address: each request at level debug, each odd header as a warning.
logging.getLogger("urllib3").setLevel(logging.ERROR)


class Session(requests.Session):
    """Leaves redirects alone, for whoever asks with ``allow_redirects=False``.

    Without this requests still prepares the request that it does not make: it reads the redirect's whole body, however
    large, before the caller can bound it, and an address that cannot be parsed raises in place of the answer.
    """

    def __init__(self) -> None:
        super().__init__()
        self._settings: dict[tuple[object, ...], Any] = {}

    def merge_environment_settings(self, url: Any, proxies: Any, stream: Any, verify: Any, cert: Any) -> Any:
        """Called by requests for each request. It would go through the whole environment twice to look for proxies,
        which do not change while we run."""
        scheme, _, rest = str(url).partition("://")
        of = (scheme, rest.partition("/")[0], tuple(proxies.items()), stream, verify, cert)
        found = self._settings.get(of)
        if found is None:
            found = self._settings[of] = super().merge_environment_settings(url, proxies, stream, verify, cert)
        return {**found, "proxies": dict(found["proxies"])}

    def get_redirect_target(self, resp: requests.Response) -> str | None:  # noqa: ARG002 - requests' signature
        """Called by requests; None means that it is no redirect."""
        return None


class Auth(AuthBase):
    """A token in its header, else user and password, else nothing.

    Always given to requests: without an ``auth`` it would take a password from ~/.netrc, over a header of the spec.
    """

    def __init__(
        self,
        token: str | None,
        basic: tuple[str, str] | None,
        *,
        header: str = "Authorization",
        prefix: str = "Bearer",
    ) -> None:
        self._token, self._basic = token, basic
        self._header, self._prefix = header, prefix

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Called by requests."""
        if self._token:
            request.headers[self._header] = " ".join(filter(None, (self._prefix, self._token)))
        elif self.basic is not None:
            request.headers["Authorization"] = f"Basic {self.basic}"
        return request

    @property
    def basic(self) -> str | None:
        """User and password as HTTP sends them (RFC 7617, in UTF-8); None without them."""
        return None if self._basic is None else base64.b64encode(":".join(self._basic).encode()).decode()


def user_of(parts: SplitResult) -> tuple[str, str] | None:
    """User and password of an address; None where it has no user."""
    return (unquote(parts.username), unquote(parts.password or "")) if parts.username else None


def split_url(url: str) -> SplitResult:
    """The parts of an address, stripped; all of them empty where it is none of http or https."""
    try:
        parts = urlsplit(url.strip())
        valid = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        valid = False
    return parts if valid else urlsplit("")


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
