"""What Prometheus has kept, from answers in the form of its API; tests/e2e asks a real one."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qs

import pytest

from exporter.sources.base import SourceError
from exporter.sources.prometheus_api import PrometheusApi
from winburn.report.prometheus import Prometheus
from winburn.report.values import Period

START = 1_700_000_100.0
PERIOD = Period(START, START + 3600, "")


class Server:
    """Answers with ``data`` and keeps what it was asked."""

    def __init__(self) -> None:
        self.data: Any = {"resultType": "matrix", "result": []}
        self.asked: list[dict[str, str]] = []


@pytest.fixture
def server() -> Iterator[tuple[Server, Prometheus]]:
    kept = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            kept.asked.append({name: values[0] for name, values in form.items()})
            body = json.dumps({"status": "success", "data": kept.data}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Not on stderr."""

    http = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=http.serve_forever, daemon=True)
    thread.start()
    try:
        yield kept, Prometheus(PrometheusApi("prod", f"http://127.0.0.1:{http.server_port}"))
    finally:
        http.shutdown()
        http.server_close()


def series(labels: dict[str, str], times: list[float], value: Callable[[float], str] = lambda _: "1") -> dict[str, Any]:
    return {"metric": labels, "values": [[time, value(time)] for time in times]}


def test_alerts_that_fired(server: tuple[Server, Prometheus]) -> None:
    kept, prometheus = server
    labels = {"slo": "web", "slo_group": "zone=eu", "severity": "page", "tier": "fast"}
    times = [START + 15 * i for i in (1, 2, 3, 4, 100, 101)]
    kept.data["result"] = [series(labels, times), series({**labels, "tier": "slow"}, [PERIOD.end])]
    found = prometheus.fired(PERIOD)["web", "zone=eu"]
    assert [(f.since - START, f.until - START, f.open) for f in found] == [
        (0, 60, False),
        (99 * 15, 101 * 15, False),
        (3585, 3600, True),
    ]
    assert "ALERTS" in kept.asked[0]["query"]
    assert "15s" in kept.asked[0]["query"]


def test_a_month_is_asked_in_few_enough_steps(server: tuple[Server, Prometheus]) -> None:
    kept, prometheus = server
    prometheus.fired(Period(START, START + 31 * 86400, ""))
    (asked,) = kept.asked
    assert (float(asked["end"]) - float(asked["start"])) / float(asked["step"]) <= 5000


def test_evidence_is_broken_where_it_is_missing(server: tuple[Server, Prometheus]) -> None:
    kept, prometheus = server
    times = [START + 15 * i for i in (1, 2, 3, 50, 51)]
    kept.data["result"] = [series({"variant": "green"}, times, lambda t: str(t - START))]
    found = prometheus.evidence("button", "sale", 0.05, PERIOD)
    assert found is not None
    assert found.boundary == 20
    ((name, pieces),) = found.lines
    assert name == "green"
    assert [len(piece) for piece in pieces] == [3, 2]
    kept.data["result"] = []
    assert prometheus.evidence("button", "sale", 0.05, PERIOD) is None


def test_the_standing_is_once_however_many_replicas_there_are(server: tuple[Server, Prometheus]) -> None:
    kept, prometheus = server
    one = {"__name__": "experiment_variant_lift_ratio", "experiment": "e", "variant": "v", "metric": "m", "job": "w"}
    info = {"__name__": "experiment_info", "experiment": "e", "kind": "ab_test", "control": "c", "primary_metric": "m"}
    kept.data = {
        "resultType": "vector",
        "result": [
            *({"metric": {**one, "instance": i}, "value": [START, "0.25"]} for i in ("a", "b")),
            {"metric": {**info, "instance": "a", "team": "growth"}, "value": [START, "1"]},
            {"metric": {**one, "variant": "w"}, "value": [START, "NaN"]},
            {"metric": {"__name__": "variant_sessions", "instance": "a"}, "value": [START, "3"]},
        ],
    }
    found = prometheus.standing(START)
    assert [(s.name, dict(s.labels), s.value) for s in found] == [
        ("experiment_info", {**{k: v for k, v in info.items() if k != "__name__"}, "team": "growth"}, 1.0),
        ("experiment_variant_lift_ratio", {"experiment": "e", "variant": "v", "metric": "m"}, 0.25),
        ("variant_sessions", {"persona": ""}, 3.0),
    ]


def test_a_tenant_asks_for_what_is_its_own(server: tuple[Server, Prometheus]) -> None:
    kept, prometheus = server
    ours = replace(prometheus, tenant="acme")
    ours.fired(PERIOD)
    ours.evidence("button", "sale", 0.05, PERIOD)
    kept.data = {"resultType": "vector", "result": []}
    ours.standing(PERIOD.end)
    assert len(kept.asked) == 3
    assert all(',tenant="acme"}' in asked["query"] for asked in kept.asked)


def test_a_server_that_is_none_is_a_source_error(server: tuple[Server, Prometheus]) -> None:
    kept, prometheus = server
    kept.data = {"resultType": "string", "result": "?"}
    with pytest.raises(SourceError):
        prometheus.fired(PERIOD)


def test_of_a_tenant_only_its_own_series_are_asked_for(server: tuple[Server, Prometheus]) -> None:
    kept, asked = server
    acme = Prometheus(asked.api, "acme")
    acme.fired(PERIOD)
    acme.evidence("button", "conversion", 0.05, PERIOD)
    kept.data = {"resultType": "vector", "result": []}
    acme.standing(START)
    assert len(kept.asked) == 3
    assert all(query["query"].count('tenant="acme"') == 1 for query in kept.asked)
