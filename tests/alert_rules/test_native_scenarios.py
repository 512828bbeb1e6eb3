"""Whether the tests pass, and fail on broken rules, is in tests/e2e/test_native_rules.py."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from alert_rules import native_scenarios, unit_tests_text
from tests.alert_rules.example import slo, spec

NATIVE = {"source": "metrics", "total": "requests_total", "bad": "errors_total"}


def native_tests(*slos: dict[str, Any]) -> list[dict[str, Any]]:
    """The tests of the native branch."""
    tests = yaml.safe_load(unit_tests_text(spec(slos=list(slos))))["tests"]
    return [test for test in tests if test["name"].startswith("native")]


def of(name: str, tests: list[dict[str, Any]]) -> list[Any]:
    """What the tests feed and expect of one SLO."""
    return [
        (
            test["name"],
            [each["values"] for each in test["input_series"] if f'slo="{name}"' in each["series"]],
            [
                [each["exp_labels"] for each in check["exp_alerts"] if each["exp_labels"]["slo"] == name]
                for check in test["alert_rule_test"]
            ],
        )
        for test in tests
    ]


@pytest.mark.parametrize(
    "different",
    [
        {"objective": 99},
        {"period": "28d"},
        {"alerting": {"low_traffic_gate": 0.01}},
        {"alerting": {"low_traffic_gate": None}},
        {"alerting": {"page": ["fast"], "ticket": []}},
    ],
)
def test_slos_of_two_kinds_are_tested_each_as_its_own(different: dict[str, Any]) -> None:
    """What is computed once for SLOs of a kind is not taken for another. (Tests of tiers last as long as their slowest
    SLO needs, so of those alone and together are not the same.)"""
    a, b = slo("a", sli=NATIVE), slo("b", sli=NATIVE, **different)
    together = native_tests(a, b)
    for each in vars(native_scenarios).values():
        if hasattr(each, "cache_clear"):
            each.cache_clear()
    alone = native_tests(b)
    assert of("b", together)[-1] == of("b", alone)[-1]
    assert of("b", together) != of("a", together)


def test_at_low_traffic_one_bad_event_is_chance_unless_there_is_no_gate() -> None:
    gated, bold = slo("a", sli=NATIVE), slo("b", sli=NATIVE, alerting={"low_traffic_gate": None})
    low = native_tests(gated, bold)[-1]
    one, ten = ([each["exp_labels"]["slo"] for each in check["exp_alerts"]] for check in low["alert_rule_test"])
    assert set(one) == {"b"}
    assert set(ten) == {"a", "b"}


def test_a_tier_fires_alone_hands_over_freezes_and_clears() -> None:
    (fast,) = [test for test in native_tests(slo("a", sli=NATIVE)) if "tier fast" in test["name"]]
    tiers = [[each["exp_labels"]["tier"] for each in check["exp_alerts"]] for check in fast["alert_rule_test"]]
    assert tiers[0] == []
    assert tiers[1] == []  # the minute before
    assert "fast" in tiers[2]
    assert tiers[3] == []  # an exporter says that all is well
    assert all("fast" in each for each in tiers[4:-1])
    assert "fast" not in tiers[-1]
