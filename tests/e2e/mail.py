"""A real SMTP server on loopback that keeps what it takes."""

from __future__ import annotations

import email
import email.policy
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage


@dataclass(frozen=True, slots=True)
class Mailbox:
    """`smarthost` to put into the configuration; every message that was sent, in order of arrival."""

    smarthost: str
    received: list[EmailMessage] = field(default_factory=list)
    _news: threading.Condition = field(default_factory=threading.Condition)

    def keep(self, text: bytes) -> None:
        message = email.message_from_bytes(text, policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        with self._news:
            self.received.append(message)
            self._news.notify_all()

    def wait(self, subject: str, timeout: float = 60) -> EmailMessage:
        """The first message of this subject; fails showing those that came."""
        found: list[EmailMessage] = []

        def there() -> bool:
            found[:] = [each for each in self.received if each["Subject"] == subject]
            return bool(found)

        with self._news:
            if not self._news.wait_for(there, timeout):
                subjects = [each["Subject"] for each in self.received]
                raise AssertionError(f"not within {timeout:g} s; received: {subjects}")
            return found[0]


@contextmanager
def receiving() -> Iterator[Mailbox]:
    """A Mailbox that takes mail on a free port of 127.0.0.1: as much of RFC 5321 as a sender without login needs."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self._say("220 mailbox")
            while line := self.rfile.readline():
                verb = line.strip().upper()
                if verb == b"DATA":
                    self._say("354 go on")
                    mailbox.keep(self._data())
                self._say("221 bye" if verb == b"QUIT" else "250 mailbox")
                if verb == b"QUIT":
                    return

        def _data(self) -> bytes:
            lines = []
            while (line := self.rfile.readline()) not in (b".\r\n", b""):
                lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
            return b"".join(lines)

        def _say(self, text: str) -> None:
            self.wfile.write(f"{text}\r\n".encode())

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        mailbox = Mailbox(f"127.0.0.1:{server.server_address[1]}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield mailbox
        finally:
            server.shutdown()
            thread.join()
