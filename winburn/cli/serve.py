"""``winburn serve``: the exporter."""

from __future__ import annotations

import logging
import re
import sys
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import click

from exporter.server import Address, parse_listen_address
from exporter.server import serve as serve_http
from exporter.spec import SecretError, Spec, lint
from exporter.state import StateError
from exporter.web import app
from winburn.cli.logs import configure
from winburn.cli.spec_argument import fail, load_or_exit
from winburn.memory import collect_seldom, share_one_arena
from winburn.running import Watching, build
from winburn.version import VERSION

_LOG = logging.getLogger("winburn")
RESERVED = ("/config", "/-/healthy", "/-/ready", "/live", "/live/stream", "/api/v1/snapshot")
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
    "--web.telemetry-path",
    "path",
    default="/metrics",
    show_default=True,
    callback=_path,
    metavar="PATH",
    help="Path of the metrics.",
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
def serve(
    config: Path,
    addresses: tuple[Address, ...],
    path: str,
    live: bool,
    live_clients: int,
    origins: tuple[str, ...],
    level: str,
    layout: str,
) -> None:
    """Run the exporter: evaluate every SLO, experiment and content variant of the spec, and serve them to Prometheus.

    The numbers are computed every `refresh` of the spec on the wall clock and served from memory, so a scrape costs
    next to nothing. The first evaluation reads the whole period's history; /-/ready answers 200 after it.

    \b
    /           what is measured, at a glance     /-/healthy  200 while the process lives
    /metrics    for Prometheus                    /-/ready    200 once everything was evaluated once
    /config     the spec in force, secrets masked
    /live       the numbers as they change, for a phone too
    /api/v1/snapshot  the same as JSON

    SIGTERM and Ctrl-C end it at once; what was counted is in the state store.
    """

    configure(level, layout, sys.stderr)
    spec = load_or_exit(config)
    sys.exit(_run(spec, addresses, path, Watching(live, live_clients, origins)))


def _run(spec: Spec, addresses: tuple[Address, ...], path: str, watching: Watching) -> int:
    for warning in lint(spec):
        _LOG.warning("%s", warning)
    share_one_arena()  # memory: 13 MB less with the demo's spec
    collect_seldom()
    try:
        running = build(spec, watching, progress=_log_progress(time.monotonic))
    except (StateError, SecretError) as error:
        fail(str(error))
    stop = threading.Event()
    # Not a daemon: the last refresh ends in order, and with it the transaction of the state store.
    refreshing = threading.Thread(target=running.loop.run, args=(stop,), name="refresh")
    listening = threading.Event()
    threading.Thread(target=_begin, args=(listening, refreshing, addresses, path), daemon=True).start()
    application = app(
        lambda: running.loop.current,
        monotonic=time.monotonic,
        version=VERSION,
        config=running.config,
        telemetry_path=path,
        feed=running.feed,
        live=running.stream,
        cors_origins=watching.origins,
    )
    # Watchers must not take the places of scrapes.
    places = SCRAPERS + (watching.clients if watching.live else 0)
    code = serve_http(application, addresses, limit_concurrency=places, ready=listening)
    stop.set()
    if refreshing.is_alive():
        refreshing.join(timeout=5)
    running.close()
    _LOG.info("stopped")
    return code


def _begin(listening: threading.Event, refreshing: threading.Thread, addresses: Iterable[Address], path: str) -> None:
    """Refresh once the port is ours: a second exporter on the same state store would count twice."""
    listening.wait()
    _LOG.info("winburn %s listens on %s, metrics at %s", VERSION, ", ".join(map(str, addresses)), path)
    refreshing.start()


def _log_progress(monotonic: Callable[[], float]) -> Callable[[str, float], None]:
    """Reading the past may take minutes: a line every few seconds says how far it is."""
    last = [monotonic()]

    def progress(name: str, share: float) -> None:
        if monotonic() - last[0] > 5:
            last[0] = monotonic()
            _LOG.info("reading the past of %s: %.0f %%", name, share * 100)

    return progress
