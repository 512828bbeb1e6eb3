"""Asking over HTTP for one answer: addresses, credentials, and a session whose every answer is one, redirects too."""

from __future__ import annotations

from urllib.parse import SplitResult, unquote, urlsplit

import requests
from requests.auth import AuthBase, HTTPBasicAuth


class Session(requests.Session):
    """Leaves redirects alone, for whoever asks with ``allow_redirects=False``.

    Without this requests still prepares the request that it does not make: it reads the redirect's whole body, however
    large, before the caller can bound it, and an address that cannot be parsed raises in place of the answer.
    """

    def get_redirect_target(self, resp: requests.Response) -> str | None:  # noqa: ARG002 - requests' signature
        """Called by requests; None means that it is no redirect."""
        return None


class Auth(AuthBase):
    """A bearer token, else the address's user and password, else nothing.

    Always given to requests: without an ``auth`` it would take a password from ~/.netrc, over a header of the spec.
    """

    def __init__(self, token: str | None, user: str | None, password: str | None) -> None:
        self._token, self._user, self._password = token, user, password

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Called by requests."""
        if self._token:
            request.headers["Authorization"] = f"Bearer {self._token}"
        elif self._user:
            HTTPBasicAuth(unquote(self._user), unquote(self._password or ""))(request)
        return request


def split_url(url: str) -> SplitResult:
    """The parts of an address, stripped; all of them empty where it is none of http or https."""
    try:
        parts = urlsplit(url.strip())
        valid = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        valid = False
    return parts if valid else urlsplit("")
