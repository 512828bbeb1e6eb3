"""A webhook for Alertmanager that prints each notification as one line."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_LARGEST = 4_000_000
_SUBJECT = ("slo", "slo_group", "experiment", "variant", "persona", "source", "collector")
_SEVERITIES = ("page", "ticket", "info", "none")

Say = Callable[[str], None]
"""Prints one line; may be called from several threads."""


def notification_line(payload: Mapping[str, Any]) -> str:
    """One line for a notification in Alertmanager's webhook format, version 4: status, alert, subject, summary.

    Of the subject only what the summary does not name.
    Of several alerts the most severe one that fires speaks, and the number of the others is told.
    Raises KeyError, TypeError or AttributeError for what is no such notification.
    Format: https://prometheus.io/docs/alerting/latest/configuration/#webhook_config
    """
    alerts = sorted(payload["alerts"], key=_urgency)
    labels, notes = alerts[0]["labels"], alerts[0].get("annotations", {})
    summary = str(notes.get("summary", ""))
    subject = " ".join(str(labels[name]) for name in _SUBJECT if labels.get(name) and labels[name] not in summary)
    severity = f" ({labels['severity']})" if labels.get("severity") else ""
    more = f" (and {len(alerts) - 1} more)" if len(alerts) > 1 else ""
    words = [f"{payload['status'].upper():8} {labels['alertname']}{severity}", subject, summary]
    line = "  ".join(word for word in words if word) + more
    return "".join(letter if letter.isprintable() else " " for letter in line)  # a terminal obeys control characters


@contextmanager
def receiving(say: Say, port: int) -> Iterator[str]:
    """Listen on 127.0.0.1 until the context ends; gives the address. Port 0 takes a free one.

    Below ``/heartbeat`` the dead man's switch arrives: only its first beat is told.
    """
    server = ThreadingHTTPServer(("127.0.0.1", port), _handler(say))
    thread = threading.Thread(target=server.serve_forever, args=(0.1,), name="receiver", daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _urgency(alert: Mapping[str, Any]) -> tuple[bool, int]:
    severity = alert["labels"].get("severity")
    return alert.get("status") != "firing", _SEVERITIES.index(severity) if severity in _SEVERITIES else 9


def _handler(say: Say) -> type[BaseHTTPRequestHandler]:
    beaten = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        timeout = 10

        def do_POST(self) -> None:
            size = self.headers.get("Content-Length", "")
            if not (size.isdecimal() and int(size) <= _LARGEST):
                self.send_error(413)
                return
            try:
                line = notification_line(json.loads(self.rfile.read(int(size))))
            except (ValueError, KeyError, TypeError, AttributeError, IndexError):
                self.send_error(400, "not a notification of Alertmanager")
                return
            self._tell(line)  # first, so that whoever has been answered finds it said, and beats come in turn
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def _tell(self, line: str) -> None:
            if not self.path.startswith("/heartbeat"):
                say(f"{clock(time.time())}  {line}")
            elif not beaten.is_set():
                beaten.set()
                say(f"{clock(time.time())}  The dead man's switch beats: the whole chain of alerting works")

        def log_message(self, *args: Any) -> None:
            """Say nothing of each request."""

    return Handler


def clock(at: float) -> str:
    """A Unix time as the local time of day."""
    return time.strftime("%H:%M:%S", time.localtime(at))
