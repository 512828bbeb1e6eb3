"""Whether the scenarios pass, and fail on broken rules, is in tests/e2e/test_rules.py."""

from __future__ import annotations

from alert_rules.experiment_watch_scenarios import watch_scenarios
from tests.alert_rules.example import EMPTY, FULL, experiment, spec


def test_there_is_a_test_of_what_there_is_a_rule_of() -> None:
    assert len(watch_scenarios(FULL)) == 3
    assert len(watch_scenarios(spec(experiments=[experiment("x")]))) == 1
    assert watch_scenarios(EMPTY) == []
