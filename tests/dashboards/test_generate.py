"""What of the spec gets into the dashboards, and what does not."""

from __future__ import annotations

import json
import re

import pytest
import yaml

from dashboards import Addresses, generate
from dashboards.facts import Facts, facts
from exporter.alert_texts import silence_address
from exporter.alerts import ALERTS
from exporter.contract import DATASOURCE_UIDS
from exporter.spec import Spec
from tests.dashboards.documents import columns, dashboards, panel, targets, texts

SLI = {"source": "prod", "total": "requests_total", "bad": "errors_total"}
PROD = {"prod": {"type": "prometheus", "url": "http://prometheus:9090"}}


def _slo(name: str, period: str) -> dict[str, object]:
    return {"name": name, "service": "shop", "objective": "99.9", "period": period, "sli": SLI}


def _experiment(name: str, alpha: float) -> dict[str, object]:
    metric = {"name": "conversion", "kind": "proportion", "source": "prod"}
    return {"name": name, "control": "a", "variants": {"a": 0.5, "b": 0.5}, "metrics": [metric], "alpha": alpha}


def test_slos_are_not_written_in() -> None:
    spec = Spec.model_validate({"sources": PROD, "slos": [_slo("checkout", "30d"), _slo("search", "30d")]})
    assert generate(spec) == texts()


def test_facts_of_an_empty_spec() -> None:
    assert facts(Spec()) == Facts("15s", late=45, stale=60, period=2592000, alpha=0.05, runbooks=None)


def test_refresh_is_the_finest_step_of_graphs_and_of_the_data_source() -> None:
    files = generate(Spec.model_validate({"refresh": "30s"}))
    overview = json.loads(files["dashboards/winburn-slo-overview.json"])
    for shown, target in targets(overview):
        assert shown.get("interval") == ("30s" if any(t["range"] for t in shown["targets"]) else None), target["refId"]
    sources = yaml.safe_load(files["provisioning/datasources/winburn.yml"])["datasources"]
    assert sources[0]["jsonData"]["timeInterval"] == "30s"


@pytest.mark.parametrize(
    ("spec", "late", "stale"),
    [({"refresh": "15s"}, 45, 60), ({"refresh": "1m"}, 135, 180), ({"refresh": "15s", "max_age": "20s"}, 15, 20)],
)
def test_data_is_late_before_it_is_stale(spec: dict[str, str], late: float, stale: float) -> None:
    found = facts(Spec.model_validate(spec))
    assert (found.late, found.stale) == (late, stale)
    assert found.late < found.stale


def test_alert_lines_are_those_of_the_most_common_period() -> None:
    slos = [_slo("a", "28d"), _slo("b", "28d"), _slo("c", "90d")]
    files = generate(Spec.model_validate({"sources": PROD, "slos": slos}))
    burn = panel(json.loads(files["dashboards/winburn-slo-overview.json"]), "Burn rate over time (1h)")
    steps = burn["fieldConfig"]["defaults"]["thresholds"]["steps"]
    # 2 % of 28 days in 1 h, 5 % in 6 h, 10 % in 1 d and in 3 d (at least 1): SRE Workbook, chapter 5, scaled to 28d
    assert [step["value"] for step in steps[1:]] == pytest.approx([1, 2.8, 5.6, 13.44])
    assert [step["color"] for step in steps[1:]] == ["orange", "orange", "red", "red"]


def test_a_short_period_has_only_the_lines_of_its_tiers() -> None:
    files = generate(Spec.model_validate({"sources": PROD, "slos": [_slo("a", "7d")]}))
    burn = panel(json.loads(files["dashboards/winburn-slo-overview.json"]), "Burn rate over time (1h)")
    values = [step["value"] for step in burn["fieldConfig"]["defaults"]["thresholds"]["steps"][1:]]
    assert values == sorted(set(values))
    assert len(values) < 4


def test_tiers_that_meet_at_1_are_one_line_the_louder() -> None:
    # Of 4 days 5 % in 6 h and 10 % in 1 d are burn rates below 1; 2 % in 1 h is 1.92.
    files = generate(Spec.model_validate({"sources": PROD, "slos": [_slo("a", "4d")]}))
    burn = panel(json.loads(files["dashboards/winburn-slo-overview.json"]), "Burn rate over time (1h)")
    steps = burn["fieldConfig"]["defaults"]["thresholds"]["steps"][1:]
    assert steps == [{"value": 1, "color": "red"}, {"value": pytest.approx(1.92), "color": "red"}]


