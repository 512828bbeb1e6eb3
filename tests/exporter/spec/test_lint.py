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
        ("token_file: token", "params: {api_key: hunter2, dedup: 'true'}"),
        ("http://localhost", "http://me:hunter2@localhost"),
        ("/hook", "/services/T0123ABCD/abcdEFGH1234hunter2"),
        ("links:", 'state: {url: "postgresql://me:hunter2@db/state"}\nlinks:'),
    )
    assert [warning.split(": ")[0] for warning in found] == [
        "sources.prod.url",
        "sources.prod.headers.Authorization",
        "sources.prod.headers.X-API-Key",
        "sources.prod.params.api_key",
        "alerting.receivers.page.webhook",
        "state.url",
    ]
    assert "hunter2" not in str(found)


def test_paths_with_a_secret_are_warned_of() -> None:
    spec = load_text("""
sources: {flags: {type: http, url: "https://flags.example", headers: {Authorization: hunter2}}}
experiments:
  - name: e
    control: a
    variants: {a: 0.5, b: 0.5}
    definition: {source: flags, path: "/e?env=live&api_key=hunter2", status: status}
    metrics: [{name: m, kind: proportion, source: flags, json: {path: "/e?token=hunter2", rows: a}}]
links: {runbooks: "https://runbooks.example"}
""")
    assert [warning.split(": ")[0] for warning in lint(spec)] == [
        "sources.flags.headers.Authorization",
        "experiments[e].metrics[m].json.path",
        "experiments[e].definition.path",
    ]
    assert "hunter2" not in str(lint(spec))


def test_unused_sources() -> None:
    assert warnings(("sources:", "sources:\n  old: {type: file, path: old.csv}")) == [
        "sources.old: no SLO and no metric uses this source"
    ]


def own(tier: str) -> tuple[str, str]:
    return "period: 30d", f"period: 30d, alerting: {{tiers: [{{name: mine, severity: page, {tier}}}]}}"


def test_own_tiers_that_never_fire_are_warned_of_with_the_arithmetic() -> None:
    assert warnings(own("long: 1h, short: 5m, factor: 14.4")) == []
    assert warnings(own("long: 1h, short: 5m, budget_share: 0.02"), ("99.9", "90")) == [
        (
            "slos[a].alerting.tiers[mine]: tier mine fires above a burn rate of 14.4, but with objective 90 the burn "
            "rate cannot exceed 10 (all events bad), so it never fires; it could with an objective above 93.06"
        )
    ]


def test_own_tiers_that_fire_while_the_objective_is_met() -> None:
    assert warnings(own("long: 3d, short: 6h, factor: 0.5")) == [
        (
            "slos[a].alerting.tiers[mine].factor: 0.5 is below 1, so that it fires while the objective is being met; 1 "
            "spends just the budget within 30d"
        )
    ]
    assert warnings(own("long: 3d, short: 6h, budget_share: 0.05")) == [
        (
            "slos[a].alerting.tiers[mine].budget_share: 0.05 x 30d / 3d is a burn rate of 0.5, less than meeting the "
            "objective allows; 1 is taken"
        )
    ]


def test_own_short_windows_hold_few_values_and_scrapes() -> None:
    assert warnings(own("long: 10m, short: 45s, factor: 14.4")) == [
        "refresh: 15s is long for the window 45s, which then holds fewer than 4 values; 5s or less is better"
    ]
    assert warnings(own("long: 10m, short: 1m, factor: 14.4"), ("sources:", "lag: 31s\nsources:")) == [
        (
            "lag: if it is 31s because metrics are scraped that seldom, the window 1m may hold fewer than two scrapes "
            "(2 x 31s = 1m2s), and nothing can be seen in it"
        )
    ]


def test_no_own_tier() -> None:
    assert warnings(("period: 30d", "period: 30d, alerting: {tiers: []}")) == [
        "slos[a].alerting: no burn alert is in force; only an exhausted budget will be told"
    ]


def corrected(correction: str) -> list[str]:
    return warnings(("period: 30d", f"period: 30d, corrections: [{{{correction}, reason: r}}]"))


