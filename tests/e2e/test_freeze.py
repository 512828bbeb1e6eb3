"""The generated rules in a running Prometheus: one alert from the first error to the last, whatever dies between."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests

from alert_rules import RULES_FILE, generate
from exporter.contract import sample, select
from tests.alert_rules.example import slo, spec

ONE = spec(slos=[slo("a", group_by=["zone"], no_data="ignore")], refresh="1s", max_age="5s")
GROUPS = ("zone=eu", "zone=us")


class Exporter(BaseHTTPRequestHandler):
    """Serves whatever text stands in ``says``; an error while that is empty."""

    says = ""

    def do_GET(self) -> None:
        """Answer a scrape."""
        body = type(self).says.encode()
        self.send_response(200 if body else 503)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        """Say nothing."""


@pytest.fixture
def exporter() -> Iterator[str]:
    """Address of an exporter whose words are ``Exporter.says``."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Exporter)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def says(burning: dict[str, float], status: int | None = None) -> str:
    """What the exporter says while each group burns at this rate; with a status of no data it says nothing else."""
    samples = []
    for group, rate in burning.items():
        names = {"slo": "a", "slo_group": group}
        samples.append(sample("slo_status", status if status is not None else rate > 1, **names))
        if status is None:
            samples.append(sample("slo_events", 1000, window="period", **names))
            samples += [sample("slo_burn_rate", rate, window=window, **names) for window in ("1h", "5m")]
            samples.append(sample("slo_burn_p_value", 0 if rate > 1 else 1, window="1h", **names))
    samples.append(sample("slo_groups", len(burning), slo="a"))
    samples.append(sample("winburn_build_info", 1, version="1", python_version="3"))
    return "".join(f"{select(s.name, **dict(s.labels))} {s.value}\n" for s in samples)


@pytest.mark.usefixtures("exporter")
def test_a_page_stays_the_same_alert_until_somebody_knows_that_it_is_over(
    prometheus: Callable[..., Any], wait_for: Callable[..., None], exporter: str, tmp_path: Path
) -> None:
    rules = tmp_path / RULES_FILE
    rules.write_text(generate(ONE)[RULES_FILE], encoding="utf-8")
    Exporter.says = says({"zone=eu": 50.0, "zone=us": 0.0})
    server = prometheus(
        "global: {scrape_interval: 1s, evaluation_interval: 1s}\n"
        f"rule_files: ['{rules}']\n"
        f"scrape_configs: [{{job_name: winburn, static_configs: [{{targets: ['{exporter}']}}]}}]\n"
    )

    def burning() -> list[tuple[str, str, str, bool]]:
        answer = requests.get(f"{server.url}/api/v1/alerts", timeout=60).json()["data"]["alerts"]
        alerts = [each for each in answer if each["labels"]["alertname"] == "SLOErrorBudgetBurn"]
        return [
            (each["labels"]["slo_group"], each["labels"]["zone"], each["activeAt"], float(each["value"]) == 0)
            for each in alerts
            if each["state"] == "firing"
        ]

    def settle() -> None:
        time.sleep(4)  # two evaluations more than keep_firing_for bridges

    wait_for(burning, 60)
    ((group, zone, since, frozen),) = burning()
    assert (group, zone, frozen) == ("zone=eu", "eu", False)
    for silence in ("", says(dict.fromkeys(GROUPS, 0.0), status=3)):
        Exporter.says = silence
        wait_for(lambda: burning() == [("zone=eu", "eu", since, True)], 60)
        settle()
        assert burning() == [("zone=eu", "eu", since, True)]
    Exporter.says = says({"zone=eu": 50.0, "zone=us": 0.0})
    wait_for(lambda: burning() == [("zone=eu", "eu", since, False)], 60)
    Exporter.says = ""
    wait_for(lambda: burning() == [("zone=eu", "eu", since, True)], 60)
    Exporter.says = says({"zone=us": 0.0})  # the group has left
    wait_for(lambda: not burning(), 60)
    Exporter.says = ""
    settle()
    assert not burning()
