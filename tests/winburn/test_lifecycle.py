"""What may follow what, in whose words it is refused, and what stays on record."""

from __future__ import annotations

from itertools import product

import pytest

from exporter.spec import Experiment, Metric
from exporter.state import Latch, State
from winburn.lifecycle import (
    FROM,
    By,
    LifecycleError,
    Status,
    find,
    lines,
    parse_split,
    set_split,
    set_status,
    settle,
    unkill,
)

EVEN = {"blue": 0.5, "green": 0.5}
ALLOWED = {
    ("draft", "running"),
    ("running", "paused"),
    ("paused", "running"),
    ("running", "completed"),
    ("running", "failed"),
    ("paused", "completed"),
    ("paused", "failed"),
}
STATUSES: tuple[Status, ...] = ("draft", "running", "paused", "completed", "failed")


def experiment(
    status: Status = "running", name: str = "button", variants: dict[str, float] | None = None
) -> Experiment:
    metric = Metric(name="m", kind="proportion", source="shop", query="SELECT 1", role="primary")
    return Experiment(name=name, status=status, control="blue", variants=variants or EVEN, metrics=(metric,))


def by(at: float = 1.0, why: str = "why") -> By:
    return By(at, "ann", why)


@pytest.fixture
def state() -> State:
    return State("sqlite://")


@pytest.mark.parametrize(("before", "after"), list(product(STATUSES, FROM)))
def test_only_the_allowed_ways_are_open(state: State, before: Status, after: Status) -> None:
    if (before, after) in ALLOWED:
        assert set_status(state, experiment(before), after, by()).status == after
        assert state.audit()[0].facts == {"status": [before, after]}
        return
    with pytest.raises(LifecycleError, match=r"^button is "):
        set_status(state, experiment(before), after, by())
    assert (state.lifecycle(), state.last_change()) == ({}, 0)


def test_the_way_goes_on_from_what_a_command_said(state: State) -> None:
    for status in ("running", "paused", "running", "completed"):
        set_status(state, experiment("draft"), status, by())  # type: ignore[arg-type] - one of them
    with pytest.raises(LifecycleError, match=r"not started again.*under another name"):
        set_status(state, experiment("draft"), "running", by())
    assert [x.action for x in state.audit()] == ["start", "pause", "start", "stop"]


def test_status_and_split_do_not_disturb_each_other(state: State) -> None:
    set_status(state, experiment(), "paused", by(1.0, "holiday"))
    found = set_split(state, experiment(), {"green": 0.2, "blue": 0.8}, by(2.0, "ramp"))
    assert (found.status, found.variants) == ("paused", {"blue": 0.8, "green": 0.2})
    (line,) = lines(state, [experiment()])
    assert line.experiment == found
    assert line.override is not None
    assert (line.override.at, line.override.why) == (2.0, "ramp")
    assert [(x.action, x.who, x.why, x.facts) for x in state.audit()][1] == (
        "split",
        "ann",
        "ramp",
        {"variants": [EVEN, {"blue": 0.8, "green": 0.2}]},
    )


def test_a_change_after_the_spec_changed_begins_from_the_spec(state: State) -> None:
    set_status(state, experiment(), "paused", by())
    found = set_split(state, experiment("draft"), {"blue": 0.8, "green": 0.2}, by())
    assert found.status == "draft"
    assert lines(state, [experiment()])[0].experiment.status == "running"  # the pause does not come back


@pytest.mark.parametrize(
    ("shares", "sentence"),
    [
        ({"blue": 0.8, "green": 0.3}, "the shares add up to 1.1, not 1; take 0.1 from one of them"),
        ({"blue": 0.8, "gren": 0.2}, "button has no variant 'gren', did you mean 'green'?"),
        ({"blue": 1.0}, "'green' must be given too"),
        (EVEN, "split like that already: blue=0.5 green=0.5"),
    ],
)
def test_a_split_that_the_spec_could_not_have_is_refused(state: State, shares: dict[str, float], sentence: str) -> None:
    with pytest.raises(LifecycleError) as caught:
        set_split(state, experiment(), shares, by())
    assert sentence in str(caught.value)
    assert state.last_change() == 0


def test_what_has_ended_is_not_split(state: State) -> None:
    with pytest.raises(LifecycleError, match="is completed: its traffic is no longer split"):
        set_split(state, experiment("completed"), {"blue": 0.8, "green": 0.2}, by())


@pytest.mark.parametrize(
    ("word", "sentence"),
    [
        ("blue", "write a variant and its part of the traffic like blue=0.8"),
        ("=0.8", "is no share"),
        ("blue=80", "a share is a number from 0 to 1, like blue=0.8"),
        ("blue=nan", "a share is a number"),
        ("blue=half", "a share is a number"),
        ("blue=-0.1", "a share is a number"),
    ],
)
def test_what_is_no_share(word: str, sentence: str) -> None:
    with pytest.raises(LifecycleError, match=sentence):
        parse_split([word])


def test_shares() -> None:
    assert parse_split(["blue=0.8", "a=b=0.2"]) == {"blue": 0.8, "a=b": 0.2}
    with pytest.raises(LifecycleError, match="'blue' is given twice"):
        parse_split(["blue=0.8", "blue=0.2"])


def test_an_experiment_is_found_by_its_name() -> None:
    many = [experiment(name="one"), experiment(name="two")]
    assert find(many, "two") is many[1]
    with pytest.raises(LifecycleError, match=r"no experiment 'tow', did you mean 'two'\?"):
        find(many, "tow")
    with pytest.raises(LifecycleError, match="the spec has none"):
        find([], "one")


def test_a_variant_is_spared_once(state: State) -> None:
    kill = Latch("kill", "button", "green", 1.0, "worse", {})
    state.save_documents("experiment", {}, [kill, Latch("kill", "other", "blue", 1.0, "worse", {})])
    assert lines(state, [experiment()])[0].killed == (kill,)
    with pytest.raises(LifecycleError, match="'blue' is not killed; killed are: 'green'"):
        unkill(state, experiment(), "blue", by(2.0))
    assert unkill(state, experiment(), "green", by(2.0)) == kill
    with pytest.raises(LifecycleError, match="'green' is not killed, nor is any other"):
        unkill(state, experiment(), "green", by(2.0))
    with pytest.raises(LifecycleError, match="no variant 'gren', did you mean 'green'"):
        unkill(state, experiment(), "gren", by(2.0))
    assert [x.action for x in state.audit()] == ["kill", "kill", "unkill"]


def test_what_the_spec_has_overtaken_is_forgotten_with_a_trace(state: State) -> None:
    set_status(state, experiment(), "paused", by())
    set_split(state, experiment(), {"blue": 0.8, "green": 0.2}, by())
    assert settle(state, [experiment()], 3.0) == []
    (sentence,) = settle(state, [experiment("completed")], 3.0)
    assert sentence == "button: the spec's status changed, and holds again instead of what ann said"
    assert settle(state, [experiment("completed")], 4.0) == []
    found = lines(state, [experiment()])[0].experiment
    assert (found.status, found.variants) == ("running", {"blue": 0.8, "green": 0.2})
    last = state.audit(newest=True, limit=1)[0]
    assert (last.action, last.who, last.why, last.facts["status"]) == ("superseded", "spec", sentence, "paused")
