"""winburn beside the formulas of other tools where these are wrong, on this machine's Prometheus and on Prometheus 3.

Sloth's budget is the average of 5 m ratios over the period, Pyrra counts with increase(). `pytest -s` shows the table.
"""

from __future__ import annotations

import math
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from tests.e2e.faulty_cases import (
    BIRTHS,
    BUDGET,
    CASES,
    DAY,
    END,
    GAPS,
    NEW_PODS,
    NIGHT,
    PAUSE,
    VANISHES,
    YOUNG_SERVICE,
    Case,
    write,
)
from tests.e2e.sid import fetch_sid
from winburn.processes import LOOPBACK, Group, free_port, start_prometheus, wait_http
from winburn.servers import Servers, ServersUnavailable, cache_folder

CLOSE = 1e-9
"""Samples lie on the grid of the readings, so that every event falls into the right window on both servers."""
SLO = """\
  - name: {job}
    service: {job}
    objective: 99.9
    period: 30d
    sli:
      source: prod
      total: http_requests_total{{job="{job}"}}
      bad: http_requests_total{{job="{job}",code="500"}}
"""
TIERS = (("1h", "5m", 14.4), ("6h", "30m", 6), ("1d", "2h", 3), ("3d", "6h", 1))


@dataclass(frozen=True, slots=True)
class World:
    """All cases in one Prometheus, and what `winburn once` says of them: (family, slo, window) -> value."""

    version: str
    url: str
    ours: dict[tuple[str, str, str], float]

    def spent(self, case: Case) -> float:
        return self.ours["slo_burn_rate", case.job, "period"]

    def ask(self, query: str) -> list[float]:
        with requests.Session() as session:
            session.trust_env = False  # no proxy for loopback
            answer = session.get(f"{self.url}/api/v1/query", params={"query": query, "time": str(END)}, timeout=60)
        answer.raise_for_status()
        return [float(series["value"][1]) for series in answer.json()["data"]["result"]]

    def sloth(self, case: Case) -> float:
        """Share of the budget that is spent, in the way of Sloth."""
        ratio = _ratio(case, "5m")
        (average,) = self.ask(f"sum_over_time(({ratio})[30d:5m]) / count_over_time(({ratio})[30d:5m])")
        return average / BUDGET

    def show(self, what: str, exact: str, ours: str, peer: str) -> None:
        print(f"\n| {self.version:7} | {what:44} | {exact:>8} | {ours:>8} | {peer:30} |", end="")


