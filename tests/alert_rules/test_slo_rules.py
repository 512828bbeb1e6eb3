from __future__ import annotations

import re
from decimal import Decimal

import pytest

from alert_rules.rule import Rule
from alert_rules.slo_rules import slo_group
from exporter.spec import Spec
from tests.alert_rules.example import FULL, slo, spec


def rules_of(one: Spec) -> dict[str, Rule]:
    return {rule.labels.get("tier", rule.alert.name): rule for rule in slo_group(one.slos[0], one).rules}


def test_the_burn_rule_is_the_agreed_expression() -> None:
    assert rules_of(spec(slos=[slo("a")]))["fast"].expr == (
        "max by (slo, slo_group) (\n"
        '  slo_burn_rate{slo="a",window="1h"} > 14.4\n'
        '  and ignoring (window) slo_burn_rate{slo="a",window="5m"} > 14.4\n'
        '  and ignoring (window) slo_burn_p_value{slo="a",window="1h"} < 0.0001\n'
        ")\n"
    )


@pytest.mark.parametrize(
    ("period", "factors"),
    [
        # SRE Workbook, chapter 5: 14.4, 6, 3, 1 for 30 days.
        ("30d", {"fast": "14.4", "medium": "6", "slow": "3", "trickle": "1"}),
        ("28d", {"fast": "13.44", "medium": "5.6", "slow": "2.8", "trickle": "1"}),
        ("90d", {"fast": "43.2", "medium": "18", "slow": "9", "trickle": "3"}),
        ("7d", {"fast": "3.36", "medium": "1.4", "slow": "1"}),
        ("31d", {"fast": "14.88", "medium": "6.2", "slow": "3.1", "trickle": repr(float(Decimal(31) / 30))}),
    ],
)
def test_factors_are_printed_without_noise(period: str, factors: dict[str, str]) -> None:
    rules = rules_of(spec(slos=[slo("a", period=period)]))
    assert {tier: rules[tier].expr.split(" > ")[1].split()[0] for tier in rules if tier != "SLONoData"} == factors


def test_without_a_gate_the_rule_asks_for_no_p_value() -> None:
    rule = rules_of(spec(slos=[slo("a", alerting={"low_traffic_gate": None})]))["fast"]
    assert "p_value" not in rule.expr
    assert rule.expr.count(" and ") == 1


def test_severity_is_that_of_the_list_and_unlisted_tiers_have_no_rule() -> None:
    rules = rules_of(spec(slos=[slo("a", alerting={"page": ["medium"], "ticket": ["fast"]})]))
    assert {name: rule.labels["severity"] for name, rule in rules.items()} == {
        "fast": "ticket",
        "medium": "page",
        "SLONoData": "ticket",
    }


def test_missing_data_has_the_specs_severity_and_names_its_source() -> None:
    (rule,) = (rule for rule in slo_group(FULL.slos[0], FULL).rules if rule.alert.name == "SLONoData")
    assert rule.labels["severity"] == "page"
    assert rule.labels["source"] == "prod"
    assert rule.expr == 'min by (slo, slo_group) (slo_status{slo="checkout-availability"}) == 3'


def test_ignored_missing_data_has_no_rule() -> None:
    assert "SLONoData" not in rules_of(spec(slos=[slo("a", no_data="ignore")]))


def test_a_burn_alert_outlives_one_failed_scrape() -> None:
    assert rules_of(spec(slos=[slo("a")], refresh="10s"))["fast"].as_dict()["keep_firing_for"] == "20s"


def test_a_tired_person_reads_the_number_the_budget_and_what_to_do() -> None:
    texts = rules_of(spec(slos=[slo("a")]))["fast"].annotations
    assert "{{ $value | humanize }} times the allowed rate" in texts["summary"]
    assert "about 2 % of the 30d budget" in texts["description"]
    assert "gone in less than 2d2h" in texts["description"]
    assert "Check first:" in texts["description"]


@pytest.mark.parametrize(
    ("period", "spent"),
    [
        ("30d", {"fast": "2", "medium": "5", "slow": "10", "trickle": "10"}),
        ("31d", {"fast": "2", "medium": "5", "slow": "10", "trickle": "10"}),  # 3.1 / 31 is not 9.99 %
        (
            "7d",
            {"fast": "2", "medium": "5", "slow": "14.28"},
        ),  # at a factor of 1 it is the window's share of the period
    ],
)
def test_the_budget_that_went_by_then(period: str, spent: dict[str, str]) -> None:
    rules = rules_of(spec(slos=[slo("a", period=period, no_data="ignore")]))
    texts = {tier: re.search(r"about (\S+) %", rule.annotations["description"]) for tier, rule in rules.items()}
    assert {tier: found and found[1] for tier, found in texts.items()} == spent


def test_links_go_to_the_slo_itself() -> None:
    own = rules_of(FULL)["fast"].annotations
    assert own["runbook_url"] == "https://wiki.example/checkout"
    assert own["dashboard_url"] == "https://grafana.example/d/winburn-slo-overview?var-slo=checkout-availability"
    general = rules_of(FULL.model_copy(update={"slos": FULL.slos[1:]}))["fast"].annotations
    assert general["runbook_url"] == "https://runbooks.example/winburn/SLOErrorBudgetBurn.md"


def test_braces_in_labels_are_text_and_not_a_template() -> None:
    labels = rules_of(FULL)["fast"].as_dict()["labels"]
    assert labels["note"] == 'zahlt {{ "{{" }} "bald" }}, größtenteils'
