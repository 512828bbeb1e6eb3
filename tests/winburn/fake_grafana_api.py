"""A FAKE of the few pages of Grafana's HTTP API that dashboards are pushed to, as strict as its documentation.

It stands for Grafana because none can be had here: what Grafana itself does is not proved by it. It knows one token,
refuses keys that it does not know, folders that are not there, changes of provisioned dashboards, and gives ids and
versions of its own.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

Json = dict[str, Any]
Answer = tuple[int, Any]

_UID = re.compile(r"[A-Za-z0-9_-]{1,40}")


@dataclass(slots=True)
class FakeGrafanaApi:
    """``folders`` and ``dashboards`` by uid; ``asked`` are methods and paths; ``broken`` answers instead, by path."""

    port: int
    token: str = "glsa_right"
    role: str = "Editor"
    folders: dict[str, str] = field(default_factory=lambda: {f"f{n}": f"Folder {n}" for n in range(1200)})
    dashboards: dict[str, tuple[Json, str]] = field(default_factory=dict)
    provisioned: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)
    broken: dict[str, tuple[int, bytes]] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """The address, Grafana being below a path as behind a proxy."""
        return f"http://127.0.0.1:{self.port}/grafana"

    def writes(self) -> list[str]:
        """What changed something."""
        return [each for each in self.asked if not each.startswith("GET")]

    def answer(self, method: str, address: str, authorization: str | None, body: Any) -> Answer:  # noqa: PLR0911 - a page each
        """What Grafana says to a request."""
        parts = urlsplit(address)
        if not parts.path.startswith("/grafana/api/"):
            return 404, {"message": "Not found"}
        if authorization != f"Bearer {self.token}":
            return 401, {"message": "Invalid API key"}
        path = parts.path.removeprefix("/grafana")
        if method == "GET" and path == "/api/folders":
            query = {key: int(values[0]) for key, values in parse_qs(parts.query).items()}
            start = (query["page"] - 1) * query["limit"]
            listed = [{"uid": uid, "title": title} for uid, title in self.folders.items()]
            return 200, listed[start : start + query["limit"]]
        if method == "GET" and (match := re.fullmatch(r"/api/dashboards/uid/([^/]+)", path)):
            return self._stored(match[1])
        if method == "POST" and self.role not in {"Editor", "Admin"}:
            return 403, {"message": "You'll need additional permissions to perform this action."}
        if (method, path) == ("POST", "/api/folders"):
            return self._new_folder(body)
        if (method, path) == ("POST", "/api/dashboards/db"):
            return self._save(body)
        return 404, {"message": "Not found"}

    def _stored(self, uid: str) -> Answer:
        if uid not in self.dashboards:
            return 404, {"message": "Dashboard not found"}
        dashboard, folder = self.dashboards[uid]
        return 200, {"dashboard": dashboard, "meta": {"folderUid": folder, "provisioned": uid in self.provisioned}}

    def _new_folder(self, body: Any) -> Answer:
        if not isinstance(body, dict) or body.keys() - {"title", "uid", "parentUid"} or not body.get("title"):
            return 400, {"message": "bad request data"}
        if body["title"] in self.folders.values():
            return 409, {"message": "a folder with the same name already exists in the current location"}
        uid = f"made{len(self.folders)}"
        self.folders[uid] = body["title"]
        return 200, {"uid": uid, "title": body["title"], "version": 1}

    def _save(self, body: Any) -> Answer:
        known = {"dashboard", "folderUid", "folderId", "message", "overwrite"}
        if not isinstance(body, dict) or body.keys() - known or not isinstance(body.get("dashboard"), dict):
            return 400, {"message": "bad request data"}
        dashboard, folder = body["dashboard"], body.get("folderUid", "")
        uid = dashboard.get("uid")
        if not dashboard.get("title") or not uid or not _UID.fullmatch(uid):
            return 400, {"message": "Dashboard title cannot be empty"}
        if folder not in self.folders:
            return 400, {"message": "folder not found"}
        if uid in self.provisioned:
            return 400, {"message": "Cannot save provisioned dashboard"}
        before = self.dashboards.get(uid)
        if before and not body.get("overwrite"):
            return 412, {"message": "The dashboard has been changed by someone else", "status": "version-mismatch"}
        version = before[0]["version"] + 1 if before else 1
        self.dashboards[uid] = ({**dashboard, "id": 4711, "version": version}, folder)
        return 200, {"id": 4711, "uid": uid, "status": "success", "version": version}


@contextmanager
def listening() -> Iterator[FakeGrafanaApi]:
    """On a free port of 127.0.0.1 until the end of the context."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._answer(None)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self._answer(json.loads(body) if self.headers["Content-Type"] == "application/json" else None)

        def _answer(self, body: Any) -> None:
            fake.asked.append(f"{self.command} {self.path}")
            path = urlsplit(self.path).path.removeprefix("/grafana")
            if path in fake.broken:
                status, raw = fake.broken[path]
            else:
                status, said = fake.answer(self.command, self.path, self.headers.get("Authorization"), body)
                raw = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's signature
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    fake = FakeGrafanaApi(server.server_port)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield fake
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
