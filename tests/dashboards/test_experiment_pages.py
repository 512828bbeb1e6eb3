"""The list of experiments and the page of one of them."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import Any

import pytest

from dashboards import generate, words
from exporter.spec import Spec
from tests.dashboards.documents import Json, dashboards, panel, targets

LIST, DETAIL = "winburn-experiments", "winburn-experiment-detail"
ADVICE = Path(__file__).resolve().parents[2] / "exporter" / "collectors" / "experiment_advice.py"


def _links(shown: Json) -> dict[str, list[str]]:
    """Column -> addresses of its links."""
    return {
        override["matcher"]["options"]: [link["url"] for link in item["value"]]
        for override in shown["fieldConfig"]["overrides"]
        for item in override["properties"]
        if item["id"] == "links"
    }


def _mapped(shown: Json, column: str) -> set[str]:
    """Values of the column that are shown as words."""
    (found,) = (o for o in shown["fieldConfig"]["overrides"] if o["matcher"]["options"] == column)
    (mappings,) = (item["value"] for item in found["properties"] if item["id"] == "mappings")
    return set(mappings[0]["options"])


def test_every_recommendation_of_the_exporter_has_words() -> None:
    table = ast.get_docstring(ast.parse(ADVICE.read_text(encoding="utf-8"))) or ""
    rows = re.findall(r"^\| .* \| (\w+) \| ([\w, ]+) \|$", table, re.MULTILINE)
    said = {(action, reason.removeprefix("or ")) for action, reasons in rows for reason in reasons.split(", ")}
    said -= {("action", "reason")}
    assert len(said) == 15
    assert {action for action, _ in said} == set(words.ACTION)
    assert {reason for _, reason in said} == set(words.REASON)


@pytest.mark.parametrize("uid", [LIST, DETAIL])
def test_recommendations_are_shown_in_words(uid: str) -> None:
    table = panel(dashboards()[uid], "What next")
    assert _mapped(table, "What next") == set(words.ACTION)
    assert _mapped(table, "Why") == set(words.REASON)


def test_health_comes_before_results() -> None:
    for uid, health, result in ((LIST, "Health before results", "What next"), (DETAIL, "Split", "What next")):
        tops = {each["title"]: each["gridPos"]["y"] for each in dashboards()[uid]["panels"]}
        assert tops[health] < tops[result]


@pytest.mark.parametrize("title", ["Health before results", "What next", "Results", "Side by side"])
def test_an_experiment_of_the_list_leads_to_its_page(title: str) -> None:
    (address,) = _links(panel(dashboards()[LIST], title))["Experiment"]
    assert address.startswith(f"/d/{DETAIL}?")
    assert address.endswith("&var-experiment=${__data.fields.Experiment}")
    assert any(variable["name"] == "experiment" for variable in dashboards()[DETAIL]["templating"]["list"])


def test_a_guardrail_leads_to_its_slo() -> None:
    (address,) = _links(panel(dashboards()[DETAIL], "Guardrail SLOs"))["SLO"]
    assert address.startswith("/d/winburn-slo-detail?")
    assert address.endswith("&var-slo=${__data.fields.SLO:percentencode}")


@pytest.mark.parametrize("uid", [LIST, DETAIL])
def test_alerts_have_a_runbook_and_a_silence(uid: str) -> None:
    links = {"runbooks": "https://wiki/runbooks", "alertmanager": "https://am/"}
    dashboard = json.loads(generate(Spec.model_validate({"links": links}))[f"dashboards/{uid}.json"])
    runbook, silence = _links(panel(dashboard, "Firing alerts of experiments"))["Alert"]
    assert runbook == "https://wiki/runbooks/${__value.raw}.md"
    assert silence == "https://am/#/silences/new?filter=%7B${__data.fields.Silence:percentencode}%7D"


def test_one_experiment_is_chosen_and_its_variants_have_their_own_bands() -> None:
    page = dashboards()[DETAIL]
    by_name: dict[str, Any] = {variable["name"]: variable for variable in page["templating"]["list"]}
    assert (by_name["experiment"]["multi"], by_name["experiment"]["includeAll"]) == (False, False)
    assert by_name["variant"]["multi"] is True
    assert "allValue" not in by_name["variant"]  # a panel is repeated over the list of the values
    repeated = {each["title"]: each for each in page["panels"] if "repeat" in each}
    assert set(repeated) == {"Lift of $variant", "Worth per day of $variant"}
    for each in repeated.values():
        assert (each["repeat"], each["repeatDirection"], each["maxPerRow"]) == ("variant", "h", 3)
        assert each["gridPos"]["w"] == 24
        fill, _ = each["fieldConfig"]["overrides"]
        assert fill["matcher"]["options"] == "/^upper$/"
        assert {"id": "custom.fillBelowTo", "value": "lower"} in fill["properties"]
        legends = [target["legendFormat"] for target in each["targets"]]
        assert (legends[0], legends[2]) == ("lower", "upper")
        assert all('variant=~"$variant"' in target["expr"] for target in each["targets"])


def test_every_query_is_of_the_chosen_experiments_but_the_totals() -> None:
    of_all = {"All experiments by status", "Mean best win ratio", "Cost impact of all", "Age of the data"}
    for uid in (LIST, DETAIL):
        for shown, target in targets(dashboards()[uid]):
            for name, matchers in re.findall(r"(\w+)\{([^}]*)\}", target["expr"]):
                equals = "=" if uid == DETAIL else "=~"  # Grafana does not escape patterns in a single choice
                assert (
                    (f'experiment{equals}"$experiment"' in matchers) or shown["title"] in of_all or name == "ALERTS"
                ), (
                    shown["title"],
                    name,
                )


def test_lines_of_evidence_and_p_are_at_the_spec_s_alpha() -> None:
    metric = {"name": "conversion", "kind": "proportion", "source": "prod"}
    experiment = {"name": "a", "control": "x", "variants": {"x": 0.5, "y": 0.5}, "metrics": [metric], "alpha": 0.01}
    sources = {"prod": {"type": "prometheus", "url": "http://prometheus:9090"}}
    files = generate(Spec.model_validate({"sources": sources, "experiments": [experiment]}))
    page = json.loads(files[f"dashboards/{DETAIL}.json"])
    for title, line in (("Evidence over time", 100), ("p-value over time", 0.01)):
        assert panel(page, title)["fieldConfig"]["defaults"]["thresholds"]["steps"][1]["value"] == pytest.approx(line)


def test_new_epochs_and_kills_are_marked_on_the_graphs() -> None:
    _, epochs, kills = dashboards()[DETAIL]["annotations"]["list"]
    assert "delta(experiment_epochs" in epochs["expr"]
    assert "delta(experiment_variant_early_kill" in kills["expr"]
    assert (epochs["iconColor"], kills["iconColor"]) == ("blue", "red")
