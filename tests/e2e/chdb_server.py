"""chdb, ClickHouse's engine as a library, behind as much of ClickHouse's HTTP interface as clickhouse-connect speaks.

A ClickHouse of one's own is no Debian package; the library is (`pip install chdb clickhouse-connect`, 535 MB on disk,
which is why it is not among the tests' requirements). Settings of a question are applied to SELECT alone, since that is
where chdb takes them.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

OBEYED = ("max_execution_time", "readonly")


class ChdbServer(ThreadingHTTPServer):
    """``settings``: those of :data:`OBEYED` that came with each question."""

    daemon_threads = True

    def __init__(self, session: Any) -> None:
        self.session, self.turn, self.settings = session, threading.Lock(), [{}]
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        """For clickhouse-connect's SQLAlchemy dialect."""
        return f"clickhousedb://default@127.0.0.1:{self.server_address[1]}/shop"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: ChdbServer

    def do_POST(self) -> None:
        given = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        statement = given.get("query", "") + body
        kind = re.search(r"\sFORMAT\s+(\w+)\s*$", statement)
        settings = {name: given[name] for name in OBEYED if name in given}
        self.server.settings.append(settings)
        text = statement[: kind.start()] if kind else statement
        if settings and re.match(r"\s*SELECT", text, re.IGNORECASE):
            text = f"{text.rstrip()} SETTINGS {', '.join(f'{name} = {value}' for name, value in settings.items())}"
        try:
            with self.server.turn:
                status, data = 200, self.server.session.query(text, kind[1] if kind else "TabSeparated").bytes()
        except Exception as error:  # noqa: BLE001 - whatever the engine says goes to the client
            status, data = 500, str(error).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("X-ClickHouse-Timezone", "UTC")
        if status == 500:
            self.send_header("X-ClickHouse-Exception-Code", "1")
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST  # noqa: N815 - http.server's name

    def log_message(self, *_: object) -> None:
        """Nothing: the test looks at what is answered."""


@contextmanager
def serving(session: Any) -> Iterator[ChdbServer]:
    """A server on a free port of loopback."""
    server = ChdbServer(session)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
