"""The whole chain with the real servers: counters and a database, the exporter, Prometheus with the generated rules,
Alertmanager with the generated routes, and a webhook at the end."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, Counter, start_http_server

from tests.e2e.webhook import Received, Webhook
from winburn.processes import Group, free_port, start, wait_http

SPEC = """\
refresh: 1s
lag: 2s
sources:
  prod: {{type: prometheus, url: "{prometheus}"}}
  shop: {{type: sql, url: "sqlite:///shop.db"}}
slos:
  - name: checkout
    service: checkout
    objective: 99.9
    period: 30d
    sli:
      source: prod
      total: shop_requests_total{{job="shop"}}
      bad: shop_requests_total{{job="shop",code="500"}}
    labels: {{team: payments}}
    runbook: https://example.org/runbooks/checkout
experiments:
  - name: new-form
    control: old
    variants: {{old: 0.5, new: 0.5}}
    metrics:
      - name: conversion
        kind: proportion
        source: shop
        query: SELECT variant, COUNT(*) AS n, SUM(converted) AS successes FROM visits GROUP BY variant
alerting:
  receivers:
    page: {{webhook: "{webhook}"}}
    ticket: {{webhook: "{webhook}"}}
    experiment: {{webhook: "{webhook}"}}
links: {{grafana: "https://grafana.example.org"}}
"""

PROMETHEUS = """\
global: {{scrape_interval: 1s, evaluation_interval: 1s}}
rule_files: [{rules}]
alerting:
  alertmanagers:
    - static_configs: [{{targets: ["127.0.0.1:{alertmanager}"]}}]
scrape_configs:
  - job_name: shop
    static_configs: [{{targets: ["127.0.0.1:{shop}"]}}]
  - job_name: winburn
    static_configs: [{{targets: ["127.0.0.1:{exporter}"]}}]
"""


class Shop:
    """Real counters behind a real /metrics; visits go on in the background as in a shop that is open."""

    def __init__(self) -> None:
        registry = CollectorRegistry()
        self._counter = Counter("shop_requests", "Requests.", ["code"], registry=registry)
        self.count("500", 0)
        self.port = free_port()
        self._server, self._thread = start_http_server(self.port, addr="127.0.0.1", registry=registry)
        self._stop = threading.Event()
        self._traffic = threading.Thread(target=self._serve_customers)
        self._traffic.start()

    def count(self, code: str, requests: float) -> None:
        self._counter.labels(code).inc(requests)

    def close(self) -> None:
        self._stop.set()
        self._traffic.join()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _serve_customers(self) -> None:
        while not self._stop.wait(0.1):
            self.count("200", 10)


@pytest.fixture
def shop() -> Iterator[Shop]:
    running = Shop()
    yield running
    running.close()


def past(path: Path, port: int, hours: float = 2) -> Path:
    """An OpenMetrics file with the shop's counters until a minute ago, so that an hour is not all young."""
    end = time.time() // 15 * 15 - 60
    labels = f'job="shop",instance="127.0.0.1:{port}"'
    lines = ["# TYPE shop_requests counter"]
    steps = int(hours * 240)
    for code, every in (("200", 1500.0), ("500", 0.0)):
        lines += [
            f'shop_requests_total{{code="{code}",{labels}}} {i * every} {end - (steps - i) * 15}'
            for i in range(steps + 1)
        ]
    path.write_text("\n".join([*lines, "# EOF", ""]))
    return path


def visits(database: Path, number: int, **converted: int) -> None:
    """As many visits of each variant, all at once: a split of half of them would be a broken one."""
    with closing(sqlite3.connect(database, timeout=60)) as connection, connection:
        connection.execute("CREATE TABLE IF NOT EXISTS visits (variant TEXT, converted INTEGER)")
        rows = [(variant, int(i < these)) for variant, these in converted.items() for i in range(number)]
        connection.executemany("INSERT INTO visits VALUES (?, ?)", rows)


