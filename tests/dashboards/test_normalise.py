"""The pass over grafanalib's JSON."""

from __future__ import annotations

import json
from typing import Any

from grafanalib import core
from grafanalib._gen import DashboardEncoder

from dashboards.normalise import normalise
from dashboards.panels import Stat, now
from dashboards.variables import choice, datasource


def _plain(**more: Any) -> dict[str, Any]:
    stat = Stat(
        "key",
        "Title",
        "Text",
        [now("A", "sum(up)")],
        field={"thresholds": {"steps": [{"value": None, "color": "red"}]}},
    )
    dashboard = core.Dashboard(title="t", panels=[stat], **more)
    plain: dict[str, Any] = json.loads(json.dumps(dashboard.to_json_data(), cls=DashboardEncoder))
    return plain


def test_dead_keys_are_dropped_and_the_input_is_left_alone() -> None:
    before = _plain()
    copy = json.loads(json.dumps(before))
    after = normalise(before)
    assert before == copy
    assert not {"rows", "style", "hideControls", "sharedCrosshair", "gnetId", "__inputs", "id"} & after.keys()
    (panel,) = after["panels"]
    assert (
        not {"span", "height", "minSpan", "editable", "error", "maxDataPoints", "repeat", "transformations"}
        & panel.keys()
    )
    (target,) = panel["targets"]
    assert not {"query", "target", "step", "metric", "intervalFactor", "interval"} & target.keys()


def test_nulls_are_pruned_except_the_first_threshold() -> None:
    (panel,) = normalise(_plain())["panels"]
    assert panel["fieldConfig"]["defaults"]["thresholds"]["steps"] == [{"value": None, "color": "red"}]
    without = json.dumps(normalise(_plain())).replace('{"value": null, "color": "red"}', "")
    assert "null" not in without


def test_instant_and_range_exclude_each_other() -> None:
    (panel,) = normalise(_plain())["panels"]
    assert (panel["targets"][0]["instant"], panel["targets"][0]["range"]) == (True, False)


def test_all_is_text_all_and_value_all() -> None:
    variables = core.Templating([datasource(), choice("slo", "SLO", "slo_info", "slo")])
    source, slo = normalise(_plain(templating=variables))["templating"]["list"]
    assert slo["current"] == {"selected": True, "text": ["All"], "value": ["$__all"]}
    assert "tags" not in source["current"]
    assert not {"useTags", "tagsQuery", "auto", "auto_min"} & slo.keys()


def test_a_range_query_reaches_the_panel_without_coarse_defaults() -> None:
    target = core.Target(refId="A", expr="up")
    plain = _plain() | {"panels": [Stat("k", "T", "D", [target]).to_json_data()]}
    plain = json.loads(json.dumps(plain, cls=DashboardEncoder))
    (panel,) = normalise(plain)["panels"]
    assert panel["targets"][0]["range"] is True
    assert panel["targets"][0]["legendFormat"] == "__auto"
    assert "maxDataPoints" not in panel
    assert "thresholds" not in panel["fieldConfig"]["defaults"]
