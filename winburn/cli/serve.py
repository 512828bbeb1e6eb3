"""``winburn serve``: the exporter."""

from __future__ import annotations

import logging
import os
import re
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, NamedTuple

import click

from exporter.outside import Outside, outside
from exporter.server import Address, parse_listen_address
from exporter.server import serve as serve_http
from exporter.spec import SecretError, Spec, SpecErrors, lint
from exporter.state import StateError
from exporter.systemd_socket import SystemdSocketError, described, inherited
from exporter.web import app
from winburn.cli.logs import configure
from winburn.cli.shard_option import SHARD
from winburn.cli.spec_argument import fail, load_or_exit
from winburn.memory import collect_seldom, share_one_arena
from winburn.reload import Reloader
from winburn.running import Running, Watching
from winburn.shard import Shard, part
from winburn.version import VERSION

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from exporter.web_config import Gate

_LOG = logging.getLogger("winburn")
RESERVED = ("/config", "/-/healthy", "/-/ready", "/-/reload", "/live", "/live/stream", "/api/v1/snapshot")
"""Pages that are not the metrics."""
SCRAPERS = 1000
"""Connections beside those of watchers."""


def _addresses(_ctx: click.Context, _param: click.Parameter, values: tuple[str, ...]) -> tuple[Address, ...]:
    try:
        return tuple(parse_listen_address(value) for value in values)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def _origins(_ctx: click.Context, _param: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    for value in values:
        if value != "*" and not re.fullmatch(r"https?://[a-z0-9.:\[\]-]+", value):
            raise click.BadParameter(f"{value!r} is not an origin; write it like https://wall.example, without a path")
    return values


def _outside(external_url: str | None, route_prefix: str | None) -> Outside:
    try:
        return outside(external_url, route_prefix)
    except ValueError as error:
        raise click.UsageError(f"--web.external-url or --web.route-prefix: {error}") from None


def _path(_ctx: click.Context, _param: click.Parameter, value: str) -> str:
    if not re.fullmatch(r"/[\w.~/-]*", value, re.ASCII):
        raise click.BadParameter(f"{value!r} is not a path; write it like /metrics")
    if value in RESERVED:
        raise click.BadParameter(f"{value} is a page of its own; choose another path")
    return value


@click.command()
@click.option(
    "--config.file",
    "config",
    type=click.Path(path_type=Path),
    required=True,
    metavar="FILE",
    help="The spec: a YAML file, or a folder of them.",
)
@click.option(
    "--web.listen-address",
    "addresses",
    multiple=True,
    default=(":10345",),
    show_default=True,
    callback=_addresses,
    metavar="HOST:PORT",
    help="Where to listen; may be given several times. [::1]:10345 for IPv6.",
)
@click.option(
    "--web.systemd-socket",
    "systemd_socket",
    is_flag=True,
    help="Listen on the sockets that systemd hands over, and on no address.",
)
@click.option(
    "--web.config.file",
    "web_config",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="TLS, client certificates, basic authentication, headers and a rate limit, in the format of Prometheus' "
    "exporters. Read again whenever it, or a certificate, changes.",
)
@click.option(
    "--web.telemetry-path",
    "path",
    default="/metrics",
    show_default=True,
    callback=_path,
    metavar="PATH",
    help="Path of the metrics.",
)
@click.option(
    "--web.external-url",
    "external_url",
    metavar="URL",
    help="Address by which browsers reach winburn through a proxy, like https://example.org/winburn/. Its path is that "
    "of all pages unless --web.route-prefix says otherwise; its pages may watch and reload.",
)
@click.option(
    "--web.route-prefix",
    "route_prefix",
    metavar="PATH",
    help="Path below which all pages are here, /metrics too; the path of --web.external-url where not given. / for a "
    "proxy that takes its path away.",
)
@click.option(
    "--web.live/--no-web.live",
    "live",
    default=True,
    show_default=True,
    help="The live page at /live, and its WebSocket.",
)
@click.option(
    "--web.live-clients",
    "live_clients",
    type=click.IntRange(min=1),
    default=1000,
    show_default=True,
    metavar="N",
    help="How many may watch /live at once.",
)
@click.option(
    "--web.cors-origin",
    "origins",
    multiple=True,
    callback=_origins,
    metavar="ORIGIN",
    help="Pages of this origin may read /api/v1 and /live/stream, like https://wall.example; may be given several "
    "times, * is everyone.",
)
@SHARD
@click.option(
    "--log.level",
    "level",
    type=click.Choice(["debug", "info", "warn", "error"]),
    default="info",
    show_default=True,
    help="What to log.",
)
@click.option(
    "--log.format",
    "layout",
    type=click.Choice(["logfmt", "json"]),
    default="logfmt",
    show_default=True,
    help="How to log; to stderr.",
)
def serve(  # noqa: PLR0913, PLR0917 - one for each option, by name
    config: Path,
    addresses: tuple[Address, ...],
    systemd_socket: bool,
    web_config: Path | None,
    path: str,
    external_url: str | None,
    route_prefix: str | None,
    live: bool,
    live_clients: int,
    origins: tuple[str, ...],
    shard: Shard | None,
    level: str,
    layout: str,
) -> None:
    """Run the exporter: evaluate every SLO, experiment and content variant of the spec, and serve them to Prometheus.

    The numbers are computed every `refresh` of the spec on the wall clock and served from memory, so a scrape costs
    next to nothing. The first evaluation reads the whole period's history; /-/ready answers 200 after it.

    \b
    /                 what is measured, at a glance
    /live             the numbers as they change, for a phone too
    /metrics          for Prometheus
    /config           the spec in force, secrets masked
    /-/healthy        200 while the process lives
    /-/ready          200 once everything was evaluated once
    /api/v1/snapshot  what /live shows, as JSON
    /api/v1/report    a period in review: ?period=7d&format=html, or md, json ...

    SIGHUP, and POST to /-/reload, read the spec again. One with errors changes nothing: they are the answer, and stand
    in the log. Else what has not changed goes on as it was, without a gap, and what is new joins when its past is read.

    SIGTERM and Ctrl-C end it at once; what was counted is in the state store. Exit codes: 0 it was ended so; 1 the
    spec, the state store or an address is not right; 2 the command line is not.

    \b
    Examples:
      winburn serve --config.file winburn.yml
      winburn serve --config.file slos/ --web.listen-address localhost:10345
      winburn serve --config.file winburn.yml --web.config.file web.yml \\
          --log.format json
    """

    reached = _outside(external_url, route_prefix)
    watchers = (*origins, reached.origin) if reached.origin else origins
    configure(level, layout, sys.stderr)
    gate = _gate(web_config)
    spec = load_or_exit(config)
    listening = Listening((), _inherited()) if systemd_socket else Listening(addresses)
    pages = Pages(path, reached, origins)
    sys.exit(_run(spec, config, listening, gate, pages, Watching(live, live_clients, watchers), shard))


class Pages(NamedTuple):
    """Where the metrics are, how all pages are reached, and pages of which other origins may read them."""

    metrics: str
    outside: Outside
    origins: tuple[str, ...] = ()


class Listening(NamedTuple):
    """Addresses to listen on, and sockets that listen already."""

    addresses: tuple[Address, ...]
    sockets: tuple[socket.socket, ...] = ()

    def __str__(self) -> str:
        return ", ".join([*map(str, self.addresses), *map(described, self.sockets)])


def _gate(path: Path | None) -> Gate | None:
    if path is None:
        return None
    from exporter.web_config import Gate  # here, as it costs 3 MB that nobody else need pay  # noqa: PLC0415

    try:
        return Gate(path, time.monotonic)
    except SpecErrors as errors:
        fail(str(errors))


def _inherited() -> tuple[socket.socket, ...]:
    try:
        return tuple(inherited(os.environ, os.getpid()))
    except SystemdSocketError as error:
        fail(f"--web.systemd-socket: {error}")


def _run(
    spec: Spec,
    file: Path,
    listening: Listening,
    gate: Gate | None,
    pages: Pages,
    watching: Watching,
    shard: Shard | None,
) -> int:
    for warning in lint(spec):
        _LOG.warning("%s", warning)
    share_one_arena()  # memory: 13 MB less with the demo's spec
    collect_seldom()
    asked = _hangups()
    try:
        running = Running(
            part(spec, shard),
            watching,
            progress=_log_progress(time.monotonic),
            shard=shard,
            server=gate.health if gate else tuple,
        )
    except (StateError, SecretError) as error:
        fail(str(error))
    reload = Reloader(file, running.change, running.reloads, trim=partial(part, shard=shard))
    stop = threading.Event()
    # Not a daemon: the last refresh ends in order, and with it the transaction of the state store.
    refreshing = threading.Thread(target=running.loop.run, args=(stop,), name="refresh")
    ready, metrics = threading.Event(), f"{pages.outside.prefix}{pages.metrics}"
    threading.Thread(target=_begin, args=(ready, refreshing, f"{listening}", metrics), daemon=True).start()
    threading.Thread(target=_answer, args=(asked, reload), name="reload", daemon=True).start()
    application: ASGIApp = app(
        lambda: running.loop.current,
        monotonic=time.monotonic,
        version=VERSION,
        config=running.config,
        telemetry_path=pages.metrics,
        feed=running.feed,
        live=running.stream,
        cors_origins=pages.origins,
        outside=pages.outside,
        reload=reload,
        report=running.report,
    )
    if gate:
        application = gate.protect(application)
        threading.Thread(target=gate.follow, args=(stop,), name="web config", daemon=True).start()
    # Watchers must not take the places of scrapes.
    places = SCRAPERS + (watching.clients if watching.live else 0)
    code = serve_http(
        application,
        listening.addresses,
        sockets=listening.sockets,
        context=gate.context if gate else None,
        limit_concurrency=places,
        ready=ready,
    )
    stop.set()
    if refreshing.is_alive():
        refreshing.join(timeout=5)
    running.close()
    _LOG.info("stopped")
    return code


def _begin(ready: threading.Event, refreshing: threading.Thread, where: str, path: str) -> None:
    """Refresh once the port is ours: a second exporter on the same state store would count twice."""
    ready.wait()
    _LOG.info("winburn %s listens on %s, metrics at %s", VERSION, where, path)
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
