import os
from decimal import Decimal
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.spec import CsvCounts, FileSource, Spec, SpecError, SpecErrors, SqlSource, load, load_text

SOURCES = 'sources:\n  prod: {type: prometheus, url: "http://localhost:9090"}\n'


def slo(name: str) -> str:
    return (
        f"slos:\n  - name: {name}\n    service: shop\n    objective: 99.9\n    period: 30d\n"
        "    sli: {source: prod, total: requests_total, bad: errors_total}\n"
    )


EXPERIMENT = """experiments:
  - name: button
    control: blue
    variants: {blue: 0.5, green: 0.5}
    metrics: [{name: conversion, kind: proportion, source: csv}]
"""

EVERY_KEY = """
refresh: 15s
lag: 20s
max_age: 1m
limits: {groups: 20, series: 4000}
sources:
  prom:
    {type: prometheus, url: "http://localhost:9090", headers: {X-Scope-OrgID: a}, token_file: t, timeout: 10s}
  base: {type: sql, url: "sqlite:///data.db", timeout: 1m30s}
  secret: {type: sql, url_file: /run/secrets/url}
  csv: {type: file, path: counts.csv}
slos:
  - name: api-availability
    service: api
    category: availability
    objective: 99.95
    period: 30d
    sli:
      source: prom
      total: requests_total{job="api"}
      bad: requests_total{job="api",code=~"5.."}
    no_data: page
    labels: {team: core}
    runbook: https://runbooks.example/api
    alerting: {page: [fast, medium], ticket: [slow, trickle], low_traffic_gate: 1e-4}
  - name: orders-quality
    service: orders
    objective: 99
    period: 7d
    sli:
      source: base
      sql: SELECT slot, total, good FROM orders WHERE t >= :start AND t < :end AND width = :step
  - name: web-latency
    service: web
    objective: 99
    period: {calendar: month, timezone: Europe/Berlin}
    group_by: [zone]
    sli:
      source: prom
      latency:
        histogram: http_request_duration_seconds
        threshold: 0.3
        native: false
    corrections:
      - from: 2026-11-01T22:00:00Z
        to: 2026-11-01T23:30:00Z
        reason: drill
      - rrule: FREQ=WEEKLY;BYDAY=SU
        start: "02:00"
        duration: 1h
        timezone: Europe/Berlin
        reason: maintenance
    alerting:
      tiers:
        - name: quick
          severity: page
          long: 1h
          short: 5m
          factor: 14.4
        - {name: slow, severity: ticket, long: 1d, short: 2h, budget_share: 0.1}
  - {name: probe, service: web, objective: 99.9, period: 30d, sli: {source: prom, bool: probe_success}}
  - name: queue
    service: web
    objective: 99.9
    period: 30d
    sli:
      source: prom
      slices:
        good_when: max(queue_length) < 100
        slice: 1m
  - {name: ratio, service: web, objective: 99.9, period: 30d, sli: {source: prom, ratio: 'avg_over_time(bad[$window])'}}
  - name: files
    service: web
    objective: 99.9
    period: 30d
    sli:
      source: csv
      csv: {time: slot, total: all, bad: wrong, where: {site: eu}}
  - name: shop
    service: web
    objective: 99.9
    period: 30d
    sli:
      composite:
        - slo: probe
          weight: 2
        - slo: way
  - {name: way, service: web, objective: 99.9, period: 30d, sli: {journey: [probe, queue]}}
experiments:
  - name: price-tag
    kind: bandit
    status: draft
    control: old
    variants: {old: 0.25, new: 0.75}
    metrics:
      - {name: sold, kind: proportion, role: primary, direction: increase, source: base, query: SELECT 1}
      - name: returned
        kind: proportion
        role: secondary
        direction: decrease
        source: prom
        prometheus: {exposures: shown_total, events: returned_total, by: arm}
      - {name: kept, kind: proportion, role: secondary, source: csv, csv: {n: users, time: at, where: {site: eu}}}
    alpha: 0.01
    false_discovery: all
    early_kill: {margin: 0.05, alpha: 0.01}
    labels: {team: growth}
alerting:
  alertmanager: ["http://localhost:9093", "http://localhost:9094"]
  push: true
  external_labels: {cluster: eu1}
  receivers: {page: {webhook_file: pager.url}, ticket: {webhook: "https://tickets.example/hook"}}
live: {grafana: {url: "http://localhost:3000", token_file: grafana.token}}
links: {grafana: "https://grafana.example", runbooks: "https://runbooks.example"}
state: {url: "sqlite:///state.db"}
"""


