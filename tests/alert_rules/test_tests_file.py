"""What the unit tests cover; whether they pass, and fail on broken rules, is in tests/e2e/test_rules.py."""

from __future__ import annotations

from typing import Any

import yaml

from alert_rules import RULES_FILE, rules_text, unit_tests_text
from exporter.spec import Spec
from tests.alert_rules.example import EMPTY, FULL

Identity = tuple[str, str | None, str | None, str]


def identity(alert: str, labels: dict[str, str]) -> Identity:
    """What tells rules of one name apart, where one spec has several."""
    one = labels.get("tier", labels.get("verdict", labels.get("scope", labels.get("guardrail"))))
    return alert, labels.get("slo", labels.get("experiment")), one, labels["severity"]


def expected(spec: Spec) -> set[Identity]:
    """What the tests expect to see firing at some time."""
    checks: list[dict[str, Any]] = [
        check for test in yaml.safe_load(unit_tests_text(spec))["tests"] for check in test["alert_rule_test"]
    ]
    return {identity(each["alertname"], alert["exp_labels"]) for each in checks for alert in each["exp_alerts"]}


def test_every_rule_is_seen_firing_in_some_test() -> None:
    groups = yaml.safe_load(rules_text(FULL))["groups"]
    alerts = [rule for group in groups for rule in group["rules"] if "alert" in rule]
    assert {identity(rule["alert"], rule["labels"]) for rule in alerts} == expected(FULL)


def test_an_empty_spec_tests_winburns_own_alerts() -> None:
    assert {name for name, *_ in expected(EMPTY)} == {
        "WinburnDown",
        "WinburnSourceDown",
        "WinburnCollectorFailing",
        "WinburnDataStale",
        "WinburnSeriesDropped",
        "WinburnWatchdog",
    }


def test_every_test_is_also_seen_silent() -> None:
    for test in yaml.safe_load(unit_tests_text(FULL))["tests"]:
        asked = {check["alertname"] for check in test["alert_rule_test"]} - {"WinburnWatchdog"}  # it is never silent
        silent = {check["alertname"] for check in test["alert_rule_test"] if not check["exp_alerts"]}
        assert asked <= silent, test["name"]


def test_the_file_names_the_rules_beside_it() -> None:
    assert yaml.safe_load(unit_tests_text(EMPTY))["rule_files"] == [RULES_FILE]
