"""The fast path with the real servers: a kill is told at once, Prometheus confirms it with the generated rules, and
people are paged once, across a restart of Alertmanager and one of the exporter."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.e2e.exporter import Exporter, serve
from tests.e2e.webhook import Received, Webhook
from winburn.processes import LOOPBACK, Group, Process, free_port, start_alertmanager, stop, wait_http
from winburn.servers import Servers

SPEC = """\
refresh: 15s
lag: 2s
sources:
  shop: {{type: sql, url: "sqlite:///shop.db"}}
experiments:
  - name: new-form
    control: old
    variants: {{old: 0.5, new: 0.5}}
    status: {status}
    early_kill: {{margin: 0.05, alpha: 0.01}}
    labels: {{team: growth}}
    metrics:
      - name: conversion
        kind: proportion
        source: shop
        query: SELECT variant, COUNT(*) AS n, SUM(converted) AS successes FROM visits GROUP BY variant
alerting:
  alertmanager: [{alertmanagers}]
  push: true
  external_labels: {{cluster: eu1}}
  receivers:
    page: {{webhook: "{webhook}"}}
links: {{grafana: "https://grafana.example.org"}}
"""
PROMETHEUS = """\
global:
  scrape_interval: 1s
  evaluation_interval: 1s
  external_labels: {{cluster: eu1, replica: a}}
rule_files: [{rules}]
alerting:
  alert_relabel_configs: [{{action: labeldrop, regex: replica}}]
  alertmanagers:
    - static_configs: [{{targets: [{alertmanagers}]}}]
scrape_configs:
  - job_name: winburn
    static_configs: [{{targets: ["127.0.0.1:{exporter}"]}}]
"""
NAME = "ExperimentEarlyKill"


def visits(database: Path, new: int, *, number: int = 1000) -> None:
    """As many visits of each variant, of which 100 of the old one and ``new`` of the new one convert."""
    with closing(sqlite3.connect(database, timeout=60)) as connection, connection:
        connection.execute("CREATE TABLE IF NOT EXISTS visits (variant TEXT, converted INTEGER)")
        rows = [("old", int(i < 100)) for i in range(number)] + [("new", int(i < new)) for i in range(number)]
        connection.executemany("INSERT INTO visits VALUES (?, ?)", rows)


def pages(received: list[Received], status: str = "firing") -> list[Received]:
    """The messages about the kill; each is one page."""
    return [
        one
        for one in received
        if one.payload["status"] == status and one.payload["groupLabels"].get("alertname") == NAME
    ]


@dataclass(slots=True)
class Pager:
    """An Alertmanager that can be stopped and started again with what it has on disk."""

    servers: Servers
    group: Group
    folder: Path
    config: str
    port: int
    process: Process | None = None

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    def start(self) -> None:
        self.process = self.group.add(
            start_alertmanager(self.servers, self.folder, self.config, self.port, self.folder / "log")
        )
        wait_http(f"{self.url}/-/ready", 60, self.process)

    def stop(self) -> None:
        assert self.process is not None
        stop(self.process, grace=60)  # killed, it would not know whom it has told

    def kills(self) -> list[dict[str, Any]]:
        """The kill's alerts that it has now."""
        answer = get(f"{self.url}/api/v2/alerts?filter=alertname%3D{NAME}")
        return list(answer)


def get(url: str) -> Any:
    with requests.Session() as session:
        session.trust_env = False
        return session.get(url, timeout=60).json()


@dataclass(slots=True)
class Shop:
    """The exporter's surroundings: spec, database, rules."""

    folder: Path
    group: Group
    webhook: Webhook
    alertmanagers: list[Pager]
    port: int
    running: Exporter | None = None

    def write(self, status: str = "running") -> Path:
        path = self.folder / "winburn.yml"
        urls = ", ".join(f'"{pager.url}"' for pager in self.alertmanagers)
        path.write_text(SPEC.format(status=status, alertmanagers=urls, webhook=self.webhook.url))
        return path

    def start(self, status: str = "running") -> Exporter:
        self.running = serve(self.group, self.write(status), port=self.port)
        return self.running

    def stop(self) -> None:
        assert self.running is not None
        stop(self.running.process, grace=60)


