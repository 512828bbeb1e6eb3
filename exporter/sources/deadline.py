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

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection

_asking = threading.local()


class Deadline:
    """The time that one question of this thread may take."""

    def __init__(self) -> None:
        self.passed = False
        self._connections: list[HTTPConnection] = []
        self._lock = threading.Lock()

    def watch(self, connection: HTTPConnection) -> None:
        """Cut this connection at the deadline; TimeoutError where that is over."""
        with self._lock:
            if self.passed:
                raise TimeoutError
            self._connections.append(connection)

    def cut(self) -> None:
        """Close every watched connection under its reader."""
        with self._lock:
            self.passed = True
            for connection in self._connections:
                if connection.sock is not None:
                    # The plain socket's method: SSLSocket's own would take the TLS object away from a reading thread.
                    with contextlib.suppress(OSError):
                        socket.socket.shutdown(connection.sock, socket.SHUT_RDWR)


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


class _Watched:
    def request(self, *args: Any, **options: Any) -> None:
        limit: Deadline | None = getattr(_asking, "deadline", None)
        if limit is not None:
            limit.watch(self)  # type: ignore[arg-type] # mixed into connections only
        super().request(*args, **options)  # type: ignore[misc] # as above


class _Http(_Watched, HTTPConnection):
    pass


class _Https(_Watched, HTTPSConnection):
    pass


class _HttpPool(HTTPConnectionPool):
    ConnectionCls = _Http


class _HttpsPool(HTTPSConnectionPool):
    ConnectionCls = _Https


class Adapter(HTTPAdapter):
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
