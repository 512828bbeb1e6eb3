"""A copy has everything, and nothing that happens to it happens to the store."""

from __future__ import annotations

from pathlib import Path

import pytest

from exporter.state import AuditEntry, Latch, State, StateError, StoredLedger, StoredSlot
from exporter.state.copying import copied


def store(path: Path) -> str:
    url = f"sqlite:///{path}"
    state = State(url)
    slots = [StoredSlot(60.0, 60.0 * i, 10.0, 1.0, 60.0) for i in range(1, 50)]
    state.save_ledgers([StoredLedger(name, "", "d", {"end": 1.0}, slots) for name in ("a", "b")], {})
    latch = Latch("kill", "button", "red", 5.0, "worse", {"e": 100.0})
    state.save_documents("experiment", {"button": {"form": 2}}, [latch])
    state.record([AuditEntry(6.0, "experiment", "button", "", "pause", "ann", "lunch")])
    state.close()
    return url


def test_everything_is_there_of_ledgers_what_is_wanted(tmp_path: Path) -> None:
    copy = copied(store(tmp_path / "s.db"), ["a"])
    assert [ledger.slo for ledger in copy.ledgers()] == ["a"]
    assert len(copy.ledgers()[0].slots) == 49
    assert copy.documents("experiment") == {"button": {"form": 2}}
    assert [latch.member for latch in copy.latches("kill")] == ["red"]
    assert [entry.action for entry in copy.audit()] == ["kill", "pause"]


def test_changes_stay_in_the_copy(tmp_path: Path) -> None:
    url = store(tmp_path / "s.db")
    copy = copied(url, ["a", "b"])
    copy.record([AuditEntry(7.0, "experiment", "button", "", "stop", "ann", "over")])
    copy.drop_ledger("a", "")
    again = State(url)
    assert len(again.audit()) == 2
    assert len(again.ledgers()) == 2
    again.close()


def test_a_store_that_does_not_exist_is_empty_and_is_not_made(tmp_path: Path) -> None:
    assert copied(f"sqlite:///{tmp_path}/none.db", ["a"]).ledgers() == []
    assert not (tmp_path / "none.db").exists()


def test_a_file_that_is_none_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "s.db").write_text("no database, and long enough to be none for certain" * 20)
    with pytest.raises(StateError):
        copied(f"sqlite:///{tmp_path}/s.db", [])
