"""The dashboards over a real exporter: it serves the demo's shop, a real Prometheus scrapes it, and Grafana's own code
shows what that answers."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import requests

from tests.dashboards.documents import Json, dashboards
from tests.e2e.exporter import serving_shop
from tests.e2e.grafana_contract import problems
from tests.e2e.test_dashboard_queries import filled
from tests.grafana_npm import installed_or_skip, run

SCRAPE = """\
global: {{scrape_interval: 1s}}
scrape_configs:
  - job_name: winburn
    static_configs: [{{targets: ["{target}"]}}]
"""


def test_what_a_real_exporter_says_is_shown(prometheus: Callable[..., Any], tmp_path: Path) -> None:
    installed_or_skip()
    with serving_shop(tmp_path) as exporter:
        server = prometheus(SCRAPE.format(target=exporter.url.removeprefix("http://")))
        session = requests.Session()
        session.trust_env = False

        def ask(expr: str, *, instant: bool = True, **chosen: str) -> Json:
            when = {"time": now} if instant else {"start": now - 60, "end": now, "step": 1}
            address = f"{server.url}/api/v1/query{'' if instant else '_range'}"
            answer = session.post(address, data={"query": filled(expr, **chosen), **when}, timeout=60).json()
            assert answer["status"] == "success", (expr, answer)
            found: Json = answer["data"]
            return found

        # All of it at one instant, at which the exporter was scraped: a busy machine misses a scrape now and then. Two
        # seconds ago, because a scrape that is under way may still fail.
        now = time.time() - 2
        while len(ask("count_over_time(slo_status[1m]) > 3 and on () up == 1")["result"]) < 3:
            time.sleep(0.2)
            now = time.time() - 2
        of = ask("experiment_variant_participants")["result"][0]["metric"]
        one = {"slo": ".*", "variant": f"({of['variant']})"}
        chosen = {"winburn-experiment-detail": {**one, "experiment": f"({of['experiment']})"}}
        jobs = []
        for uid, page in dashboards().items():
            for panel in page["panels"]:
                asked = [each for each in panel.get("targets", ()) if "expr" in each]
                answers = {t["refId"]: ask(t["expr"], instant=t["instant"], **chosen.get(uid, one)) for t in asked}
                jobs += [{"key": f"{uid}, {panel['title']}", "panel": panel, "answers": answers}] if asked else []
    found = {}
    for job, proof in zip(jobs, run("prove.cjs", jobs), strict=True):
        silent = not any(answer["result"] for answer in job["answers"].values())
        found[job["key"]] = problems(job["panel"], proof, job["answers"], 0 if silent else 2)
    assert sum(any(answer["result"] for answer in job["answers"].values()) for job in jobs) > 80
    assert {key: wrong for key, wrong in found.items() if wrong} == {}
