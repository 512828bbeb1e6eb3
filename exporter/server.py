"""Listening sockets and the HTTP server's life, from bind to a clean exit."""

from __future__ import annotations

import asyncio
import errno
import logging
import resource
import signal
import socket
import ssl
import sys
import threading
import time
from asyncio import sslproto
from collections.abc import Callable, Sequence
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, NamedTuple

import uvicorn

from exporter.live import WireProtocol
from exporter.patience import HEAD_SECONDS, PatientProtocol
from exporter.seldom import Seldom

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.types import ASGIApp

_BACKLOG = 128
_ACCEPT_AT_ONCE = 1
"""asyncio tries as often as its backlog says, and where descriptors are out, each try logs an error and makes a timer
that makes as many more a second later: with 128 the process did nothing else."""
_OWN_FILES = 100
"""Descriptors that are not for clients: sources, the state store, the log, and something to spare."""
_FEWEST_CLIENTS = 10
_MESSAGE_BYTES = 4096  # of a WebSocket client, to whom we do not listen
_GOODBYE_SECONDS = 2.0
_TLS_BUFFER_BYTES = 16 * 1024
"""asyncio keeps this much for each TLS connection; its own 256 KiB are 128 MB for 500 clients of the live page."""
# How long a refresh in another thread may keep a scrape from the interpreter. At Python's 5 ms the p99 of a scrape
# during a refresh of 100k series is 16 ms, at 0.5 ms it is 6.
_SWITCH_SECONDS = 0.0005


class Address(NamedTuple):
    """Where to listen; an empty host is every interface."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class ListenError(Exception):
    """An address that cannot be listened on; the message is a sentence for the user."""


def parse_listen_address(text: str) -> Address:
    """``:10345``, ``127.0.0.1:9345``, ``localhost:9345`` or ``[::1]:10345``; port 0 lets the system choose.

    ValueError that says what is wrong, and what would be right.
    """
    wanted = f"listen address {text!r}: expected host:port, for instance :10345, 127.0.0.1:10345 or [::1]:10345"
    host, colon, port = text.rpartition(":")
    if not colon or not (port.isascii() and port.isdigit()):
        raise ValueError(wanted)
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        raise ValueError(f"{wanted}; an IPv6 address stands in brackets")
    if int(port) > 65535:
        raise ValueError(f"{wanted}; {port} is not a port, the highest is 65535")
    return Address(host, int(port))


def bind(address: Address) -> socket.socket:
    """A listening socket; ListenError where the address is in use, unknown or not ours to take."""
    try:
        listener = _listener(*address)
    except OSError as error:
        raise ListenError(f"cannot listen on {address}: {_reason(error)}") from error
    # asyncio sets this only where a socket names its protocol, which those of create_server do not; connections inherit
    # it from the listener. Without it every small answer waits 40 ms for the other side's delayed acknowledgement.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def serve(
    application: ASGIApp,
    addresses: Sequence[Address],
    *,
    sockets: Sequence[socket.socket] = (),
    context: ssl.SSLContext | None = None,
    limit_concurrency: int = 1000,
    timeout_keep_alive: int = 75,
    ready: Callable[[], object] = lambda: None,
) -> int:
    """Serve until SIGTERM or SIGINT; the exit code: 0 after a signal, 1 where an address cannot be had.

    The sentence about the address goes to stderr. ``sockets`` are listened on besides the addresses; all of them speak
    TLS where there is a ``context``. ``timeout_keep_alive`` is above the usual scrape interval, so that a connection
    survives from scrape to scrape. ``ready`` is called once the sockets listen, before anyone is answered. Must run in
    the main thread for the signals to arrive.
    """
    with ExitStack() as stack:
        try:
            listeners = [*sockets, *(stack.enter_context(bind(address)) for address in addresses)]
        except ListenError as error:
            print(f"winburn: {error}", file=sys.stderr)  # noqa: T201 - a message to the user, before there is a log
            return 1
        ready()
        # Beyond it the oldest idle clients give way; without descriptors nobody could even be told to go.
        limit_concurrency = min(limit_concurrency, allow_open_files())
        logging.getLogger("uvicorn.error").addFilter(Seldom(time.monotonic))
        logging.getLogger("asyncio").addFilter(Seldom(time.monotonic, most=logging.ERROR))
        server = PatientServer(config(application, limit_concurrency, timeout_keep_alive), context)
        sys.setswitchinterval(_SWITCH_SECONDS)
        with _signals_end_quietly():
            server.run(sockets=listeners)
    return 0


class PatientServer(uvicorn.Server):
    """uvicorn's server with TLS by a context of our own, and an end to its patience with handshakes."""

    def __init__(self, config: uvicorn.Config, context: ssl.SSLContext | None) -> None:
        super().__init__(config)
        self._context = context

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to accept; uvicorn has no way to say how long a handshake may take, and asyncio's way is a minute."""
        if self._context is None:
            await super().startup(sockets)
            _listen_again(sockets)
            return
        await self.lifespan.startup()
        loop = asyncio.get_running_loop()
        sslproto.SSLProtocol.max_size = _TLS_BUFFER_BYTES
        self.servers = [
            await loop.create_server(
                self._protocol,
                sock=listener,
                ssl=self._context,
                backlog=_ACCEPT_AT_ONCE,
                ssl_handshake_timeout=HEAD_SECONDS,
                ssl_shutdown_timeout=_GOODBYE_SECONDS,
            )
            for listener in sockets or ()
        ]
        _listen_again(sockets)
        self.started = True

    def _protocol(self) -> asyncio.Protocol:
        return PatientProtocol(self.config, self.server_state, self.lifespan.state)