def mistakes(text: str) -> tuple[SpecError, ...]:
    """What is wrong with a text; anything but SpecErrors goes through."""
    try:
        load_text(text)
    except SpecErrors as errors:
        return errors.errors or (SpecError("", 0, "", ""),)
    return ()


def refused(text: str) -> list[str]:
    with pytest.raises(SpecErrors) as caught:
        load_text(text)
    return [str(error) for error in caught.value.errors]


def test_a_spec_with_every_supported_key_loads() -> None:
    spec = load_text(EVERY_KEY)
    first, second, *_ = spec.slos
    assert first.objective == Decimal("99.95")
    assert (first.period, spec.max_age, spec.sources["base"].timeout) == (30 * 86400, 60, 90)  # type: ignore[union-attr]
    assert first.alerting.low_traffic_gate == 1e-4
    assert second.sli.sql is not None
    assert spec.experiments[0].primary.name == "sold"
    assert (spec.limits.groups, spec.limits.series) == (20, 4000)
    assert spec.experiments[0].metrics[2].csv == CsvCounts(n="users", time="at", where={"site": "eu"})


def test_the_shortest_spec_has_the_documented_defaults() -> None:
    spec = load_text(SOURCES + slo("a"))
    assert (spec.refresh, spec.lag, spec.keep_seconds, spec.limits.series) == (15, 20, 60, 5000)
    assert spec.slos[0].alerting.page == ("fast", "medium")
    assert spec.slos[0].no_data == "ticket"


def test_a_folder_is_one_spec(tmp_path: Path) -> None:
    (tmp_path / "b.yaml").write_text(SOURCES)
    (tmp_path / "a.yml").write_text(slo("one"))
    (tmp_path / "c.yml").write_text(slo("two") + "sources:\n  csv: {type: file, path: x.csv}\n" + EXPERIMENT)
    (tmp_path / ".hidden.yml").write_text("nonsense: [")
    (tmp_path / "readme.txt").write_text("nonsense: [")
    spec = load(tmp_path)
    assert [x.name for x in spec.slos] == ["one", "two"]
    assert sorted(spec.sources) == ["csv", "prod"]