@pytest.fixture
def shop(servers: Servers, group: Group, webhook: Webhook, tmp_path: Path) -> Shop:
    """Two Alertmanagers with the generated routes (apart from each other: each tells the webhook), and a database."""
    pagers = []
    for number in range(2):
        folder = tmp_path / f"pager-{number}"
        folder.mkdir()
        pagers.append(Pager(servers, group, folder, "", free_port()))
    shop = Shop(tmp_path, group, webhook, pagers, free_port())
    visits(tmp_path / "shop.db", 100)
    made = subprocess.run(
        [sys.executable, "-m", "winburn", "rules", str(shop.write()), "--out", str(tmp_path / "rules")],
        capture_output=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    routes = (tmp_path / "rules" / "alertmanager.yml").read_text()
    for pager in pagers:
        pager.config = routes.replace("group_interval: 1m", "group_interval: 5s")
        pager.start()
    return shop


def test_a_kill_is_told_at_once_and_once_across_restarts(
    shop: Shop, prometheus: Callable[..., Any], webhook: Webhook, wait_for: Callable[..., None], tmp_path: Path
) -> None:
    first, second = shop.alertmanagers
    exporter = shop.start()
    wait_for(lambda: exporter.scrape().values("experiment_variant_early_kill") == [0], 60)

    committed = time.time()
    visits(tmp_path / "shop.db", 0)
    wait_for(lambda: exporter.scrape().values("experiment_variant_early_kill") == [1], 60)
    scraped = time.time()
    got = pages(webhook.wait_for(lambda got: len(pages(got)) >= 2, 60))
    latest = max(page.at for page in got)
    print(f"commit to both pages {latest - committed:.3f} s, snapshot to both pages at most {latest - scraped:.3f} s")
    page = got[0].payload["alerts"][0]
    assert page["labels"] == {
        "alertname": NAME,
        "severity": "page",
        "experiment": "new-form",
        "variant": "new",
        "team": "growth",
        "cluster": "eu1",
    }
    assert page["generatorURL"].startswith("https://grafana.example.org/d/winburn-experiment-detail")

    # Point 1: Prometheus' own alert is the same one. It writes last, and says the same. It starts only now: on a busy
    # machine it could have been quicker.
    targets = ", ".join(f'"127.0.0.1:{pager.port}"' for pager in shop.alertmanagers)
    rules = tmp_path / "rules" / "winburn.rules.yml"
    prometheus(PROMETHEUS.format(rules=rules, exporter=shop.port, alertmanagers=targets), resend="5s")
    wait_for(lambda: "/graph?" in first.kills()[0]["generatorURL"], 60)
    (merged,) = first.kills()
    assert merged["fingerprint"] == page["fingerprint"]
    assert merged["annotations"] == page["annotations"]
    assert merged["startsAt"][:19] == page["startsAt"][:19]
    time.sleep(6)  # a flush of the group
    assert len(pages(webhook.received)) == 2

    # Alertmanager keeps no alerts over a restart, only whom it has told.
    first.stop()
    first.start()
    wait_for(first.kills, 60)
    # The exporter keeps the kill; while it is away the lease holds, and Prometheus keeps firing for 30 s.
    shop.stop()
    time.sleep(1)
    shop.start()
    wait_for(lambda: len(first.kills()) == len(second.kills()) == 1, 60)
    time.sleep(8)
    assert len(pages(webhook.received)) == 2
    assert len(first.kills()) == 1

    # Point 3: the experiment stops, and Prometheus ends what both have carried.
    shop.stop()
    shop.start("paused")
    webhook.wait_for(lambda got: len(pages(got, "resolved")) >= 2, 300)
    time.sleep(6)
    assert len(pages(webhook.received)) == 2
    assert first.kills() == second.kills() == []
