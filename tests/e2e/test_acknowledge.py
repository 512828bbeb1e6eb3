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
from winburn.assemble import assemble
from winburn.cli import main
from winburn.processes import Group
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
        session.post(f"{server.url}/api/v2/alerts", json=body, timeout=5).raise_for_status()


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
    wait_for(lambda: shown(path), 20)
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
        (["SLOErrorBudgetBurn", "--slo", "b", "--for", "1h", "--comment", "x"], "no slo 'b'; it has a"),
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
