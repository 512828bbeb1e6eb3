"""Every query of every dashboard, asked of a real Prometheus that two replicas of the exporter were scraped into."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from exporter.promql import quote
from tests.dashboards.documents import dashboards, targets
from tests.e2e.dashboard_world import END, SMALL, STEP, exposition
from winburn.servers import Servers

CHOSEN = {
    "slo": "(checkout|search)",
    "slo_group": ".*",
    "experiment": ".*",
    "metric": ".*",
    "variant": "(green)",
    "category": ".*",
    "service": ".*",
    "persona": ".*",
    "team": ".*",
}
QUERIES = [
    (uid, panel["title"], target["refId"], target["expr"], target["instant"])
    for uid, dashboard in dashboards().items()
    for panel, target in targets(dashboard)
]

NAMES = {"checkout zone=eu", "checkout zone=us", "search"}
VARIANTS, METRICS = SMALL.variants, SMALL.metrics
HIDDEN_LABELS = {"winburn-health": {"job"}}
"""The page of winburn's own health shows each process."""


def filled(expr: str, **chosen: str) -> str:
    """The query as Grafana sends it; a single choice, which is matched exactly, is no pattern."""
    # A page has one experiment and asks for it by its name; tests may choose several by a pattern.
    expr = expr.replace('="$experiment"', f'=~"{chosen.get("experiment", "button")}"')
    values = {**CHOSEN, "__range": "10m", "__rate_interval": "1m", **chosen}
    return re.sub(r"\$(\w+)", lambda match: values.get(match[1], match[0]), expr)


@pytest.fixture
def ask(prometheus: Callable[..., Any], tmp_path: Path) -> Callable[..., list[dict[str, Any]]]:
    """Ask the Prometheus a query as a panel does, with other choices if given."""
    scraped = tmp_path / "scraped.om"
    scraped.write_text(exposition(), encoding="utf-8")
    server = prometheus("scrape_configs: []\n", retention="3650d", blocks_from=scraped)

    def query(expr: str, *, instant: bool = True, **chosen: str) -> list[dict[str, Any]]:
        when = {"time": END} if instant else {"start": END - 300, "end": END, "step": STEP}
        address = f"{server.url}/api/v1/query{'' if instant else '_range'}"
        answer = requests.post(address, data={"query": filled(expr, **chosen), **when}, timeout=60).json()
        assert answer["status"] == "success", f"{expr}: {answer}"
        result: list[dict[str, Any]] = answer["data"]["result"]
        return result

    return query


def _query(title: str, ref: str) -> str:
    return next(expr for _, panel, name, expr, _ in QUERIES if (panel, name) == (title, ref))


def _check(servers: Servers, folder: Path, exprs: list[str]) -> subprocess.CompletedProcess[str]:
    rules = [{"record": f"query:{index}", "expr": filled(expr)} for index, expr in enumerate(exprs)]
    file = folder / "queries.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "queries", "rules": rules}]}), encoding="utf-8")
    check = [servers.need("promtool"), "check", "rules", file]
    return subprocess.run(check, capture_output=True, text=True, check=False)


def test_every_query_is_promql(servers: Servers, tmp_path: Path) -> None:
    marks = [each["expr"] for one in dashboards().values() for each in one["annotations"]["list"] if "expr" in each]
    exprs = [*(query[3] for query in QUERIES), *marks]
    done = _check(servers, tmp_path, exprs)
    assert done.returncode == 0, done.stderr
    assert f"{len(exprs)} rules found" in done.stdout


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("max by (name) (", "max by name ("),
        ("))", ")"),
        ("label_join(", "label_joined("),
        ("$__range", "$__interval"),
        ("topk(20, ", "topk("),
        ('"1h"', '"1h'),
    ],
)
def test_a_query_that_is_no_promql_is_found(servers: Servers, tmp_path: Path, right: str, wrong: str) -> None:
    expr = _query("Burn rate over time (1h)", "Burn")
    assert right in expr
    done = _check(servers, tmp_path, [expr.replace(right, wrong, 1)])
    assert done.returncode != 0


def test_a_matcher_that_nothing_has_leaves_a_panel_empty_and_is_found(ask: Callable[..., list[dict[str, Any]]]) -> None:
    expr = _query("Burn rate over time (1h)", "Burn")
    for right, wrong in (('window="1h"', 'window="60m"'), ("slo_group=~", 'group=~"x",slo_group=~')):
        assert right in expr
        assert ask(expr.replace(right, wrong), instant=False) == []


def test_every_query_answers_and_replicas_show_once(ask: Callable[..., list[dict[str, Any]]]) -> None:
    for uid, title, ref, expr, instant in QUERIES:
        found = ask(expr, instant=instant)
        assert found, f"{uid}, {title}, {ref} is empty: {expr}"
        for one in found:
            assert not HIDDEN_LABELS.get(uid, {"instance", "job"}) & one["metric"].keys(), (title, ref)
        if "by (name)" in expr and not expr.startswith(("min(", "max(")):
            assert sorted(one["metric"]["name"] for one in found) == sorted(NAMES), (title, ref)
        if "by (row)" in expr and uid == "winburn-experiments":
            assert len(found) == len(VARIANTS) * len(METRICS), (title, ref)