def _listen_again(sockets: Sequence[socket.socket] | None) -> None:
    """With the kernel's queue as it was: asyncio listens with its own number."""
    for each in sockets or ():
        each.listen(_BACKLOG)


def allow_open_files() -> int:
    """As many open files as the system lets us have: each client is one, and the usual 1024 are fewer than may come.

    Returns how many clients leave enough of them for the rest of us.
    """
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    # Where the system has no limit but the kernel has, as on macOS, it stays as it is.
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    now, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return sys.maxsize if now == resource.RLIM_INFINITY else max(now - _OWN_FILES, _FEWEST_CLIENTS)


def _listener(host: str, port: int) -> socket.socket:
    if not host and socket.has_dualstack_ipv6():
        return socket.create_server(("", port), family=socket.AF_INET6, backlog=_BACKLOG, dualstack_ipv6=True)
    family = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0][0]
    return socket.create_server((host, port), family=family, backlog=_BACKLOG)


def config(application: ASGIApp, limit_concurrency: int, timeout_keep_alive: int) -> uvicorn.Config:
    return uvicorn.Config(
        application,
        backlog=_ACCEPT_AT_ONCE,
        http=PatientProtocol,
        ws=WireProtocol,
        ws_max_size=_MESSAGE_BYTES,
        ws_per_message_deflate=False,  # of 200 kB for each client; WireProtocol has one without memory
        loop="asyncio",
        lifespan="off",
        access_log=False,
        log_config=None,  # the program's own logging stays as it is
        log_level="warning",
        server_header=False,
        proxy_headers=False,
        limit_concurrency=limit_concurrency,
        timeout_keep_alive=timeout_keep_alive,
        timeout_graceful_shutdown=1,
    )


@contextmanager
def _signals_end_quietly() -> Iterator[None]:
    """uvicorn raises the signal that ended it once more, for the handlers before it; let that do nothing.

    An exporter that was told to stop has ended well: exit code 0, no traceback.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    signals = (signal.SIGTERM, signal.SIGINT)
    before = {number: signal.signal(number, lambda *_: None) for number in signals}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _reason(error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return "another program listens there; stop it or choose another with --web.listen-address"
    if error.errno == errno.EACCES:
        return "not permitted; ports below 1024 need privileges"
    return (error.strerror or str(error)).rstrip(".")
