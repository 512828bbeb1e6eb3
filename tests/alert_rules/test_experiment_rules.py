from __future__ import annotations

from alert_rules.experiment_rules import experiment_group
from alert_rules.rule import Rule
from tests.alert_rules.example import FULL


def kill_of(name: str) -> Rule:
    one = next(each for each in FULL.experiments if each.name == name)
    return next(rule for rule in experiment_group(one, FULL).rules if rule.alert.name == "ExperimentEarlyKill")


def test_the_kill_is_told_until_the_experiment_stops() -> None:
    assert kill_of("checkout-button").expr == (
        'max by (experiment, variant) (experiment_variant_early_kill{experiment="checkout-button"}) == 1\n'
        "unless on (experiment)\n"
        'max by (experiment) (experiment_status{experiment="checkout-button",status="running"}) == 0\n'
    )


def test_it_is_a_page_with_the_labels_of_the_spec() -> None:
    assert kill_of("checkout-button").labels == {
        "severity": "page",
        "experiment": "checkout-button",
        "team": "payments",
    }


def test_the_text_states_margin_and_error_rate_without_float_noise() -> None:
    text = kill_of("checkout-button").annotations["description"]
    assert "worse than blue by more than 7 % in conversion" in text  # 0.07 * 100 is 7.000000000000001
    assert "at most 0.5 % ever raise this alert" in text


def test_names_with_braces_are_text() -> None:
    assert 'worse than as {{ "{{" }} is }}' in kill_of("search-ranking").annotations["summary"]


def test_no_rule_without_early_kill_but_a_line_that_says_so() -> None:
    prices = next(each for each in FULL.experiments if each.name == "prices")
    group = experiment_group(prices, FULL)
    assert "ExperimentEarlyKill" not in {rule.alert.name for rule in group.rules}
    assert "Early kill: off" in group.about