def test_mistakes_in_a_folder_name_each_file_and_both_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "spec").mkdir()
    (tmp_path / "spec" / "a.yml").write_text("refresh: 15s\n" + SOURCES + slo("one"))
    (tmp_path / "spec" / "b.yml").write_text("\nrefresh: 30s\n" + SOURCES + slo("one") + "    zzz: 1\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SpecErrors) as caught:
        load(Path("spec"))
    assert str(caught.value).splitlines() == [
        "spec/b.yml:2: refresh: 'refresh' is given already at spec/a.yml:1: keep one of them",
        "spec/b.yml:4: sources.prod: 'prod' is given already at spec/a.yml:3: keep one of them",
        "spec/b.yml:6: slos[one].name: the SLO 'one' is defined already at spec/a.yml:5; rename one of them",
        (
            "spec/b.yml:11: slos[one].zzz: unknown key 'zzz'; known here: alerting, category, corrections, "
            "group_by, labels, name, no_data, objective, period, runbook, service, sli"
        ),
    ]


def test_a_file_that_cannot_be_read_hides_no_mistake_and_invents_none(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text("sources: [\n")
    (tmp_path / "b.yml").write_text(slo("one") + "    zzz: 1\n")
    (tmp_path / "c.yml").write_bytes(b"refresh: 15s\nlag: \xff\n")
    with pytest.raises(SpecErrors) as caught:
        load(tmp_path)
    assert [(Path(e.file).name, e.line, e.path) for e in caught.value.errors] == [
        ("a.yml", 2, ""),
        ("b.yml", 7, "slos[one].zzz"),
        ("c.yml", 2, ""),
    ]


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda _: None, "no such file or folder"),
        (lambda path: path.mkdir(), "no *.yml or *.yaml in this folder"),
        (lambda path: path.write_text(""), "empty: write at least"),
        (lambda path: path.write_bytes(b"a: \xfe\n"), "not UTF-8"),
        (lambda path: path.write_bytes(b"# " + b"x" * 5_000_000), "larger than 5 MB"),
    ],
)
def test_files_that_are_no_spec_are_refused_with_the_way_out(tmp_path: Path, make, said: str) -> None:
    make(tmp_path / "spec")
    with pytest.raises(SpecErrors, match=said.replace("*", r"\*")) as caught:
        load(tmp_path / "spec")
    assert str(caught.value).startswith(str(tmp_path / "spec"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_a_file_without_permission_is_refused(tmp_path: Path) -> None:
    (tmp_path / "spec.yml").write_text("refresh: 15s")
    (tmp_path / "spec.yml").chmod(0)
    with pytest.raises(SpecErrors, match="permission denied"):
        load(tmp_path / "spec.yml")


def test_a_byte_order_mark_and_windows_line_ends_are_read(tmp_path: Path) -> None:
    (tmp_path / "spec.yml").write_bytes(("\ufeff" + SOURCES + slo("one")).replace("\n", "\r\n").encode())
    assert load(tmp_path / "spec.yml").slos[0].name == "one"


def test_relative_paths_are_resolved_against_the_folder_of_their_file(tmp_path: Path) -> None:
    (tmp_path / "spec.yml").write_text(EVERY_KEY)
    spec = load(tmp_path / "spec.yml")
    prom, base, secret, csv = (spec.sources[name] for name in ("prom", "base", "secret", "csv"))
    assert isinstance(csv, FileSource)
    assert csv.path == str(tmp_path / "counts.csv")
    assert isinstance(base, SqlSource)
    assert base.url == f"sqlite:///{tmp_path}/data.db"
    assert isinstance(secret, SqlSource)
    assert secret.url_file == "/run/secrets/url"
    assert prom.token_file == str(tmp_path / "t")  # type: ignore[union-attr]
    assert spec.state.url == f"sqlite:///{tmp_path}/state.db"
    assert spec.alerting.receivers["page"].webhook_file == str(tmp_path / "pager.url")


@pytest.mark.parametrize(
    ("written", "resolved"),
    [
        ("sqlite:///a.db", "sqlite:////etc/w/a.db"),
        ("sqlite:///data/a.db?mode=ro", "sqlite:////etc/w/data/a.db?mode=ro"),
        ("sqlite+pysqlite:///a.db", "sqlite+pysqlite:////etc/w/a.db"),
        ("sqlite:///file:a.db?mode=ro&uri=true", "sqlite:///file:/etc/w/a.db?mode=ro&uri=true"),
        ("sqlite:////var/a.db", "sqlite:////var/a.db"),
        ("sqlite://", "sqlite://"),
        ("sqlite:///:memory:", "sqlite:///:memory:"),
        ("postgresql+psycopg://db/shop", "postgresql+psycopg://db/shop"),
    ],
)
def test_urls_of_sqlite_files_are_resolved_and_others_left_alone(written: str, resolved: str) -> None:
    spec = load_text(f'state: {{url: "{written}"}}\n', folder=Path("/etc/w"))
    assert spec.state.url == resolved


def test_writing_the_default_state_down_changes_nothing() -> None:
    written = load_text('state: {url: "sqlite:///winburn-state.db"}\n', folder=Path("/etc/w"))
    assert load_text("refresh: 15s\n", folder=Path("/etc/w")).state.url == written.state.url


def test_a_metric_of_a_file_has_the_default_columns() -> None:
    spec = load_text("sources:\n  csv: {type: file, path: x.csv}\n" + EXPERIMENT)
    assert spec.experiments[0].metrics[0].csv == CsvCounts()


@pytest.mark.parametrize("objective", ["99.9", "99.95", "99.999999", "0.1", "99", "'99.90'"])
def test_objectives_are_exactly_what_is_written(objective: str) -> None:
    text = (SOURCES + slo("a")).replace("99.9", objective) + "    alerting: {page: [], ticket: []}\n"
    assert load_text(text).slos[0].objective == Decimal(objective.strip("'"))


@pytest.mark.parametrize(
    ("text", "link"),
    [
        ("refresh: 15s\n", "http://localhost:9093"),
        ('alerting: {alertmanager: ["http://me:pass@am-1:9093/am", "http://am-2:9093"]}\n', "http://am-1:9093/am"),
        ('alerting: {alertmanager: ["http://am-1:9093"]}\nlinks: {alertmanager: "https://am"}\n', "https://am"),
    ],
)
def test_people_silence_at_the_first_alertmanager_unless_the_spec_says_where(text: str, link: str) -> None:
    assert load_text(text).links.alertmanager == link


def test_files_of_receivers_are_found_from_the_specs_folder(tmp_path: Path) -> None:
    text = """\
alerting:
  smtp: {smarthost: "m:25", from: a@b, username: u, password_file: mail}
  receivers: {page: {slack: {channel: "#a", api_url_file: slack}, webhook_file: hook}}
  routes: [{name: r, match: {team: a}, receivers: {page: {teams: {webhook_url_file: teams}}}}]
"""
    alerting = load_text(text, folder=tmp_path).alerting
    page, team = alerting.receivers["page"], alerting.routes[0].receivers["page"]
    assert alerting.smtp is not None
    assert page.slack is not None
    assert team.teams is not None
    found = [alerting.smtp.password_file, page.slack.api_url_file, page.webhook_file, team.teams.webhook_url_file]
    assert found == [str(tmp_path / name) for name in ("mail", "slack", "hook", "teams")]


def test_what_is_not_supported_yet_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Spec, "NOT_YET", {"weather": "the forecast"})
    (message,) = refused("weather: fine")
    assert message.startswith("spec.yml:1: weather: ")
    assert "is not supported yet (the forecast)" in message


def test_a_tenant_is_a_name_and_no_label_of_an_slo() -> None:
    assert load_text("tenant: acme").tenant == "acme"
    assert load_text("refresh: 15s").tenant is None
    (message,) = refused("tenant: a b")
    assert message.startswith("spec.yml:1: tenant: ")
    for key in ("labels: {tenant: x}", "group_by: [tenant]"):
        (message,) = refused(SOURCES + slo("a").rstrip() + f"\n    {key}\n")
        assert "reserved" in message


def test_an_early_mistake_does_not_hide_a_later_one() -> None:
    text = SOURCES + slo("a").replace("99.9", "nought").replace("source: prod", "source: prud").replace("30d", "30")
    assert [message.split(": ")[1] for message in refused(text)] == [
        "slos[a].objective",
        "slos[a].period",
        "slos[a].sli.source",
    ]


yamlish = st.text("abcyn01.9:-{}[]'\"&*!#|>%@,\n\n\t  \\~", max_size=80)
pieces = st.sampled_from(
    [*EVERY_KEY.splitlines(keepends=True), "yes", ": ", "- ", "  ", "{", "}", "\n", ".nan", "&a ", "*a"]
)


@settings(max_examples=150, deadline=None)
@given(st.one_of(st.text(max_size=60), yamlish, st.lists(pieces, max_size=25).map("".join)))
def test_whatever_the_text_it_is_a_spec_or_spec_errors(text: str) -> None:
    assert all(error.message and error.line >= 1 for error in mistakes(text))


lines = EVERY_KEY.splitlines(keepends=True)


@settings(max_examples=150, deadline=None)
@given(
    st.integers(1, len(lines) - 1), st.sampled_from(["", "x", "[]", "{}", "5", "null", "true", "-1", "1e-400", "'a'"])
)
def test_a_spoilt_line_is_reported_at_that_line_or_around_it(at: int, value: str) -> None:
    key, colon, _ = lines[at].partition(":")
    spoilt = [*lines[:at], f"{key}{colon} {value}\n", *lines[at + 1 :]]
    assert all(error.message and 1 <= error.line <= len(lines) + 1 for error in mistakes("".join(spoilt)))


plain = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(-5, 200), st.floats(0, 1), st.sampled_from(["a", "30d", "", "prom"])
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(["name", "sli", "x"]), inner)),
    max_leaves=6,
)
KEYS = ("refresh", "limits", "sources", "slos", "experiments", "alerting", "links", "state")


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(st.sampled_from(KEYS), plain, min_size=1))
def test_any_value_under_the_known_keys_is_a_spec_or_spec_errors(value: dict[str, object]) -> None:
    assert all(error.message and error.line >= 1 for error in mistakes(yaml.safe_dump(value)))
