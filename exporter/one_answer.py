"""A session of requests whose every answer is an answer, redirects too."""

from __future__ import annotations

import requests


class Session(requests.Session):
    """Leaves redirects alone, for whoever asks with ``allow_redirects=False``.

    Without this requests still prepares the request that it does not make: it reads the redirect's whole body, however
    large, before the caller can bound it, and an address that cannot be parsed raises in place of the answer.
    """

    def get_redirect_target(self, resp: requests.Response) -> str | None:  # noqa: ARG002 - requests' signature
        """Called by requests; None means that it is no redirect."""
        return None
