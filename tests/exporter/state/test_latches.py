"""Latches, their lifting, and the trail that both leave."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from exporter.state import AuditEntry, Latch, Lifted, State, StateError


def latch(member: str = "new", at: float = 10.0) -> Latch:
    return Latch("kill", "button", member, at, "worse", {"e_value": 120.0})


@pytest.fixture
def state(tmp_path: Path) -> State:
    return State(f"sqlite:///{tmp_path / 'state.db'}")


def trail(state: State) -> list[tuple[str, str, str, str, str, str]]:
    return [(x.kind, x.entity, x.member, x.action, x.who, x.why) for x in state.audit()]


KILLED = ("experiment", "button", "new", "kill", "winburn", "worse")


def test_a_latch_is_on_the_trail_once_however_often_it_is_saved(state: State) -> None:
    for at in (10.0, 11.0):
        state.save_documents("experiment", {}, [latch(at=at)])
    assert trail(state) == [KILLED]
    assert state.audit()[0].facts == {"e_value": 120.0}


def test_a_save_that_fails_leaves_neither_document_nor_latch_nor_trail(state: State) -> None:
    with pytest.raises((StateError, ValueError)):
        state.save_documents("experiment", {"button": 1}, [latch(), Latch("kill", "b", "x", 1.0, "", {"e": math.nan})])
    assert (state.documents("experiment"), state.latches("kill"), state.last_change()) == ({}, [], 0)


def test_a_lifted_latch_is_gone_and_its_facts_remain(state: State) -> None:
    state.save_documents("experiment", {}, [latch(), latch("other")])
    assert state.lift_latch("kill", "button", "new", 20.0, "ann", "a bug in the tracking") == latch()
    facts = {"at": 10.0, "reason": "worse", "e_value": 120.0}
    assert state.latches("kill") == [latch("other")]
    assert state.lifted("kill") == [Lifted("kill", "button", "new", 20.0, "ann", "a bug in the tracking", facts)]
    assert trail(state)[-1] == ("experiment", "button", "new", "unkill", "ann", "a bug in the tracking")
    assert state.audit(since_id=2)[0].facts == facts


def test_what_is_not_latched_cannot_be_lifted_and_leaves_no_trace(state: State) -> None:
    assert state.lift_latch("kill", "button", "new", 20.0, "ann", "why") is None
    assert (state.lifted("kill"), state.last_change()) == ([], 0)


@pytest.mark.parametrize(("at", "latched"), [(19.0, False), (20.0, False), (21.0, True)])
def test_evidence_of_before_the_lifting_does_not_latch_again(state: State, at: float, *, latched: bool) -> None:
    state.save_documents("experiment", {}, [latch()])
    state.lift_latch("kill", "button", "new", 20.0, "ann", "why")
    state.save_documents("experiment", {}, [latch(at=at)])
    assert bool(state.latches("kill")) is latched
    assert len(trail(state)) == 2 + latched


def test_a_floor_is_noted_once_for_each_lifting(state: State) -> None:
    for at in (20.0, 40.0):
        state.save_documents("experiment", {}, [latch(at=at - 5)])
        state.lift_latch("kill", "button", "new", at, "ann", "why")
        (fresh,) = state.lifted("kill")
        assert fresh.threshold(0.01) == math.inf
        first = state.note_floor(fresh, 6.0, {"floor_epoch": 2})
        assert (first.floor, first.facts["floor_epoch"], first.facts["reason"]) == (6.0, 2, "worse")
        assert state.note_floor(fresh, 9.0, {"floor_epoch": 3}) == first
        assert state.lifted("kill") == [first]


@pytest.mark.parametrize(("floor", "needed"), [(6.0, 6.0 + math.log(100)), (-3.0, math.log(100)), (0.0, math.log(100))])
def test_after_a_lifting_evidence_counts_from_the_floor(floor: float, needed: float) -> None:
    assert Lifted("kill", "b", "v", 1.0, "ann", "why", {}, floor).threshold(0.01) == pytest.approx(needed, rel=1e-12)


def test_further_entries_stand_in_the_same_transaction(state: State) -> None:
    entry = AuditEntry(1.0, "experiment", "button", "", "epoch", "winburn", "the split changed", {"epoch": 2})
    state.save_documents("experiment", {"button": 2}, audit=[entry])
    assert trail(state) == [("experiment", "button", "", "epoch", "winburn", "the split changed")]
