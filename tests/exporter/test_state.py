"""The state store on a real SQLite file: what is saved is there again, and nothing else is touched."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from exporter.state import SCHEMA, Latch, State, StateError, StoredLedger, StoredSlot


def ledger(slo: str = "web", *, group: str = "", slots: tuple[StoredSlot, ...] = (), end: float = 30.0) -> StoredLedger:
    return StoredLedger(slo, group, "definition", {"end": end}, slots)


def slot(ends_at: float, total: float = 1.0, width: float = 15.0) -> StoredSlot:
    return StoredSlot(width, ends_at, total, 0.0, width)


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'state.db'}"


def reopened(url: str) -> State:
    return State(url)


def test_a_ledger_is_there_again_with_its_slots_in_order(url: str) -> None:
    State(url).save_ledgers([ledger(slots=(slot(30.0), slot(15.0)))], {})
    (found,) = reopened(url).ledgers()
    assert [each.ends_at for each in found.slots] == [15.0, 30.0]
    assert found.head == {"end": 30.0}


def test_a_slot_saved_again_replaces_the_old_one(url: str) -> None:
    state = State(url)
    state.save_ledgers([ledger(slots=(slot(15.0, total=1.0),))], {})
    state.save_ledgers([ledger(slots=(slot(15.0, total=7.0),), end=15.0)], {})
    (found,) = reopened(url).ledgers()
    assert [each.total for each in found.slots] == [7.0]
    assert found.head == {"end": 15.0}


def test_pruning_touches_the_given_slos_and_width_only(url: str) -> None:
    state = State(url)
    state.save_ledgers(
        [ledger("web", slots=(slot(15.0), slot(300.0, width=300.0))), ledger("api", slots=(slot(15.0),))], {}
    )
    state.save_ledgers([ledger("web", slots=(slot(45.0),))], {15.0: 30.0})
    found = {each.slo: [(s.width, s.ends_at) for s in each.slots] for each in reopened(url).ledgers()}
    assert found == {"web": [(15.0, 45.0), (300.0, 300.0)], "api": [(15.0, 15.0)]}


def test_a_dropped_group_leaves_its_neighbours(url: str) -> None:
    state = State(url)
    state.save_ledgers([ledger(group=g, slots=(slot(15.0),)) for g in ("", "zone=eu", "zone=us")], {})
    state.drop_ledger("web", "zone=eu")
    assert sorted(each.slo_group for each in reopened(url).ledgers()) == ["", "zone=us"]


def test_a_latch_stays_as_it_was_first(url: str) -> None:
    state = State(url)
    state.save_documents(
        "experiment", {"button": {"epoch": 1}}, [Latch("kill", "button", "new", 1.0, "worse", {"n": 10})]
    )
    state.save_documents(
        "experiment", {"button": {"epoch": 2}}, [Latch("kill", "button", "new", 2.0, "again", {"n": 99})]
    )
    again = reopened(url)
    assert again.documents("experiment") == {"button": {"epoch": 2}}
    assert again.latches("kill") == [Latch("kill", "button", "new", 1.0, "worse", {"n": 10})]
    assert again.latches("other") == []


def test_a_save_that_fails_leaves_nothing_of_itself(url: str) -> None:
    state = State(url)
    with pytest.raises((StateError, ValueError)):
        state.save_ledgers([ledger("web"), StoredLedger("api", "", "d", {"end": float("nan")}, ())], {})
    assert reopened(url).ledgers() == []


def test_a_store_of_a_newer_winburn_is_refused(url: str, tmp_path: Path) -> None:
    State(url).close()
    with closing(sqlite3.connect(tmp_path / "state.db")) as connection, connection:
        connection.execute("UPDATE winburn_schema SET version = ?", (SCHEMA + 1,))
    with pytest.raises(StateError, match=f"schema {SCHEMA + 1}, this winburn knows {SCHEMA}"):
        State(url)


def test_what_is_no_database_is_refused_in_one_sentence(tmp_path: Path) -> None:
    file = tmp_path / "state.db"
    file.write_text("this is not a database, and it is long enough to be taken for one at first sight" * 20)
    with pytest.raises(StateError, match="cannot be opened") as caught:
        State(f"sqlite:///{file}")
    assert "\n" not in str(caught.value)
