"""``winburn serve``: the exporter."""

from __future__ import annotations

import logging
import platform
import re
import sys
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import click

from exporter.apply import Applier, acts
from exporter.apply import samples as applied
from exporter.contract import Sample, sample
from exporter.loop import Loop
from exporter.notify import Counts
from exporter.server import Address, parse_listen_address
from exporter.server import serve as serve_http
from exporter.snapshot import Snapshot
from exporter.spec import SecretError, Spec, SqlSource, lint, masked
from exporter.state import Application, State, StateError
from exporter.web import app
from winburn.assemble import assemble, open_state
from winburn.cli.logs import configure
from winburn.cli.spec_argument import fail, load_or_exit
from winburn.lifecycle import settle
from winburn.push import pushers
from winburn.version import VERSION

_LOG = logging.getLogger("winburn")
RESERVED = ("/config", "/-/healthy", "/-/ready")
"""Pages that are not the metrics."""


def _addresses(_ctx: click.Context, _param: click.Parameter, values: tuple[str, ...]) -> tuple[Address, ...]:
    try:
        return tuple(parse_listen_address(value) for value in values)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


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
def serve(config: Path, addresses: tuple[Address, ...], path: str, level: str, layout: str) -> None:
    """Run the exporter: evaluate every SLO and experiment of the spec, and serve them to Prometheus.

    The numbers are computed every `refresh` of the spec on the wall clock and served from memory, so a scrape costs
    next to nothing. The first evaluation reads the whole period's history; /-/ready answers 200 after it.

    \b
    /           what is measured, at a glance     /-/healthy  200 while the process lives
    /metrics    for Prometheus                    /-/ready    200 once everything was evaluated once
    /config     the spec in force, secrets masked

    SIGTERM and Ctrl-C end it at once; what was counted is in the state store.
    """

    configure(level, layout, sys.stderr)
    spec = load_or_exit(config)
    sys.exit(_run(spec, addresses, path))


def _run(spec: Spec, addresses: tuple[Address, ...], path: str) -> int:

    loop = _loop(spec)
    stop = threading.Event()
    # Not a daemon: the last refresh ends in order, and with it the transaction of the state store.
    refreshing = threading.Thread(target=loop.run, args=(stop,), name="refresh")
    listening = threading.Event()
    threading.Thread(target=_begin, args=(listening, refreshing, addresses, path), daemon=True).start()
    config = masked(spec)
    application = app(
        lambda: loop.current, monotonic=time.monotonic, version=VERSION, config=lambda: config, telemetry_path=path
    )
    code = serve_http(application, addresses, ready=listening)
    stop.set()
    if refreshing.is_alive():
        refreshing.join(timeout=5)
    _LOG.info("stopped")
    return code


def _begin(listening: threading.Event, refreshing: threading.Thread, addresses: Iterable[Address], path: str) -> None:
    """Refresh once the port is ours: a second exporter on the same state store would count twice."""
    listening.wait()
    _LOG.info("winburn %s listens on %s, metrics at %s", VERSION, ", ".join(map(str, addresses)), path)
    refreshing.start()


def _loop(spec: Spec) -> Loop:

    for warning in lint(spec):
        _LOG.warning("%s", warning)
    try:
        state = open_state(spec)
        for sentence in settle(state, spec.experiments, time.time()):
            _LOG.info("%s", sentence)
        applies = {e.name: e.apply for e in spec.experiments if e.apply}
        wish = _applier(spec, state).wish if applies else _nothing
        assembly = assemble(spec, state, progress=_log_progress(time.monotonic), wish=wish)
    except (StateError, SecretError) as error:
        fail(str(error))
    read_at, pushes = time.time(), Counts()
    subscribers = [pusher.publish for pusher in pushers(spec, assembly.killed_at, pushes)]

    def health() -> list[Sample]:
        done = applied(state, applies) if applies else []
        return [*assembly.health(), *_program(read_at), *pushes.samples(), *done]

    def publish(snapshot: Snapshot) -> None:
        for subscriber in subscribers:
            subscriber(snapshot)

    return Loop(
        assembly.collectors,
        refresh=spec.refresh,
        lag=spec.lag,
        keep_seconds=spec.keep_seconds,
        publish=publish,
        health=health,
    )


def _nothing(_applications: Iterable[Application]) -> None:
    """Where no experiment may do anything to the outside."""


def _applier(spec: Spec, state: State) -> Applier:
    databases = {name: source for name, source in spec.sources.items() if isinstance(source, SqlSource)}
    return Applier(state, acts({e.name: e.apply for e in spec.experiments if e.apply}, databases))


def _program(read_at: float) -> list[Sample]:

    return [
        sample("winburn_build_info", 1, version=VERSION, python_version=platform.python_version()),
        sample("winburn_config_last_reload_successful", 1),
        sample("winburn_config_last_reload_success_timestamp_seconds", read_at),
    ]


def _log_progress(monotonic: Callable[[], float]) -> Callable[[str, float], None]:
    """Reading the past may take minutes: a line every few seconds says how far it is."""
    last = [monotonic()]

    def progress(name: str, share: float) -> None:
        if monotonic() - last[0] > 5:
            last[0] = monotonic()
            _LOG.info("reading the past of %s: %.0f %%", name, share * 100)

    return progress
