"""What arrives: the generated configuration and templates in the real Alertmanager, sent to real sockets."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from alert_rules import ALERTMANAGER_FILE, TEMPLATES_FILE, generate
from alert_rules.messages import TEXTS
from alert_rules.scenario import expand
from exporter.spec import Spec
from tests.alert_rules.example import experiment, slo, spec
from tests.e2e.conftest import Running, alertmanager_starter
from tests.e2e.mail import Mailbox, receiving
from tests.e2e.webhook import Webhook
from winburn.processes import Group
from winburn.servers import Servers

SINCE = "2026-11-01T22:03:04Z"


@pytest.fixture(params=["machine", "sid"])
def alertmanager(
    request: pytest.FixtureRequest, both_alertmanagers: Callable[[str], Servers], group: Group, tmp_path: Path
) -> Callable[[str], Running]:
    """Of either Debian."""
    return alertmanager_starter(both_alertmanagers(request.param), group, tmp_path)


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with receiving() as made:
        yield made


def sending(folder: Path, webhook: Webhook, smarthost: str) -> Spec:
    """Pages to PagerDuty, tickets to mail, news to Slack; the secrets in files."""
    for name in ("slack", "pagerduty"):
        (folder / name).write_text(f"{webhook.url}{name}\n")
    return spec(
        slos=[slo("a", group_by=["zone"])],
        experiments=[experiment("button")],
        alerting={
            "smtp": {"smarthost": smarthost, "from": "winburn@example.org", "require_tls": False},
            "receivers": {
                "page": {"pagerduty": {"routing_key_file": str(folder / "pagerduty")}},
                "ticket": {"email": {"to": ["team@example.org", "boss@example.org"]}},
                "experiment": {"slack": {"channel": "#news", "api_url_file": str(folder / "slack")}},
            },
        },
    )


def started(folder: Path, one: Spec, webhook: Webhook, alertmanager: Callable[[str], Running], **pace: str) -> Running:
    files = generate(one)
    (folder / TEMPLATES_FILE).write_text(files[TEMPLATES_FILE])
    config = yaml.safe_load(files[ALERTMANAGER_FILE])
    config["templates"] = [str(folder / TEMPLATES_FILE)]
    config["global"] = {"pagerduty_url": f"{webhook.url}pagerduty"}
    for route in (config["route"], *config["route"]["routes"]):
        route |= {"group_wait": "1s", **pace}
    return alertmanager(yaml.safe_dump(config))


def alert(one: Spec, name: str, value: float, labels: dict[str, str], **match: str) -> dict[str, Any]:
    """An alert as Prometheus would send it: the first generated rule of that name with these labels."""
    rules = [
        rule
        for group in yaml.safe_load(generate(one)["winburn.rules.yml"])["groups"]
        for rule in group["rules"]
        if rule["alert"] == name and match.items() <= rule["labels"].items()
    ]
    labels = {**labels, **rules[0]["labels"], "alertname": name}
    annotations = {key: expand(text, value, labels) for key, text in rules[0]["annotations"].items()}
    return {"labels": labels, "annotations": annotations, "startsAt": SINCE}


def post(server: Running, *alerts: dict[str, Any]) -> None:
    with requests.Session() as session:
        session.trust_env = False
        session.post(f"{server.url}/api/v2/alerts", json=list(alerts), timeout=60).raise_for_status()


def test_news_on_slack(tmp_path: Path, webhook: Webhook, alertmanager: Callable[[str], Running]) -> None:
    one = sending(tmp_path, webhook, "127.0.0.1:9")
    server = started(tmp_path, one, webhook, alertmanager)
    decided = alert(
        one, "ExperimentDecided", 1, {"experiment": "button", "variant": "a <b> & c", "metric": "conversion"}
    )
    post(server, decided)
    (news,) = webhook.wait_for(lambda all_: [each for each in all_ if each.path == "/slack"], 60)
    assert news.payload["channel"] == "#news"
    (message,) = news.payload["attachments"]
    assert message["title"] == "NEWS: button: variant a <b> & c is better than blue in conversion"
    assert message["title_link"] == "http://localhost:3000/d/winburn-experiment-detail?var-experiment=button"
    text = message["text"].splitlines()
    assert text[0].startswith("Variant a &lt;b&gt; &amp; c of button is better than blue")
    assert text[-2] == "since 2026-11-01 22:03:04 UTC"
    links = text[-1].split(" · ")
    assert [link.rpartition("|")[2] for link in links] == ["runbook>", "dashboard>", "silence>"]
    assert links[2].startswith("<http://localhost:9093/#/silences/new?filter=%7Balertname%3D%22ExperimentDecided%22%2C")


def test_a_page_on_pagerduty(tmp_path: Path, webhook: Webhook, alertmanager: Callable[[str], Running]) -> None:
    one = sending(tmp_path, webhook, "127.0.0.1:9")
    server = started(tmp_path, one, webhook, alertmanager)
    post(server, alert(one, "SLOErrorBudgetBurn", 21.5, {"slo": "a", "slo_group": "zone=eu west"}, tier="fast"))
    (page,) = webhook.wait_for(lambda all_: [each for each in all_ if each.path == "/pagerduty"], 60)
    payload = page.payload["payload"]
    assert payload["summary"] == ("PAGE: a zone=eu west: error budget burns at 21.5 times the allowed rate (last 1h)")
    assert payload["severity"] == "critical"
    details = payload["custom_details"]
    assert details["since"] == "2026-11-01 22:03:04 UTC"
    assert "burned at 21.5 times the rate" in details["description"]
    assert details["runbook"].endswith("/SLOErrorBudgetBurn.md")
    assert details["dashboard"].endswith("?var-slo=a&var-slo_group=zone%3Deu+west")
    assert details["silence"].endswith("slo%3D%22a%22%2Cslo_group%3D%22zone%3Deu%20west%22%7D")
    assert page.payload["client_url"] == details["dashboard"]


def test_a_ticket_by_mail(
    tmp_path: Path, webhook: Webhook, mailbox: Mailbox, alertmanager: Callable[[str], Running]
) -> None:
    one = sending(tmp_path, webhook, mailbox.smarthost)
    server = started(tmp_path, one, webhook, alertmanager)
    mismatch = alert(one, "ExperimentSampleRatioMismatch", 0.02, {"experiment": "button"})
    post(server, mismatch)
    mail = mailbox.wait("TICKET: button: the split is broken, a share is 2% off the plan")
    assert (mail["From"], mail["To"]) == ("winburn@example.org", "team@example.org, boss@example.org")
    plain, html = (mail.get_body((kind,)) for kind in ("plain", "html"))
    assert plain is not None
    assert html is not None
    lines = plain.get_content().splitlines()
    assert "since 2026-11-01 22:03:04 UTC" in lines
    assert [line.partition(":")[0] for line in lines[-3:]] == ["runbook", "dashboard", "silence"]
    assert "<h2>TICKET: button: the split is broken, a share is 2% off the plan</h2>" in html.get_content()
    assert html.get_content().count("<a href=") == 3


def test_other_peoples_alerts_are_told_too(
    tmp_path: Path, webhook: Webhook, mailbox: Mailbox, alertmanager: Callable[[str], Running]
) -> None:
    # A busy Alertmanager may be slower than a second with the second alert: then the next message has both.
    one = sending(tmp_path, webhook, mailbox.smarthost)
    server = started(tmp_path, one, webhook, alertmanager, group_interval="1s")
    post(server, {"labels": {"alertname": "Disk", "host": "a"}}, {"labels": {"alertname": "Disk", "host": "b"}})
    mail = mailbox.wait("ALERT: Disk (2 alerts)")
    plain = mail.get_body(("plain",))
    assert plain is not None
    assert plain.get_content().count("Disk\r\nsince 20") == 2


@pytest.mark.parametrize("name", TEXTS)
def test_amtool_renders_every_text(servers: Servers, tmp_path: Path, name: str) -> None:
    """With amtool's own example alerts, which have none of our annotations."""
    (tmp_path / TEMPLATES_FILE).write_text(generate(spec())[TEMPLATES_FILE])
    text = f'{{{{ template "{name}" . }}}}'
    files = f"--template.glob={tmp_path}/*.tmpl"
    done = subprocess.run(
        [servers.need("amtool"), "template", "render", files, f"--template.text={text}"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "no value" not in done.stdout


def test_no_label_makes_a_link_of_its_own(servers: Servers, tmp_path: Path) -> None:
    """Names of content and groups come from sources; Teams and Slack read markup."""
    (tmp_path / TEMPLATES_FILE).write_text(generate(spec())[TEMPLATES_FILE])
    told = "variant [undo it](https://evil.example) <https://evil.example|undo it> <!channel> is killed"
    alert = {"labels": {"alertname": "VariantEarlyKill"}, "annotations": {"summary": "s", "description": told}}
    data = {"receiver": "r", "status": "firing", "alerts": [{**alert, "status": "firing"}]}
    (tmp_path / "data.json").write_text(json.dumps({**data, "commonAnnotations": alert["annotations"]}))
    files = (f"--template.glob={tmp_path}/*.tmpl", f"--template.data={tmp_path}/data.json")
    rendered = {
        name: subprocess.run(
            [
                *(servers.need("amtool"), "template", "render", *files),
                f'--template.text={{{{ template "winburn.{name}" . }}}}',
            ],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for name in ("markdown", "slack")
    }
    assert "[undo it] (https://evil.example)" in rendered["markdown"]
    assert "&lt;https://evil.example|undo it&gt; &lt;!channel&gt;" in rendered["slack"]
    assert "](https://evil" not in rendered["markdown"]
    assert "<" not in rendered["slack"]
