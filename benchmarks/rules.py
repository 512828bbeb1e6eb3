"""What the native branch costs: the rules of 1,000 SLOs with it against those without it.

Evaluation is measured by Prometheus itself: the seconds that each group took last, for a minute, so that groups that
are evaluated every 15 s count four times.
No raw series are there, so what is measured is what the rules cost beyond reading them.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import requests

from alert_rules import RULES_FILE, rules_text
from benchmarks.result import Result
from exporter.spec import Spec
from winburn.processes import LOOPBACK, Group, free_port, start_prometheus, wait_http
from winburn.servers import Servers, ServersUnavailable, cache_folder, fetch

SLOS = 1000
_SETTLE_SECONDS = 100.0


def run() -> Iterator[Result]:
    """Generation time, size and evaluation time, with the native branch against without it."""
    with_it, without = _generated(native=True), _generated(native=False)
    what = f"rules of {SLOS:,} SLOs, native branch; peer: without"
    yield Result(f"{what}: generated", f"{with_it[1]:.2f} s", f"{without[1]:.2f} s", without[1] / with_it[1])
    sizes = [len(text.encode()) / 1e6 for text, _ in (with_it, without)]
    yield Result(f"{what}: size", f"{sizes[0]:.1f} MB", f"{sizes[1]:.1f} MB", sizes[1] / sizes[0])
    try:
        servers = fetch(cache_folder(os.environ), os.environ, lambda line: print(line, file=sys.stderr))
    except ServersUnavailable as problem:
        print(f"evaluation of {SLOS:,} SLOs: skipped: {problem}")
        return
    ours, theirs = (_evaluated(servers, text) for text, _ in (with_it, without))
    yield Result(f"{what}: evaluated, a minute", f"{ours:.2f} s", f"{theirs:.2f} s", theirs / ours)


def _generated(*, native: bool) -> tuple[str, float]:
    slos = [
        {
            "name": f"slo-{i}",
            "service": "bench",
            "objective": 99.9,
            "period": "30d",
            "sli": {
                "source": "prod",
                "total": f'requests_total{{job="{i}"}}',
                "bad": f'requests_total{{job="{i}",code="500"}}',
            },
        }
        for i in range(SLOS)
    ]
    source = {"type": "prometheus", "url": "http://localhost:9090", "rules": native}
    spec = Spec.model_validate({"sources": {"prod": source}, "slos": slos})
    begin = time.perf_counter()
    text = rules_text(spec)
    return text, time.perf_counter() - begin


def _evaluated(servers: Servers, text: str) -> float:
    """Seconds that Prometheus needs for a minute's evaluations of these rules."""
    with tempfile.TemporaryDirectory(prefix="winburn-bench-") as name, Group() as group:
        folder, port = Path(name), free_port()
        (folder / RULES_FILE).write_text(text, encoding="utf-8")
        config = f"rule_files: ['{folder / RULES_FILE}']\n"
        process = group.add(start_prometheus(servers, folder, config, port, folder / "log", "1d"))
        url = f"http://{LOOPBACK}:{port}"
        wait_http(f"{url}/-/ready", 120, process)
        time.sleep(_SETTLE_SECONDS)  # each group has been evaluated once and more
        groups = requests.get(f"{url}/api/v1/rules", timeout=60).json()["data"]["groups"]
        return sum(float(each["evaluationTime"]) * 60 / float(each["interval"]) for each in groups)