def test_nothing_known_is_not_zero(ask: Callable[..., list[dict[str, Any]]]) -> None:
    for title in ("Breached", "At risk", "No data", "Ok", "Least budget left"):
        expr = next(expr for _, panel, _, expr, _ in QUERIES if panel == title)
        assert ask(expr, slo="nobody") == [], title
        assert ask(expr, slo="()") == [], title  # what All is while there is no SLO at all
    for title in ("Killed variants", "Stalled", "No units", "Running"):
        assert ask(_query(title, "Count"), experiment="nobody") == [], title


@pytest.mark.parametrize("chosen", [("(checkout|search)", "1"), ("(search)", "0")])
def test_zero_is_zero(ask: Callable[..., list[dict[str, Any]]], chosen: tuple[str, str]) -> None:
    slos, breached = chosen
    (answer,) = ask(_query("Breached", "Count"), slo=slos)
    assert answer["value"][1] == breached


def test_computed_columns(ask: Callable[..., list[dict[str, Any]]]) -> None:
    def values(title: str, ref: str) -> set[float]:
        return {round(float(one["value"][1]), 6) for one in ask(_query(title, ref))}

    # half of the budget of 30 days left, at twice the pace: 0.5 x 30 d / 2; the forecast's median is a day
    assert values("SLOs, worst first", "Gone") == {86400}
    assert values("Health before results", "Split") == {2}
    assert values("Health before results", "Participants") == {2000}
    assert values("Results", "Evidence") == {2}
    assert values("Results", "Participants") == {1000}
    assert values("Traffic against plan", "Off") == {0.02}
    assert values("Age of the data", "Age") == {20}
    # of the primary metric alone, whatever metrics are chosen
    assert values("What next", "Verdict") == {0.25}
    # stalled: the last unit came in 1970, and the spec waits for a quarter of a second
    assert values("Health before results", "Arrivals") == {1}
    assert (values("Stalled", "Count"), values("No units", "Count")) == ({1}, {0})
    # two variants, one category, one currency: 2 x 0.25 spent, of a limit of 0.25
    assert values("Side by side", "Cost") == {0.5}
    assert values("Spent of the limit", "Value") == {2}
    assert values("Side by side", "Evidence") == {2}
    assert values("Results", "Role") == {0, 1}
    assert len(ask(_query("What next", "Next"))) == len(VARIANTS)
    assert len(ask(_query("Segments", "P"))) == len(VARIANTS) * len(METRICS)


def test_every_column_of_content_has_the_rows_of_its_table(ask: Callable[..., list[dict[str, Any]]]) -> None:
    for title, rows in (("Variants now", 3), ("Kill feed", 2), ("Fatigue of patterns", 3)):
        keys = {
            ref: {one["metric"]["row"] for one in ask(expr)}
            for _, panel, ref, expr, _ in QUERIES
            if panel == title and "by (row" in expr
        }
        assert len(keys) >= 3, title
        assert {len(found) for found in keys.values()} == {rows}, title
        assert len({frozenset(found) for found in keys.values()}) == 1, title
    assert {one["value"][1] for one in ask(_query("Variants now", "Against"))} == {"1.25"}
    assert {one["value"][1] for one in ask(_query("Kill feed", "Killed"))} == {str((END - 60) * 1000)}
    assert ask(_query("Kill feed", "Killed"), persona="nobody") == []
    assert {one["value"][1] for one in ask(_query("Processes running", "Count"))} == {"2"}


def test_a_budget_is_gone_at_the_burn_rate_where_that_is_sooner_or_nothing_is_foretold(
    ask: Callable[..., list[dict[str, Any]]],
) -> None:
    gone = _query("SLOs, worst first", "Gone")
    without = gone.replace('forecast_quantile="0.5"', 'forecast_quantile="none"')
    assert without != gone
    for expr in (without, gone.replace("- time()", "- time() + 1e9")):
        assert {float(one["value"][1]) for one in ask(expr)} == {0.5 * 2592000 / 2}
    assert {float(one["value"][1]) for one in ask(gone.replace("<= 0)", "<= 1)"))} == {0}


def test_a_group_is_shown_alone_and_an_slo_without_groups_under_all(ask: Callable[..., list[dict[str, Any]]]) -> None:
    expr = _query("SLOs, worst first", "Budget")
    for group, names in ((".*", NAMES), ("(zone=eu)", {"checkout zone=eu"}), ("", {"search"})):
        assert {one["metric"]["name"] for one in ask(expr, slo_group=group)} == names


