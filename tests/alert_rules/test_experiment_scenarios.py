"""What the scenarios of experiment alerts cover; that broken rules fail them is in tests/e2e/test_new_rules.py."""

from __future__ import annotations

import yaml

from alert_rules.experiment_scenarios import decided_scenario, mismatch_scenario
from tests.alert_rules.example import FULL


def test_every_experiment_is_seen_silent_firing_and_silent_again() -> None:
    (test,) = yaml.safe_load(mismatch_scenario(FULL).text())
    assert [len(check["exp_alerts"]) for check in test["alert_rule_test"]] == [0, 0, 0, 3, 0]
    for word in ("better", "worse"):
        (test,) = yaml.safe_load(decided_scenario(FULL, word).text())
        assert [len(check["exp_alerts"]) for check in test["alert_rule_test"]] == [0, 3, 0]
