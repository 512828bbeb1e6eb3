from pathlib import Path

from exporter.spec import Spec, lint, load_text

QUIET = """
sources:
  prod: {type: prometheus, url: "http://localhost:9090", headers: {X-Scope-OrgID: a}, token_file: token}
slos:
  - {name: a, service: a, objective: 99.9, period: 30d, sli: {source: prod, total: a, bad: b}}
links: {runbooks: "https://runbooks.example"}
alerting: {receivers: {page: {webhook: "https://pager.example/hook"}}}
"""


def warnings(*changes: tuple[str, str]) -> list[str]:
    text = QUIET
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return lint(load_text(text, folder=Path("/etc/w")))


def test_a_good_spec_is_quiet() -> None:
    assert warnings() == []


def test_an_empty_spec_computes_nothing() -> None:
    assert lint(Spec())[0].startswith("slos: neither SLOs nor experiments")


def test_tiers_left_out_because_of_the_period() -> None:
    assert warnings(("30d", "7d")) == [
        "slos[a].alerting: tier trickle is left out: its window of 3d is more than a quarter of the period of 7d"
    ]


def test_no_tier_at_all() -> None:
    assert warnings(("period: 30d", "period: 30d, alerting: {page: [], ticket: []}")) == [
        "slos[a].alerting: no burn alert is in force; only an exhausted budget will be told"
    ]


def test_the_gate_switched_off() -> None:
    (warning,) = warnings(("period: 30d", "period: 30d, alerting: {low_traffic_gate: null}"))
    assert warning.startswith("slos[a].alerting.low_traffic_gate: off")


def test_short_windows_hold_too_few_refreshes() -> None:
    assert warnings(("sources:", "refresh: 75s\nsources:")) == []
    assert warnings(("sources:", "refresh: 100s\nsources:")) == [
        "refresh: 1m40s is long for the window 5m, which then holds fewer than 4 values; 1m15s or less is better"
    ]


def test_runbooks_not_set() -> None:
    (warning,) = warnings(('links: {runbooks: "https://runbooks.example"}\n', ""))
    assert warning.startswith("links.runbooks: not set")


def test_secrets_in_the_spec_are_warned_of_and_not_repeated() -> None:
    found = warnings(
        ("X-Scope-OrgID: a", "Authorization: Bearer hunter2, X-API-Key: hunter2, X-Scope-OrgID: a"),
        ("http://localhost", "http://me:hunter2@localhost"),
        ("/hook", "/services/T0123ABCD/abcdEFGH1234hunter2"),
        ("links:", 'state: {url: "postgresql://me:hunter2@db/state"}\nlinks:'),
    )
    assert [warning.split(": ")[0] for warning in found] == [
        "sources.prod.url",
        "sources.prod.headers.Authorization",
        "sources.prod.headers.X-API-Key",
        "alerting.receivers.page.webhook",
        "state.url",
    ]
    assert "hunter2" not in str(found)


def test_unused_sources() -> None:
    assert warnings(("sources:", "sources:\n  old: {type: file, path: old.csv}")) == [
        "sources.old: no SLO and no metric uses this source"
    ]
