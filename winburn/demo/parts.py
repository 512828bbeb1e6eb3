"""The parts of a running demo, each started so that it ends with the demo."""

from __future__ import annotations

import os
import socket
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import winburn
from winburn.demo import files
from winburn.demo.receiver import Say
from winburn.demo.shop import Observer, Shop, create
from winburn.demo.spec import Places
from winburn.processes import (
    LOOPBACK,
    Group,
    Process,
    ServerError,
    free_port,
    start,
    start_alertmanager,
    start_prometheus,
    wait_http,
)
from winburn.servers import Servers, ServersUnavailable, cache_folder, find

_READY = 60.0
_WITHOUT = (
    "Prometheus and Alertmanager are not here, so nothing will page: the exporter runs alone. "
    "`python -m winburn.servers` fetches them without root (Debian, Ubuntu); then start the demo again."
)


USUAL_PORT = 10345
"""The exporter's, where nobody else has it."""


@dataclass(slots=True)
class Demo:
    """What a run has: its folder, where it prints, its children, and the addresses for the newcomer."""

    folder: Path
    say: Say
    env: Mapping[str, str]
    children: Group
    exporter_port: int = field(default_factory=lambda: free_or_other(USUAL_PORT))
    prometheus: str | None = None
    alertmanager: str | None = None

    @property
    def exporter(self) -> str:
        """The exporter's address."""
        return f"http://{LOOPBACK}:{self.exporter_port}"

    @property
    def spec(self) -> Path:
        """The file with the spec."""
        return self.folder / "winburn.yml"

    def places(self, hook: str) -> Places:
        """What the spec has to know; ``hook`` is the address of the webhook for alerts."""
        return Places(self.spec, self.folder / "shop.db", self.folder / "state.db", hook, self.prometheus)


def open_shop(demo: Demo, seed: int, observe: Observer, stack: ExitStack) -> Shop:
    """Make the shop with its past, and keep it going until the stack is left."""
    demo.say("Thirty days of a small shop are being simulated ...")
    shop = create(demo.folder / "shop.db", seed, time.time())
    shop.observe = observe
    stack.callback(shop.close)
    closed = threading.Event()
    thread = threading.Thread(target=shop.run, args=(closed,), name="shop", daemon=True)
    thread.start()
    stack.callback(thread.join)
    stack.callback(closed.set)
    return shop


def start_servers(demo: Demo, hook: str, edge: str) -> None:
    """Start Prometheus and Alertmanager with the generated files, or write the files alone and say why."""
    servers = _servers(demo.env)
    if servers.prometheus and servers.alertmanager:
        demo.say("Rules and dashboards are being generated, Prometheus and Alertmanager started ...")
        try:
            _start_both(demo, servers, hook, edge)
        except ServerError as problem:
            demo.say(f"The exporter goes on alone: {problem}")
            demo.prometheus = demo.alertmanager = None
        else:
            return
    else:
        demo.say(_WITHOUT)
    files.write_generated(demo.folder, demo.places(hook), None)


def _start_both(demo: Demo, servers: Servers, hook: str, edge: str) -> None:
    ports = {"prometheus": free_or_other(9090), "alertmanager": free_or_other(9093)}
    demo.prometheus, demo.alertmanager = (f"http://{LOOPBACK}:{port}" for port in ports.values())
    rules = files.write_generated(demo.folder, demo.places(hook), demo.alertmanager)
    config = files.prometheus_config(
        demo.folder / "rules" / "winburn.rules.yml",
        f"{LOOPBACK}:{demo.exporter_port}",
        edge,
        f"{LOOPBACK}:{ports['alertmanager']}",
    )
    alertmanager = demo.children.add(
        start_alertmanager(
            servers,
            demo.folder / "alertmanager",
            rules["alertmanager.yml"],
            ports["alertmanager"],
            demo.folder / "alertmanager.log",
        )
    )
    # Prometheus finds its Alertmanager some seconds after its start: what fired before is sent again soon.
    prometheus = demo.children.add(
        start_prometheus(
            servers,
            demo.folder / "prometheus",
            config,
            ports["prometheus"],
            demo.folder / "prometheus.log",
            extra_args=["--rules.alert.resend-delay=10s"],
        )
    )
    wait_http(f"{demo.alertmanager}/-/ready", _READY, alertmanager)
    wait_http(f"{demo.prometheus}/-/ready", _READY, prometheus)


def start_exporter(demo: Demo) -> Process:
    """Start the exporter and wait for its first result; ServerError where none comes."""
    demo.say("The exporter reads thirty days ...")
    command = ["-m", "winburn", "serve", "--config.file", str(demo.spec)]
    command += ["--web.listen-address", f"{LOOPBACK}:{demo.exporter_port}"]
    # The packages that run here run there too, wherever the demo was started.
    here = str(Path(winburn.__file__).parents[1])
    env = {**demo.env, "PYTHONPATH": os.pathsep.join(filter(None, [here, demo.env.get("PYTHONPATH", "")]))}
    process = demo.children.add(start([sys.executable, *command], demo.folder / "exporter.log", env=env))
    wait_http(f"{demo.exporter}/-/ready", _READY, process)
    return process


def _servers(env: Mapping[str, str]) -> Servers:
    try:
        return find(env, cache_folder(env))
    except ServersUnavailable:
        return Servers()


def free_or_other(preferred: int) -> int:
    """The preferred port where it is free, else another."""
    with socket.socket() as attempt:
        attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the servers do
        try:
            attempt.bind((LOOPBACK, preferred))
        except OSError:
            return free_port()
    return preferred
