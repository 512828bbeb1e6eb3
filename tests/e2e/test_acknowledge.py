"""Acknowledging by the command, with the real Alertmanager, and what the exporter shows of it."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import requests
from click.testing import CliRunner, Result

from alert_rules import alertmanager_text, templates_text
from exporter.contract import Sample
from exporter.spec import load
from exporter.state import State
from tests.e2e.conftest import Running, alertmanager_starter
from winburn import silence
from winburn.assemble import assemble
from winburn.cli import main
from winburn.processes import LOOPBACK, Group, free_ports, start, wait_http
from winburn.servers import Servers

SPEC = """\
sources: {{prod: {{type: prometheus, url: "http://127.0.0.1:9"}}}}
slos:
  - {{name: a, service: a, objective: 99, period: 30d, sli: {{source: prod, total: t_total, bad: b_total}}}}
alerting: {{alertmanager: ["{url}"{more}]}}
"""
BURN = {"alertname": "SLOErrorBudgetBurn", "slo": "a", "slo_group": "zone=eu", "severity": "page"}


@pytest.fixture(params=["machine", "sid"])
def alertmanager(
    request: pytest.FixtureRequest, both_alertmanagers: Callable[[str], Servers], group: Group, tmp_path: Path
) -> Callable[[str], Running]:
    """Of either Debian."""
    return alertmanager_starter(both_alertmanagers(request.param), group, tmp_path)


@pytest.fixture
def server(alertmanager: Callable[[str], Running], tmp_path: Path) -> Running:
    (tmp_path / "empty.yml").write_text("slos: []\n")
    text = alertmanager_text(load(tmp_path / "empty.yml")).replace("- winburn.tmpl", f"- {tmp_path}/winburn.tmpl")
    (tmp_path / "winburn.tmpl").write_text(templates_text())
    return alertmanager(text)


def spec(tmp_path: Path, server: Running, more: str = "") -> Path:
    path = tmp_path / "winburn.yml"
    path.write_text(SPEC.format(url=server.url, more=more))
    return path


def post(server: Running, *alerts: dict[str, str]) -> None:
    with requests.Session() as session:
        session.trust_env = False
        body = [{"labels": labels} for labels in alerts]
        session.post(f"{server.url}/api/v2/alerts", json=body, timeout=60).raise_for_status()


def run(spec: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["silence", "--spec", str(spec), *arguments])


def shown(spec: Path) -> list[Sample]:
    collector = assemble(load(spec), State("sqlite://")).collectors[-1]
    assert collector.name == "alertmanager"
    reports = list(collector.collect(time.time()))
    assert not [report.error for report in reports if report.error]
    return [sample for report in reports for sample in report.samples]


def test_a_silence_is_shown_while_it_covers_an_alert_that_fires(
    server: Running, tmp_path: Path, wait_for: Callable[[Callable[[], object], float], None]
) -> None:
    path = spec(tmp_path, server)
    before = time.time()
    done = run(path, "SLOErrorBudgetBurn", "--slo", "a", "--for", "2h", "--comment", "rolling back", "--by", "me")
    assert done.exit_code == 0, done.output
    assert '{alertname="SLOErrorBudgetBurn", slo="a"} for 2h' in done.output
    assert shown(path) == [], "nothing fires yet"

    post(server, BURN, {**BURN, "slo": "b"}, {"alertname": "Other", "slo": "a"})
    wait_for(lambda: shown(path), 60)
    (sample,) = shown(path)
    assert sample.name == "alert_acknowledged_until_timestamp_seconds"
    assert dict(sample.labels) == {
        "alertname": "SLOErrorBudgetBurn",
        "acknowledged_by": "me",
        "slo": "a",
        "slo_group": "zone=eu",
    }
    assert before + 7200 - 1 <= sample.value <= time.time() + 7200

    listed = run(path, "--list")
    (name,) = re.findall(r"^([0-9a-f-]{36}) until .* by me: .* rolling back \[127\.0\.0\.1:\d+\]$", listed.output, re.M)
    assert run(path, "--expire", name).exit_code == 0
    assert shown(path) == []
    assert run(path, "--list").output == "no silence is in force\n"
    again = run(path, "--expire", name)
    assert (again.exit_code, "has ended already" in again.output) == (0, True)


def test_one_alertmanager_that_is_dead_is_named_and_the_other_is_told(server: Running, tmp_path: Path) -> None:
    path = spec(tmp_path, server, ', "http://me:hunter2@127.0.0.1:1"')
    done = run(path, "SLONoData", "--slo", "a", "--for", "1h", "--comment", "why")
    assert done.exit_code == 1
    assert "127.0.0.1:1: Alertmanager 127.0.0.1:1 does not answer: connection refused" in done.output
    assert "1 of 2 Alertmanagers could not be told" in done.output
    assert "hunter2" not in done.output
    assert "SLONoData" in run(path, "--list").output


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["SLOErrorBudgetBurn", "--for", "1h", "--comment", "x"], "would silence every SLOErrorBudgetBurn"),
        (["SLOErrorBudgetBurn", "--slo", "b", "--for", "1h", "--comment", "x"], "there is no SLO 'b'; there are: 'a'"),
        (["WinburnDown", "--slo", "a", "--for", "1h", "--comment", "x"], "not about one slo"),
        (["SLONoData", "--slo", "a", "--for", "1h"], "--for and --comment"),
        (["SLONoData", "--slo", "a", "--comment", "x"], "--for and --comment"),
        (["SLONoData", "--slo", "a", "--for", "soon", "--comment", "x"], "is not a duration"),
        (["SLONoData", "--list"], "Give one of"),
        (["SLONoDate", "--slo", "a", "--for", "1h", "--comment", "x"], "there is no alert 'SLONoDate'"),
    ],
)
def test_what_is_not_meant_is_refused_and_nothing_is_silenced(
    server: Running, tmp_path: Path, arguments: list[str], says: str
) -> None:
    path = spec(tmp_path, server)
    done = run(path, *arguments)
    assert (done.exit_code, says in " ".join(done.output.split())) == (2, True), done.output
    assert run(path, "--list").output == "no silence is in force\n"


def test_a_cluster_gets_one_silence_and_says_so(
    both_alertmanagers: Callable[[str], Servers],
    group: Group,
    tmp_path: Path,
    wait_for: Callable[[Callable[[], object], float], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Two real Alertmanagers that know each other tell each other of silences within moments."""
    monkeypatch.setattr(silence, "_GOSSIP_TRIES", 200)  # moments of a busy machine
    servers = both_alertmanagers("machine")
    http, peers = free_ports(2), free_ports(2)
    program = servers.need("alertmanager")
    for i in range(2):
        folder = tmp_path / f"member-{i}"
        folder.mkdir()
        (folder / "alertmanager.yml").write_text("route: {receiver: nobody}\nreceivers: [{name: nobody}]\n")
        command = [
            program,
            f"--config.file={folder / 'alertmanager.yml'}",
            f"--storage.path={folder / 'data'}",
            f"--web.listen-address={LOOPBACK}:{http[i]}",
            f"--cluster.listen-address={LOOPBACK}:{peers[i]}",
            f"--cluster.advertise-address={LOOPBACK}:{peers[i]}",
            f"--cluster.peer={LOOPBACK}:{peers[1 - i]}",
            "--cluster.gossip-interval=50ms",
        ]
        process = start(command, folder / "log", cwd=servers.assets(program) or folder)
        group.add(process)
        wait_http(f"http://{LOOPBACK}:{http[i]}/-/ready", 60, process)
    path = tmp_path / "winburn.yml"
    path.write_text(SPEC.format(url=f"http://{LOOPBACK}:{http[0]}", more=f', "http://{LOOPBACK}:{http[1]}"'))

    def members() -> list[int]:
        with requests.Session() as session:
            session.trust_env = False
            status = [session.get(f"http://{LOOPBACK}:{port}/api/v2/status", timeout=60).json() for port in http]
        return [len(each["cluster"].get("peers", [])) for each in status]

    wait_for(lambda: members() == [2, 2], 60)
    done = run(path, "SLONoData", "--slo", "a", "--for", "1h", "--comment", "why")
    assert (done.exit_code, "(told by the cluster)" in done.output) == (0, True), done.output
    listed = run(path, "--list").output.splitlines()
    assert [line.count(LOOPBACK) for line in listed] == [2]
    assert run(path, "--expire", listed[0].partition(" ")[0]).exit_code == 0
    wait_for(lambda: run(path, "--list").output == "no silence is in force\n", 60)
