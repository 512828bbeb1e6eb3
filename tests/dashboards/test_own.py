"""Dashboards of the spec, through the same layer and the same checkers as ours."""

from __future__ import annotations

import json
from typing import Any

from dashboards import generate
from dashboards.ids import PANEL_IDS
from dashboards.own import panel_id
from exporter.spec import load_text
from tests.dashboards import lint, sdk
from tests.dashboards.documents import Json, texts

SPEC = """\
dashboards:
  - name: payments-wall
    title: Payments
    team: payments
    category: performance
    sections: [slos, counts, trust]
    panels:
      - {title: Worst burn, expr: 'max(slo_burn_rate{slo=~"$slo",slo_group=~"$slo_group",window="1h"})', kind: number}
      - {title: Budget, expr: 'max by (slo) (slo_error_budget_remaining_ratio{slo=~"$slo"})', unit: percentunit}
      - {title: Running, expr: 'sum by (status) (experiments)', kind: bars}
"""


def made(text: str = SPEC) -> Json:
    found: dict[str, Any] = json.loads(generate(load_text(text))["dashboards/winburn-own-payments-wall.json"])
    return found


def test_sections_stand_in_the_order_of_the_spec_and_panels_below() -> None:
    titles = [panel["title"] for panel in made()["panels"]]
    assert titles[0] == "SLOs, worst first"
    assert titles[1:3] == ["Breached", "At risk"]
    assert titles[-3:] == ["Worst burn", "Budget", "Running"]
    kinds = {panel["title"]: panel["type"] for panel in made()["panels"][-3:]}
    assert kinds == {"Worst burn": "stat", "Budget": "timeseries", "Running": "bargauge"}
    assert [panel["gridPos"]["w"] for panel in made()["panels"][-3:]] == [12, 12, 24]


def test_it_is_narrowed_to_the_team_and_category() -> None:
    variables = {each["name"]: each for each in made()["templating"]["list"]}
    assert not {"team", "category"} & variables.keys()
    slos = variables["slo"]["definition"]
    assert 'team="payments"' in slos
    assert 'category="performance"' in slos


def test_the_checkers_find_nothing() -> None:
    dashboard = made()
    assert sdk.check(dashboard) == []
    # A section without the others need not use what the reader can choose.
    assert [found for found in lint.lint(dashboard) if not found.endswith("is not used")] == []


def test_ids_depend_on_titles_only_and_not_on_the_order() -> None:
    first, _, last = SPEC.splitlines()[-3:]
    moved = SPEC.replace(first, "@").replace(last, first).replace("@", last)
    ids = [{panel["title"]: panel["id"] for panel in made(text)["panels"]} for text in (SPEC, moved)]
    assert ids[0] == ids[1]
    assert ids[0]["Budget"] == panel_id("Budget") >= 1000


def test_the_others_stay_as_they_are() -> None:
    files = generate(load_text(SPEC))
    assert {name: text for name, text in files.items() if "winburn-own-" not in name} == texts()


def test_a_title_that_is_a_key_of_ours_takes_no_id_away() -> None:
    dashboard = made(SPEC.replace("title: Budget", "title: slos"))
    ids = {panel["title"]: panel["id"] for panel in dashboard["panels"]}
    assert ids["SLOs, worst first"] == PANEL_IDS["slo-overview"]["slos"]
    assert ids["slos"] == panel_id("slos")
