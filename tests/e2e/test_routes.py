"""Who gets what, by the real amtool and Alertmanager of this machine's Debian and of sid."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import requests
import yaml

from alert_rules import ALERTMANAGER_FILE, RULES_FILE, generate
from alert_rules.mimir import mimir_files
from exporter.alerts import ALERTS
from exporter.spec import Spec
from tests.alert_rules.example import EVERY_RECEIVER, spec
from tests.e2e.conftest import Running, alertmanager_starter
from tests.e2e.webhook import Webhook
from winburn.processes import Group
from winburn.servers import Servers

SERIES = {
    "ExperimentEarlyKill": {"variant": "green"},
    "ExperimentDecided": {"variant": "green", "metric": "conversion"},
    "WinburnSourceDown": {"source": "prod"},
    "WinburnCollectorFailing": {"collector": "slo:prod", "source": "prod"},
    "WinburnDataStale": {"collector": "slo:prod", "source": "prod"},
    "WinburnSeriesDropped": {"family": "slo_burn_rate"},
}
"""Labels that an alert has from its series."""


@pytest.fixture(params=["machine", "sid"])
def chosen(request: pytest.FixtureRequest, both_alertmanagers: Callable[[str], Servers]) -> Servers:
    return both_alertmanagers(request.param)


def version(servers: Servers) -> str:
    done = subprocess.run([servers.need("amtool"), "--version"], capture_output=True, text=True, check=True)
    found = re.search(r"version (\d+\.\d+)", done.stdout + done.stderr)
    assert found
    return found[1]


def for_version(one: Spec, which: str) -> Spec:
    return one.model_copy(update={"alerting": one.alerting.model_copy(update={"alertmanager_version": which})})


def amtool(servers: Servers, *words: object) -> tuple[int, str]:
    command = [servers.need("amtool"), *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def test_every_receiver_is_accepted_by_the_version_that_the_spec_names(chosen: Servers, tmp_path: Path) -> None:
    which = version(chosen)
    for name, text in generate(for_version(EVERY_RECEIVER, which)).items():
        (tmp_path / name).write_text(text)
    code, said = amtool(chosen, "check-config", tmp_path / ALERTMANAGER_FILE)
    assert code == 0, said
    assert "1 templates" in said
    config = yaml.safe_load((tmp_path / ALERTMANAGER_FILE).read_text())
    kinds = {key for receiver in config["receivers"] for key in receiver} - {"name"}
    newer = which not in ("0.25", "0.26", "0.27")
    assert ("msteamsv2_configs" in kinds) == newer
    assert {"slack_configs", "pagerduty_configs", "opsgenie_configs", "email_configs"} <= kinds


def test_what_is_too_new_is_refused_by_an_old_one_as_the_file_says(servers: Servers, tmp_path: Path) -> None:
    """So that to leave it out is needed at all."""
    if version(servers) != "0.25":
        pytest.skip("this machine's Alertmanager is not 0.25")
    (tmp_path / "a.yml").write_text(generate(EVERY_RECEIVER)[ALERTMANAGER_FILE])
    code, said = amtool(servers, "check-config", tmp_path / "a.yml")
    assert code != 0
    assert "field url_file not found" in said
    assert "field msteamsv2_configs not found" in said


def test_mimirs_configuration_is_whole_once_the_secrets_are_in(
    both_alertmanagers: Callable[[str], Servers], tmp_path: Path
) -> None:
    text = re.sub(r"\$\{WINBURN_\w+\}", "https://secret.example/", mimir_files(EVERY_RECEIVER)[ALERTMANAGER_FILE])
    (tmp_path / "a.yml").write_text(text)
    code, said = amtool(both_alertmanagers("sid"), "check-config", tmp_path / "a.yml")
    assert code == 0, said


def alerts_of(one: Spec) -> list[dict[str, str]]:
    """The labels with which each alert that the spec can raise reaches Alertmanager."""
    groups = yaml.safe_load(generate(one)[RULES_FILE])["groups"]
    grouped = {"slo_group": "kind=a,zone=b", "kind": "a", "zone": "b"}
    return [
        {
            "alertname": rule["alert"],
            **SERIES.get(rule["alert"], {}),
            **(grouped if '"slo_group"' in rule["expr"] else {}),
            **{name: value for name, value in rule["labels"].items() if name != "note"},
        }
        for group in groups
        for rule in group["rules"]
        if "alert" in rule
    ]


def wanted(labels: dict[str, str]) -> str:
    """Who must be told, said anew."""
    if labels["alertname"] == "WinburnWatchdog":
        return "heartbeat"
    kill = labels["alertname"] == "ExperimentEarlyKill"
    role = "experiment" if kill or labels["severity"] == "info" else labels["severity"]
    if labels.get("team") == "payments":
        return f"payments-{role}"
    if (labels.get("zone"), labels.get("kind"), role) == ("b", "a", "page"):
        return "edge-eu-page"
    return role


def test_every_alert_reaches_its_receiver_and_its_team(chosen: Servers, tmp_path: Path) -> None:
    path = tmp_path / ALERTMANAGER_FILE
    path.write_text(generate(for_version(EVERY_RECEIVER, version(chosen)))[ALERTMANAGER_FILE])
    alerts = alerts_of(EVERY_RECEIVER)
    assert {labels["alertname"] for labels in alerts} == set(ALERTS)
    seen = set()
    for labels in alerts:
        receiver = wanted(labels)
        pairs = [f"{name}={value}" for name, value in labels.items()]
        code, said = amtool(
            chosen, "config", "routes", "test", f"--config.file={path}", f"--verify.receivers={receiver}", *pairs
        )
        assert code == 0, (labels, said)
        seen.add(receiver)
    assert seen == {
        "page",
        "ticket",
        "experiment",
        "heartbeat",
        "payments-page",
        "payments-ticket",
        "payments-experiment",
        "edge-eu-page",
    }


def test_tickets_wait_while_muted_and_pages_do_not(
    chosen: Servers, group: Group, tmp_path: Path, webhook: Webhook
) -> None:
    given = {role: {"webhook": f"{webhook.url}{role}"} for role in ("page", "ticket", "experiment")}
    always = {"name": "always", "times": [{}]}
    one = spec(alerting={"receivers": given, "mute": [always]})
    config = generate(one)[ALERTMANAGER_FILE]
    server = alertmanager_starter(chosen, group, tmp_path)(re.sub("group_wait: .*", "group_wait: 0s", config))
    ticket = {"alertname": "WinburnSeriesDropped", "family": "a", "severity": "ticket"}
    news = {"alertname": "ExperimentDecided", "experiment": "a", "severity": "info"}
    page = {"alertname": "SLOErrorBudgetBurn", "slo": "a", "severity": "page"}
    for labels in (ticket, news, page):
        post(server, labels)
    webhook.wait_for(lambda all_: [each for each in all_ if each.path == "/page"], 60)
    time.sleep(1)  # what is not muted would have come by now: nothing waits
    assert {each.path for each in webhook.received} == {"/page"}


def post(server: Running, labels: dict[str, str]) -> None:
    with requests.Session() as session:
        session.trust_env = False
        session.post(f"{server.url}/api/v2/alerts", json=[{"labels": labels}], timeout=60).raise_for_status()