def alerts(received: list[Received], name: str, status: str = "firing", **labels: str) -> list[dict[str, Any]]:
    return [
        alert
        for one in received
        for alert in one.payload["alerts"]
        if alert["status"] == status and {"alertname": name, **labels}.items() <= alert["labels"].items()
    ]


def test_from_counter_to_page_and_back(
    shop: Shop,
    group: Group,
    prometheus: Callable[..., Any],
    alertmanager: Callable[..., Any],
    webhook: Webhook,
    tmp_path: Path,
) -> None:
    database, spec, rules = tmp_path / "shop.db", tmp_path / "winburn.yml", tmp_path / "rules"
    visits(database, 1000, old=100, new=100)
    exporter = free_port()

    # Prometheus' own address must be in the spec before the rules are generated, so its port comes first.
    server = free_port()
    spec.write_text(SPEC.format(prometheus=f"http://127.0.0.1:{server}", webhook=webhook.url))
    made = subprocess.run(
        [sys.executable, "-m", "winburn", "rules", str(spec), "--out", str(rules)], capture_output=True, check=False
    )
    assert made.returncode == 0, made.stderr
    # What a group says next is waited for a minute, three times over: pages are told apart all the same in 5 s.
    pager = alertmanager((rules / "alertmanager.yml").read_text().replace("group_interval: 1m", "group_interval: 5s"))
    prometheus(
        PROMETHEUS.format(
            rules=rules / "winburn.rules.yml",
            alertmanager=pager.url.rsplit(":", 1)[1],
            shop=shop.port,
            exporter=exporter,
        ),
        blocks_from=past(tmp_path / "past.txt", shop.port),
        port=server,
    )
    log = tmp_path / "exporter.log"
    command = [sys.executable, "-m", "winburn", "serve", "--config.file", str(spec)]
    winburn = start([*command, "--web.listen-address", f"127.0.0.1:{exporter}"], log, env=os.environ)
    group.add(winburn)
    wait_http(f"http://127.0.0.1:{exporter}/-/ready", 60, winburn)
    time.sleep(5)  # a few quiet refreshes: nothing must fire before the errors
    assert not alerts(webhook.received, "SLOErrorBudgetBurn")

    began = time.time()
    shop.count("500", 200_000)
    page = alerts(
        webhook.wait_for(lambda got: alerts(got, "SLOErrorBudgetBurn", tier="fast"), 120),
        "SLOErrorBudgetBurn",
        tier="fast",
    )[0]
    print(f"page after {time.time() - began:.1f} s")
    assert page["labels"]["slo"] == "checkout"
    assert page["labels"]["severity"] == "page"
    assert page["labels"]["team"] == "payments"
    assert "instance" not in page["labels"]
    assert any(character.isdigit() for character in page["annotations"]["summary"])
    assert page["annotations"]["runbook_url"] == "https://example.org/runbooks/checkout"
    assert page["annotations"]["dashboard_url"].startswith("https://grafana.example.org/d/winburn-slo-")

    # The windows are weighted by requests: a flood of good ones thins the errors below every tier's threshold.
    began = time.time()
    shop.count("200", 2e9)
    webhook.wait_for(lambda got: alerts(got, "SLOErrorBudgetBurn", "resolved", tier="fast"), 240)
    print(f"resolved after {time.time() - began:.1f} s")

    began = time.time()
    visits(database, 1000, old=100, new=0)
    killed = alerts(webhook.wait_for(lambda got: alerts(got, "ExperimentEarlyKill"), 120), "ExperimentEarlyKill")[0]
    print(f"kill announced after {time.time() - began:.1f} s")
    assert killed["labels"]["experiment"] == "new-form"
    assert killed["labels"]["variant"] == "new"

    began = time.time()
    winburn.popen.send_signal(signal.SIGKILL)
    down = alerts(webhook.wait_for(lambda got: alerts(got, "WinburnDown"), 240), "WinburnDown")[0]
    print(f"WinburnDown after {time.time() - began:.1f} s")
    assert down["labels"]["severity"] == "page"
