"""Real Prometheus and Alertmanager on loopback for the tests of this folder, all marked e2e."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.e2e.sid import fetch_sid_alertmanager
from tests.e2e.webhook import Webhook, listening
from winburn.processes import LOOPBACK, Group, Process, free_port, start_alertmanager, start_prometheus, wait_http
from winburn.servers import Servers, ServersUnavailable, cache_folder, fetch

HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Running:
    """A server that has answered /-/ready: its address without slash at the end, its process, its folder."""

    url: str
    process: Process
    folder: Path


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The hook sees the items of all folders."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.e2e)


@pytest.fixture(scope="session")
def servers() -> Servers:
    """The programs, fetched where needed. Where they cannot be had: skip, but an error where CI=true."""
    try:
        return fetch(cache_folder(os.environ), os.environ, lambda line: sys.stderr.write(f"{line}\n"))
    except ServersUnavailable as problem:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(problem))


@pytest.fixture(scope="session")
def both_alertmanagers(servers: Servers) -> Callable[[str], Servers]:
    """`both_alertmanagers("machine")` or `("sid")`: the programs with Alertmanager and amtool of this machine's Debian,
    or of Debian sid where they can be had."""

    def choose(which: str) -> Servers:
        if which == "machine":
            return servers
        try:
            sid = fetch_sid_alertmanager(
                cache_folder(os.environ), os.environ, lambda line: sys.stderr.write(f"{line}\n")
            )
        except ServersUnavailable as problem:
            pytest.skip(str(problem))
        return replace(servers, alertmanager=sid.alertmanager, amtool=sid.amtool)

    return choose


@pytest.fixture
def group() -> Iterator[Group]:
    """What is added to it is stopped after the test, the newest first."""
    with Group() as running:
        yield running


@pytest.fixture
def prometheus(servers: Servers, group: Group, tmp_path: Path) -> Callable[..., Running]:
    """Start a Prometheus:
    `prometheus(config_text, retention="15d", blocks_from=None, extra_args=(), port=None, resend="1s")`.

    `blocks_from` is an OpenMetrics file whose samples (with timestamps) become blocks before the start; give a
    retention that reaches back to them. Alerts are sent again each second, not each minute: Prometheus learns of its
    Alertmanagers up to 5 s after its start, and what fired before that is lost until the next sending. Alertmanager
    believes what it was told for four times `resend`, and takes it for over then: give a longer one to a test in which
    nothing may end because the machine is busy.
    """

    def begin(
        config_text: str,
        retention: str = "15d",
        blocks_from: Path | None = None,
        extra_args: Sequence[str] = (),
        port: int | None = None,
        resend: str = "1s",
    ) -> Running:
        folder, port = _own_folder(tmp_path, "prometheus"), port or free_port()
        if blocks_from is not None:
            make = [servers.need("promtool"), "tsdb", "create-blocks-from", "openmetrics", blocks_from, folder / "data"]
            done = subprocess.run(make, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stderr
        arguments = [f"--rules.alert.resend-delay={resend}", *extra_args]
        process = start_prometheus(servers, folder, config_text, port, folder / "log", retention, arguments)
        return _ready(group, process, port, folder)

    return begin


@pytest.fixture
def alertmanager(servers: Servers, group: Group, tmp_path: Path) -> Callable[[str], Running]:
    """Start an Alertmanager: `alertmanager(config_text)`."""
    return alertmanager_starter(servers, group, tmp_path)


def alertmanager_starter(servers: Servers, group: Group, tmp_path: Path) -> Callable[[str], Running]:
    """What the fixture gives, for the Alertmanager of one's choice."""

    def begin(config_text: str) -> Running:
        folder, port = _own_folder(tmp_path, "alertmanager"), free_port()
        return _ready(group, start_alertmanager(servers, folder, config_text, port, folder / "log"), port, folder)

    return begin


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    """A receiver for Alertmanager's webhook notifications."""
    with listening() as receiver:
        yield receiver


@pytest.fixture
def wait_for() -> Callable[[Callable[[], object], float], None]:
    """Poll until a function returns something true: `wait_for(predicate, timeout)`; fails where it does not."""

    def wait(predicate: Callable[[], object], timeout: float) -> None:
        end = time.monotonic() + timeout
        while not predicate():
            assert time.monotonic() < end, f"not within {timeout:g} s"
            time.sleep(0.05)

    return wait


def _own_folder(tmp_path: Path, name: str) -> Path:
    folder = tmp_path / f"{name}-{len(list(tmp_path.glob(f'{name}-*')))}"
    folder.mkdir()
    return folder


def _ready(group: Group, process: Process, port: int, folder: Path) -> Running:
    group.add(process)
    url = f"http://{LOOPBACK}:{port}"
    wait_http(f"{url}/-/ready", 60, process)
    return Running(url, process, folder)
