"""The real servers work together: metrics of the past, a rule, an alert, a notification."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import requests

from tests.e2e.webhook import Received, Webhook


def get(url: str, **params: object) -> Any:
    with requests.Session() as session:
        session.trust_env = False  # no proxy for loopback
        answer = session.get(url, params=params, timeout=60)
    answer.raise_for_status()
    return answer.json()["data"]


def test_samples_of_an_openmetrics_file_are_there_at_the_start(prometheus: Callable[..., Any], tmp_path: Path) -> None:
    now = int(time.time())
    then = now - 86400
    past = tmp_path / "past.om"
    past.write_text(f"# TYPE visitors gauge\nvisitors 7 {then}\nvisitors 9 {then + 60}\n# EOF\n")
    server = prometheus("global: {scrape_interval: 1s}\n", retention="30d", blocks_from=past)
    values = get(f"{server.url}/api/v1/query_range", query="visitors", start=then, end=then + 60, step=60)
    assert values["result"][0]["values"] == [[then, "7"], [then + 60, "9"]]


def test_an_alert_goes_from_prometheus_through_alertmanager_to_the_webhook(
    prometheus: Callable[..., Any], alertmanager: Callable[[str], Any], webhook: Webhook, tmp_path: Path
) -> None:
    router = alertmanager(
        "route: {receiver: us, group_wait: 0s}\n"
        f"receivers: [{{name: us, webhook_configs: [{{url: '{webhook.url}'}}]}}]\n"
    )
    rules = tmp_path / "rules.yml"
    rules.write_text("groups: [{name: g, rules: [{alert: Always, expr: vector(1), keep_firing_for: 1m}]}]\n")
    before = time.time()
    prometheus(
        "global: {evaluation_interval: 1s}\n"
        f"rule_files: ['{rules}']\n"
        f"alerting: {{alertmanagers: [{{static_configs: [{{targets: ['{router.url.removeprefix('http://')}']}}]}}]}}\n"
    )

    def told(received: list[Received]) -> bool:
        return any(alert["labels"]["alertname"] == "Always" for one in received for alert in one.payload["alerts"])

    received = webhook.wait_for(told, 60)
    assert before <= received[0].at <= time.time()


def test_every_test_of_this_folder_is_marked(request: Any) -> None:
    assert request.node.get_closest_marker("e2e")
