"""The live stream of a real `winburn serve`: from a changed file to a watcher, its own series, and its end."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from exporter.live.delta import applied
from tests.e2e.exporter import serve
from tests.exporter.live.ws_client import Client, ClosedError, RefusedError, connected
from winburn.processes import LOOPBACK, Group, free_port, start, stop, wait_http

SPEC = """\
refresh: 1s
lag: 1s
sources: {csv: {type: file, path: counts.csv}}
experiments:
  - name: buttons
    control: a
    variants: {a: 0.5, b: 0.5}
    metrics: [{name: conversion, kind: proportion, source: csv, csv: {}}]
state: {url: "sqlite:///winburn.db"}
"""


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    write(tmp_path, 200)
    path = tmp_path / "winburn.yml"
    path.write_text(SPEC)
    return path


def write(folder: Path, successes: int) -> None:
    (folder / "counts.csv").write_text(f"variant,n,successes\na,2000,200\nb,2000,{successes}\n")


def test_a_change_of_the_source_reaches_a_watcher_and_a_kill_is_in_the_feed(
    spec: Path, group: Group, wait_for: Callable[..., None]
) -> None:
    exporter = serve(group, spec)
    port = urlsplit(exporter.url).port or 0
    with connected(port, origin=exporter.url) as client:
        document = client.until("snapshot")["document"]
        write(spec.parent, 20)
        while not document["kills"]:
            document = applied(document, client.until("delta"))
        assert list(document["kills"]) == ["experiment/buttons/b"]
        wait_for(lambda: exporter.scrape().values("winburn_live_clients") == [1], 60)
        assert exporter.scrape().values("winburn_live_push_total", target="stream", result="sent")[0] > 1
        assert exporter.get("/api/v1/snapshot").json()["experiments"].keys() == {"buttons"}
        assert exporter.get("/live").status_code == 200
        assert stop(exporter.process, grace=60) == 0
        with pytest.raises(ClosedError) as closed:
            client.until("nothing that comes")
        assert closed.value.code == 1001
    assert "Traceback" not in exporter.process.log.read_text()


def test_it_can_be_turned_off_and_limited_and_opened(spec: Path, group: Group) -> None:
    def run(*flags: str) -> int:
        port = free_port()
        command = [sys.executable, "-m", "winburn", "serve", "--config.file", str(spec), *flags]
        command += ["--web.listen-address", f"{LOOPBACK}:{port}"]
        process = group.add(start(command, spec.with_suffix(f".{port}.log")))
        wait_http(f"http://{LOOPBACK}:{port}/-/ready", 60, process)
        return port

    with pytest.raises(RefusedError) as off:
        Client(run("--no-web.live"))
    assert off.value.args[0] == 403
    port = run("--web.live-clients", "1", "--web.cors-origin", "https://wall.example")
    with connected(port, origin="https://wall.example") as client:
        client.until("snapshot")
        with pytest.raises(RefusedError, match="there are 1 clients already"):
            Client(port)
