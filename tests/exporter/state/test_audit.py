"""The audit trail is read in order, in pieces, from where one stopped."""

from __future__ import annotations

from pathlib import Path

import pytest

from exporter.state import AuditEntry, State


def entry(number: int, kind: str = "ack") -> AuditEntry:
    return AuditEntry(float(number), kind, "SLONoData", "", "silence", "ann", f"why {number}", {"n": number})


@pytest.fixture
def state(tmp_path: Path) -> State:
    state = State(f"sqlite:///{tmp_path / 'state.db'}")
    state.record([entry(1), entry(2, "pattern"), entry(3), entry(4)])
    return state


def ids(entries: list[AuditEntry]) -> list[int]:
    return [each.id for each in entries]


def test_an_entry_is_there_again_as_it_was(state: State) -> None:
    (first,) = state.audit(limit=1)
    assert first == AuditEntry(1.0, "ack", "SLONoData", "", "silence", "ann", "why 1", {"n": 1}, 1)


def test_pieces(state: State) -> None:
    assert ids(state.audit()) == [1, 2, 3, 4]
    assert ids(state.audit(since_id=1, limit=2)) == [2, 3]
    assert ids(state.audit(since_id=4)) == []
    assert ids(state.audit(kind="ack", newest=True, limit=2)) == [4, 3]
    assert ids(state.audit(since_id=3, newest=True)) == [4]


def test_another_process_sees_that_something_changed(tmp_path: Path, state: State) -> None:
    other = State(f"sqlite:///{tmp_path / 'state.db'}")
    assert other.last_change() == 4
    state.record([])
    assert other.last_change() == 4
    state.record([entry(5)])
    assert other.last_change() == 5
