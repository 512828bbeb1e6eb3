"""What the scenarios of health alerts cover; that broken rules fail them is in tests/e2e/test_new_rules.py."""

from __future__ import annotations

import yaml

from alert_rules.health_scenarios import dropped_scenario, shards_scenario, stale_scenario
from tests.alert_rules.example import EMPTY, spec


def test_both_are_seen_silent_firing_and_silent_again() -> None:
    for one in (EMPTY, spec(refresh="5m"), spec(refresh="1s")):
        for scenario in (stale_scenario(one), dropped_scenario(one)):
            (test,) = yaml.safe_load(scenario.text())
            assert [len(check["exp_alerts"]) for check in test["alert_rule_test"]] == [0, 1, 0]


def test_shards_that_never_came_up_are_seen_silent_firing_and_silent_again() -> None:
    for one in (EMPTY, spec(tenant="acme")):
        (test,) = yaml.safe_load(shards_scenario(one).text(one.tenant))
        fired = [[alert["exp_labels"]["shard"] for alert in check["exp_alerts"]] for check in test["alert_rule_test"]]
        assert fired == [[], ["3"], ["2", "3"], []]
