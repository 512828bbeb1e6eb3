"""What each query of the dashboards costs on a Prometheus with 1,000 SLOs and 1,000 experiments of three variants.

What graphs of the chosen read has six hours of history, a sample every two minutes; the rest has the last five minutes.
Longer ranges are asked as six hours with as many steps, which costs the same but for the samples between the steps.
Every query is asked as Grafana asks it: all SLOs and experiments chosen (one, where the page has one), each dashboard's
own range, a step of one seven-hundredth of it. Shown is the shortest of three times, and Prometheus' processor time.

``python -m benchmarks.dashboards [SLOS [EXPERIMENTS]]``: the bar is 1 s. By hand: it takes minutes and 2 GB.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from benchmarks.dashboards_data import Site, lines, series
from dashboards import generate
from exporter.promql import parse_duration
from exporter.spec import Spec
from exporter.windows import HOUR, MINUTE
from winburn.processes import LOOPBACK, Group, free_port, start_prometheus, wait_http
from winburn.servers import Servers, cache_folder, fetch

BAR = 1.0
POINTS = 700
_TIMES = 3
_LISTS = ("winburn-slo-overview", "winburn-experiments:")
"""Pages that show everything; of the others one SLO and one experiment have a history."""
_WINDOW = re.compile(r'window="(?!1h|5m)')
_BLOCK = 2 * HOUR
_SPACING = 2 * MINUTE
_HISTORY = 6 * HOUR


@dataclass(frozen=True, slots=True)
class Query:
    """A query as Grafana sends it; ``step`` None asks for now only."""

    where: str
    expr: str
    since: float
    step: float | None


@dataclass(frozen=True, slots=True)
class Cost:
    """Shortest wall time and processor time of a query in seconds, and the series it gave."""

    query: Query
    wall: float
    processor: float
    series: int


def main(arguments: Sequence[str]) -> int:
    """Print the worst queries and what the variables take; 1 where one is over the bar."""
    slos, experiments = (*map(int, arguments), *(1000, 1000)[len(arguments) :])
    site, end = Site(slos, experiments), int(time.time()) // _BLOCK * _BLOCK - 2 * MINUTE
    servers = fetch(cache_folder(os.environ), os.environ, lambda line: print(line, file=sys.stderr))
    with tempfile.TemporaryDirectory() as folder, Group() as running:
        count = _fill(servers, Path(folder), site, end)
        port = free_port()
        server = running.add(
            start_prometheus(servers, Path(folder), "scrape_configs: []\n", port, Path(folder) / "log", "3650d")
        )
        url = f"http://{LOOPBACK}:{port}"
        wait_http(f"{url}/-/ready", 120, server)
        print(f"{count:,} series; {slos:,} SLOs, {experiments:,} experiments")
        costs = []
        for query in _queries(site):
            costs.append(_cost(url, query, end, server.popen.pid))
            print(f"{costs[-1].wall:8.3f} s  {query.where}", flush=True, file=sys.stderr)
        variables = [_variable(url, where, definition, end) for where, definition in _variables()]
    _report("the ten dearest queries", sorted(costs, key=lambda each: -each.wall)[:10])
    print("variables")
    for seconds, where, found in sorted(variables, reverse=True)[:6]:
        print(f"  {seconds:6.3f} s  {where}: {found:,} values")
    return int(any(each.wall > BAR for each in costs) or any(seconds > BAR for seconds, _, _ in variables))


def _report(title: str, costs: Sequence[Cost]) -> None:
    print(title)
    for each in costs:
        over = "  OVER" if each.wall > BAR else ""
        print(f"  {each.wall:6.3f} s  {each.processor:6.3f} s cpu  {each.series:6,} series  {each.query.where}{over}")


# --- The data.


def _fill(servers: Servers, folder: Path, site: Site, end: int) -> int:
    """Blocks of the history; a file for each two hours, which is what promtool makes a block of."""
    every, drawn, rest = list(series(site)), [], []
    of_all, of_one = _drawn(_LISTS, site), _drawn((), site)
    for each in every:
        long = '"period"' in each[1] or (bool(_WINDOW.search(each[1])) and each[2] > 0)
        wanted = of_all if each[2] else of_one
        (drawn if each[0] in wanted and not long else rest).append(each)
    for start in range((end - _HISTORY) // _BLOCK * _BLOCK, end, _BLOCK):
        last = start + _BLOCK > end
        with (folder / "filled.om").open("w", encoding="utf-8") as file:
            file.writelines(lines(drawn, range(start, min(start + _BLOCK, end + 1), _SPACING)))
            if last:
                file.writelines(lines(rest, range(end - 4 * MINUTE, end + 1, MINUTE)))
            file.write("# EOF\n")
        make = [servers.need("promtool"), "tsdb", "create-blocks-from", "openmetrics", file.name, folder / "data"]
        subprocess.run(make, check=True, stdout=subprocess.DEVNULL)
        print(".", end="", flush=True, file=sys.stderr)
    print(file=sys.stderr)
    return len(every)


# --- The queries.


def _dashboards() -> Iterator[dict[str, Any]]:
    yield from (json.loads(text) for name, text in generate(Spec()).items() if name.endswith(".json"))


def _drawn(uids: Sequence[str], site: Site) -> set[str]:
    """Words of the queries over time, families among them, of these dashboards; without any, of all."""
    shown = [query.expr for query in _queries(site) if query.step and query.where.startswith(tuple(uids) or "")]
    return set(re.findall(r"\w+", " ".join(shown)))


def _queries(site: Site) -> Iterator[Query]:
    """Every query of every panel, and of the annotations."""
    for dashboard in _dashboards():
        since = min(parse_duration(dashboard["time"]["from"].removeprefix("now-")), _HISTORY)
        step = float(max(15, since // POINTS))
        chosen = _chosen(dashboard, site) | {
            "__range": f"{since:.0f}s",
            "__rate_interval": f"{4 * step:.0f}s",
            "__interval": f"{step:.0f}s",
        }
        for panel in dashboard["panels"]:
            for target in panel.get("targets", []):
                if "expr" in target:
                    where = f"{dashboard['uid']}: {panel['title']} ({target['refId']})"
                    finest = max(step, parse_duration(target.get("interval") or "15s"))
                    yield Query(where, _filled(target["expr"], chosen), since, None if target["instant"] else finest)
        for each in dashboard["annotations"]["list"]:
            if "expr" in each:
                where = f"{dashboard['uid']}: annotation {each['name']}"
                yield Query(where, _filled(each["expr"], chosen), since, max(60.0, step))


def _chosen(dashboard: Mapping[str, Any], site: Site) -> dict[str, str]:
    """Each variable as it stands when the page opens: All, as its pattern or the list of everything, or the first."""
    found = {"datasource": "winburn"}
    for variable in dashboard["templating"]["list"][1:]:
        name = variable["name"]
        if variable["includeAll"]:
            everything = [f"slo-{number}" for number in range(site.slos)] if name == "slo" else ["a", "b"]
            found[name] = variable.get("allValue") or f"({'|'.join(everything)})"
        else:
            found[name] = f"{name}-0"
    return found


def _filled(expr: str, chosen: Mapping[str, str]) -> str:
    return re.sub(r"\$(\w+)", lambda match: chosen.get(match[1], match[0]), expr)


def _variables() -> Iterator[tuple[str, str]]:
    for dashboard in _dashboards():
        for variable in dashboard["templating"]["list"][1:]:
            yield f"{dashboard['uid']}: {variable['name']}", variable["definition"]


# --- Asking.


def _cost(url: str, query: Query, end: int, pid: int) -> Cost:
    form: dict[str, Any] = {"query": query.expr}
    if query.step is None:
        path, form["time"] = "query", end
    else:
        path = "query_range"
        form |= {"start": end - query.since, "end": end, "step": query.step}
    walls, processors, count = [], [], 0
    for _ in range(_TIMES):
        began, used = time.perf_counter(), _processor(pid)
        answer = requests.post(f"{url}/api/v1/{path}", data=form, timeout=120).json()
        walls.append(time.perf_counter() - began)
        processors.append(_processor(pid) - used)
        if answer["status"] != "success":
            raise RuntimeError(f"{query.where}: {answer['error']}")
        count = len(answer["data"]["result"])
    return Cost(query, min(walls), min(processors), count)


def _processor(pid: int) -> float:
    """Processor seconds of the process so far (proc(5), utime and stime)."""
    used = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(used[11]) + int(used[12])) / os.sysconf("SC_CLK_TCK")


def _variable(url: str, where: str, definition: str, end: int) -> tuple[float, str, int]:
    match = re.fullmatch(r"label_values\((.*), (\w+)\)", definition)
    if match is None:
        raise RuntimeError(f"{where}: {definition}")
    single = {"experiment": "experiment-0"} if '="$experiment"' in match[1] else {"experiment": ".*"}
    selector = _filled(match[1], dict.fromkeys(("category", "team", "service", "slo"), ".*") | single)
    began = time.perf_counter()
    asked = {"match[]": selector, "start": end - 6 * HOUR, "end": end}
    answer = requests.get(f"{url}/api/v1/label/{match[2]}/values", params=asked, timeout=120).json()
    return time.perf_counter() - began, where, len(answer["data"])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
