from pathlib import Path

import pytest

from exporter.spec import JsonCounts, load_text, masked, masked_url, masked_webhook

SPEC = """
lag: 0s
sources:
  prod:
    type: prometheus
    url: "https://hunter2:@prom.example/path"
    headers: {X-Scope-OrgID: team-a, Proxy-Authorization: Bearer hunter2, X-Odd: hunter2}
    params: {dedup: "true", key: hunter2}
    tls: {ca_file: ca.pem}
    basic_auth: {username: winburn, password_file: basic}
  flags: {type: http, url: "https://hunter2:@flags.example/api?key=hunter2", every: 1m, headers: {X-Key: hunter2}}
  db: {type: sql, url: "postgresql+psycopg://me:hun/ter@2@db/shop?sslmode=require&password=hunter2"}
slos:
  - name: a
    service: "1.0"
    objective: 99.95
    period: 30d
    sli: {source: prod, total: 'a{b="c"}', bad: b}
    labels: {answer: "yes", number: "1e-4", date: "2026-11-01", octal: "010", null_: "null"}
    runbook: https://me:hunter2@wiki.example/a
    alerting: {low_traffic_gate: null}
experiments:
  - name: e
    control: "on"
    variants: {"on": 0.5, "off": 0.5}
    early_kill: null
    definition: {source: flags, path: "/e?api_key=hunter2&env=live", status: status, values: {stopped: completed}}
    metrics:
      - {name: m, kind: proportion, source: db, query: select}
      - {name: j, role: secondary, kind: proportion, source: flags, json: {path: "?token=hunter2", rows: "a[?b > `1`]"}}
alerting:
  alertmanager: ["https://me:hunter2@alerts.example"]
  push: true
  receivers: {page: {webhook: "https://hooks.example/services/hunter2?x=hunter2"}}
live: {grafana: {url: "https://me:hunter2@grafana.example", token_file: grafana.token}}
state: {url: "postgresql://me:hunter2@db/state"}
"""


def test_no_secret_is_in_it_and_the_rest_is() -> None:
    text = masked(load_text(SPEC, folder=Path("/etc/w")))
    for secret in ("hunter2", "hun/ter", "ter@2", "me:h"):
        assert secret not in text
    for harmless in (
        "team-a",
        "prom.example/path",
        "/etc/w/basic",
        "/etc/w/ca.pem",
        "dedup: 'true'",
        "key: <secret>",
        "/etc/w/grafana.token",
        "@grafana.example",
        "@alerts.example",
        "@db/shop?sslmode=require",
        "hooks.example",
        "99.95",
        "path: /e?api_key=<secret>&env=live",
        "every: 1m",
    ):
        assert harmless in text


def test_a_spec_can_be_read_from_it_again() -> None:
    spec = load_text(SPEC, folder=Path("/etc/w"))
    again = load_text(masked(spec))
    assert again.slos[0].model_copy(update={"runbook": None}) == spec.slos[0].model_copy(update={"runbook": None})
    assert again.experiments[0].variants == spec.experiments[0].variants
    assert again.experiments[0].definition is not None
    assert again.experiments[0].definition.status == "status"
    assert again.experiments[0].metrics[0] == spec.experiments[0].metrics[0]
    assert again.experiments[0].metrics[1].json_counts == JsonCounts(path="?token=<secret>", rows="a[?b > `1`]")
    assert (again.lag, again.refresh) == (0, 15)
    assert masked(again) == masked(spec)


@pytest.mark.parametrize("objective", ["99", "99.9", "99.000001", "97.5"])
def test_tiers_that_a_short_period_leaves_out_are_not_shown_as_listed(objective: str) -> None:
    text = SPEC.replace("99.95", objective).replace("30d", "7d")
    shown = masked(load_text(text))
    assert "trickle" not in shown
    assert f"objective: {objective}\n" in shown
    assert masked(load_text(shown)) == shown


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://localhost:9090", "http://localhost:9090"),
        ("http://me@host/x", "http://<secret>@host/x"),
        ("postgresql://me:p@ss:w/o?rd@host:5432/db", "postgresql://<secret>@host:5432/db"),
        ("mssql://host/db?odbc_connect=PWD%3Dx", "mssql://host/db?odbc_connect=<secret>"),
        ("sqlite:////home/me@work/a.db?mode=ro", "sqlite:////home/me@work/a.db?mode=ro"),
        ("sqlite+pysqlcipher://:phrase@//a.db", "sqlite+pysqlcipher://<secret>@//a.db"),
        ("hunter2", "<secret>"),
    ],
)
def test_urls(url: str, shown: str) -> None:
    assert masked_url(url) == shown


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://hooks.example/services/T/B/x", "https://hooks.example/<secret>"),
        ("https://me:x@hooks.example:8443", "https://hooks.example:8443/<secret>"),
        ("https://hooks.example?token=x", "https://hooks.example/<secret>"),
        ("hunter2", "<secret>"),
    ],
)
def test_webhooks(url: str, shown: str) -> None:
    assert masked_webhook(url) == shown