def test_evidence_line_is_one_over_alpha() -> None:
    spec = {"sources": PROD, "experiments": [_experiment("a", 0.01), _experiment("b", 0.01), _experiment("c", 0.05)]}
    files = generate(Spec.model_validate(spec))
    evidence = panel(json.loads(files["dashboards/winburn-experiments.json"]), "Evidence over time")
    assert evidence["fieldConfig"]["defaults"]["thresholds"]["steps"][1]["value"] == pytest.approx(100)
    assert "1/alpha = 100" in evidence["description"]


@pytest.mark.parametrize(
    ("runbooks", "url"),
    [("deploy/runbooks", None), ("https://wiki/runbooks/", "https://wiki/runbooks/${__value.raw}.md")],
)
def test_runbooks_are_linked_where_a_browser_can_open_them(runbooks: str, url: str | None) -> None:
    files = generate(Spec.model_validate({"links": {"runbooks": runbooks}}))
    alerts = panel(json.loads(files["dashboards/winburn-slo-overview.json"]), "Firing alerts")
    (links,) = (
        item["value"]
        for each in alerts["fieldConfig"]["overrides"]
        for item in each["properties"]
        if item["id"] == "links" and each["matcher"]["options"] == "Alert"
    )
    assert [link["url"] for link in links if link["title"] == "Runbook"] == ([url] if url else [])


def test_an_alert_is_acknowledged_as_its_own_link_does_it() -> None:
    for uid, title in (
        ("winburn-slo-detail", "Firing alerts"),
        ("winburn-experiments", "Firing alerts of experiments"),
    ):
        alerts = panel(dashboards()[uid], title)
        links = [
            link
            for o in alerts["fieldConfig"]["overrides"]
            for p in o["properties"]
            if p["id"] == "links"
            for link in p["value"]
        ]
        (silence,) = (link["url"] for link in links if link["title"] == "Acknowledge (silence)")
        own = silence_address(ALERTS["SLONoData"], Spec().links.alertmanager, lambda _: "x", grouped=True)
        assert silence.split("${")[0] == own.split("alertname")[0]
        assert any(link["title"] == "Details" for link in links)


def test_provisioning_has_fixed_uids_and_the_given_addresses() -> None:
    files = generate(Spec(), Addresses("http://p:1", "http://a:2", "/dashboards"))
    prometheus, alertmanager = yaml.safe_load(files["provisioning/datasources/winburn.yml"])["datasources"]
    assert (prometheus["uid"], prometheus["url"]) == (DATASOURCE_UIDS["prometheus"], "http://p:1")
    assert prometheus["jsonData"]["manageAlerts"] is True
    assert prometheus["jsonData"]["httpMethod"] == "POST"
    assert (alertmanager["uid"], alertmanager["url"]) == (DATASOURCE_UIDS["alertmanager"], "http://a:2")
    assert alertmanager["jsonData"]["implementation"] == "prometheus"
    (provider,) = yaml.safe_load(files["provisioning/dashboards/winburn.yml"])["providers"]
    assert provider["allowUiUpdates"] is False
    assert provider["options"]["path"] == "/dashboards"


@pytest.mark.parametrize("uid", sorted(dashboards()))
def test_what_every_dashboard_has(uid: str) -> None:
    dashboard = dashboards()[uid]
    assert dashboard["schemaVersion"] == 42
    assert dashboard["refresh"] == "5s"
    assert dashboard["tags"] == ["winburn"]
    assert dashboard["editable"] is False
    assert dashboard["annotations"]["list"][0]["datasource"]["uid"] == "-- Grafana --"
    (menu,) = dashboard["links"]
    assert (menu["type"], menu["tags"], menu["asDropdown"]) == ("dashboards", ["winburn"], True)
    assert menu["includeVars"] is menu["keepTime"] is True
    first = dashboard["templating"]["list"][0]
    assert (first["name"], first["current"]["value"]) == ("datasource", DATASOURCE_UIDS["prometheus"])


@pytest.mark.parametrize("uid", sorted(dashboards()))
def test_choices_start_with_all_but_that_of_the_detail(uid: str) -> None:
    first = {("winburn-slo-detail", "slo"): True, ("winburn-experiment-detail", "experiment"): False}
    for variable in dashboards()[uid]["templating"]["list"][1:]:
        assert variable["multi"] is first.get((uid, variable["name"]), True)
        if (uid, variable["name"]) in first:
            assert variable["includeAll"] is False
            assert "current" not in variable
            continue
        assert variable["includeAll"] is True
        assert (variable["current"]["text"], variable["current"]["value"]) == (["All"], ["$__all"])
        assert variable["query"]["query"] == variable["definition"]


