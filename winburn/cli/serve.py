"""``winburn serve``: the exporter."""

from __future__ import annotations

import logging
import os
import socket
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from exporter.server import Address
from exporter.spec import SecretError, SpecErrors, lint
from exporter.state import StateError
from exporter.systemd_socket import SystemdSocketError, inherited
from winburn.cli import serve_options
from winburn.cli.logs import configure
from winburn.cli.shard_option import SHARD
from winburn.cli.spec_argument import fail, load_or_exit
from winburn.running import Watching
from winburn.serving import Front, Listening, run
from winburn.shard import Shard

if TYPE_CHECKING:
    from exporter.web_config import Gate

_LOG = logging.getLogger("winburn")


@click.command(cls=serve_options.SpecAsOption)
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
    callback=serve_options.addresses,
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
    callback=serve_options.path,
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
    callback=serve_options.origins,
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
    reached = serve_options.reached(external_url, route_prefix)
    configure(level, layout, sys.stderr)
    gate = _gate(web_config)
    spec = load_or_exit(config)
    listening = Listening((), _inherited()) if systemd_socket else Listening(addresses)
    for warning in lint(spec):
        _LOG.warning("%s", warning)
    try:
        front = Front(listening, gate, path, Watching(live, live_clients, origins), reached)
        sys.exit(run(spec, config, front, shard))
    except (StateError, SecretError) as error:
        fail(str(error))


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
