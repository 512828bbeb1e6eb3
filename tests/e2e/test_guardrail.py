"""A variant whose errors burn a guardrail SLO, with the real servers: from its counters to the kill and the page."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, Counter, start_http_server

from tests.e2e.exporter import serve
from tests.e2e.webhook import Received, Webhook
from winburn.processes import Group, free_port

SPEC = """\
refresh: 1s
lag: 2s
sources:
  prod: {{type: prometheus, url: "{prometheus}"}}
slos:
  - name: checkout
    service: checkout
    objective: 99.9
    period: 30d
    sli:
      source: prod
      total: shop_requests_total{{job="shop"}}
      bad: shop_requests_total{{job="shop",code="500"}}
experiments:
  - name: new-form
    control: old
    variants: {{old: 0.5, new: 0.5}}
    guardrails: [{{slo: checkout, by: form}}]
    metrics:
      - name: conversion
        kind: proportion
        source: prod
        prometheus: {{exposures: shop_shown_total, events: shop_sold_total, by: form}}
alerting: {{receivers: {{page: {{webhook: "{webhook}"}}}}}}
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
    """Two forms behind a real /metrics; requests go on in the background, and those of the new form may fail."""

    def __init__(self) -> None:
        registry = CollectorRegistry()
        self._requests = Counter("shop_requests", "Requests.", ["form", "code"], registry=registry)
        self._shown = Counter("shop_shown", "Visitors.", ["form"], registry=registry)
        self._sold = Counter("shop_sold", "Buyers.", ["form"], registry=registry)
        for form in ("old", "new"):
            self._requests.labels(form, "500")
        self.failing = False
        self.port = free_port()
        self._server, self._thread = start_http_server(self.port, addr="127.0.0.1", registry=registry)
        self._stop = threading.Event()
        self._traffic = threading.Thread(target=self._serve_customers)
        self._traffic.start()

    def close(self) -> None:
        self._stop.set()
        self._traffic.join()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _serve_customers(self) -> None:
        while not self._stop.wait(0.1):
            for form in ("old", "new"):
                code = "500" if self.failing and form == "new" else "200"
                self._requests.labels(form, code).inc(100)
                self._shown.labels(form).inc(10)
                self._sold.labels(form).inc(1)


@pytest.fixture
def shop() -> Iterator[Shop]:
    running = Shop()
    yield running
    running.close()


def past(path: Path, port: int) -> Path:
    """An hour of good requests until a minute ago, so that the windows are not all young."""
    end, steps = time.time() // 15 * 15 - 60, 240
    labels = f'job="shop",instance="127.0.0.1:{port}"'
    lines = ["# TYPE shop_requests counter"]
    for form in ("old", "new"):
        for code, each in (("200", 150.0), ("500", 0.0)):
            series = f'shop_requests_total{{form="{form}",code="{code}",{labels}}}'
            lines += [f"{series} {i * each} {end - (steps - i) * 15}" for i in range(steps + 1)]
    path.write_text("\n".join([*lines, "# EOF", ""]))
    return path


def alerts(received: list[Received], name: str) -> list[dict[str, Any]]:
    every = [alert for one in received for alert in one.payload["alerts"]]
    return [alert for alert in every if alert["status"] == "firing" and alert["labels"]["alertname"] == name]


def test_a_variant_that_burns_alone_is_killed_and_paged(
    shop: Shop,
    group: Group,
    prometheus: Callable[..., Any],
    alertmanager: Callable[..., Any],
    webhook: Webhook,
    wait_for: Callable[[Callable[[], object], float], None],
    tmp_path: Path,
) -> None:
    spec, rules, port, server = tmp_path / "winburn.yml", tmp_path / "rules", free_port(), free_port()
    spec.write_text(SPEC.format(prometheus=f"http://127.0.0.1:{server}", webhook=webhook.url))
    make = [sys.executable, "-m", "winburn", "rules", str(spec), "--out", str(rules)]
    subprocess.run(make, capture_output=True, check=True)
    pager = alertmanager((rules / "alertmanager.yml").read_text())
    config = PROMETHEUS.format(
        rules=rules / "winburn.rules.yml", alertmanager=pager.url.rsplit(":", 1)[1], shop=shop.port, exporter=port
    )
    prometheus(config, blocks_from=past(tmp_path / "past.txt", shop.port), port=server)
    exporter = serve(group, spec, port=port)
    time.sleep(3)  # a few quiet refreshes: nothing must be killed before the errors
    burn = "experiment_variant_slo_burn_rate"
    wait_for(lambda: exporter.scrape().values(burn, variant="new", window="1h") == [0], 60)
    assert exporter.scrape().values("experiment_variant_slo_breach") == [0]

    began = time.time()
    shop.failing = True
    wait_for(lambda: exporter.scrape().values("experiment_variant_slo_breach", slo="checkout") == [1], 60)
    wait_for(lambda: exporter.scrape().values("experiment_variant_early_kill", variant="new") == [1], 60)
    print(f"killed after {time.time() - began:.1f} s")
    page = alerts(
        webhook.wait_for(lambda got: alerts(got, "ExperimentGuardrailHarmed"), 60), "ExperimentGuardrailHarmed"
    )[0]
    print(f"page after {time.time() - began:.1f} s")
    names = {"experiment": "new-form", "variant": "new", "guardrail": "checkout", "severity": "page"}
    assert names.items() <= page["labels"].items()
    webhook.wait_for(lambda got: alerts(got, "ExperimentEarlyKill"), 60)
    wait_for(lambda: exporter.scrape().values(burn, variant="old", window="1h") == [0], 60)
    assert exporter.scrape().values("experiment_recommendation_info", action="kill", reason="guardrail_slo") == [1]
    listed = subprocess.run(
        [sys.executable, "-m", "winburn", "experiment", "list", str(spec)], capture_output=True, text=True, check=True
    )
    print(listed.stdout)

    command = [sys.executable, "-m", "winburn", "experiment", "unkill", str(spec), "new-form", "new", "--why", "known"]
    subprocess.run(command, capture_output=True, check=True)
    wait_for(lambda: exporter.scrape().values("experiment_variant_early_kill", variant="new") == [0], 60)
    time.sleep(5)
    wait_for(lambda: exporter.scrape().values("experiment_variant_slo_breach") == [1], 60)
    still = exporter.scrape().values("experiment_variant_early_kill", variant="new")
    assert still == [0], "the same breach must not kill again"
