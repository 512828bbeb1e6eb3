"""The state store on a real SQLite file: what is saved is there again, and nothing else is touched."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from exporter.state import SCHEMA, Latch, State, StateError, StoredLedger, StoredSlot


def ledger(slo: str = "web", *, group: str = "", slots: tuple[StoredSlot, ...] = (), end: float = 30.0) -> StoredLedger:
    return StoredLedger(slo, group, "definition", {"end": end}, slots)


def slot(ends_at: float, total: float = 1.0, width: float = 15.0) -> StoredSlot:
    return StoredSlot(width, ends_at, total, 0.0, width)


def latch(member: str) -> Latch:
    return Latch("kill", "button", member, 1.0, "worse", {})


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


TABLES_OF_1 = """
CREATE TABLE winburn_schema (version INTEGER NOT NULL, PRIMARY KEY (version));
CREATE TABLE winburn_ledgers (slo VARCHAR(200) NOT NULL, slo_group VARCHAR(200) NOT NULL,
  definition VARCHAR(64) NOT NULL, head TEXT NOT NULL, PRIMARY KEY (slo, slo_group));
CREATE TABLE winburn_ledger_slots (slo VARCHAR(200) NOT NULL, slo_group VARCHAR(200) NOT NULL, width FLOAT NOT NULL,
  ends_at FLOAT NOT NULL, total FLOAT NOT NULL, bad FLOAT NOT NULL, measured FLOAT NOT NULL,
  PRIMARY KEY (slo, slo_group, width, ends_at));
CREATE TABLE winburn_documents (kind VARCHAR(50) NOT NULL, name VARCHAR(200) NOT NULL, body TEXT NOT NULL,
  PRIMARY KEY (kind, name));
CREATE TABLE winburn_latches (kind VARCHAR(50) NOT NULL, entity VARCHAR(200) NOT NULL, member VARCHAR(200) NOT NULL,
  at FLOAT NOT NULL, reason TEXT NOT NULL, facts TEXT NOT NULL, PRIMARY KEY (kind, entity, member));
INSERT INTO winburn_schema VALUES (1);
INSERT INTO winburn_ledgers VALUES ('web', '', 'definition', '{"end":30.0}');
INSERT INTO winburn_ledger_slots VALUES ('web', '', 15.0, 15.0, 1.0, 0.0, 15.0);
INSERT INTO winburn_documents VALUES ('experiment', 'button', '{"epoch":1}');
INSERT INTO winburn_latches VALUES ('kill', 'button', 'new', 2.0, 'worse', '{"n":10}');
INSERT INTO winburn_latches VALUES ('kill', 'button', 'old', 1.0, 'worse', '{"n":9}');
"""
"""What schema 1 wrote, as it wrote it."""


@pytest.fixture
def of_schema_1(tmp_path: Path) -> Path:
    file = tmp_path / "state.db"
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript(TABLES_OF_1)
    return file


def version(file: Path) -> list[tuple[int]]:
    with closing(sqlite3.connect(file)) as connection:
        return connection.execute("SELECT version FROM winburn_schema").fetchall()


def test_a_store_of_schema_1_keeps_all_it_has_and_its_kills_begin_the_trail(of_schema_1: Path) -> None:
    for _ in range(2):  # the second time nothing is left to do
        state = State(f"sqlite:///{of_schema_1}")
        assert [each.slots for each in state.ledgers()] == [[slot(15.0)]]
        assert state.documents("experiment") == {"button": {"epoch": 1}}
        assert [each.member for each in state.latches("kill")] == ["old", "new"]
        assert [(x.id, x.at, x.kind, x.entity, x.member, x.action, x.who, x.why, x.facts) for x in state.audit()] == [
            (1, 1.0, "experiment", "button", "old", "kill", "winburn", "worse", {"n": 9}),
            (2, 2.0, "experiment", "button", "new", "kill", "winburn", "worse", {"n": 10}),
        ]
        state.close()
    assert version(of_schema_1) == [(SCHEMA,)] == [(3,)]


def test_an_upgrade_that_fails_leaves_the_store_of_before(of_schema_1: Path) -> None:
    with closing(sqlite3.connect(of_schema_1)) as connection, connection:
        connection.execute("CREATE TRIGGER refuse BEFORE UPDATE ON winburn_schema BEGIN SELECT RAISE(ABORT, 'no'); END")
    with pytest.raises(StateError, match="cannot be opened"):
        State(f"sqlite:///{of_schema_1}")
    assert version(of_schema_1) == [(1,)]
    with closing(sqlite3.connect(of_schema_1)) as connection:
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert "winburn_audit" not in tables


def test_an_upgrade_takes_a_kill_whose_facts_are_damaged(of_schema_1: Path) -> None:
    with closing(sqlite3.connect(of_schema_1)) as connection, connection:
        connection.execute("UPDATE winburn_latches SET facts = 'no JSON' WHERE member = 'new'")
    state = State(f"sqlite:///{of_schema_1}")
    assert [(each.member, each.facts) for each in state.audit()] == [("old", {"n": 9}), ("new", {})]
    state.close()


def test_many_may_open_a_new_store_at_once(url: str) -> None:
    program = f"from exporter.state import State; State({url!r}).close()"
    started = [subprocess.Popen([sys.executable, "-c", program]) for _ in range(4)]
    assert [process.wait(600) for process in started] == [0] * 4
    assert State(url).last_change() == 0


def test_threads_share_a_store_in_memory() -> None:
    state = State("sqlite://")
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda i: state.save_documents("k", {f"d{i % 7}": i}, [latch(f"v{i}")]), range(60)))
    assert len(state.latches("kill")) == 60
    assert state.last_change() == 60


def test_a_file_that_was_moved_away_is_not_made_anew(url: str, tmp_path: Path) -> None:
    state = State(url)
    (tmp_path / "state.db").rename(tmp_path / "elsewhere.db")
    with pytest.raises(StateError, match=r"cannot be read: .*was removed or replaced while in use; put it back"):
        state.last_change()
    with pytest.raises(StateError, match=r"cannot be written: .*was removed or replaced while in use; put it back"):
        state.save_documents("k", {"d": 1})
    assert not (tmp_path / "state.db").exists()
    (tmp_path / "elsewhere.db").rename(tmp_path / "state.db")
    assert state.last_change() == 0


def test_a_disk_that_may_be_written_again_is_written_again(url: str) -> None:
    """A connection that was opened when it might only be read stays so."""
    state = State(url)
    with state._engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA query_only=ON")
    with pytest.raises(StateError, match="attempt to write a readonly database"):
        state.save_ledgers([ledger()], {})
    state.save_ledgers([ledger()], {})
    assert len(reopened(url).ledgers()) == 1
