"""The tenant in rules, their tests, routes and muting; promtool runs the tests in e2e."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml

from alert_rules import ALERTMANAGER_FILE, RULES_FILE, TESTS_FILE, generate
from alert_rules.compat import compat_file
from alert_rules.operator import operator_files
from exporter.contract import is_of_tenant
from tests.alert_rules.example import FULL

ACME = FULL.model_copy(update={"tenant": "acme"})
_SELECTOR = re.compile(r"(?<![\w:\"])([a-zA-Z_:][\w:]*)(\{[^}]*\})?(?![\w:(])")


def rules(text: str) -> list[dict[str, Any]]:
    return [rule for group in yaml.safe_load(text)["groups"] for rule in group["rules"]]


def ours(expr: str) -> Iterator[str]:
    """Selectors of what carries a tenant."""
    for match in _SELECTOR.finditer(re.sub(r"\b(by|on|ignoring) \([^)]*\)", "", expr)):
        if is_of_tenant(match[1]):
            yield match[0]


def test_every_rule_reads_and_labels_the_tenants_series_only() -> None:
    files, count = generate(ACME, ("sloth", "pyrra")), 0
    for name in (RULES_FILE, compat_file("sloth"), compat_file("pyrra")):
        for rule in rules(files[name]):
            assert rule["labels"]["tenant"] == "acme"
            for selector in ours(rule["expr"]):
                assert 'tenant="acme"' in selector, rule
                count += 1
    assert count > 200


def test_raw_series_are_others_and_have_no_tenant() -> None:
    raw = [rule["expr"] for rule in rules(generate(ACME)[RULES_FILE]) if rule.get("record", "").endswith(":rate5m")]
    assert raw
    assert not [expr for expr in raw if "requests_total" in expr and "tenant" in expr]


def test_links_lead_to_the_tenants_dashboards_and_silences() -> None:
    for rule in rules(generate(ACME)[RULES_FILE]):
        links = rule.get("annotations", {})
        if "dashboard_url" in links:
            assert "var-tenant=acme" in links["dashboard_url"]
        if "silence_url" in links:
            assert links["silence_url"].endswith("%2Ctenant%3D%22acme%22%7D")


def routes(route: dict[str, Any], key: str) -> Iterator[list[str]]:
    if key in route:
        yield route[key]
    for each in route.get("routes", ()):
        yield from routes(each, key)


def test_no_message_and_no_muting_is_of_two_tenants() -> None:
    config = yaml.safe_load(generate(ACME)[ALERTMANAGER_FILE])
    grouped = [*routes(config["route"], "group_by")]
    assert grouped
    assert all("tenant" in names for names in grouped)
    assert all("tenant" in mute["equal"] for mute in config["inhibit_rules"])
    (text,) = [t for name, t in operator_files(ACME, "monitoring", {}).items() if "alertmanager" in name]
    spec = yaml.safe_load(text)["spec"]
    assert all("tenant" in names for names in routes(spec["route"], "groupBy"))
    assert all("tenant" in mute["equal"] for mute in spec["inhibitRules"])


def test_the_unit_tests_are_of_the_tenant_too() -> None:
    text = generate(ACME)[TESTS_FILE]
    for test in yaml.safe_load(text)["tests"]:
        for series in test["input_series"]:
            assert is_of_tenant(series["series"].partition("{")[0]) is ('tenant="acme"' in series["series"])
        for check in test["alert_rule_test"]:
            assert all(alert["exp_labels"]["tenant"] == "acme" for alert in check["exp_alerts"])
