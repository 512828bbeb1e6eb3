"""Dashboards into a running Grafana, over its HTTP API: https://grafana.com/docs/grafana/latest/developers/http_api/

No message holds the address's user part or the token.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import quote, urlsplit

import requests
import urllib3
from requests.auth import AuthBase

Json = dict[str, Any]
State = Literal["created", "updated", "unchanged", "missing", "differs", "failed"]

_TIMEOUT = 15.0
_LARGEST = 16 * 2**20
_PAGE = 1000
_OWN_KEYS = ("id", "version")
"""Keys of a dashboard that Grafana gives itself."""


class GrafanaError(Exception):
    """Grafana did not do what it was asked; one sentence."""


@dataclass(frozen=True, slots=True)
class Pushed:
    """What became of one dashboard; ``reason`` says why where it ``failed``."""

    uid: str
    state: State
    reason: str = ""


class Grafana:
    """The API at ``url`` (http or https, a path below which Grafana is may follow), as the token's account.

    ValueError where the address is none, or holds a user or password: those would be seen in the list of processes.
    """

    def __init__(self, url: str, token: str) -> None:
        parts = urlsplit(url.strip())
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise ValueError("the address of Grafana is like https://grafana.example.org")
        if "@" in parts.netloc:
            raise ValueError("the address of Grafana may not hold a user or password; give a token's file")
        self._base = f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"
        self.place = f"{parts.netloc}{parts.path.rstrip('/')}"
        self._session = requests.Session()
        self._session.auth = _Bearer(token)

    def dashboard(self, uid: str) -> Json | None:
        """The stored dashboard with its ``meta``; None where there is none."""
        found = self._ask("GET", f"/api/dashboards/uid/{quote(uid, safe='')}", none_at_404=True)
        if found is not None and not isinstance(found, dict):
            raise GrafanaError("its answer is no dashboard; is the address Grafana's?")
        return found

    def save(self, dashboard: Json, folder: str) -> None:
        """Create the dashboard in the folder of this uid, or replace the one of its uid and move it there."""
        body = {"dashboard": dashboard, "folderUid": folder, "message": "winburn dashboards", "overwrite": True}
        self._ask("POST", "/api/dashboards/db", body)

    def folder(self, title: str, *, create: bool) -> str | None:
        """Uid of the folder with this title at the top; made where there is none, if ``create``, else None."""
        page = 1
        while found := self._ask("GET", f"/api/folders?limit={_PAGE}&page={page}"):
            if not isinstance(found, list):
                raise GrafanaError("its list of folders is no list")
            for each in found:
                if isinstance(each, dict) and each.get("title") == title and isinstance(each.get("uid"), str):
                    return str(each["uid"])
            if len(found) < _PAGE:
                break
            page += 1
        if not create:
            return None
        made = self._ask("POST", "/api/folders", {"title": title})
        if not isinstance(made, dict) or not isinstance(made.get("uid"), str):
            raise GrafanaError("its answer is no folder; is the address Grafana's?")
        return str(made["uid"])

    def _ask(self, method: str, path: str, body: Json | None = None, *, none_at_404: bool = False) -> Any:
        # "from None": the library's exceptions hold the request with its headers, which no traceback may show.
        try:
            with self._session.request(
                method, self._base + path, json=body, timeout=_TIMEOUT, allow_redirects=False, stream=True
            ) as response:
                status, text = response.status_code, response.raw.read(_LARGEST + 1, decode_content=True)
        except (requests.Timeout, urllib3.exceptions.TimeoutError):
            raise GrafanaError(f"gave no answer within {_TIMEOUT:g} s") from None
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            raise GrafanaError(f"does not answer ({type(error).__name__})") from None
        if none_at_404 and status == 404:
            return None
        try:
            answer = json.loads(text) if len(text) <= _LARGEST else None
        except ValueError:
            answer = None
        if not 200 <= status < 300:
            raise GrafanaError(_refusal(status, answer))
        if answer is None:
            raise GrafanaError("its answer is not JSON; is the address Grafana's?")
        return answer


class _Bearer(AuthBase):
    """An ``auth`` of our own, for without one requests would take a password from ~/.netrc."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


def push(grafana: Grafana, dashboards: Mapping[str, Json], folder: str, *, write: bool) -> list[Pushed]:
    """Bring the dashboards (uid -> JSON) into the folder of this title; what became of each, sorted by uid.

    What is there already, with the same content and in the folder, is left alone, so that its history of versions has
    changes only. One that fails does not keep the others; GrafanaError only where the folder cannot be had. Without
    ``write`` nothing is changed: ``missing`` and ``differs`` say what would be.
    """
    place = grafana.folder(folder, create=write)
    return [_push_one(grafana, uid, dashboards[uid], place, write=write) for uid in sorted(dashboards)]


def _push_one(grafana: Grafana, uid: str, wanted: Json, place: str | None, *, write: bool) -> Pushed:
    try:
        stored = grafana.dashboard(uid)
        if stored is not None and _same(stored, wanted, place):
            return Pushed(uid, "unchanged")
        if not write or place is None:
            return Pushed(uid, "missing" if stored is None else "differs")
        grafana.save(_without_own_keys(wanted), place)
    except GrafanaError as error:
        return Pushed(uid, "failed", str(error))
    return Pushed(uid, "created" if stored is None else "updated")


def _same(stored: Json, wanted: Json, place: str | None) -> bool:
    found, meta = stored.get("dashboard"), stored.get("meta")
    if not isinstance(found, dict) or not isinstance(meta, dict):
        raise GrafanaError("its answer is no dashboard; is the address Grafana's?")
    return meta.get("folderUid") == place and _without_own_keys(found) == _without_own_keys(wanted)


def _without_own_keys(dashboard: Json) -> Json:
    return {key: value for key, value in dashboard.items() if key not in _OWN_KEYS}


def _refusal(status: int, answer: object) -> str:
    """Grafana's own words, on one line; or what the status usually means."""
    said = answer.get("message") if isinstance(answer, dict) else None
    if isinstance(said, str) and said.strip():
        return f"answered {status}: {' '.join(said.split())[:200]}"
    usual = {
        401: "it does not know the token",
        403: "the token's account may not do that (role Editor can)",
        404: "there is no such page; is the address Grafana's?",
    }
    return f"answered {status}" + (f": {usual[status]}" if status in usual else "")