def test_bands_are_of_the_chosen_variant_and_the_primary_metric(ask: Callable[..., list[dict[str, Any]]]) -> None:
    for title in ("Lift of $variant", "Worth per day of $variant"):
        for ref in ("Lower", "Middle", "Upper"):
            (line,) = ask(_query(title, ref), instant=False)
            assert line["metric"]["variant"] == "green"


def test_the_best_and_the_worst_are_the_ends_of_the_win_ratio(ask: Callable[..., list[dict[str, Any]]]) -> None:
    best, worst = (_query("Side by side", ref) for ref in ("Best", "Worst"))
    (green,) = ask(best.replace("win_ratio{", "win_ratio{variant!='blue',"))
    assert green["metric"] == {"experiment": "button", "best": "green"}
    assert [one["metric"].keys() for one in ask(worst)] == [{"experiment", "worst"}]


def test_an_experiment_without_units_is_said_to_have_none(ask: Callable[..., list[dict[str, Any]]]) -> None:
    def gone(expr: str) -> str:
        return expr.replace("experiment_last_participant_timestamp_seconds", "nothing")

    assert [one["value"][1] for one in ask(gone(_query("Health before results", "Arrivals")))] == ["2"]
    for title, number in (("Stalled", "0"), ("No units", "1")):
        assert [one["value"][1] for one in ask(gone(_query(title, "Count")))] == [number], title


def test_no_two_queries_of_a_table_bring_the_same_column(ask: Callable[..., list[dict[str, Any]]]) -> None:
    """Grafana would call the second one ``currency 1``, and the table would show the wrong one, or none."""
    for uid, dashboard in dashboards().items():
        for panel in dashboard["panels"]:
            keys = [s["options"]["byField"] for s in panel.get("transformations", []) if s["id"] == "joinByField"]
            seen: set[str] = set()
            for target in panel["targets"] if keys else []:
                if target["instant"]:
                    found = ask(target["expr"])
                    labels = {label for one in found for label in one["metric"]} - {keys[0]}
                    assert not seen & labels, (uid, panel["title"], target["refId"])
                    assert all(keys[0] in one["metric"] for one in found), (uid, panel["title"], target["refId"])
                    seen |= labels
            shown = {
                name
                for s in panel.get("transformations", [])
                if s["id"] == "organize"
                for name in s["options"]["renameByName"]
            }
            # "Value" is what Grafana calls the number of a query that answers alone.
            named = {name for name in shown if "#" not in name} - {"Value"}
            if keys and "ALERTS" not in panel["targets"][0]["expr"]:  # no alert has all labels that an alert can have
                assert named <= seen | {keys[0]}, (uid, panel["title"], named - seen)


def test_a_silence_names_the_labels_that_the_alert_has_and_no_others(ask: Callable[..., list[dict[str, Any]]]) -> None:
    (alert,) = ask(_query("Firing alerts of experiments", "Since"))
    assert alert["metric"]["silence"] == 'alertname="ExperimentEarlyKill",experiment="button",variant="green"'
    (of_slo,) = ask(_query("Firing alerts", "Since"))
    assert of_slo["metric"]["silence"] == 'alertname="SLOErrorBudgetBurn",slo="search"'
    assert float(alert["value"][1]) == (END - 300) * 1000


@pytest.mark.parametrize("value", ["zone=a b&c#d%20", 'zone=a",alertname=~".+', "zone=\\", 'x"\n"'])
def test_no_value_of_a_label_ends_the_matcher_of_a_silence(
    ask: Callable[..., list[dict[str, Any]]], value: str
) -> None:
    expr = _query("Firing alerts", "Since")
    (fires,) = set(re.findall(r"\(ALERTS_FOR_STATE\{[^}]*\} and ignoring \(alertstate\) ALERTS\{[^}]*\}\)", expr))
    (of_slo,) = ask(expr.replace(fires, f'label_replace({fires}, "slo_group", {quote(value)}, "", "")'))
    assert of_slo["metric"]["slo_group"] == value
    told = "(write it here: it has quotes)" if {'"', "\\"} & {*value} else value
    assert of_slo["metric"]["silence"] == f'alertname="SLOErrorBudgetBurn",slo="search",slo_group="{told}"'


def test_only_what_fires_is_listed_with_its_beginning(ask: Callable[..., list[dict[str, Any]]]) -> None:
    (alert,) = ask(_query("Firing alerts", "Since"))
    assert alert["metric"]["alertname"] == "SLOErrorBudgetBurn"
    assert float(alert["value"][1]) == (END - 300) * 1000
    assert ask(_query("Firing alerts", "Since"), slo="(checkout)") == []
    (acknowledged,) = ask(_query("Firing alerts", "Until"))
    assert acknowledged["metric"] == {"alert": alert["metric"]["alert"], "acknowledged_by": "bert"}
    assert float(acknowledged["value"][1]) == (END + 120) * 1000
