"""HTTP connections that end at a deadline, however slowly the other side talks.

A read timeout of requests starts again with every byte: a server that sends one byte a second, in the head or in the
body, could hold a question for hours. Here a timer cuts the socket itself.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from typing import Any

from urllib3 import HTTPConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection

from exporter.access import HttpsPool, TrustingAdapter

_asking = threading.local()


class Deadline:
    """The time that one question of this thread may take."""

    def __init__(self) -> None:
        self.passed = False
        self._sockets: list[socket.socket] = []
        self._lock = threading.Lock()

    def watch(self, line: socket.socket) -> None:
        """Cut this socket at the deadline; where that is over, close it and raise TimeoutError."""
        with self._lock:
            if self.passed:
                line.close()
                raise TimeoutError
            self._sockets.append(line)

    def cut(self) -> None:
        """Close every watched socket under its reader."""
        with self._lock:
            self.passed = True
            for line in self._sockets:
                # The plain socket's method: SSLSocket's own would take the TLS object away from a reading thread.
                with contextlib.suppress(OSError):
                    socket.socket.shutdown(line, socket.SHUT_RDWR)


@contextlib.contextmanager
def deadline(seconds: float) -> Iterator[Deadline]:
    """Every request that this thread makes inside, through :func:`adapter`, ends after ``seconds``."""
    limit = Deadline()
    timer = threading.Timer(seconds, limit.cut)
    timer.daemon = True
    timer.start()
    _asking.deadline = limit
    try:
        yield limit
    finally:
        _asking.deadline = None
        timer.cancel()


def _watch(line: socket.socket | None) -> None:
    limit: Deadline | None = getattr(_asking, "deadline", None)
    if limit is not None and line is not None:
        limit.watch(line)


class _Watched:
    """Mixed into urllib3's connections. The socket is noted, because http.client forgets it before the body is read."""

    sock: socket.socket | None

    def _new_conn(self) -> socket.socket:
        line: socket.socket = super()._new_conn()  # type: ignore[misc] # of the connection
        _watch(line)  # now, because a proxy or a TLS handshake may trickle as well
        return line

    def request(self, *args: Any, **options: Any) -> None:
        super().request(*args, **options)  # type: ignore[misc] # of the connection
        _watch(self.sock)  # an old connection used again, or the TLS socket that took the place of the plain one


class _Http(_Watched, HTTPConnection):
    pass


class _Https(_Watched, HTTPSConnection):
    pass


class _HttpPool(HTTPConnectionPool):
    ConnectionCls = _Http


class _HttpsPool(HttpsPool):
    ConnectionCls = _Https


class Adapter(TrustingAdapter):
    """The adapter of requests with connections that :func:`deadline` can cut, proxied ones included."""

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        """Called by requests once."""
        super().init_poolmanager(*args, **options)
        _use_watched(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        """Called by requests for each proxied request."""
        manager = super().proxy_manager_for(proxy, **options)
        _use_watched(manager)
        return manager


def _use_watched(manager: PoolManager) -> None:
    manager.pool_classes_by_scheme = {"http": _HttpPool, "https": _HttpsPool}