def test_corrections_are_widened_to_slots() -> None:
    assert corrected("from: 2026-11-01T22:00:00Z, to: 2026-11-02T22:05:00+05:45") == []
    assert corrected('rrule: FREQ=DAILY, start: "02:05", duration: 10m') == []
    assert corrected("from: 2026-11-01T22:03:00Z, to: 2026-11-02T23:00:01+01:00") == [
        (
            "slos[a].corrections[0].from: 2026-11-01T22:03:00Z is widened to 2026-11-01T22:00:00Z: events are "
            "corrected in slots of 5m"
        ),
        (
            "slos[a].corrections[0].to: 2026-11-02T23:00:01+01:00 is widened to 2026-11-02T23:05:00+01:00: events are "
            "corrected in slots of 5m"
        ),
    ]
    assert corrected('rrule: FREQ=DAILY, start: "02:03", duration: 10m') == [
        "slos[a].corrections[0].start: 02:03 begins up to 5 minutes early: events are corrected in slots of 5m",
        "slos[a].corrections[0].duration: 10m ends up to 5 minutes late: events are corrected in slots of 5m",
    ]
    assert corrected("rrule: FREQ=DAILY, start: 2026-11-01T02:03, duration: 7m") == [
        (
            "slos[a].corrections[0].start: 2026-11-01T02:03 begins up to 5 minutes early: events are corrected in "
            "slots of 5m"
        )
    ]


def test_a_budget_of_less_than_one_slot() -> None:
    slices = ("total: a, bad: b", "slices: {good_when: a < 1, slice: 5m}")
    assert warnings(slices) == []
    assert warnings(slices, ("99.9", "99.99")) == [
        (
            "slos[a].objective: 99.99 leaves 259.2s of 30d (0.01 % of 2592000s), less than one slice of 5m, so that a "
            "single bad one breaks it; at most 99.9884 allows for one"
        )
    ]
    assert warnings(slices, ("99.9", "99.9884")) == []
    assert warnings(slices, ("99.9", "99.99"), ("30d", "50000m")) == []  # 10,000 slices: exactly one may be bad
    for kind in ("bool: up", "ratio: 'avg_over_time(a[$window])'"):
        (warning,) = warnings(("total: a, bad: b", kind), ("99.9", "99.99999"))
        assert "less than one refresh of 15s" in warning
    assert warnings(("99.9", "99.99999")) == []


def test_groups_that_a_query_does_not_give() -> None:
    def sql(query: str) -> list[str]:
        return warnings(
            ("sources:", 'sources:\n  db: {type: sql, url: "sqlite://"}'),
            ("source: prod, total: a, bad: b", f"source: db, sql: '{query}'"),
            ("period: 30d", "period: 30d, group_by: [zone]"),
        )

    assert sql("select slot, zone, total, bad where :start :end :step")[1:] == []
    assert sql("select * from x where :start :end :step")[1:] == []
    assert sql("select slot, timezone, total, bad where :start :end :step")[1:] == [
        "slos[a].group_by: the query does not mention zone; it must give a column of that name"
    ]


def test_composites_of_events_and_time() -> None:
    timed = "  - {name: b, service: a, objective: 99.9, period: 30d, sli: {source: prod, bool: up}}\n"
    both = "  - {name: c, service: a, objective: 99.9, period: 30d, sli: {composite: [{slo: a}, {slo: b}]}}\n"
    assert warnings(("links:", timed + both + "links:")) == [
        (
            "slos[c].sli.composite: events of a are added to time of b, so that the weights mean little; add up one "
            "sort alone"
        )
    ]
    assert warnings(
        (
            "links:",
            timed + both.replace("{slo: a}", "{slo: d}") + both.replace("name: c", "name: d") + "links:",
        )
    )[0].startswith("slos[d]")


def test_certificates_that_are_not_checked_are_warned_of() -> None:
    unchecked = "tls: {insecure_skip_verify: true}"
    found = warnings(
        ("token_file: token", f"token_file: token, {unchecked}"),
        ("http://localhost:9090", "https://localhost:9090"),
        ("alerting: {", f"alerting: {{alertmanager_http: {{{unchecked}}}, "),
    )
    assert [warning.split(": ")[0] for warning in found] == [
        "sources.prod.tls.insecure_skip_verify",
        "alerting.alertmanager_http.tls.insecure_skip_verify",
    ]
