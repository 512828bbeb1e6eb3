"""The exporter as a process: its threads, the signals that it obeys, and the HTTP server in front of them."""

from __future__ import annotations

import gc
import logging
import signal
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, NamedTuple

from exporter.outside import PLAIN, Outside
from exporter.server import Address
from exporter.server import serve as serve_http
from exporter.spec import Spec
from exporter.systemd_socket import described
from exporter.web import app
from winburn.memory import collect_seldom, share_one_arena
from winburn.reload import Reloader
from winburn.running import Running, Watching
from winburn.shard import Shard, part
from winburn.version import VERSION

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from exporter.loop import Loop
    from exporter.web_config import Gate

_LOG = logging.getLogger("winburn")
SCRAPERS = 1000
"""Connections beside those of watchers."""


class Listening(NamedTuple):
    """Addresses to listen on, and sockets that listen already."""

    addresses: tuple[Address, ...]
    sockets: tuple[socket.socket, ...] = ()

    def __str__(self) -> str:
        return ", ".join([*map(str, self.addresses), *map(described, self.sockets)])


class Front(NamedTuple):
    """What the world sees: where it may knock, who guards the door, the path of the metrics, who may watch, and how
    browsers get here."""

    listening: Listening
    gate: Gate | None
    path: str
    watching: Watching
    outside: Outside = PLAIN


def run(spec: Spec, file: Path, front: Front, shard: Shard | None) -> int:
    """Serve a spec until a signal ends it; the exit code. ``file`` is where the spec is read again from.

    StateError where the state store cannot be opened, SecretError where a secret cannot be read.
    """
    share_one_arena()  # memory: 13 MB less with the demo's spec
    collect_seldom()
    asked = _hangups()
    gate = front.gate
    running = Running(
        part(spec, shard),
        _watching(front),
        progress=_log_progress(time.monotonic),
        shard=shard,
        server=gate.health if gate else tuple,
    )
    reload = Reloader(file, running.change, running.reloads, trim=partial(part, shard=shard))
    stop = threading.Event()
    # Not a daemon: the last refresh ends in order, and with it the transaction of the state store.
    refreshing = threading.Thread(target=running.loop.run, args=(stop,), name="refresh")
    threading.Thread(target=_answer, args=(asked, reload), name="reload", daemon=True).start()
    if gate:
        threading.Thread(target=gate.follow, args=(stop,), name="web config", daemon=True).start()
    code = serve_http(
        _application(running, front, reload),
        front.listening.addresses,
        sockets=front.listening.sockets,
        context=gate.context if gate else None,
        # Watchers must not take the places of scrapes.
        limit_concurrency=SCRAPERS + (front.watching.clients if front.watching.live else 0),
        ready=partial(_begin, running.loop, refreshing, front),
    )
    stop.set()
    if refreshing.is_alive():
        refreshing.join(timeout=5)
    running.close()
    _LOG.info("stopped")
    gc.freeze()  # the interpreter looks for cycles at its end: a second at 100,000 series, for nothing
    return code


def _watching(front: Front) -> Watching:
    """Our own pages by the address outside may watch too; to read they need no leave, and get none of others."""
    origins = filter(None, (*front.watching.origins, front.outside.origin))
    return replace(front.watching, origins=tuple(origins))


def _application(running: Running, front: Front, reload: Reloader) -> ASGIApp:
    application: ASGIApp = app(
        lambda: running.loop.current,
        monotonic=time.monotonic,
        version=VERSION,
        config=running.config,
        telemetry_path=front.path,
        feed=running.feed,
        live=running.stream,
        cors_origins=front.watching.origins,
        outside=front.outside,
        reload=reload,
        report=running.report,
    )
    return front.gate.protect(application) if front.gate else application


def _begin(loop: Loop, refreshing: threading.Thread, front: Front) -> None:
    """Refresh once the port is ours: a second exporter on the same state store would count twice."""
    _LOG.info(
        "winburn %s listens on %s, metrics at %s", VERSION, front.listening, f"{front.outside.prefix}{front.path}"
    )
    loop.begin()
    refreshing.start()


def _hangups() -> SimpleQueue[int]:
    """Where each SIGHUP arrives, from now on: before anything listens to it, it would end the process."""
    asked: SimpleQueue[int] = SimpleQueue()  # the only queue that a signal's handler may put into
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGHUP, lambda number, _: asked.put(number))
    return asked


def _answer(asked: SimpleQueue[int], reload: Callable[[], object]) -> None:
    """Reload for each signal; those that come meanwhile are one."""
    while asked.get():
        while not asked.empty():
            asked.get()
        reload()


def _log_progress(monotonic: Callable[[], float]) -> Callable[[str, float], None]:
    """Reading the past may take minutes: a line every few seconds says how far it is."""
    last = [monotonic()]

    def progress(name: str, share: float) -> None:
        if monotonic() - last[0] > 5:
            last[0] = monotonic()
            _LOG.info("reading the past of %s: %.0f %%", name, share * 100)

    return progress
