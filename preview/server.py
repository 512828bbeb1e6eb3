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


def _handler(place: Place) -> type[BaseHTTPRequestHandler]:
    fresh = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = urlsplit(self.path).path
            if path.startswith("/api/"):
                self._pass_on()
            elif path.startswith("/dashboards/"):
                if place.anew:
                    with fresh:
                        generate(place)
                self._file(place.generated / "dashboards", path.removeprefix("/dashboards/"))
            elif path.startswith(_ICONS):
                self._file(_PACKAGES / "@grafana" / "ui" / "dist" / "public", path.removeprefix(_ICONS))
            elif path.startswith(_FONTS):
                style = "italic" if "Italic" in path else "normal"
                self._file(_PACKAGES / "@fontsource-variable" / "inter" / "files", f"inter-latin-wght-{style}.woff2")
            elif path == "/":
                self._file(HERE, "index.html")
            else:
                self._file(place.bundle, path.removeprefix("/"))

        def do_POST(self) -> None:
            self._pass_on()

        def _file(self, folder: Path, name: str) -> None:
            path = (folder / name).resolve()
            if folder.resolve() not in path.parents or not path.is_file():
                self._answer(404, "text/plain", b"not here")
            else:
                self._answer(200, KINDS.get(path.suffix, "application/octet-stream"), path.read_bytes())

        def _pass_on(self) -> None:
            to = urlsplit(place.prometheus)
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            connection = http.client.HTTPConnection(to.hostname or "", to.port, timeout=60)
            kind = self.headers.get("Content-Type", "text/plain")
            connection.request(self.command, self.path, body, {"Content-Type": kind})
            answer = connection.getresponse()
            self._answer(answer.status, "application/json", answer.read())
            connection.close()

        def _answer(self, status: int, kind: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Quiet: the browser says what it misses."""

    return Handler
