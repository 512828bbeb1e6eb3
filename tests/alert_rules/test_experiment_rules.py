from __future__ import annotations

from alert_rules.experiment_rules import decided_rules, experiment_group, mismatch_rule
from alert_rules.rule import Rule
from tests.alert_rules.example import FULL


def kill_of(name: str) -> Rule:
    one = next(each for each in FULL.experiments if each.name == name)
    (rule,) = (rule for rule in experiment_group(one, FULL).rules if rule.alert.name == "ExperimentEarlyKill")
    return rule


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


def test_no_kill_without_early_kill_but_a_line_that_says_so() -> None:
    prices = next(each for each in FULL.experiments if each.name == "prices")
    group = experiment_group(prices, FULL)
    assert {rule.alert.name for rule in group.rules} == {
        "ExperimentSampleRatioMismatch",
        "ExperimentDecided",
        "ExperimentStalled",
    }
    assert "Early kill: off" in group.about


def test_a_split_is_broken_where_one_exporter_is_sure_and_the_share_is_clearly_off() -> None:
    assert mismatch_rule(FULL.experiments[0], FULL).expr == (
        "max by (experiment) (\n"
        '  experiment_srm_deviation_ratio{experiment="checkout-button"} >= 0.005\n'
        '  and experiment_srm_p_value{experiment="checkout-button"} < 0.001\n'
        ")\n"
        "unless on (experiment)\n"
        'max by (experiment) (experiment_status{experiment="checkout-button",status="running"}) == 0\n'
    )


def test_each_verdict_has_a_rule_and_says_it_in_words() -> None:
    better, worse = decided_rules(FULL.experiments[0], FULL)
    assert ("== 1\n" in better.expr.replace(")\n", "\n"), "== -1)" in worse.expr) == (True, True)
    assert [rule.labels["verdict"] for rule in (better, worse)] == ["better", "worse"]
    assert "is worse than blue in {{ $labels.metric }}" in worse.annotations["summary"]
    assert "At most 5 % of such verdicts" in better.annotations["description"]
