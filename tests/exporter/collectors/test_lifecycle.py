"""An override holds until that very field of the spec changes."""

from __future__ import annotations

from itertools import product

import pytest

from exporter.collectors.lifecycle import holding, in_force, left
from exporter.spec import Experiment, Metric
from exporter.state import AuditEntry, Override

EVEN, UNEVEN, OTHER = {"blue": 0.5, "green": 0.5}, {"green": 0.2, "blue": 0.8}, {"blue": 0.6, "green": 0.4}


def experiment(status: str = "running", variants: dict[str, float] | None = None) -> Experiment:
    metric = Metric(name="m", kind="proportion", source="shop", query="SELECT 1", role="primary")
    return Experiment(name="button", status=status, control="blue", variants=variants or EVEN, metrics=(metric,))  # type: ignore[arg-type] - any of the five


def override(status: str | None, variants: dict[str, float] | None) -> Override:
    return Override(status, variants, "running", EVEN, 1.0, "ann", "why")


def test_without_an_override_the_spec_holds() -> None:
    assert in_force(experiment(), None) == experiment()


@pytest.mark.parametrize(("status", "split"), list(product((None, "paused"), (None, UNEVEN))))
def test_each_field_is_overridden_alone(status: str | None, split: dict[str, float] | None) -> None:
    found = in_force(experiment(), override(status, split))
    assert (found.status, found.variants) == (status or "running", split or EVEN)
    assert list(found.variants) == ["blue", "green"]


def test_each_field_is_given_up_alone() -> None:
    both = override("paused", UNEVEN)
    found = in_force(experiment(status="completed"), both)
    assert (found.status, found.variants) == ("completed", UNEVEN)
    found = in_force(experiment(variants=OTHER), both)
    assert (found.status, found.variants) == ("paused", OTHER)
    assert in_force(experiment("draft", OTHER), both) == experiment("draft", OTHER)


def test_a_variant_that_the_spec_adds_ends_the_split_of_before() -> None:
    three = {"blue": 0.4, "green": 0.3, "red": 0.3}
    assert in_force(experiment(variants=three), override(None, UNEVEN)).variants == three


def test_what_no_longer_holds_does_not_come_back_when_the_spec_does() -> None:
    held = holding(experiment("completed"), override("paused", UNEVEN))
    assert held == Override(None, UNEVEN, "completed", EVEN, 1.0, "ann", "why")
    assert in_force(experiment("running"), held).status == "running"
    assert holding(experiment("completed", OTHER), override("paused", UNEVEN)) is None


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ([], False),
        ([{"status": ["running", "paused"]}, {"status": ["paused", "running"]}], True),
        ([{"status": ["paused", "running"]}], False),  # in force already
        ([{"variants": [EVEN, OTHER]}, {"variants": [OTHER, EVEN]}], True),
        ([{"variants": [OTHER, EVEN]}], False),
        ([{"reason": "a person's word"}], False),
    ],
)
def test_what_leads_away_from_where_it_was_has_left(facts: list[dict[str, object]], expected: bool) -> None:  # noqa: FBT001 - a table
    moves = [AuditEntry(1.0, "experiment", "button", "", "move", "ann", "why", each) for each in facts]
    assert left(EVEN, moves) is expected
