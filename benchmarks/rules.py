"""What the native branch costs: the rules of 1,000 SLOs with it against those without it.

Generation and size are of all 1,000. Evaluation is the processor time that a Prometheus takes in a minute, with rules
every 15 s and native records every minute. It is measured with fewer SLOs and scaled: each has raw series, what an
exporter says, and three days of recorded rates, which take long to make for all. Two servers run side by side, so that
whatever else the machine does meets both; a third without rules shows what scraping alone costs, and is taken off.

``python -m benchmarks.rules [SLOS]``: with so many SLOs evaluated.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import requests

from alert_rules import RULES_FILE, rules_text
from benchmarks.result import Result, table
from benchmarks.static_target import served
from exporter.contract import sample, select
from exporter.contract.recorded import ROLES, of_slo, rate_name
from exporter.spec import Spec, tiers_in_force
from exporter.windows import DAY, MINUTE, PERIOD
from winburn.processes import LOOPBACK, Group, free_port, start_prometheus, wait_http
from winburn.servers import Servers, ServersUnavailable, cache_folder, fetch

SLOS = 1000
EVALUATED = 100
_PAST = 3 * DAY
_SETTLE_SECONDS = 20.0


def run(evaluated: int = EVALUATED) -> Iterator[Result]:
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
    ours, theirs = (seconds * SLOS / evaluated for seconds in _evaluated(servers, evaluated))
    yield Result(f"{what}: processor for a minute", f"{ours:.2f} s", f"{theirs:.2f} s", theirs / ours)


def _spec(count: int, *, native: bool) -> Spec:
    slos = [
        {
            "name": f"slo-{i}",
            "service": "bench",
            "objective": 99.9,
            "period": "30d",
            "sli": {
                "source": "prod",
                "total": f'requests_total{{service="{i}"}}',
                "bad": f'requests_total{{service="{i}",code="500"}}',
            },
        }
        for i in range(count)
    ]
    source = {"type": "prometheus", "url": "http://localhost:9090", "rules": native}
    return Spec.model_validate({"sources": {"prod": source}, "slos": slos})


def _generated(*, native: bool) -> tuple[str, float]:
    spec = _spec(SLOS, native=native)
    begin = time.perf_counter()
    text = rules_text(spec)
    return text, time.perf_counter() - begin


def _evaluated(servers: Servers, count: int) -> tuple[float, float]:
    """Processor seconds of a minute's evaluations of the rules with and without the native branch."""
    spec = _spec(count, native=True)
    texts = {"native": rules_text(spec), "plain": rules_text(_spec(count, native=False)), "idle": "groups: []"}
    with tempfile.TemporaryDirectory(prefix="winburn-bench-") as name, Group() as group, served(_says(spec)) as target:
        past, urls = Path(name) / "past", {}
        _past(servers, past, spec)
        for what, text in texts.items():
            folder, port = Path(name) / what, free_port()
            shutil.copytree(past, folder)
            (folder / RULES_FILE).write_text(text, encoding="utf-8")
            config = f"global: {{scrape_interval: 15s}}\nrule_files: [{RULES_FILE}]\n"
            config += f"scrape_configs: [{{job_name: all, static_configs: [{{targets: ['{LOOPBACK}:{target}']}}]}}]\n"
            process = group.add(start_prometheus(servers, folder, config, port, folder / "log"))
            urls[what] = f"http://{LOOPBACK}:{port}/metrics"
            wait_http(urls[what], 120, process)
        time.sleep(_SETTLE_SECONDS)
        before = {what: _processor_seconds(url) for what, url in urls.items()}
        time.sleep(MINUTE)
        spent = {what: _processor_seconds(url) - before[what] for what, url in urls.items()}
        return spent["native"] - spent["idle"], spent["plain"] - spent["idle"]


def _processor_seconds(url: str) -> float:
    text = requests.get(url, timeout=60).text
    return float(next(line for line in text.splitlines() if line.startswith("process_cpu_seconds_total ")).split()[1])


def _says(spec: Spec) -> str:
    """The raw series, and what an exporter would say of them."""
    lines = []
    for i, slo in enumerate(spec.slos):
        lines += [f'requests_total{{service="{i}",code="{code}"}} 1000' for code in ("200", "500")]
        windows = sorted({window for tier, _ in tiers_in_force(slo) for window in (tier.long, tier.short)})
        samples = [sample("slo_status", 0, slo=slo.name), sample("slo_events", 1000, slo=slo.name, window=PERIOD)]
        for window in windows:
            samples += [sample(f"slo_burn_{what}", 0.5, slo=slo.name, window=window) for what in ("rate", "p_value")]
        lines += [f"{select(each.name, **dict(each.labels))} {each.value}" for each in samples]
    return "\n".join([*lines, ""])


def _past(servers: Servers, folder: Path, spec: Spec) -> None:
    """Three days of recorded rates, as blocks."""
    folder.mkdir()
    last, steps = time.time() // MINUTE * MINUTE - MINUTE, _PAST // MINUTE
    with (folder / "past.txt").open("w") as file:
        for role, value in zip(ROLES, ("100", "0.05"), strict=True):
            name = rate_name(role)
            file.write(f"# TYPE {name} gauge\n")
            for slo in spec.slos:
                series = of_slo(name, slo.name)
                file.writelines(f"{series} {value} {last - i * MINUTE}\n" for i in range(steps, -1, -1))
        file.write("# EOF\n")
    make = [servers.need("promtool"), "tsdb", "create-blocks-from", "openmetrics", file.name, folder / "data"]
    subprocess.run(make, check=True, capture_output=True)


if __name__ == "__main__":
    print(table([*run(*map(int, sys.argv[1:]))]))
