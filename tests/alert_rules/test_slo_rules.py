from __future__ import annotations

import re
from decimal import Decimal

import pytest

from alert_rules.rule import Rule
from alert_rules.slo_rules import exhausted_rule, forecast_rule, slo_group
from exporter.spec import Spec
from tests.alert_rules.example import FULL, slo, spec


def rules_of(one: Spec) -> dict[str, Rule]:
    return {rule.labels.get("tier", rule.alert.name): rule for rule in slo_group(one.slos[0], one).rules}


def burn_rules(one: Spec) -> dict[str, Rule]:
    return {tier: rule for tier, rule in rules_of(one).items() if rule.alert.name == "SLOErrorBudgetBurn"}


def measured(rule: Rule) -> str:
    """The expression without the branch that freezes."""
    return rule.expr.partition("or\n")[0]


def test_the_burn_rule_is_the_agreed_expression() -> None:
    assert measured(rules_of(spec(slos=[slo("a")]))["fast"]) == (
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
    rules = burn_rules(spec(slos=[slo("a", period=period)]))
    assert {tier: rule.expr.split(" > ")[1].split()[0] for tier, rule in rules.items()} == factors


def test_without_a_gate_the_rule_asks_for_no_p_value() -> None:
    rule = rules_of(spec(slos=[slo("a", alerting={"low_traffic_gate": None})]))["fast"]
    assert "p_value" not in rule.expr
    assert measured(rule).count(" and ") == 1


def test_severity_is_that_of_the_list_and_unlisted_tiers_have_no_rule() -> None:
    rules = rules_of(spec(slos=[slo("a", alerting={"page": ["medium"], "ticket": ["fast"]})]))
    assert {name: rule.labels["severity"] for name, rule in rules.items()} == {
        "fast": "ticket",
        "medium": "page",
        "SLOErrorBudgetExhausted": "ticket",
        "SLOErrorBudgetForecast": "ticket",
        "SLONoData": "ticket",
    }


def test_missing_data_has_the_specs_severity_and_names_its_source() -> None:
    (rule,) = (rule for rule in slo_group(FULL.slos[0], FULL).rules if rule.alert.name == "SLONoData")
    assert rule.labels["severity"] == "page"
    assert rule.labels["source"] == "prod"
    of = '{slo="checkout-availability"'
    assert rule.expr == (
        f"max by (slo, slo_group) (slo_status{of}}})\n"
        f'unless on (slo, slo_group) (slo_status{of}}} < 3 and ignoring (window) slo_events{of},window="period"}})\n'
    )


def test_ignored_missing_data_has_no_rule() -> None:
    assert "SLONoData" not in rules_of(spec(slos=[slo("a", no_data="ignore")]))


def test_a_burn_alert_outlives_one_failed_scrape() -> None:
    assert rules_of(spec(slos=[slo("a")], refresh="10s"))["fast"].as_dict()["keep_firing_for"] == "20s"


def test_a_tired_person_reads_the_number_the_budget_and_what_to_do() -> None:
    texts = rules_of(spec(slos=[slo("a")]))["fast"].annotations
    number = "{{ if $value }}{{ $value | humanize }}{{ else }}more than 14.4{{ end }}"
    assert f"{number} times the allowed rate" in texts["summary"]
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
    rules = burn_rules(spec(slos=[slo("a", period=period)]))
    texts = {tier: re.search(r"about (\S+) %", rule.annotations["description"]) for tier, rule in rules.items()}
    assert {tier: found and found[1] for tier, found in texts.items()} == spent


def test_links_go_to_the_slo_itself() -> None:
    own = rules_of(FULL)["fast"].annotations
    assert own["runbook_url"] == "https://wiki.example/checkout"
    assert own["dashboard_url"] == "https://grafana.example/d/winburn-slo-detail?var-slo=checkout-availability"
    general = rules_of(FULL.model_copy(update={"slos": FULL.slos[1:]}))["fast"].annotations
    assert general["runbook_url"] == "https://runbooks.example/winburn/SLOErrorBudgetBurn.md"


def test_braces_in_labels_are_text_and_not_a_template() -> None:
    labels = rules_of(FULL)["fast"].as_dict()["labels"]
    assert labels["note"] == 'zahlt {{ "{{" }} "bald" }}, größtenteils'


OWN = [
    {"name": "late", "severity": "ticket", "long": "1d12h", "short": "3h", "budget_share": 0.1},
    {"name": "soon", "severity": "page", "long": "45m", "short": "4m", "factor": 17.25},
]


def test_tiers_of_ones_own_keep_their_factors_and_windows() -> None:
    rules = burn_rules(spec(slos=[slo("a", period="28d", alerting={"tiers": OWN})]))
    assert {tier: rule.labels["severity"] for tier, rule in rules.items()} == {"soon": "page", "late": "ticket"}
    assert 'window="45m"} > 17.25\n' in rules["soon"].expr
    assert 'window="4m"} > 17.25\n' in rules["soon"].expr
    # 0.1 x 28 d / 36 h
    assert f'window="1d12h"}} > {28 * 24 * 0.1 / 36!r}\n' in rules["late"].expr
    # 17.25 x 45 m / 28 d = 1.9252 %
    assert "Spent in that 45m: about 1.92 % of the 28d budget" in rules["soon"].annotations["description"]
    assert "Spent in that 1d12h: about 10 % of" in rules["late"].annotations["description"]


def test_a_very_fast_tier_has_a_time_in_seconds() -> None:
    fast = [{"name": "x", "severity": "page", "long": "2m", "short": "1m", "factor": 900}]
    rule = burn_rules(spec(slos=[slo("a", period="1h", objective=99.99, alerting={"tiers": fast})]))["x"]
    assert "gone in less than 4s" in rule.annotations["description"]


@pytest.mark.parametrize(("calendar", "days"), [("day", 1), ("week", 7), ("month", 30), ("quarter", 90), ("year", 365)])
def test_calendar_periods_are_scaled_by_their_nominal_length(calendar: str, days: int) -> None:
    one = spec(slos=[slo("a", period={"calendar": calendar, "timezone": "Europe/Berlin"})])
    rolling = spec(slos=[slo("a", period=f"{days}d")])
    assert [rule.expr for rule in burn_rules(one).values()] == [rule.expr for rule in burn_rules(rolling).values()]
    for rule in burn_rules(one).values():
        assert f"% of the calendar {calendar} budget" in rule.annotations["description"]
    assert f"the calendar {calendar} budget is" in exhausted_rule(one.slos[0], one).annotations["description"]


def test_an_slo_with_groups_has_one_rule_for_all_of_them() -> None:
    one = spec(slos=[slo("a", group_by=["zone", "kind"])])
    assert len(slo_group(one.slos[0], one).rules) == len(rules_of(spec(slos=[slo("a")])))
    for rule in slo_group(one.slos[0], one).rules:
        assert rule.annotations["summary"].startswith("a {{ $labels.slo_group }}: ")
        assert rule.annotations["dashboard_url"].endswith("?var-slo=a&var-slo_group={{ $labels.slo_group | urlquery }}")
        # keys sorted, as in slo_group
        assert ', "kind", "$1", "slo_group", "kind=(.*),zone=.*"' in rule.expr
        assert ', "zone", "$1", "slo_group", "kind=.*,zone=(.*)"' in rule.expr


def test_tickets_for_a_spent_budget_and_a_probable_end() -> None:
    one = spec(slos=[slo("a")])
    assert measured(exhausted_rule(one.slos[0], one)) == (
        'max by (slo, slo_group) (1 - (slo_error_budget_remaining_ratio{slo="a"} <= 0))\n'
    )
    assert measured(forecast_rule(one.slos[0], one)) == (
        'max by (slo, slo_group) (slo_error_budget_exhaustion_probability_ratio{slo="a"} >= 0.9)\n'
    )
