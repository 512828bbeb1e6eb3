"""A burn page by the fast path, then Prometheus with the generated rules: one alert, one page, ended by Prometheus."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import requests

from tests.e2e.exporter import serve
from tests.e2e.webhook import Received, Webhook
from winburn.processes import Group, free_port

SPEC = """\
refresh: 1s
lag: 2s
sources:
  shop: {{type: sql, url: "sqlite:///shop.db"}}
slos:
  - name: checkout
    service: checkout
    objective: 99
    period: 7d
    labels: {{team: payments}}
    sli:
      source: shop
      sql: >-
        SELECT :start + CAST((at - :start) / :step AS INTEGER) * :step AS slot, SUM(total) AS total, SUM(bad) AS bad
        FROM events WHERE at >= :start AND at < :end GROUP BY 1
alerting:
  alertmanager: ["{alertmanager}"]
  push: true
  receivers: {{page: {{webhook: "{webhook}"}}}}
"""
PROMETHEUS = """\
global: {{scrape_interval: 1s, evaluation_interval: 1s}}
rule_files: [{rules}]
alerting:
  alertmanagers:
    - static_configs: [{{targets: ["{alertmanager}"]}}]
scrape_configs:
  - job_name: winburn
    static_configs: [{{targets: ["127.0.0.1:{exporter}"]}}]
"""


def events(database: Path, first: float, seconds: int, total: int, bad: int) -> None:
    with closing(sqlite3.connect(database, timeout=60)) as connection, connection:
        connection.execute("CREATE TABLE IF NOT EXISTS events (at, total, bad)")
        connection.executemany("INSERT INTO events VALUES (?, ?, ?)", [(first + i, total, bad) for i in range(seconds)])


def burns(received: list[Received], status: str = "firing") -> list[Received]:
    named = [one for one in received if one.payload["groupLabels"].get("alertname") == "SLOErrorBudgetBurn"]
    return [one for one in named if one.payload["status"] == status]


def fast(received: list[Received]) -> list[Received]:
    """Those of them in which the fast tier burns. Where Alertmanager tells a group while its tiers end one after the
    other, what the fast one has muted till then is in one more message."""
    tiers = (({a["labels"]["tier"] for a in one.payload["alerts"] if a["status"] == "firing"}, one) for one in received)
    return [one for found, one in tiers if "fast" in found]


def test_a_burn_page_is_told_at_once_and_once(
    group: Group,
    prometheus: Callable[..., Any],
    alertmanager: Callable[..., Any],
    webhook: Webhook,
    wait_for: Callable[..., None],
    tmp_path: Path,
) -> None:
    database, spec, rules, port = tmp_path / "shop.db", tmp_path / "winburn.yml", tmp_path / "rules", free_port()
    now = time.time() // 1
    events(database, now - 7200, 7800, 10, 0)

    def write(address: str) -> None:
        spec.write_text(SPEC.format(alertmanager=address, webhook=webhook.url))

    write("http://127.0.0.1:9")
    made = subprocess.run(
        [sys.executable, "-m", "winburn", "rules", str(spec), "--out", str(rules)], capture_output=True, check=False
    )
    assert made.returncode == 0, made.stderr
    routes = (rules / "alertmanager.yml").read_text().replace("group_interval: 1m", "group_interval: 5s")
    pager = alertmanager(routes)
    write(pager.url)
    exporter = serve(group, spec, port=port)
    time.sleep(3)
    assert burns(webhook.received) == []

    began = time.time()
    events(database, time.time() // 1 - 8, 8, 3000, 3000)
    (page,) = burns(webhook.wait_for(burns, 60))
    print(f"commit to page {page.at - began:.3f} s, with a group_wait of 5 s and no Prometheus yet")
    first = page.payload["alerts"][0]
    assert first["labels"]["tier"] == "fast"

    # Only now is there a Prometheus: it finds the page told already.
    named = pager.url.removeprefix("http://")
    prometheus(PROMETHEUS.format(rules=rules / "winburn.rules.yml", exporter=port, alertmanager=named))

    def known() -> list[dict[str, Any]]:
        with requests.Session() as session:
            session.trust_env = False
            url = f"{pager.url}/api/v2/alerts?filter=alertname%3DSLOErrorBudgetBurn&filter=tier%3Dfast"
            return list(session.get(url, timeout=60).json())

    wait_for(lambda: "/graph?" in known()[0]["generatorURL"], 60)
    (merged,) = known()
    assert merged["fingerprint"] == first["fingerprint"]
    assert merged["labels"] == first["labels"]
    assert merged["annotations"].keys() == first["annotations"].keys()
    time.sleep(6)
    assert len(burns(webhook.received)) == 1

    # A flood of good events thins the errors: the windows are weighted by requests.
    events(database, time.time() // 1 - 5, 5, 2_000_000, 0)
    webhook.wait_for(lambda got: burns(got, "resolved"), 60)
    time.sleep(8)
    assert len(fast(burns(webhook.received))) == 1
    pushed = exporter.scrape().values("winburn_live_push_total", result="ok")
    assert pushed[0] >= 1
