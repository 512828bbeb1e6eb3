"""What each query of the dashboards costs on a Prometheus with 1,000 SLOs and 1,000 experiments of three variants.

What graphs of the chosen read has ``--hours`` of history, a sample every two minutes; the rest has the last five
minutes. Longer ranges are asked as that history with as many steps, which costs the same but for the samples between
the steps. Every query is asked as Grafana asks it: all SLOs and experiments chosen (one, where the page has one), each
dashboard's own range, a step of one seven-hundredth of it.

Shown are the processor time of Prometheus, its own time of evaluating (``stats`` of its query API) and the wall time.
On a loaded machine the last two say more of the load than of the query, so the bar, 1 s, is for the processor time;
what takes more than a quarter of that is asked three times, and the cheapest counts.

``python -m benchmarks.dashboards [--slos N] [--experiments N] [--hours N] [--only DASHBOARD]``. By hand: it takes
minutes.
"""

from __future__ import annotations

import argparse
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


@dataclass(frozen=True, slots=True)
class Query:
    """A query as Grafana sends it, over the last ``since`` seconds; ``step`` None asks for now only."""

    where: str
    expr: str
    since: float
    step: float | None


@dataclass(frozen=True, slots=True)
class Cost:
    """Wall, evaluation and processor time of a query in seconds, and the series it gave."""

    query: Query
    wall: float
    evaluated: float
    processor: float
    series: int

    def line(self) -> str:
        """The cost for a reader."""
        times = f"{self.processor:6.2f} s cpu {self.evaluated:7.3f} s eval {self.wall:7.3f} s wall"
        return f"{times} {self.series:6,} series  {self.query.where}{'  OVER' if self.processor > BAR else ''}"


@dataclass(frozen=True, slots=True)
class Asked:
    """What is measured: a site, seconds of history up to ``end``, and dashboards whose uid begins with ``only``."""

    site: Site
    history: int
    end: int
    only: str


def main(arguments: Sequence[str]) -> int:
    """Print what each query takes, the worst and the variables; 1 where one is over the bar."""
    asked = _asked(arguments, time.time())
    servers = fetch(cache_folder(os.environ), os.environ, lambda line: print(line, file=sys.stderr))
    with tempfile.TemporaryDirectory() as folder, Group() as running:
        count = _fill(servers, Path(folder), asked)
        port = free_port()
        server = running.add(
            start_prometheus(servers, Path(folder), "scrape_configs: []\n", port, Path(folder) / "log", "3650d")
        )
        url = f"http://{LOOPBACK}:{port}"
        wait_http(f"{url}/-/ready", 120, server)
        print(f"{count:,} series; {asked.site.slos:,} SLOs, {asked.site.experiments:,} experiments", flush=True)
        costs = []
        for query in _queries(asked):
            costs.append(_cost(url, query, asked.end, server.popen.pid))
            print(costs[-1].line(), flush=True)
        variables = [_variable(url, where, definition, asked) for where, definition in _variables(asked)]
    print(f"the ten dearest of {len(costs)} queries; load average {os.getloadavg()[0]:.1f}")
    for each in sorted(costs, key=lambda each: -each.processor)[:10]:
        print(each.line())
    print("variables")
    for seconds, where, found in sorted(variables, reverse=True):
        print(f"  {seconds:6.3f} s wall  {where}: {found:,} values")
    return int(any(each.processor > BAR for each in costs) or any(seconds > BAR for seconds, _, _ in variables))


def _asked(arguments: Sequence[str], now: float) -> Asked:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.dashboards")
    parser.add_argument("--slos", type=int, default=1000)
    parser.add_argument("--experiments", type=int, default=1000)
    parser.add_argument("--hours", type=int, default=2, help="history, in steps of 2")
    parser.add_argument("--only", default="winburn-", metavar="DASHBOARD", help="uid, or how it begins")
    given = parser.parse_args(arguments)
    end = int(now) // _BLOCK * _BLOCK - 2 * MINUTE
    return Asked(Site(given.slos, given.experiments), given.hours * HOUR, end, given.only)


# --- The data.


