from __future__ import annotations

import pytest
import yaml

from alert_rules.rule import GROUP_IN_ADDRESS, Rule, unless_frozen
from alert_rules.scenario import Firing, Kept, Scenario, expand, humanize
from exporter.alerts import ALERTS


# humanize as in Prometheus' template/template_test.go: 4 significant digits, SI prefixes.
@pytest.mark.parametrize(
    ("value", "text"), [(1.0, "1"), (14.544, "14.54"), (999, "999"), (1234567.0, "1.235M"), (1000, "1k")]
)
def test_humanize_as_prometheus_does(value: float, text: str) -> None:
    assert humanize(value) == text


def test_an_alert_that_is_frozen_has_other_words() -> None:
    template = unless_frozen("humanizePercentage", "all\nof it") + " spent"
    assert expand(template, 1.234, {}) == "123.4% spent"
    assert expand(template, 0, {}) == "all\nof it spent"
    assert expand(unless_frozen("", "x") + "y", 1, {}) == "y"


def test_a_group_in_an_address_is_encoded() -> None:
    assert expand(f"?a={GROUP_IN_ADDRESS}", 1, {"slo_group": "zone=eu west,b=ü"}) == "?a=zone%3Deu+west%2Cb%3D%C3%BC"


def test_a_gap_is_counted_as_promtool_counts_it() -> None:
    scenario = Scenario("x")
    scenario.series("slo_status", [("1", 3), ("stale", 1), ("_", 3), ("0", 1)])
    assert "values: 1x2 stale _x3 0\n" in scenario.text()


def test_expand_fills_the_three_templates() -> None:
    template = '{{ $labels.variant }} is {{ $value | humanize }} {{ "{{" }}x}}'
    assert expand(template, 2.5, {"variant": "{{ $value | humanize }}"}) == "{{ $value | humanize }} is 2.5 {{x}}"


def test_an_alert_is_written_with_each_of_its_values_and_series() -> None:
    told = {"summary": "{{ $labels.slo }} is at {{ $value | humanize }}", "runbook_url": "https://x/{{ $labels.slo }}"}
    rule, scenario = Rule(ALERTS["SLONoData"], "x", {"severity": "page"}, told), Scenario("x")
    for at, (slo, value) in enumerate((("a", 2), ("a", 3000), ("b", 2), ("a", 2))):
        scenario.check(at, "SLONoData", [Firing(rule, {"slo": slo}, value)])
    kept: Kept = {}
    for _ in range(2):  # what is kept changes nothing
        checks = yaml.safe_load(scenario.text(kept=kept))[0]["alert_rule_test"]
        assert [check["exp_alerts"][0]["exp_annotations"]["summary"] for check in checks] == [
            "a is at 2",
            "a is at 3k",
            "b is at 2",
            "a is at 2",
        ]
        assert checks[2]["exp_alerts"] == [
            {
                "exp_labels": {"slo": "b", "severity": "page"},
                "exp_annotations": {"summary": "b is at 2", "runbook_url": "https://x/b"},
            }
        ]


def test_series_and_checks_stand_where_promtool_wants_them() -> None:
    scenario = Scenario("a name: with colon")
    scenario.replicas("slo_status", [[("0", 3), ("1", 1)], [("stale", 1), ("_", 0)]], slo="a")
    scenario.check(0, "SLONoData")
    scenario.check(61, "SLONoData")
    assert scenario.text() == (
        "\n- name: 'a name: with colon'\n"
        "  interval: 1m\n"
        "  input_series:\n"
        '  - series: slo_status{slo="a",job="winburn",instance="a"}\n'
        "    values: 0x2 1\n"
        '  - series: slo_status{slo="a",job="winburn",instance="b"}\n'
        "    values: stale\n"
        "  alert_rule_test:\n"
        "  - eval_time: 0s\n"
        "    alertname: SLONoData\n"
        "    exp_alerts: []\n"
        "  - eval_time: 1h1m\n"
        "    alertname: SLONoData\n"
        "    exp_alerts: []\n"
    )
