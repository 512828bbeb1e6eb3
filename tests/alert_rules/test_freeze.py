"""The branch's shape; what it does is shown by promtool in the generated tests and in tests/e2e/test_rules.py."""

from __future__ import annotations

import re

from alert_rules.freeze import frozen
from alert_rules.rule import Rule
from alert_rules.slo_rules import slo_group
from exporter.alerts import ALERTS
from tests.alert_rules.example import FULL, slo, spec


def freezing() -> list[Rule]:
    return [
        rule for one in FULL.slos for rule in slo_group(one, FULL).rules if rule.alert.name.startswith("SLOErrorBudget")
    ]


def test_each_rule_holds_its_own_alert_and_no_other() -> None:
    """Of a rule's static labels those that the branch asks for tell it from every other rule."""
    asked = []
    for rule in freezing():
        found = set(re.findall(r"ALERTS\{([^}]*)\}", rule.expr))
        assert len(found) == 1
        labels = dict(re.findall(r'(\w+)="([^"]*)"', found.pop()))
        assert labels.pop("alertstate") == "firing"
        assert labels.pop("alertname") == rule.alert.name
        assert labels.items() <= rule.labels.items()
        asked.append((rule.alert.name, *sorted(labels.items())))
    assert len(set(asked)) == len(asked) > 0


def test_it_begins_nothing_and_its_value_says_frozen() -> None:
    for rule in freezing():
        before, _, branch = rule.expr.partition("0 * max by (slo, slo_group) (")
        assert before.rstrip().endswith("or")
        assert "ALERTS" not in before
        assert branch.count("ALERTS") == 2


def test_only_slos_with_groups_ask_for_the_list_of_groups() -> None:
    one = spec(slos=[slo("a")], max_age="2m")
    alone = frozen(one.slos[0], ALERTS["SLOErrorBudgetBurn"], {"tier": "fast"}, one)
    assert "slo_groups" not in alone
    assert " < 120)" in alone
    grouped = spec(slos=[slo("a", group_by=["zone"])])
    assert 'slo_groups{slo="a"} or ' in frozen(grouped.slos[0], ALERTS["SLOErrorBudgetBurn"], {}, grouped)
