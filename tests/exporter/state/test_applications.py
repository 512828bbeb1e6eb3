"""The record of applications: begun once, ended once, and what was lost is known as lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from exporter.state import Application, Applied, State
from exporter.state.values import Result

KILL = Application("button", "new", "kill", "1", {"reason": "worse"})


@pytest.fixture
def state(tmp_path: Path) -> State:
    return State(f"sqlite:///{tmp_path / 'state.db'}")


def begin(state: State, at: float = 1.0, owner: str = "me", attempts: int = 3) -> Applied | None:
    return state.begin_application(KILL, at, owner, attempts=attempts)


def results(state: State) -> list[tuple[str, int]]:
    return [(each.result, each.attempts) for each in state.applications()]


def test_what_is_intended_is_nobody_elses(state: State) -> None:
    assert begin(state) is None
    known = begin(state, owner="other")
    assert known is not None
    assert (known.result, known.key) == ("intended", KILL.key)
    other = Application("button", "new", "kill", "2")
    assert state.begin_application(other, 1.0, "other", attempts=3) is None


@pytest.mark.parametrize("result", ["done", "unknown"])
def test_what_may_have_happened_is_not_begun_again(state: State, result: Result) -> None:
    begin(state)
    state.end_application(KILL, 2.0, "me", result, "detail")
    assert begin(state) is not None
    assert results(state) == [(result, 1)]
    (entry,) = state.audit(kind="apply")
    assert (entry.entity, entry.member, entry.action, entry.who, entry.why) == (
        "button",
        "new",
        "kill",
        "winburn",
        "detail",
    )
    assert entry.facts == {"reason": "worse", "result": result, "occasion": "1"}


def test_what_was_refused_is_begun_again_up_to_a_limit_over_all_processes(state: State) -> None:
    for owner in ("me", "other", "third"):
        assert begin(state, owner=owner) is None
        state.end_application(KILL, 2.0, owner, "refused", "no")
    assert begin(state) is not None
    assert results(state) == [("refused", 3)]


def test_an_end_counts_for_its_owner_only(state: State) -> None:
    begin(state)
    state.end_application(KILL, 2.0, "other", "done", "")
    assert results(state) == [("intended", 1)]


def test_what_has_no_end_is_unknown_until_its_owner_says_more(state: State) -> None:
    begin(state, at=10.0)
    assert state.give_up_applications(9.0, 11.0, "lost") == []
    assert [each.key for each in state.give_up_applications(10.0, 11.0, "lost")] == [KILL.key]
    assert state.give_up_applications(10.0, 11.0, "lost") == []
    assert results(state) == [("unknown", 1)]
    state.end_application(KILL, 12.0, "me", "done", "late")
    assert results(state) == [("done", 1)]
    assert [each.facts["result"] for each in state.audit()] == ["unknown", "done"]


def test_counts_are_of_what_was_done(state: State) -> None:
    for occasion, result in enumerate(("done", "done", "refused", "unknown", "intended")):
        each = Application("button", "new", "weights", str(occasion))
        state.begin_application(each, 1.0, "me", attempts=1)
        if result != "intended":
            state.end_application(each, 1.0, "me", result, "")  # type: ignore[arg-type] - a str from a tuple
    state.begin_application(KILL, 1.0, "me", attempts=1)
    state.end_application(KILL, 1.0, "me", "done", "")
    assert state.applied() == {("button", "weights"): 2, ("button", "kill"): 1}
    assert state.applied("variant") == {}