def test_the_slo_choice_follows_category_team_and_service() -> None:
    by_name = {v["name"]: v for v in dashboards()["winburn-slo-overview"]["templating"]["list"]}
    assert by_name["service"]["definition"] == (
        'label_values(slo_info{category=~"$category",team=~"$team"}, slo_service)'
    )
    assert by_name["slo"]["definition"] == (
        'label_values(slo_info{slo_service=~"$service",category=~"$category",team=~"$team"}, slo)'
    )
    # "All" must mean all of these, and not every SLO there is.
    assert "allValue" not in by_name["slo"]


SLO_DASHBOARDS = ("winburn-slo-overview", "winburn-slo-detail")


@pytest.mark.parametrize("uid", SLO_DASHBOARDS)
def test_every_query_of_an_slo_follows_the_choice_of_the_group(uid: str) -> None:
    (group,) = (v for v in dashboards()[uid]["templating"]["list"] if v["name"] == "slo_group")
    assert group["definition"] == 'label_values(slo_info{slo=~"$slo"}, slo_group)'
    assert group["allValue"] == ".*"  # what an SLO without groups matches, too
    exprs = [target["expr"] for _, target in targets(dashboards()[uid])]
    exprs += [each["expr"] for each in dashboards()[uid]["annotations"]["list"] if "expr" in each]
    whole = {"slo_groups", "slo_groups_dropped", "winburn_slo_exact"}
    selectors = [found for expr in exprs for found in re.findall(r"(\w+)\{([^}]*)\}", expr)]
    for name, matchers in selectors:
        assert ("slo_group=~" in matchers) is ("slo=~" in matchers and name not in whole), (name, matchers)
    assert len(selectors) > 20


def test_the_table_of_the_overview_leads_to_the_detail_of_the_same_group() -> None:
    table = panel(dashboards()["winburn-slo-overview"], "SLOs, worst first")
    (links,) = (
        item["value"]
        for each in table["fieldConfig"]["overrides"]
        for item in each["properties"]
        if item["id"] == "links"
    )
    assert links[0]["url"].startswith("/d/winburn-slo-detail?")
    assert links[0]["url"].endswith("&var-slo=${__data.fields.SLO}&var-slo_group=${__data.fields.Group}")


def test_pages_and_corrections_are_marked_on_the_graphs_of_the_detail() -> None:
    built_in, pages, corrections = dashboards()["winburn-slo-detail"]["annotations"]["list"]
    assert built_in["builtIn"] == 1
    assert 'alertstate="firing",severity="page"' in pages["expr"]
    assert "slo_corrected_seconds" in corrections["expr"]


@pytest.mark.parametrize("uid", sorted(dashboards()))
def test_tables_fit_on_a_desk(uid: str) -> None:
    """1440 pixels less margins for 24 columns; a column without a width needs 150. One table may be scrolled."""
    widest = {"Results of each metric": 1480}
    for shown in dashboards()[uid]["panels"]:
        if shown["type"] != "table":
            continue
        rest = shown["fieldConfig"]["overrides"]
        looks = {each["matcher"]["options"]: {p["id"]: p["value"] for p in each["properties"]} for each in rest}
        names = columns(shown) - {name for name, look in looks.items() if look.get("custom.hidden")}
        needed = sum(looks.get(name, {}).get("custom.width", 150) for name in names)
        room = 1408 * shown["gridPos"]["w"] / 24
        assert needed <= widest.get(shown["title"], room) + 1, (shown["title"], needed)
        assert any("custom.width" not in looks.get(name, {}) for name in names), shown["title"]


def test_lines_are_the_same_at_every_step() -> None:
    """``topk`` over time must rank at the end: else it chooses anew at every step."""
    for uid, dashboard in dashboards().items():
        for shown, target in targets(dashboard):
            if target["range"]:
                ranked = re.split(r"\b(?:top|bottom)k\(", target["expr"])[1:]
                assert all("@ end()" in part for part in ranked), (uid, shown["title"])


def test_a_single_choice_is_matched_exactly_and_several_by_a_pattern() -> None:
    detail, listed = (json.dumps(dashboards()[f"winburn-experiment{end}"]) for end in ("-detail", "s"))
    assert r"experiment=\"$experiment\"" in detail
    assert r"experiment=~" not in detail
    assert r"experiment=~\"$experiment\"" in listed


def test_an_empty_table_of_pushes_is_not_the_first_thing_on_a_phone() -> None:
    live = {"live": {"grafana": {"url": "http://grafana:3000", "token_file": "/run/secrets/grafana"}}}
    for spec, first in (({}, "Variants now"), (live, "Variants, as they change (Grafana Live)")):
        page = json.loads(generate(Spec.model_validate(spec))["dashboards/winburn-variants-live.json"])
        assert min(page["panels"], key=lambda each: each["gridPos"]["y"])["title"] == first