def _fill(servers: Servers, folder: Path, asked: Asked) -> int:
    """Blocks of the history; a file for each two hours, which is what promtool makes a block of."""
    every, drawn, rest = list(series(asked.site)), [], []
    of_all, of_one, end = _drawn(_LISTS, asked), _drawn(("",), asked), asked.end
    for each in every:
        long = '"period"' in each[1] or (bool(_WINDOW.search(each[1])) and each[2] > 0)
        wanted = of_all if each[2] else of_one
        (drawn if each[0] in wanted and not long else rest).append(each)
    print(f"{len(drawn):,} series with a history", flush=True)
    for start in range(end + 2 * MINUTE - asked.history, end, _BLOCK):
        last = start + _BLOCK > end
        with (folder / "filled.om").open("w", encoding="utf-8") as file:
            file.writelines(lines(drawn, range(start, min(start + _BLOCK, end + 1), _SPACING)))
            if last:
                file.writelines(lines(rest, range(end - 4 * MINUTE, end + 1, MINUTE)))
            file.write("# EOF\n")
        make = [servers.need("promtool"), "tsdb", "create-blocks-from", "openmetrics", file.name, folder / "data"]
        subprocess.run(make, check=True, stdout=subprocess.DEVNULL)
    return len(every)


# --- The queries.


def _dashboards(only: str) -> Iterator[dict[str, Any]]:
    made = (json.loads(text) for name, text in generate(Spec()).items() if name.endswith(".json"))
    yield from (each for each in made if each["uid"].startswith(only))


def _drawn(uids: tuple[str, ...], asked: Asked) -> set[str]:
    """Words of the queries over time, families among them, of the dashboards that begin so."""
    shown = [query.expr for query in _queries(asked) if query.step and query.where.startswith(uids)]
    return set(re.findall(r"\w+", " ".join(shown)))


def _queries(asked: Asked) -> Iterator[Query]:
    """Every query of every panel, and of the annotations."""
    for dashboard in _dashboards(asked.only):
        wide = parse_duration(dashboard["time"]["from"].removeprefix("now-"))
        since = min(wide, asked.history)
        shrunk = since / wide
        step = max(15.0, wide / POINTS) * shrunk
        chosen = _chosen(dashboard, asked.site) | {
            "__range": f"{since:.0f}s",
            "__rate_interval": f"{max(4 * step, 4 * _SPACING):.0f}s",
            "__interval": f"{step:.0f}s",
        }
        for panel in dashboard["panels"]:
            for target in panel.get("targets", []):
                if "expr" in target:
                    where = f"{dashboard['uid']}: {panel['title']} ({target['refId']})"
                    finest = max(step, parse_duration(target.get("interval") or "15s") * shrunk)
                    yield Query(where, _filled(target["expr"], chosen), since, None if target["instant"] else finest)
        for each in dashboard["annotations"]["list"]:
            if "expr" in each:
                where = f"{dashboard['uid']}: annotation {each['name']}"
                yield Query(
                    where, _filled(each["expr"], chosen), since, max(parse_duration(each["step"]) * shrunk, step)
                )


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


def _variables(asked: Asked) -> Iterator[tuple[str, str]]:
    for dashboard in _dashboards(asked.only):
        for variable in dashboard["templating"]["list"][1:]:
            yield f"{dashboard['uid']}: {variable['name']}", variable["definition"]


# --- Asking.


def _cost(url: str, query: Query, end: int, pid: int) -> Cost:
    form: dict[str, Any] = {"query": query.expr, "stats": "all"}
    if query.step is None:
        path, form["time"] = "query", end
    else:
        path = "query_range"
        form |= {"start": end - query.since, "end": end, "step": query.step}
    found: list[Cost] = []
    while not found or (len(found) < _TIMES and found[0].processor > BAR / 4):
        began, used = time.perf_counter(), _processor(pid)
        answer = requests.post(f"{url}/api/v1/{path}", data=form, timeout=120).json()
        wall, processor = time.perf_counter() - began, _processor(pid) - used
        if answer["status"] != "success":
            raise RuntimeError(f"{query.where}: {answer['error']}")
        data = answer["data"]
        found.append(Cost(query, wall, data["stats"]["timings"]["evalTotalTime"], processor, len(data["result"])))
    return min(found, key=lambda each: each.processor)


def _processor(pid: int) -> float:
    """Processor seconds of the process so far (proc(5), utime and stime)."""
    used = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(used[11]) + int(used[12])) / os.sysconf("SC_CLK_TCK")


def _variable(url: str, where: str, definition: str, asked: Asked) -> tuple[float, str, int]:
    match = re.fullmatch(r"label_values\((.*), (\w+)\)", definition)
    if match is None:
        raise RuntimeError(f"{where}: {definition}")
    dashboard = next(each for each in _dashboards(asked.only) if where.startswith(f"{each['uid']}: "))
    selector = _filled(match[1], _chosen(dashboard, asked.site))
    form = {"match[]": selector, "start": asked.end - asked.history, "end": asked.end}
    began = time.perf_counter()
    answer = requests.get(f"{url}/api/v1/label/{match[2]}/values", params=form, timeout=120).json()
    return time.perf_counter() - began, where, len(answer["data"])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
