"""Words of a spec that are templates to Prometheus, Alertmanager or a browser stay words in everything generated."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from alert_rules import RULES_FILE, generate
from alert_rules.scenario import expand
from tests.alert_rules.example import experiment, slo, spec

HOSTILE = '{{ query "up" }}"}\n<script>$value {{ .Labels }} \\ \'`'
ADDRESS = "https://example.org/{{ .x }}"
SPEC = spec(
    slos=[slo("a", labels={"team": HOSTILE}, runbook=ADDRESS)],
    experiments=[experiment("e", control=HOSTILE, variants={HOSTILE: 0.5, "b": 0.5}, labels={"team": HOSTILE})],
    alerting={"receivers": {"page": {"webhook": "https://example.org/page"}}},
    links={"runbooks": ADDRESS, "grafana": ADDRESS, "alertmanager": ADDRESS},
)


def _alerts() -> list[dict[str, Any]]:
    groups = yaml.safe_load(generate(SPEC)[RULES_FILE])["groups"]
    return [rule for group in groups for rule in group["rules"] if "alert" in rule]


def test_a_label_is_what_the_spec_says_once_prometheus_has_expanded_it() -> None:
    teams = [rule["labels"]["team"] for rule in _alerts() if "team" in rule["labels"]]
    assert teams
    assert {expand(team, 1.0, {}) for team in teams} == {HOSTILE}


@pytest.mark.parametrize("odd", ['{{ query "up" }}', "{{ .x }}", "{{ .Labels }}"])
def test_no_text_of_an_alert_holds_a_template_of_the_specs(odd: str) -> None:
    for rule in _alerts():
        for name, text in rule["annotations"].items():
            assert odd not in text, (rule["alert"], name)


def test_it_is_all_good_yaml_and_the_hostile_label_is_one_value() -> None:
    for name, text in generate(SPEC).items():
        if name.endswith(".yml"):
            assert yaml.safe_load(text) is not None