@pytest.fixture(scope="module", params=["here", "sid"])
def world(request: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    programs = request.getfixturevalue("servers") if request.param == "here" else sid()
    folder = tmp_path_factory.mktemp("faulty")
    past, data = write(folder / "past.txt"), folder / "data"
    # A block for each two hours would mean reading the file 360 times.
    command = [programs.need("promtool"), "tsdb", "create-blocks-from", "--max-block-duration=744h"]
    done = subprocess.run([*command, "openmetrics", past, data], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    with Group() as group:
        port = free_port()
        url = f"http://{LOOPBACK}:{port}"
        process = group.add(start_prometheus(programs, folder, "global: {}\n", port, folder / "log", "50y"))
        wait_http(f"{url}/-/ready", 60, process)
        yield World(version(url), url, once(folder / "winburn.yml", url))


def sid() -> Servers:
    try:
        return fetch_sid(cache_folder(os.environ), os.environ, lambda line: sys.stderr.write(f"{line}\n"))
    except ServersUnavailable as problem:
        pytest.skip(str(problem))


def version(url: str) -> str:
    with requests.Session() as session:
        session.trust_env = False
        return str(session.get(f"{url}/api/v1/status/buildinfo", timeout=60).json()["data"]["version"]).split("+")[0]


def once(file: Path, url: str) -> dict[tuple[str, str, str], float]:
    slos = "".join(SLO.format(job=case.job) for case in CASES)
    file.write_text(f'sources:\n  prod: {{type: prometheus, url: "{url}", timeout: 2m}}\nslos:\n{slos}')
    command = [sys.executable, "-m", "winburn", "once", str(file), "--at", str(END)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return {
        (sample.name, sample.labels.get("slo", ""), sample.labels.get("window", "")): sample.value
        for family in text_string_to_metric_families(done.stdout)
        for sample in family.samples
    }


def _rate(case: Case, window: str, more: str = "") -> str:
    return f'sum(rate(http_requests_total{{job="{case.job}"{more}}}[{window}]))'


def _ratio(case: Case, window: str) -> str:
    return f"""{_rate(case, window, ',code="500"')} / {_rate(case, window)}"""


def _percent(share: float) -> str:
    return f"{100 * share:.2f} %"


@pytest.mark.parametrize(
    ("case", "least", "most", "name"),
    [
        (NIGHT, 200, 300, "1a an hour of 50 % errors each night"),
        (DAY, 0.4, 0.6, "1b an hour of 1 % errors each day"),
        (GAPS, 20, 25, "3 the error series is there 1 h a day"),
    ],
    ids=["night", "day", "gaps"],
)
def test_requests_weigh_the_budget_and_not_minutes(
    world: World, case: Case, least: float, most: float, name: str
) -> None:
    exact, peer = case.ratio() / BUDGET, world.sloth(case)
    world.show(f"{name}: spent", _percent(exact), _percent(world.spent(case)), f"Sloth {_percent(peer)}")
    assert world.spent(case) == pytest.approx(exact, rel=CLOSE)
    assert least < peer / exact < most


def test_a_pause_of_ten_minutes_does_not_poison_a_month(world: World) -> None:
    exact, peer = PAUSE.ratio() / BUDGET, world.sloth(PAUSE)
    world.show("2 no request for 10 minutes: spent", _percent(exact), _percent(world.spent(PAUSE)), f"Sloth {peer}")
    assert world.spent(PAUSE) == pytest.approx(exact, rel=CLOSE)
    assert math.isnan(peer)


def test_a_series_born_with_an_error_has_that_error(world: World) -> None:
    ours = world.ours["slo_bad_events", BIRTHS.job, "1h"]
    peer = increase(world, BIRTHS)
    world.show("4 one error of each of 3 pods: in 1 h", "3", f"{ours:g}", f"increase() {peer:g}")
    assert ours == 3
    assert world.spent(BIRTHS) == pytest.approx(BIRTHS.ratio() / BUDGET, rel=CLOSE)
    assert peer == 0


def test_a_target_that_is_new_with_its_error_is_a_baseline(world: World) -> None:
    """The limit of the rule: such a pod may as well have been up for months and be newly discovered."""
    ours = world.ours["slo_bad_events", NEW_PODS.job, "1h"]
    peer = increase(world, NEW_PODS)
    world.show("4 the same, never scraped before (limit)", "3", f"{ours:g}", f"increase() {peer:g}")
    assert (ours, peer) == (0, 0)


def increase(world: World, case: Case) -> float:
    (found,) = world.ask(f'sum(increase(http_requests_total{{job="{case.job}",code="500"}}[1h]))')
    return found


def test_a_target_that_vanished_is_no_data(world: World) -> None:
    """Five hours ago; Prometheus shows its last sample for five minutes more, as the blocks have no stale marker."""
    covered = world.ours["slo_coverage_ratio", VANISHES.job, "6h"]
    left = 1 - world.sloth(VANISHES)
    alerts = [alert for tier in TIERS for alert in world.ask(sloth_alert(VANISHES, *tier))]
    status, ours = (world.ours[name, VANISHES.job, ""] for name in ("slo_status", "slo_error_budget_remaining_ratio"))
    world.show("7 vanished 5 h ago: measured of 6 h", _percent(1 / 6), _percent(covered), "Sloth does not say")
    peer = f"Sloth {_percent(left)}, {len(alerts)} alerts"
    world.show(f"7 the same: left (our status: {status:g})", "unknown", _percent(ours), peer)
    assert status == 3
    assert world.ours["slo_coverage_ratio", VANISHES.job, "1h"] == 0
    assert 60 / 360 <= covered <= 65 / 360
    assert (left, alerts) == (1, [])


def sloth_alert(case: Case, long: str, short: str, factor: float) -> str:
    limit = factor * BUDGET
    return f"({_ratio(case, long)}) > {limit} and ({_ratio(case, short)}) > {limit}"


def test_a_young_service_has_not_spent_a_month(world: World) -> None:
    exact = YOUNG_SERVICE.ratio() / BUDGET * 6 / 720
    ours, peer = world.spent(YOUNG_SERVICE), world.sloth(YOUNG_SERVICE)
    left = world.ours["slo_error_budget_remaining_ratio", YOUNG_SERVICE.job, ""]
    world.show(
        "8 six hours old, 0.3 % errors: left", _percent(1 - exact), _percent(left), f"Sloth {_percent(1 - peer)}"
    )
    assert exact == pytest.approx(0.025)
    assert ours == pytest.approx(exact, rel=CLOSE)
    assert left == pytest.approx(1 - exact, rel=CLOSE)
    assert 1 - peer == pytest.approx(-2, rel=0.01)
