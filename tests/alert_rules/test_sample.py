from __future__ import annotations

from typing import Any

import pytest
import yaml

from alert_rules import TESTS_FILE, generate
from alert_rules.sample import sample
from exporter.spec import Spec
from tests.alert_rules.example import EMPTY, FULL, experiment, slo, spec


def names(one: Spec) -> list[str]:
    return sorted(each.name for each in (*one.slos, *one.experiments))


def test_of_slos_that_differ_by_names_and_words_the_first_is_taken() -> None:
    other = {"source": "prod", "total": "other_total", "good": "well_total"}
    alike = [slo("b"), slo("a", service="x", labels={"team": "y"}, sli=other), slo("c", runbook="https://x")]
    assert names(sample(spec(slos=alike))) == ["a"]


@pytest.mark.parametrize(
    "different",
    [
        {"period": "7d"},
        {"group_by": ["zone"]},
        {"no_data": "page"},
        {"alerting": {"page": ["fast"]}},
        {"alerting": {"low_traffic_gate": None}},
        {"alerting": {"page": ["fast"], "ticket": ["medium", "slow", "trickle"]}},
        {"sli": {"source": "metrics", "total": "requests_total", "bad": "errors_total"}},
    ],
)
def test_slos_with_other_rules_are_of_other_kinds(different: dict[str, Any]) -> None:
    assert names(sample(spec(slos=[slo("a"), slo("b", **different)]))) == ["a", "b"]


def test_an_objective_is_a_kind_where_it_stands_in_the_rules() -> None:
    native = {"source": "metrics", "total": "requests_total", "bad": "errors_total"}
    both = [slo("a", objective=99, sli=native), slo("b", objective=99.9, sli=native)]
    assert names(sample(spec(slos=both))) == ["a", "b"]
    assert names(sample(spec(slos=[slo("a", objective=99), slo("b", objective=99.9)]))) == ["a"]


def test_experiments_are_sampled_too() -> None:
    both = [experiment("x"), experiment("y"), experiment("z", early_kill={})]
    killed = experiment("k", early_kill=None)
    assert names(sample(spec(experiments=[*both, killed]))) == ["k", "x"]


def test_a_sample_of_what_is_all_different_is_all_of_it() -> None:
    assert names(sample(FULL)) == names(FULL)
    assert generate(FULL, tested="sample") == generate(FULL)
    assert sample(EMPTY) == EMPTY


def test_tests_are_of_the_sample_and_rules_of_all() -> None:
    one = spec(slos=[slo("a"), slo("b")])
    every, few, none = (generate(one, tested=tested) for tested in ("all", "sample", "none"))
    assert every.items() - few.items() == {(TESTS_FILE, every[TESTS_FILE])}
    assert every.items() - none.items() == {(TESTS_FILE, every[TESTS_FILE])}
    assert none.keys() == every.keys() - {TESTS_FILE}
    assert "slo: b" in every[TESTS_FILE]
    assert 'slo="b"' not in few[TESTS_FILE]
    # Of winburn itself they are the same: its texts count all SLOs.
    shared = [test for test in yaml.safe_load(few[TESTS_FILE])["tests"] if test["name"].startswith("winburn")]
    assert shared == [t for t in yaml.safe_load(every[TESTS_FILE])["tests"] if t["name"].startswith("winburn")]
