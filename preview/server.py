"""Serves the page, the dashboards as the code generates them now, and Prometheus under the same address."""

from __future__ import annotations

import http.client
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

from preview.tools import HERE

KINDS = {
    ".css": "text/css",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript",
    ".json": "application/json",
    ".svg": "image/svg+xml",
}
_PACKAGES = HERE / "node_modules"
# Where Grafana's server has its pictures and its typeface, and where npm's packages have them.
_ICONS, _FONTS = "/public/build/", "/public/fonts/inter/"


@dataclass(frozen=True, slots=True)
class Place:
    """Where things are: the bundle, the spec whose dashboards are shown, where these go, and Prometheus.

    ``anew``: generate them at every request, for who is changing them.
    """

    bundle: Path
    spec: Path
    generated: Path
    prometheus: str
    anew: bool


def generate(place: Place) -> None:
    """Write the dashboards of the spec by the code as it is on disk now, in a process of its own."""
    command = [sys.executable, "-m", "winburn", "dashboards", str(place.spec), "--out", str(place.generated)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr)


@contextmanager
def serving(place: Place, port: int) -> Iterator[str]:
    """The page's address; a port of 0 is any free one."""
    server = ThreadingHTTPServer(("127.0.0.1", port), _handler(place))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def file_of(place: Place, path: str) -> Path | None:
    """The file behind a path; None where there is none, or it lies outside of the folder that it is looked for in."""
    if path.startswith("/dashboards/"):
        folder, name = place.generated / "dashboards", path.removeprefix("/dashboards/")
    elif path.startswith(_ICONS):
        folder, name = _PACKAGES / "@grafana" / "ui" / "dist" / "public", path.removeprefix(_ICONS)
    elif path.startswith(_FONTS):
        style = "italic" if "Italic" in path else "normal"
        folder = _PACKAGES / "@fontsource-variable" / "inter" / "files"
        name = f"inter-latin-wght-{style}.woff2"
    elif path == "/":
        folder, name = HERE, "index.html"
    else:
        folder, name = place.bundle, path.removeprefix("/")
    found = (folder / name).resolve()
    return found if folder.resolve() in found.parents and found.is_file() else None


def _handler(place: Place) -> type[BaseHTTPRequestHandler]:
    fresh = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = urlsplit(self.path).path
            if path.startswith("/api/"):
                self.pass_on()
                return
            if place.anew and path.startswith("/dashboards/"):
                with fresh:
                    generate(place)
            found = file_of(place, path)
            if found is None:
                self.answer(404, "text/plain", b"not here")
            else:
                self.answer(200, KINDS.get(found.suffix, "application/octet-stream"), found.read_bytes())

        def do_POST(self) -> None:
            self.pass_on()

        def pass_on(self) -> None:
            to = urlsplit(place.prometheus)
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            connection = http.client.HTTPConnection(to.hostname or "", to.port, timeout=60)
            kind = self.headers.get("Content-Type", "text/plain")
            connection.request(self.command, self.path, body, {"Content-Type": kind})
            answer = connection.getresponse()
            self.answer(answer.status, "application/json", answer.read())
            connection.close()

        def answer(self, status: int, kind: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Quiet: the browser says what it misses."""

    return Handler
