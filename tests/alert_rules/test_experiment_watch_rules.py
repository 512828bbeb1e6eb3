from __future__ import annotations

from typing import Any

from alert_rules.experiment_watch_rules import harmed_rules, overrun_rules, stalled_rules, watch_rules
from exporter.spec import Experiment
from tests.alert_rules.example import FULL, GUARDRAIL, experiment, spec

BUTTON = next(each for each in FULL.experiments if each.name == "checkout-button")
STOPPED = 'max by (experiment) (experiment_status{experiment="checkout-button",status="running"}) == 0\n'


def one(**more: Any) -> Experiment:
    (found,) = spec(experiments=[experiment("x", **more)]).experiments
    return found


def test_each_guardrail_has_a_page_of_its_own() -> None:
    refunds, checkout, edge = harmed_rules(BUTTON, FULL)
    assert refunds.expr == (
        "label_replace(max by (experiment, variant) "
        '(experiment_variant_verdict{experiment="checkout-button",metric="refunds"} == -1), '
        '"guardrail", "refunds", "", "")\n'
        f"unless on (experiment)\n{STOPPED}"
    )
    assert checkout.expr == (
        "label_replace(max by (experiment, variant) "
        '(experiment_variant_slo_breach{experiment="checkout-button",slo="checkout-availability"} == 1), '
        '"guardrail", "checkout-availability", "", "")\n'
        f"unless on (experiment)\n{STOPPED}"
    )
    assert edge.labels == {
        "severity": "page", "guardrail": "edge-availability", "experiment": "checkout-button", "team": "payments"
    }  # fmt: skip


def test_the_text_says_what_is_harmed() -> None:
    refunds, checkout, _ = (rule.annotations["description"].splitlines()[0] for rule in harmed_rules(BUTTON, FULL))
    variant = "Variant {{ $labels.variant }} of checkout-button"
    assert refunds == (
        f"{variant} is worse than blue by more than 7 % in refunds (at most 5 % of such verdicts are wrong)."
    )
    assert checkout == (
        f"{variant} burns the error budget of checkout-availability as fast as its pages need, and blue does not."
    )


def test_a_control_with_braces_is_text() -> None:
    odd = one(control="{{ a }}", variants={"{{ a }}": 0.5, "b": 0.5}, metrics=[GUARDRAIL], guardrails=[{"slo": "s"}])
    for rule in harmed_rules(odd, FULL):
        assert '{{ "{{" }} a }}' in rule.annotations["description"]


def test_costs_of_two_exporters_are_the_same_money() -> None:
    (rule,) = overrun_rules(BUTTON, FULL)
    assert rule.expr == (
        "sum by (experiment, currency) (\n"
        "  max by (experiment, variant, category, currency) "
        '(experiment_variant_cost{experiment="checkout-button"})\n'
        ")\n"
        "> on (experiment, currency) max by (experiment, currency) "
        '(experiment_cost_limit{experiment="checkout-button"})\n'
        f"unless on (experiment)\n{STOPPED}"
    )
    assert "its limit is 1500." in rule.annotations["description"]


def test_stalled_is_what_the_spec_says() -> None:
    (rule,) = stalled_rules(BUTTON, FULL)
    assert rule.annotations["summary"] == "checkout-button: no new unit for 6h or more"
    assert rule.labels["severity"] == "ticket"


def test_without_guardrails_and_limit_only_standing_still_is_watched() -> None:
    cost = {"source": "shop", "query": "SELECT 1", "currency": "EUR"}
    assert [rule.alert.name for rule in watch_rules(one(cost=cost), FULL)] == ["ExperimentStalled"]
