"""What is said of a simulation."""

from __future__ import annotations

import json

from tests.winburn.aa_test.plans import COUNTER, RATE, experiment, plan
from winburn.aa_test.calls import RULES
from winburn.aa_test.run import Outcome
from winburn.aa_test.text import document, text

RATES = {rule: (0.01 * i, 0.001) for i, rule in enumerate(RULES, 1)}
OUTCOME = Outcome(
    plan(experiment(COUNTER, RATE, shares=(0.5, 0.3, 0.2), false_discovery="all"), clusters=3, per_day_known=True),
    100,
    RATES,
)


def test_every_line_of_an_experiment() -> None:
    assert text(OUTCOME, ["clicks is assumed: no reason"]).splitlines() == [
        "buttons: a 0.5, b 0.3, c 0.2; 4 verdicts at alpha 0.05 with all other experiments",
        "  20,000 units (10,000 a day, read from the source); 100 looks, one every 28m48s",
        "  clicks: primary, proportion, 5 %, clusters of 3; assumed",
        "    its design effect is estimated from the counters, so nothing is called before 30 windows",
        "  errors: guardrail with margin 0.1, rate, 0.05 events per unit; assumed",
        "  clicks is assumed: no reason",
        "",
        "  ever called, though nothing differs                 any metric    primary metric",
        "  winburn's verdict (promised: 5 %)                  1.0 ± 0.1 %       2.0 ± 0.1 %",
        "  t test, |z| > 1.96 from 1,000 units on             4.0 ± 0.1 %       5.0 ± 0.1 %",
        "  95 % chance to win, from 150 conversions on        6.0 ± 0.1 %       7.0 ± 0.1 %",
        "  winburn's early kill (promised: 2 %)                                 3.0 ± 0.1 %",
    ]


def test_without_an_early_kill_there_is_no_line_of_it() -> None:
    outcome = Outcome(plan(experiment(early_kill=None)), 100, RATES)
    assert "kill" not in text(outcome, [])
    assert document(outcome, [])["kill_alpha"] is None


def test_the_document_has_the_same_numbers() -> None:
    found = json.loads(json.dumps(document(OUTCOME, ["x"])))
    assert found["rates"]["kill"] == {"rate": 0.03, "standard_error": 0.001}
    assert (found["kill_alpha"], found["doubts"], found["units_per_day_known"]) == (0.02, ["x"], True)
    assert found["broken"] == ["kill"]
